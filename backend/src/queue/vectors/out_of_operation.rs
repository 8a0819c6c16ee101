//! TV-19: the end of a queue, with the TSE and without it.

use super::desk::{Desk, E, I, QUEUE, active_queue, at, data, kinds, receipt};
use super::tse::{Fault, SERIAL};
use crate::queue::state::Life;
use crate::queue::work::{NOT_ACTIVE, READY};

fn stop(desk: &mut Desk, case: i64) -> shared::api::receipt_response::ReceiptResponse {
    desk.sign(receipt(case).reference("OUT"))
}

fn is_noted(desk: &Desk, serial: &str) {
    let note = desk.last_notes()[0].clone();
    assert_eq!(
        (note.priority, note.kind.as_str()),
        (-1, "4445000000000004-DeactivateQueueSCU")
    );
    assert_eq!(
        note.message,
        format!(
            "Außer-Betriebnahme-Beleg. Kassenseriennummer: KASSE-1, TSE-Seriennummer: {serial}, Queue-ID: {QUEUE}"
        )
    );
    let notification: serde_json::Value = serde_json::from_str(&note.data_json.unwrap()).unwrap();
    assert_eq!(notification["IsStopReceipt"], true);
    assert_eq!(notification["SCUSerialNumberBase64"], serial);
    assert!(notification.get("IsStartReceipt").is_none());
}

#[test]
fn tv_19_a_queue_ends_even_when_its_tse_is_down() {
    let mut desk = active_queue(9).desk();
    desk.tse.fail(Fault::Unreachable);
    let response = stop(&mut desk, 4_919_338_172_283_879_428);
    assert_eq!((response.state, response.signatures.len()), (READY, 0));
    assert_eq!(response.receipt_identification, "ft9#");
    assert_eq!(response.state_data, None);
    assert_eq!(
        desk.engine.state().queue.stop_moment,
        Some(at("2031-03-04T10:20:33Z"))
    );
    // What the TSE said of itself last.
    is_noted(&desk, SERIAL);
    assert_eq!(desk.engine.state().queue_de.sscd_fail_count, 0);
    assert_eq!(desk.sign(receipt(I | 1)).state, NOT_ACTIVE);
}

#[test]
fn the_log_is_exported_at_the_end_whatever_became_of_the_transaction_unless_the_receipt_says_not_to() {
    for (case, exports) in [(I | 4, 1), (I | 0x400_0004, 0)] {
        for fault in [None, Some(Fault::Unreachable), Some(Fault::FinishUnreachable)] {
            let mut desk = active_queue(9).desk();
            desk.tse.fail(fault);
            stop(&mut desk, case);
            assert_eq!(desk.site.take_exports().len(), exports, "{case:X}, {fault:?}");
        }
    }
}

#[test]
fn tv_19_a_tse_that_was_never_heard_is_reported_with_nothing() {
    let mut opening = active_queue(9);
    opening.opened.scus[0].tse_info_json = None;
    let mut desk = opening.desk();
    desk.tse.fail(Fault::Unreachable);
    stop(&mut desk, I | 4);
    is_noted(&desk, "");
}

#[test]
fn tv_19_with_the_tse_up_its_last_signatures_are_shown_and_the_client_is_forgotten() {
    let mut desk = active_queue(9).desk();
    let response = stop(&mut desk, 4_919_338_172_283_879_428);
    let calls = desk.tse.take_calls();
    assert_eq!(calls[0], "Start");
    assert!(calls[1].starts_with("Finish(1, SonstigerVorgang, "), "{calls:?}");
    assert_eq!(calls[2..], ["GetTseInfo", "UnregisterClientId(KASSE-1)"]);
    assert_eq!(
        data(&response, "<processData>"),
        "out of operation receipt / stop-receipt"
    );
    assert_eq!(response.receipt_identification, "ft9#IT1");
    assert_eq!(response.signatures.len(), 17);
    assert_eq!(kinds(&response)[15..], [2, 4]);
    let ids = format!("Kassenseriennummer: KASSE-1, TSE-Seriennummer: {SERIAL}, Queue-ID: {QUEUE}");
    assert_eq!(data(&response, "Außer-Betriebnahme-Beleg"), ids);
    assert_eq!(response.signatures[16].format, 8);
    assert!(response.state_data.unwrap().starts_with(r#"{"TseInfo":{"#));
    is_noted(&desk, SERIAL);
    assert_eq!(desk.engine.state().life(), Life::Deactivated);
}

#[test]
fn tv_19_without_the_client_only_flag_the_tse_is_terminated() {
    let mut desk = active_queue(9).desk();
    stop(&mut desk, I | 4);
    assert_eq!(desk.tse.take_calls().last().unwrap(), "SetTseState(2)");
}

#[test]
fn a_tse_that_an_earlier_attempt_has_terminated_is_not_asked_to_forget_its_client() {
    let mut desk = active_queue(9).desk();
    desk.tse.fail(Fault::Terminated);
    assert_eq!(stop(&mut desk, I | 4).signatures.len(), 17);
    assert_eq!(desk.tse.take_calls().last().unwrap(), "GetTseInfo");
}

#[test]
fn an_out_of_operation_receipt_must_be_implicit_and_no_practice() {
    let mut desk = active_queue(9).desk();
    assert_eq!(
        desk.refused(receipt(E | 4)),
        "ReceiptCase 4445000000000004 (Out-of-operation receipt) must use implicit-flow flag."
    );
    assert_eq!(
        desk.refused(receipt(I | 0x2_0004)),
        "ReceiptCase 4445000100020004 can not use 'TrainingMode' flag."
    );
    assert_eq!(desk.engine.state().life(), Life::Active);
}

#[test]
fn a_queue_in_failed_mode_still_tries_the_tse_at_its_end() {
    let mut desk = active_queue(9).desk();
    desk.tse.fail(Fault::Unreachable);
    desk.sign(receipt(I | 1));
    desk.tse.fail(None);
    assert_eq!(stop(&mut desk, I | 4).signatures.len(), 17);
}
