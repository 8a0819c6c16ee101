//! `Kassenbeleg-V1`: `{type}^{19 %}_{7 %}_{10.7 %}_{5.5 %}_{0 %}^{payments}` (4.13 rules 2 to 5).

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use shared::api::charge_item::ChargeItem;
use shared::api::receipt_request::ReceiptRequest;

use super::format::{TOO_LARGE, two_digits};
use super::payment::{self, POSITION_CANCEL, Paid};
use crate::queue::receipt_case::ReceiptCase;

const BUCKETS: usize = 5;
/// Everything without a rate, or with an unknown one.
const REST: usize = 4;
/// Where each group of item cases begins: the first is the normal rate, then discounted, special 1, special 2.
const GROUPS: [i64; 15] = [
    0x01, 0x11, 0x19, 0x21, 0x29, 0x31, 0x39, 0x41, 0x51, 0x61, 0x69, 0x71, 0x79, 0x81, 0x89,
];

/// The process data of a receipt.
///
/// # Errors
/// The message for the POS, when a payment cannot be read or a sum leaves the range of decimals.
pub fn text(receipt_type: &str, case: ReceiptCase, request: &ReceiptRequest) -> Result<String, String> {
    let mut sums = [Decimal::ZERO; BUCKETS];
    let mut payments = BTreeMap::new();
    for item in &request.charge_items {
        let amount = line_amount(item.case, item.quantity, item.amount);
        add(&mut sums[bucket(item)], amount)?;
    }
    for item in &request.pay_items {
        match payment::of(item, case)? {
            Paid::Line(amount) => add(&mut sums[REST], amount)?,
            Paid::Payment(kind, amount) => add(payments.entry(kind).or_default(), amount)?,
        }
    }
    let sums = sums.map(two_digits).join("_");
    Ok(format!("{receipt_type}^{sums}^{}", payments_text(&payments)))
}

/// Payments in the order of their kinds, without those that sum up to nothing.
fn payments_text(payments: &BTreeMap<String, Decimal>) -> String {
    let printed: Vec<String> = payments
        .iter()
        .filter(|(_, amount)| !amount.is_zero())
        .map(|(kind, amount)| format!("{}:{kind}", two_digits(*amount)))
        .collect();
    printed.join("_")
}

fn add(sum: &mut Decimal, amount: Decimal) -> Result<(), String> {
    *sum = sum.checked_add(amount).ok_or(TOO_LARGE)?;
    Ok(())
}

/// Which sum an item belongs to. The rate decides only when the case says nothing.
fn bucket(item: &ChargeItem) -> usize {
    match item.case & 0xFFFF {
        0 => bucket_of_rate(item.vat_rate),
        number => GROUPS
            .iter()
            .find_map(|first| {
                usize::try_from(number - first)
                    .ok()
                    .filter(|offset| *offset < REST)
            })
            .unwrap_or(REST),
    }
}

fn bucket_of_rate(rate: Decimal) -> usize {
    let rates = [
        Decimal::new(19, 0),
        Decimal::new(7, 0),
        Decimal::new(107, 1),
        Decimal::new(55, 1),
    ];
    rates.iter().position(|known| *known == rate).unwrap_or(REST)
}

/// The amount of a line: a negative quantity of a positive amount takes back.
#[must_use]
pub fn line_amount(case: i64, quantity: Decimal, amount: Decimal) -> Decimal {
    let cancels = case & POSITION_CANCEL != 0;
    if !cancels && quantity < Decimal::ZERO && amount >= Decimal::ZERO {
        -amount
    } else {
        amount
    }
}
