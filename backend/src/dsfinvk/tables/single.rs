//! "Einzelaufzeichnungsmodul": every receipt, its lines, its payments, its transaction on the TSE.

use super::{AGENCY_ID, Definition, LINE_ID, RECEIPT_ID, VAT_KEY, number, text};

pub(super) const RECEIPTS: Definition = Definition {
    file: "transactions.csv",
    name: "Bonkopf",
    columns: &[
        RECEIPT_ID,
        number("BON_NR", 0, "Bonnummer"),
        text("BON_TYP", 30, "Bontyp"),
        text("BON_NAME", 60, "Zusatz-Beschreibung zum Bontyp"),
        text("TERMINAL_ID", 50, "ID des Erfassungsterminals"),
        text("BON_STORNO", 1, "Storno-Kennzeichen"),
        text("BON_START", 30, "Zeitpunkt des Vorgangsstarts"),
        text("BON_ENDE", 30, "Zeitpunkt der Vorgangsbeendigung"),
        text("BEDIENER_ID", 50, "Bediener-ID"),
        text("BEDIENER_NAME", 50, "Bediener-Name"),
        number("UMS_BRUTTO", 2, "Brutto-Gesamtumsatz"),
        text("KUNDE_NAME", 50, "Name des Leistungsempfängers"),
        text("KUNDE_ID", 50, "Kundennummer des Leistungsempfängers"),
        text("KUNDE_TYP", 50, "Art des Leistungsempfängers"),
        text(
            "KUNDE_STRASSE",
            60,
            "Straße und Hausnummer des Leistungsempfängers",
        ),
        text("KUNDE_PLZ", 10, "PLZ des Leistungsempfängers"),
        text("KUNDE_ORT", 62, "Ort des Leistungsempfängers"),
        text("KUNDE_LAND", 3, "Land des Leistungsempfängers"),
        text("KUNDE_USTID", 15, "UStID des Leistungsempfängers"),
        text("BON_NOTIZ", 255, "Zusätzliche Informationen zum Bonkopf"),
    ],
};

pub(super) const RECEIPT_VAT: Definition = Definition {
    file: "transactions_vat.csv",
    name: "Bonkopf_USt",
    columns: &[
        RECEIPT_ID,
        VAT_KEY,
        number("BON_BRUTTO", 5, "Bruttoumsatz"),
        number("BON_NETTO", 5, "Nettoumsatz"),
        number("BON_UST", 5, "Umsatzsteuer"),
    ],
};

pub(super) const ALLOCATION_GROUPS: Definition = Definition {
    file: "allocation_groups.csv",
    name: "Bonkopf_AbrKreis",
    columns: &[
        RECEIPT_ID,
        text("ABRECHNUNGSKREIS", 50, "Abrechnungskreis, z. B. Tischnummer"),
    ],
};

pub(super) const RECEIPT_PAYMENTS: Definition = Definition {
    file: "datapayment.csv",
    name: "Bonkopf_Zahlarten",
    columns: &[
        RECEIPT_ID,
        text("ZAHLART_TYP", 25, "Typ der Zahlart"),
        text("ZAHLART_NAME", 60, "Name der Zahlart"),
        text("ZAHLWAEH_CODE", 3, "Währungscode"),
        number("ZAHLWAEH_BETRAG", 2, "Betrag in Fremdwährung"),
        number("BASISWAEH_BETRAG", 2, "Betrag in Basiswährung"),
    ],
};

pub(super) const REFERENCES: Definition = Definition {
    file: "references.csv",
    name: "Bon_Referenzen",
    columns: &[
        RECEIPT_ID,
        text("POS_ZEILE", 50, "Zeilennummer des referenzierenden Vorgangs"),
        text("REF_TYP", 20, "Art der Referenz"),
        text("REF_NAME", 40, "Beschreibung bei Art ExterneSonstige"),
        text("REF_DATUM", 30, "Zeitpunkt des Kassenabschlusses"),
        text("REF_Z_KASSE_ID", 50, "ID der (Abschluss-) Kasse"),
        number("REF_Z_NR", 0, "Nr. des Kassenabschlusses"),
        text("REF_BON_ID", 40, "Vorgangs-ID"),
    ],
};

pub(super) const TSE_TRANSACTIONS: Definition = Definition {
    file: "transactions_tse.csv",
    name: "TSE_Transaktionen",
    columns: &[
        RECEIPT_ID,
        number("TSE_ID", 0, "ID der für die Transaktion verwendeten TSE"),
        number("TSE_TANR", 0, "Transaktionsnummer"),
        text("TSE_TA_START", 30, "Log-Time der StartTransaction-Operation"),
        text("TSE_TA_ENDE", 30, "Log-Time der FinishTransaction-Operation"),
        text(
            "TSE_TA_VORGANGSART",
            30,
            "processType der FinishTransaction-Operation",
        ),
        number("TSE_TA_SIGZ", 0, "Signaturzähler der FinishTransaction-Operation"),
        text("TSE_TA_SIG", 512, "Signatur der FinishTransaction-Operation"),
        text("TSE_TA_FEHLER", 200, "Beschreibung des TSE-Ausfalls oder Fehlers"),
        text("TSE_VORGANGSDATEN", 1000, "Daten des Vorgangs (optional)"),
    ],
};

pub(super) const LINES: Definition = Definition {
    file: "lines.csv",
    name: "Bonpos",
    columns: &[
        RECEIPT_ID,
        LINE_ID,
        text("GUTSCHEIN_NR", 50, "Gutschein-Nr."),
        text("ARTIKELTEXT", 255, "Artikeltext"),
        text("POS_TERMINAL_ID", 50, "ID des POS-Terminals"),
        text("GV_TYP", 30, "Geschäftsvorfall-Art"),
        text("GV_NAME", 40, "Name des Geschäftsvorfalls"),
        text("INHAUS", 1, "Verzehr an Ort und Stelle"),
        text("P_STORNO", 1, "Positionsstorno-Kennzeichnung"),
        AGENCY_ID,
        text("ART_NR", 50, "Artikelnummer"),
        text("GTIN", 50, "GTIN"),
        text("WARENGR_ID", 40, "Warengruppen-ID"),
        text("WARENGR", 50, "Bezeichnung Warengruppe"),
        number("MENGE", 3, "Menge"),
        number("FAKTOR", 3, "Faktor, z. B. Gebindegrößen"),
        text("EINHEIT", 50, "Maßeinheit, z. B. kg, Liter oder Stück"),
        number("STK_BR", 5, "Preis pro Einheit inkl. USt"),
    ],
};

pub(super) const LINE_VAT: Definition = Definition {
    file: "lines_vat.csv",
    name: "Bonpos_USt",
    columns: &[
        RECEIPT_ID,
        LINE_ID,
        VAT_KEY,
        number("POS_BRUTTO", 5, "Bruttoumsatz"),
        number("POS_NETTO", 5, "Nettoumsatz"),
        number("POS_UST", 5, "Umsatzsteuer"),
    ],
};

pub(super) const ITEM_AMOUNTS: Definition = Definition {
    file: "itemamounts.csv",
    name: "Bonpos_Preisfindung",
    columns: &[
        RECEIPT_ID,
        LINE_ID,
        text("TYP", 20, "Basispreis, Rabatt oder Zuschlag"),
        VAT_KEY,
        number("PF_BRUTTO", 5, "Bruttoumsatz"),
        number("PF_NETTO", 5, "Nettoumsatz"),
        number("PF_UST", 5, "Umsatzsteuer"),
    ],
};

pub(super) const SUB_ITEMS: Definition = Definition {
    file: "subitems.csv",
    name: "Bonpos_Zusatzinfo",
    columns: &[
        RECEIPT_ID,
        LINE_ID,
        text("ZI_ART_NR", 50, "Artikelnummer"),
        text("ZI_GTIN", 50, "GTIN"),
        text("ZI_NAME", 60, "Artikelbezeichnung"),
        text("ZI_WARENGR_ID", 40, "Warengruppen-ID"),
        text("ZI_WARENGR", 50, "Bezeichnung Warengruppe"),
        number("ZI_MENGE", 3, "Menge"),
        number("ZI_FAKTOR", 3, "Faktor, z. B. Gebindegrößen"),
        text("ZI_EINHEIT", 50, "Maßeinheit, z. B. kg, Liter oder Stück"),
        number("ZI_UST_SCHLUESSEL", 0, "ID USt-Satz des Basispreises"),
        number("ZI_BASISPREIS_BRUTTO", 5, "Basispreis brutto"),
        number("ZI_BASISPREIS_NETTO", 5, "Basispreis netto"),
        number("ZI_BASISPREIS_UST", 5, "Basispreis USt"),
    ],
};
