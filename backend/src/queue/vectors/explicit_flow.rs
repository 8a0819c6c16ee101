//! TV-05 and TV-06: transactions opened and finished by two requests.

use shared::clock::Ticks;

use super::desk::{Desk, E, I, Receipt, active_queue, data, kinds, receipt};
use crate::queue::signatures::{self, OptionalMark};
use crate::scu::types::UpdatedTransaction;

fn desk() -> Desk {
    let desk = active_queue(3).desk();
    desk.tse.count_from(7, 11);
    desk
}

fn start() -> Receipt {
    receipt(4_919_338_167_972_134_920).reference("B-7")
}

fn finish() -> Receipt {
    receipt(E | 1)
        .reference("B-7")
        .charged(0x11, "1", "3.80")
        .charged(0x12, "1", "9.20")
        .paid(1, "13.00")
}

#[test]
fn tv_05_a_start_opens_a_transaction_under_the_reference() {
    let mut desk = desk();
    let response = desk.sign(start());
    assert_eq!(response.receipt_identification, "ft3#ST7");
    assert_eq!(response.signatures.len(), 1);
    let item = &response.signatures[0];
    assert_eq!((item.format, item.kind), (0x1_000D, E | 0x10));
    assert_eq!(data(&response, "start-transaction-signature"), "SIG(11)");
    assert_eq!(desk.tse.take_calls(), ["Start"]);
    let row = &desk.engine.state().open_transactions["B-7"];
    assert_eq!(row.transaction_number, 7);
    assert_eq!(row.start_signature_base64.as_deref(), Some("SIG(11)"));
}

#[test]
fn tv_05_a_reference_has_one_open_transaction() {
    let mut desk = desk();
    desk.sign(start());
    assert_eq!(
        desk.refused(start()),
        "Transactionnumber 7 was already started using cbReceiptReference 'B-7'."
    );
}

#[test]
fn tv_05_a_start_cannot_be_implicit() {
    assert_eq!(
        desk().refused(receipt(I | 8)),
        "ReceiptCase 4445000100000008 (Start-transaction receipt) can not use implicit-flow flag."
    );
    assert_eq!(
        desk().refused(receipt(I | 9)),
        "ReceiptCase 4445000100000009 (Update-transaction receipt) can not use implicit-flow flag."
    );
    assert_eq!(
        desk().refused(receipt(I | 0xA)),
        "ReceiptCase 444500010000000A (Delta-transaction receipt) can not use implicit-flow flag."
    );
}

#[test]
fn tv_05_a_start_for_practice_is_marked() {
    let response = desk().sign(receipt(0x4445_0000_0002_0008).reference("B-7"));
    assert_eq!(response.signatures.len(), 2);
    assert_eq!(
        (response.signatures[1].format, response.signatures[1].kind),
        (1, 4096)
    );
    assert_eq!(data(&response, "Trainingsbuchung"), "2031-03-04T10:20:33.000Z");
}

#[test]
fn tv_06_a_finish_signs_with_the_stored_start() {
    let mut desk = desk();
    desk.sign(start());
    desk.tse.take_calls();
    let response = desk.sign(finish());
    assert_eq!(response.receipt_identification, "ft4#T7");
    assert_eq!(
        data(&response, "<processData>"),
        "Beleg^3.80_9.20_0.00_0.00_0.00^13.00:Bar"
    );
    assert_eq!(response.signatures.len(), 19);
    assert_eq!(data(&response, "start-transaction-signature"), "SIG(11)");
    let calls = desk.tse.take_calls();
    assert_eq!(calls.len(), 1);
    assert!(calls[0].starts_with("Finish(7, Kassenbeleg-V1, "), "{calls:?}");
    assert!(desk.engine.state().open_transactions.is_empty());
    assert_eq!(
        desk.refused(finish()),
        "No transactionnumber found for cbReceiptReference 'B-7'."
    );
}

#[test]
fn updates_are_signed_between_start_and_finish() {
    let mut desk = desk();
    desk.sign(start());
    let update = desk.sign(receipt(E | 9).reference("B-7"));
    assert_eq!(update.receipt_identification, "ft4#UT7");
    assert_eq!(kinds(&update), [0x20, 0x21, 0x15]);
    assert_eq!(data(&update, "update-transaction-signature"), "SIG(12)");
    let delta = desk.sign(receipt(E | 0xA).reference("B-7"));
    assert_eq!(delta.receipt_identification, "ft5#DT7");
    assert_eq!(desk.sign(finish()).receipt_identification, "ft6#T7");
}

#[test]
fn an_update_needs_an_open_transaction() {
    assert_eq!(
        desk().refused(receipt(E | 9).reference("B-7")),
        "No transactionnumber found for cbReceiptReference 'B-7'."
    );
}

#[test]
fn an_update_that_a_unit_does_not_sign_has_neither_payload_nor_type() {
    let unsigned = UpdatedTransaction {
        transaction_number: 7,
        time: Ticks(0),
        serial_number: String::new(),
        client_id: "KASSE-1".to_owned(),
        process_type: None,
        process_data_base64: None,
        signature: None,
    };
    let items = signatures::update(&unsigned, OptionalMark::Shown);
    let data: Vec<_> = items.iter().map(|item| item.data.as_deref()).collect();
    assert_eq!(data, [None, Some(""), None]);
}
