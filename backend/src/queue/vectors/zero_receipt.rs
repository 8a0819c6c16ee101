//! TV-12 and TV-15: zero receipts, late entries, handwritten receipts.

use super::desk::{E, I, active_queue, data, kinds, receipt};
use super::tse::Fault;
use crate::queue::signatures::culture::Culture;
use crate::queue::work::{READY, TSE_FAILED};

const SET_T: [i64; 15] = [
    0x10, 0x11, 0x12, 0x15, 0x14, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x1D, 0x1B, 0x1C, 0x22, 0x1E,
];

#[test]
fn tv_12_a_zero_receipt_with_tse_info_tells_what_is_open() {
    let mut desk = active_queue(5).desk();
    desk.tse.count_from(4, 1);
    desk.sign(receipt(E | 8).reference("X-1"));
    let response = desk.sign(receipt(4_919_338_172_275_490_818).reference("Z"));
    assert_eq!(kinds(&response), SET_T);
    assert_eq!(data(&response, "<processData>"), "zero-receipt");
    assert_eq!(data(&response, "finish-transaction-payload"), "emVyby1yZWNlaXB0");
    let state_data = response.state_data.unwrap();
    assert!(
        state_data.starts_with(r#"{"TseInfo":{"MaxNumberOfClients":10,"#),
        "{state_data}"
    );
    assert!(
        state_data.ends_with(r#""TransactionNumberDictionary":{"X-1":{"Key":"X-1","Value":4}}}"#),
        "{state_data}"
    );
    let value: serde_json::Value = serde_json::from_str(&state_data).unwrap();
    assert_eq!(value["TseInfo"].as_object().unwrap().len(), 19);
    let notes = desk.last_notes();
    let note = notes.last().unwrap();
    assert_eq!((note.kind.as_str(), note.priority), ("2", -1));
    assert_eq!(note.message, "Zero receipt was processed.");
    assert!(note.data_json.as_ref().unwrap().starts_with(r#"{"TseInfo":{"#));
}

#[test]
fn tv_12_a_unit_that_signs_no_start_leaves_its_item_out() {
    let mut desk = active_queue(5).desk();
    desk.tse.fail(Fault::NoStartSignature);
    assert_eq!(kinds(&desk.sign(receipt(I | 2))), SET_T[1..]);
}

#[test]
fn tv_12_a_plain_zero_receipt_has_no_state_data() {
    let mut desk = active_queue(5).desk();
    let response = desk.sign(receipt(4_919_338_167_972_134_912 | 0x1_0000_0000 | 2));
    assert_eq!((response.state, response.state_data), (READY, None));
    assert_eq!(
        desk.last_notes()[0].data_json.as_deref(),
        Some(r#"{"TseInfo":null}"#)
    );
}

#[test]
fn tv_12_a_zero_receipt_must_be_implicit() {
    assert_eq!(
        active_queue(5).desk().refused(receipt(E | 2)),
        "ReceiptCase 4445000000000002 (Zero receipt) must use implicit-flow flag."
    );
}

#[test]
fn a_zero_receipt_exports_when_it_says_so_even_after_a_failure() {
    let mut desk = active_queue(5).desk();
    desk.sign(receipt(I | 2));
    assert!(desk.site.take_exports().is_empty());
    desk.sign(receipt(I | 0x200_0002));
    assert_eq!(desk.site.take_exports().len(), 1);
    desk.tse.fail(Fault::FinishUnreachable);
    assert_eq!(desk.sign(receipt(I | 0x200_0002)).state, TSE_FAILED);
    assert_eq!(desk.site.take_exports().len(), 1);
    desk.refused(receipt(E | 0x200_0002));
    assert!(desk.site.take_exports().is_empty());
}

#[test]
fn a_zero_receipt_may_run_the_self_test() {
    let mut desk = active_queue(5).desk();
    desk.sign(receipt(I | 0x100_0002));
    assert_eq!(desk.tse.take_calls().last().unwrap(), "ExecuteSelfTest");
}

#[test]
fn tv_15_a_late_entry_is_counted_without_the_tse() {
    let mut desk = active_queue(5).desk();
    let response = desk.sign(receipt(4_919_338_172_267_167_745));
    assert_eq!(response.state, 4_919_338_167_972_134_920);
    assert_eq!(response.receipt_identification, "ft5#");
    assert_eq!(
        (response.signatures.len(), response.signatures[0].kind),
        (1, E | 2)
    );
    assert_eq!(
        data(&response, "Ausfallsnacherfassung vom 03/04/2031 10:20:30"),
        "Elektronisches Aufzeichnungssystem ausgefallen"
    );
    assert_eq!(desk.engine.state().queue_de.used_failed_count, 1);
    assert!(desk.tse.take_calls().is_empty());

    let zero = desk.sign(receipt(I | 2));
    assert_eq!(zero.signatures.len(), 16);
    assert_eq!(
        data(
            &zero,
            "Ausfallsnacherfassung abgeschlossen am 03/04/2031 10:20:33."
        ),
        "1 Aktionen im Zeitraum von 03/04/2031 10:20:30 bis 03/04/2031 10:20:30"
    );
    let counted = &desk.engine.state().queue_de;
    assert_eq!(counted.used_failed_count, 0);
    assert_eq!(
        (counted.used_failed_moment_min, counted.used_failed_queue_item),
        (None, None)
    );
}

#[test]
fn tv_15_a_queue_set_to_german_prints_moments_the_german_way() {
    let mut opening = active_queue(5);
    opening.options.culture = Culture::German;
    let mut desk = opening.desk();
    let late = desk.sign(receipt(I | 0x1_0001));
    data(&late, "Ausfallsnacherfassung vom 04.03.2031 10:20:30");
    let by_hand = desk.sign(receipt(I | 0x8_0001));
    data(&by_hand, "Handschriftbelegerfassung vom 04.03.2031 10:20:30");
    let zero = desk.sign(receipt(I | 2));
    assert_eq!(
        data(
            &zero,
            "Ausfallsnacherfassung abgeschlossen am 04.03.2031 10:20:33."
        ),
        "1 Aktionen im Zeitraum von 04.03.2031 10:20:30 bis 04.03.2031 10:20:30"
    );
}

#[test]
fn tv_15_a_handwritten_receipt_is_accepted_without_the_tse() {
    let mut desk = active_queue(5).desk();
    let response = desk.sign(receipt(0x4445_0001_0008_0001));
    assert_eq!(response.state, READY);
    assert_eq!(response.signatures.len(), 1);
    assert_eq!(
        data(&response, "Handschriftbelegerfassung vom 03/04/2031 10:20:30"),
        ""
    );
    assert!(desk.tse.take_calls().is_empty());
}
