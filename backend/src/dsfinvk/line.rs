//! Lines of a receipt: charge items, and the pay items that stand for lines (the tables of `ftChargeItemCase` and
//! `ftPayItemCase`).

use rust_decimal::Decimal;
use shared::api::charge_item::ChargeItem;
use shared::api::pay_item::PayItem;

use super::case_data::CaseData;
use super::checksum;
use super::sub_item::SubItem;
use super::vat::{self, Amounts, Rate, TooLarge};
use crate::queue::process_data::kassenbeleg::line_amount;

/// Set in a charge item's case: the goods are taken away and not consumed on site.
const TAKE_AWAY: i64 = 0x1_0000;

/// One line.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// `GV_TYP`.
    pub(super) business_case: &'static str,
    pub(super) rate: Rate,
    pub(super) amounts: Amounts,
    pub(super) voucher: Option<String>,
    pub(super) text: String,
    /// Another terminal than the receipt's.
    pub(super) terminal: Option<String>,
    pub(super) is_on_site: bool,
    /// The agency's id, as the master data have it.
    pub(super) agency: Option<String>,
    pub(super) product_number: String,
    pub(super) barcode: String,
    pub(super) group: Group,
    pub(super) quantity: Decimal,
    pub(super) factor: Decimal,
    pub(super) unit: String,
    pub(super) unit_price: Option<Decimal>,
    pub(super) sub_items: Vec<SubItem>,
}

/// A group of goods.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) id: String,
    pub(super) name: String,
}

impl Group {
    /// The group of a name; without an id it gets one that follows from the name.
    pub(super) fn new(id: Option<String>, name: String) -> Self {
        let derived = || {
            if name.is_empty() {
                String::new()
            } else {
                checksum::of(&name)
            }
        };
        Self {
            id: id.unwrap_or_else(derived),
            name,
        }
    }
}

impl Line {
    /// The line of a charge item.
    pub(super) fn of_charge_item(item: &ChargeItem) -> Result<Self, TooLarge> {
        let data = CaseData::of(&item.case_data);
        let gross = line_amount(item.case, item.quantity, item.amount);
        let rate = vat::of_charge_item(item.case, item.vat_rate);
        let shown = item.vat_amount.filter(|_| !rate.percent.is_zero());
        let amounts = match shown {
            Some(tax) => Amounts::with_tax(gross, along(tax, item.amount, gross))?,
            None => Amounts::of(gross, rate)?,
        };
        Ok(Self {
            business_case: of_charge_case(item.case),
            rate,
            amounts,
            voucher: data.text("VoucherNr"),
            text: item.description.clone(),
            terminal: data.text("TerminalId"),
            is_on_site: item.case & TAKE_AWAY == 0,
            agency: data.text("AgencyId"),
            product_number: item.product_number.clone(),
            barcode: item.product_barcode.clone(),
            group: Group::new(data.text("ProductGroupId"), item.product_group.clone()),
            quantity: item.quantity,
            factor: item.unit_quantity.unwrap_or(Decimal::ONE),
            unit: item.unit.clone(),
            unit_price: item.unit_price.or_else(|| gross.checked_div(item.quantity)),
            sub_items: SubItem::all(&data, item),
        })
    }

    /// The line that a pay item stands for, if it is no payment: cases 0D to 17. What it seems to pay lessens the
    /// receipt's total (4.13 rule 3).
    pub(super) fn of_pay_item(item: &PayItem, is_void: bool) -> Result<Option<Self>, TooLarge> {
        let paid = line_amount(item.case, item.quantity, item.amount);
        let takes = (paid < Decimal::ZERO) != is_void;
        let business_case = of_pay_case(item.case, takes);
        business_case
            .map(|business_case| Self::not_taxed(item, business_case, -paid))
            .transpose()
    }

    fn not_taxed(item: &PayItem, business_case: &'static str, gross: Decimal) -> Result<Self, TooLarge> {
        let data = CaseData::of(&item.case_data);
        let rate = vat::NOT_TAXABLE;
        Ok(Self {
            business_case,
            rate,
            amounts: Amounts::of(gross, rate)?,
            voucher: data.text("VoucherNr"),
            text: item.description.clone(),
            terminal: None,
            is_on_site: false,
            agency: data.text("AgencyId"),
            product_number: item.money_number.clone(),
            barcode: String::new(),
            group: Group::new(data.text("MoneyGroupId"), item.money_group.clone()),
            quantity: item.quantity,
            factor: Decimal::ONE,
            unit: String::new(),
            unit_price: gross.checked_div(item.quantity),
            sub_items: Vec::new(),
        })
    }
}

/// A tax with the sign that the amount it is part of has got.
fn along(tax: Decimal, sent: Decimal, gross: Decimal) -> Decimal {
    if sent == gross { tax } else { -tax }
}

/// `GV_TYP` of a charge item. The groups have eight cases each, one for each rate.
fn of_charge_case(case: i64) -> &'static str {
    match case & 0xFFFF {
        0x21..=0x27 => "Pfand",
        0x29..=0x2F => "PfandRueckzahlung",
        0x31..=0x37 => "Rabatt",
        0x39..=0x3F => "Aufschlag",
        0x41..=0x47 => "ZuschussUnecht",
        0x49 => "ZuschussEcht",
        0x51..=0x57 => "TrinkgeldAG",
        0x59 => "TrinkgeldAN",
        0x60 => "MehrzweckgutscheinKauf",
        0x61..=0x67 => "EinzweckgutscheinKauf",
        0x68 => "MehrzweckgutscheinEinloesung",
        0x69..=0x6F => "EinzweckgutscheinEinloesung",
        0x71..=0x77 => "Forderungsentstehung",
        0x79..=0x7F => "Forderungsaufloesung",
        0x81..=0x87 => "Anzahlungseinstellung",
        0x89..=0x8F => "Anzahlungsaufloesung",
        0x90 => "Anfangsbestand",
        0x91 => "Privatentnahme",
        0x92 => "Privateinlage",
        0x93 => "Geldtransit",
        0x94 => "Lohnzahlung",
        0x95 => "Einzahlung",
        0x96 => "Auszahlung",
        0x97 => "DifferenzSollIst",
        _ => "Umsatz",
    }
}

/// `GV_TYP` of a pay item that stands for a line; `takes` when it looks like money given back.
fn of_pay_case(case: i64, takes: bool) -> Option<&'static str> {
    let either = |taking, giving| if takes { taking } else { giving };
    Some(match case & 0xFFFF {
        0x0D => either("MehrzweckgutscheinKauf", "MehrzweckgutscheinEinloesung"),
        0x0E => either("Forderungsaufloesung", "Forderungsentstehung"),
        0x0F => either("Anzahlungseinstellung", "Anzahlungsaufloesung"),
        0x10 => "TrinkgeldAN",
        0x11 => "ZuschussEcht",
        0x12 => "Anfangsbestand",
        0x13 => either("Privateinlage", "Privatentnahme"),
        0x14 => "Geldtransit",
        0x15 => "Lohnzahlung",
        0x16 => either("Einzahlung", "Auszahlung"),
        0x17 => "DifferenzSollIst",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn paid(case: i64, amount: &str, is_void: bool) -> Option<(&'static str, Decimal)> {
        let item = PayItem {
            case,
            amount: decimal(amount),
            ..PayItem::default()
        };
        let line = Line::of_pay_item(&item, is_void).unwrap()?;
        Some((line.business_case, line.amounts.gross))
    }

    #[test]
    fn pay_items_that_are_no_payments_become_lines_of_the_opposite_sign() {
        assert_eq!(
            paid(0x0D, "12.50", false),
            Some(("MehrzweckgutscheinEinloesung", decimal("-12.50")))
        );
        assert_eq!(
            paid(0x0D, "-25", false),
            Some(("MehrzweckgutscheinKauf", decimal("25")))
        );
        assert_eq!(
            paid(0x0D, "-12.50", true),
            Some(("MehrzweckgutscheinEinloesung", decimal("12.50")))
        );
        assert_eq!(
            paid(0x13, "100", false),
            Some(("Privatentnahme", decimal("-100")))
        );
        assert_eq!(
            paid(0x12, "-150", false),
            Some(("Anfangsbestand", decimal("150")))
        );
        for case in [0x00, 0x01, 0x0A, 0x0B, 0x18] {
            assert_eq!(paid(case, "1", false), None, "{case:x}");
        }
    }

    #[test]
    fn a_negative_quantity_takes_a_line_and_its_tax_back() {
        let item = ChargeItem {
            quantity: decimal("-1"),
            amount: decimal("11.90"),
            vat_rate: decimal("19"),
            vat_amount: Some(decimal("1.9")),
            case: 0x4445_0000_0000_0011,
            ..ChargeItem::default()
        };
        let line = Line::of_charge_item(&item).unwrap();
        assert_eq!(
            (line.amounts.gross, line.amounts.tax),
            (decimal("-11.90"), decimal("-1.9"))
        );
        assert_eq!(
            (line.business_case, line.unit_price),
            ("Umsatz", Some(decimal("11.90")))
        );
    }

    #[test]
    fn groups_of_goods_without_an_id_get_one_by_their_name() {
        assert_eq!(
            Group::new(None, "Wurst".to_owned()).id,
            Group::new(None, "Wurst".to_owned()).id
        );
        assert_ne!(
            Group::new(None, "Wurst".to_owned()).id,
            Group::new(None, "Käse".to_owned()).id
        );
        assert_eq!(Group::new(Some("7".to_owned()), "Käse".to_owned()).id, "7");
        assert_eq!(Group::new(None, String::new()), Group::default());
    }
}
