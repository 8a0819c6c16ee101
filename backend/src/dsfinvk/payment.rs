//! Payments of a receipt (the table of `ftPayItemCase`).

use rust_decimal::Decimal;
use shared::api::pay_item::PayItem;

use super::case_data::CaseData;
use super::value::rounded;
use crate::queue::process_data::payment::signed;

/// Cash, as the standard names it.
pub(super) const CASH: &str = "Bar";
/// Digits after the comma of every payment.
const DECIMALS: u32 = 2;

/// One payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Payment {
    /// `ZAHLART_TYP`.
    pub(super) kind: &'static str,
    /// `ZAHLART_NAME`: what the POS calls it, if it says so.
    pub(super) name: String,
    /// Currency and amount, if it is not the cash register's.
    pub(super) foreign: Option<Foreign>,
    /// In the currency of the cash register, two decimals.
    pub(super) amount: Decimal,
}

/// Money of another currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Foreign {
    /// Three letters.
    pub(super) currency: String,
    /// Two decimals.
    pub(super) amount: Decimal,
}

impl Payment {
    /// The payment that a pay item is; those that stand for lines are taken out before.
    pub(super) fn of(item: &PayItem, base_currency: &str) -> Self {
        let data = CaseData::of(&item.case_data);
        let with_sign = |amount| rounded(signed(item, amount), DECIMALS);
        let foreign = foreign(&data, base_currency).map(|(currency, amount)| Foreign {
            currency,
            amount: with_sign(amount),
        });
        let base = data.decimal("BaseCurrencyAmount").filter(|_| foreign.is_some());
        Self {
            kind: kind(item.case),
            name: data.text("ItemCaseName").unwrap_or_default(),
            foreign,
            amount: with_sign(base.unwrap_or(item.amount)),
        }
    }

    /// Whether it changes what is in the till.
    pub(super) fn is_cash(&self) -> bool {
        self.kind == CASH
    }
}

fn foreign(data: &CaseData, base_currency: &str) -> Option<(String, Decimal)> {
    let currency = data.text("CurrencyCode")?.to_ascii_uppercase();
    let amount = data.decimal("ForeignCurrencyAmount")?;
    (currency != base_currency).then_some((currency, amount))
}

fn kind(case: i64) -> &'static str {
    match case & 0xFFFF {
        0x03 | 0x08 | 0x09 => "Unbar",
        0x04 => "ECKarte",
        0x05 => "Kreditkarte",
        0x06 => "ElZahlungsdienstleister",
        0x07 => "Guthabenkarte",
        0x0A => "Keine",
        // Unknown numbers are signed as cash (4.13 rule 3).
        _ => CASH,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payment(case: i64, quantity: &str, amount: &str, data: &str) -> Payment {
        let item = PayItem {
            case,
            quantity: quantity.parse().unwrap(),
            amount: amount.parse().unwrap(),
            case_data: data.to_owned(),
            ..PayItem::default()
        };
        Payment::of(&item, "EUR")
    }

    #[test]
    fn each_case_has_its_kind() {
        let kinds = (0x00..=0x0C).map(|case| kind(0x4445_0000_0000_0000 | case));
        assert_eq!(
            kinds.collect::<Vec<_>>().join(" "),
            "Bar Bar Bar Unbar ECKarte Kreditkarte ElZahlungsdienstleister Guthabenkarte Unbar Unbar Keine Bar Bar"
        );
    }

    #[test]
    fn foreign_money_keeps_its_currency_and_its_sign() {
        let paid = payment(
            2,
            "-1",
            "9",
            r#"{"CurrencyCode":"chf","ForeignCurrencyAmount":9.1}"#,
        );
        assert_eq!(paid.amount.to_string(), "-9");
        let foreign = paid.foreign.unwrap();
        assert_eq!(
            (foreign.currency.as_str(), foreign.amount.to_string()),
            ("CHF", "-9.1".to_owned())
        );
    }

    #[test]
    fn money_of_the_registers_own_currency_is_not_foreign() {
        let paid = payment(
            5,
            "1",
            "10.005",
            r#"{"CurrencyCode":"eur","ForeignCurrencyAmount":10}"#,
        );
        assert_eq!(
            (paid.kind, paid.foreign, paid.amount.to_string()),
            ("Kreditkarte", None, "10.01".to_owned())
        );
    }
}
