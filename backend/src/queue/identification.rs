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

/// The transaction that an identification names.
#[must_use]
pub fn transaction_of(identification: &str) -> Option<u64> {
    let (_, suffix) = identification.split_once('#')?;
    let kinds = ["ST", "UT", "DT", "IT", "T"];
    let number = kinds.into_iter().find_map(|kind| suffix.strip_prefix(kind))?;
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transaction_is_read_back_out_of_every_identification() {
        let implicit = 0x1_0000_0001;
        for case in [0x0001, 0x0008, 0x0009, 0x000A, implicit] {
            let case = ReceiptCase(0x4445_0000_0000_0000 | case);
            assert_eq!(transaction_of(&identification(10, case, Some(20))), Some(20));
            assert_eq!(transaction_of(&identification(10, case, None)), None);
        }
        assert_eq!(transaction_of("ft1#X5"), None);
        assert_eq!(transaction_of(""), None);
    }
}
