//! Which payment a pay item is, or which line it stands for (4.13 rule 3).

use rust_decimal::Decimal;
use shared::api::pay_item::PayItem;
use shared::api::reading::{self, Members};

use super::kassenbeleg::line_amount;
use crate::queue::receipt_case::{ReceiptCase, VOID};

/// Set in an item's case: it takes an earlier line of the same receipt back and carries its own sign.
pub(super) const POSITION_CANCEL: i64 = 0x20_0000;

/// What a pay item adds to the receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Paid {
    /// A payment of this kind, such as `Bar` or `Unbar:USD`.
    Payment(String, Decimal),
    /// No payment: a line of the zero-rate bucket.
    Line(Decimal),
}

/// Reads a pay item.
///
/// # Errors
/// When it is foreign cash that does not say which and how much.
pub fn of(item: &PayItem, receipt: ReceiptCase) -> Result<Paid, String> {
    match item.case & 0xFFFF {
        0x0A if receipt.has(VOID) => Ok(Paid::Line(item.amount)),
        0x0A => Ok(Paid::Line(-item.amount)),
        0x0D..=0x17 => Ok(Paid::Line(-line_amount(item.case, item.quantity, item.amount))),
        0x02 | 0x0C => foreign_cash(item),
        0x03..=0x09 => Ok(not_cash(item)),
        _ => Ok(Paid::Payment("Bar".to_owned(), signed(item, item.amount))),
    }
}

fn foreign_cash(item: &PayItem) -> Result<Paid, String> {
    let foreign = foreign(item).ok_or(
        "ftPayItemCaseData of a foreign cash payment must hold 'CurrencyCode' and 'ForeignCurrencyAmount'.",
    )?;
    let amount = signed(item, foreign.amount);
    Ok(Paid::Payment(format!("Bar:{}", foreign.currency), amount))
}

fn not_cash(item: &PayItem) -> Paid {
    match foreign(item) {
        Some(foreign) if !foreign.currency.eq_ignore_ascii_case("EUR") => Paid::Payment(
            format!("Unbar:{}", foreign.currency),
            signed(item, foreign.amount),
        ),
        _ => Paid::Payment("Unbar".to_owned(), signed(item, item.amount)),
    }
}

/// The amount of a payment: a refund by negative quantity is a negative payment.
#[must_use]
pub fn signed(item: &PayItem, amount: Decimal) -> Decimal {
    let cancels = item.case & POSITION_CANCEL != 0;
    if !cancels && item.quantity < Decimal::ZERO && amount > Decimal::ZERO {
        -amount
    } else {
        amount
    }
}

struct Foreign {
    currency: String,
    amount: Decimal,
}

/// What the case data says of a foreign currency; none unless both parts are there.
fn foreign(item: &PayItem) -> Option<Foreign> {
    let document = reading::parse(item.case_data.as_bytes()).ok()?;
    let members = Members::of(&document).ok()?;
    Some(Foreign {
        currency: members.text("CurrencyCode", 32).ok()??,
        amount: members.decimal("ForeignCurrencyAmount").ok()??,
    })
}
