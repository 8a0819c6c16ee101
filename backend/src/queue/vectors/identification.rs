//! TV-22: receipt identification.

use super::desk::{E, I};
use crate::queue::identification::identification;
use crate::queue::receipt_case::ReceiptCase;

#[test]
fn tv_22_the_suffix_tells_the_flow_and_the_transaction() {
    for (case, suffix) in [
        (E | 0x10, "T20"),
        (I | 0x10, "IT20"),
        (E | 8, "ST20"),
        (E | 9, "UT20"),
        (E | 0xA, "DT20"),
        (I | 8, "ST20"),
    ] {
        assert_eq!(
            identification(10, ReceiptCase(case), Some(20)),
            format!("ftA#{suffix}"),
            "{case:X}"
        );
    }
    assert_eq!(identification(10, ReceiptCase(I | 1), None), "ftA#");
    assert_eq!(identification(255, ReceiptCase(I | 1), None), "ftFF#");
}
