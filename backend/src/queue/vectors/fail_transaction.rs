//! Case 0x000B: transactions that are aborted.

use super::desk::{Desk, E, I, Receipt, active_queue, data, kinds, receipt};
use super::tse::Fault;
use crate::queue::work::{READY, TSE_FAILED};

const ONE: i64 = E | 0xB;
const MANY: i64 = I | 0xB;

fn desk_with_open(references: &[&str]) -> Desk {
    let mut desk = active_queue(3).desk();
    for reference in references {
        desk.sign(receipt(E | 8).reference(reference));
    }
    desk.tse.take_calls();
    desk
}

fn many(numbers: &str) -> Receipt {
    let data = serde_json::Value::from(format!(r#"{{"CurrentStartedTransactionNumbers":[{numbers}]}}"#));
    receipt(MANY)
        .reference("")
        .with(&format!(r#""ftReceiptCaseData":{data}"#))
}

#[test]
fn one_transaction_is_finished_with_what_the_request_says() {
    let mut desk = desk_with_open(&["B-7"]);
    let response = desk.sign(receipt(ONE).reference("B-7").charged(1, "1", "2.00"));
    assert_eq!(response.receipt_identification, "ft4#T1");
    assert_eq!(response.signatures.len(), 18);
    assert_eq!(
        data(&response, "<processData>"),
        "AVBelegabbruch^2.00_0.00_0.00_0.00_0.00^"
    );
    assert!(desk.engine.state().open_transactions.is_empty());
    assert_eq!(
        desk.refused(receipt(ONE).reference("B-7")),
        "No open transaction found for cbReceiptReference 'B-7'. If you want to close multiple transactions, pass an \
         array value for 'CurrentStartedTransactionNumbers' via ftReceiptCaseData."
    );
}

#[test]
fn many_transactions_are_finished_before_an_own_one() {
    let mut desk = desk_with_open(&["A", "B"]);
    let response = desk.sign(many("1,2"));
    let nothing = "QVZCZWxlZ2FiYnJ1Y2heMC4wMF8wLjAwXzAuMDBfMC4wMF8wLjAwXg==";
    let finish = |number: u8| format!("Finish({number}, Kassenbeleg-V1, {nothing})");
    assert_eq!(
        desk.tse.take_calls(),
        [finish(1), finish(2), "Start".to_owned(), finish(3)]
    );
    assert_eq!(response.receipt_identification, "ft5#IT3");
    assert_eq!(kinds(&response)[18..], [0x11, 0x12, 0x15, 0x11, 0x12, 0x15]);
    assert!(desk.engine.state().open_transactions.is_empty());
}

#[test]
fn the_flow_tells_one_from_many() {
    let mut desk = desk_with_open(&["A"]);
    assert_eq!(
        desk.refused(receipt(MANY).reference("A")),
        "ReceiptCase 444500010000000B (fail-transaction-receipt) cannot use implicit-flow flag when a single \
         transaction should be failed."
    );
    assert_eq!(
        desk.refused(receipt(ONE).reference("")),
        "ReceiptCase 444500000000000B (fail-transaction-receipt) must use implicit-flow flag when multiple \
         transactions should be failed."
    );
    for unnamed in [
        receipt(MANY).reference(""),
        receipt(MANY).reference("").with(r#""ftReceiptCaseData":"{}""#),
        many("-1"),
    ] {
        assert!(desk.refused(unnamed).starts_with("To fail several transactions"));
    }
    assert!(desk.tse.take_calls().is_empty());
}

#[test]
fn a_start_that_the_tse_never_saw_is_only_forgotten() {
    let mut desk = desk_with_open(&[]);
    desk.tse.fail(Fault::Unreachable);
    assert_eq!(desk.sign(receipt(E | 8).reference("F-1")).state, TSE_FAILED);
    let response = desk.sign(receipt(ONE).reference("F-1"));
    assert_eq!((response.state, response.signatures.len()), (READY, 0));
    assert!(desk.engine.state().failed_starts.is_empty());
}

#[test]
fn an_abort_is_tried_in_failed_mode_and_remembered_when_it_fails() {
    let mut desk = desk_with_open(&["B-7"]);
    desk.tse.fail(Fault::Unreachable);
    desk.sign(receipt(I | 1));
    desk.tse.take_calls();
    assert_eq!(desk.sign(receipt(ONE).reference("B-7")).state, TSE_FAILED);
    assert_eq!(desk.tse.take_calls().len(), 1);
    assert!(desk.engine.state().failed_finishes.contains_key("B-7"));
}
