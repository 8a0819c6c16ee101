//! `Bestellung-V1`: `{quantity};"{description}";{price}` for each line, parted by carriage returns (4.13 rule 6).

use rust_decimal::Decimal;
use shared::api::charge_item::ChargeItem;

use super::format::{TOO_LARGE, two_digits, up_to_ten_digits};

const NO_QUANTITY: &str =
    "The quantity property of charge item entries must not be 0.00, unless the amount is 0.00 as well.";

/// The process data of an order; empty without lines.
///
/// # Errors
/// The message for the POS, when a line has an amount and no quantity.
pub fn text(items: &[ChargeItem]) -> Result<String, String> {
    let lines: Result<Vec<String>, String> = items.iter().map(line).collect();
    Ok(lines?.join("\r"))
}

fn line(item: &ChargeItem) -> Result<String, String> {
    let takes_back = item.amount < Decimal::ZERO && item.quantity > Decimal::ZERO;
    let quantity = if takes_back { -item.quantity } else { item.quantity };
    Ok(format!(
        "{};\"{}\";{}",
        up_to_ten_digits(quantity),
        item.description.replace('"', "\"\""),
        two_digits(price(item)?)
    ))
}

/// The price of one unit, without a sign.
fn price(item: &ChargeItem) -> Result<Decimal, String> {
    match (item.quantity.is_zero(), item.amount.is_zero()) {
        (true, true) => Ok(Decimal::ZERO),
        (true, false) => Err(NO_QUANTITY.to_owned()),
        (false, _) => {
            let price = item.amount.checked_div(item.quantity).ok_or(TOO_LARGE)?;
            Ok(price.abs())
        }
    }
}
