//! `ftReceiptIdentification` (3.7): the receipt's number in the chain and its transaction on the TSE.

use super::receipt_case::{IMPLICIT, ReceiptCase};

/// The identification of a receipt. `numerator` is the one before this receipt is counted (3.6); `transaction` is
/// missing when the TSE was not used or not reached.
#[must_use]
pub fn identification(numerator: i64, case: ReceiptCase, transaction: Option<u64>) -> String {
    let Some(transaction) = transaction else {
        return format!("ft{numerator:X}#");
    };
    let kind = match case.number() {
        0x0008 => "ST",
        0x0009 => "UT",
        0x000A => "DT",
        _ if case.has(IMPLICIT) => "IT",
        _ => "T",
    };
    format!("ft{numerator:X}#{kind}{transaction}")
}
