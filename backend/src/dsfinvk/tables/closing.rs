//! "Kassenabschlussmodul": what the closing comes to.

use super::{AGENCY_ID, Definition, VAT_KEY, number, text};

pub(super) const BUSINESS_CASES: Definition = Definition {
    file: "businesscases.csv",
    name: "Z_GV_TYP",
    columns: &[
        text("GV_TYP", 30, "Geschäftsvorfall-Art"),
        text("GV_NAME", 40, "Name des Geschäftsvorfalls"),
        AGENCY_ID,
        VAT_KEY,
        number("Z_UMS_BRUTTO", 5, "Bruttoumsatz"),
        number("Z_UMS_NETTO", 5, "Nettoumsatz"),
        number("Z_UST", 5, "Umsatzsteuer"),
    ],
};

pub(super) const PAYMENTS: Definition = Definition {
    file: "payment.csv",
    name: "Z_Zahlart",
    columns: &[
        text("ZAHLART_TYP", 25, "Typ der Zahlart"),
        text("ZAHLART_NAME", 60, "Name der Zahlart"),
        number("Z_ZAHLART_BETRAG", 2, "Betrag"),
    ],
};

pub(super) const CASH_PER_CURRENCY: Definition = Definition {
    file: "cash_per_currency.csv",
    name: "Z_WAEHRUNGEN",
    columns: &[
        text("ZAHLART_WAEH", 3, "Währung"),
        number("ZAHLART_BETRAG_WAEH", 2, "Betrag"),
    ],
};
