//! TV-02 and TV-03: before and at the initial operation.

use super::desk::{Desk, E, I, QUEUE, active_queue, at, data, kinds, new_queue, receipt};
use super::tse::{Fault, SERIAL};
use crate::queue::state::Life;
use crate::queue::work::{NOT_ACTIVE, READY, TSE_FAILED};

fn sale() -> super::desk::Receipt {
    receipt(I | 1).charged(1, "1.0", "5.60").paid(1, "5.60")
}

#[test]
fn tv_02_a_receipt_before_activation_is_chained_and_not_signed() {
    let mut desk = new_queue().desk();
    let response = desk.sign(sale());
    assert_eq!(response.queue_row, 1);
    assert_eq!(response.receipt_identification, "ft0#");
    assert_eq!(response.state, 4_919_338_167_972_134_913);
    assert_eq!((response.signatures.len(), response.state_data), (0, None));
    assert_eq!(desk.last().receipt.as_ref().unwrap().number, 1);
    let notes = desk.last_notes();
    assert_eq!(notes.len(), 1);
    assert_eq!(
        notes[0].message,
        format!("QueueId {QUEUE} was not activated or already deactivated")
    );

    let second = desk.sign(sale());
    assert_eq!(
        (second.queue_row, second.receipt_identification.as_str()),
        (2, "ft1#")
    );
    assert_eq!(desk.last().receipt.as_ref().unwrap().number, 2);
    assert!(desk.last_notes().is_empty());
    assert!(desk.tse.take_calls().is_empty());
}

#[test]
fn tv_02_a_sandbox_marks_every_answer() {
    let mut opening = new_queue();
    opening.options.is_sandbox = true;
    let mut desk = opening.desk();
    let response = desk.sign(sale());
    assert_eq!(response.signatures.len(), 1);
    assert_eq!(
        (response.signatures[0].format, response.signatures[0].kind),
        (1, 0)
    );
    assert_eq!(data(&response, "S A N D B O X"), QUEUE);
}

fn activate(desk: &mut Desk) -> shared::api::receipt_response::ReceiptResponse {
    desk.sign(receipt(I | 3).reference("INIT"))
}

#[test]
fn tv_03_the_initial_operation_puts_the_queue_into_operation() {
    let mut desk = new_queue().desk();
    let response = activate(&mut desk);
    let payload = "aW5pdGlhbCBvcGVyYXRpb24gcmVjZWlwdCAvIHN0YXJ0LXJlY2VpcHQ=";
    // The certification is known from the second call on.
    assert_eq!(
        desk.tse.take_calls(),
        [
            "SetTseState(1)",
            "GetTseInfo",
            "RegisterClientId(KASSE-1)",
            "Start",
            &format!("Finish(1, SonstigerVorgang, {payload})"),
            "GetTseInfo",
        ]
    );
    assert_eq!(response.receipt_identification, "ft0#IT1");
    assert_eq!(response.state, READY);
    assert_eq!(response.signatures.len(), 17);
    let ids = format!("Kassenseriennummer: KASSE-1, TSE-Seriennummer: {SERIAL}, Queue-ID: {QUEUE}");
    assert_eq!(data(&response, "In-Betriebnahme-Beleg"), ids);
    assert_eq!(kinds(&response)[15..], [2, 3]);
    let code = &response.signatures[16];
    assert_eq!(code.format, 8);
    assert_eq!(
        code.caption.as_deref(),
        Some(&*format!("In-Betriebnahme-Beleg. {ids}"))
    );
    let notification: serde_json::Value = serde_json::from_str(code.data.as_deref().unwrap()).unwrap();
    assert_eq!(notification["IsStartReceipt"], true);
    assert_eq!(notification["Version"], "V0");
    assert!(
        response
            .state_data
            .unwrap()
            .starts_with(r#"{"TseInfo":{"MaxNumberOfClients":10,"#)
    );
    assert_eq!(
        desk.engine.state().queue.start_moment,
        Some(at("2031-03-04T10:20:33Z"))
    );
    let note = desk.last_notes()[0].clone();
    assert_eq!(
        (note.priority, note.kind.as_str()),
        (-1, "4445000000000003-ActivateQueueSCU")
    );
}

#[test]
fn tv_03_a_second_initial_operation_is_signed_and_changes_nothing() {
    let mut desk = new_queue().desk();
    activate(&mut desk);
    let response = activate(&mut desk);
    assert_eq!(response.signatures.len(), 15);
    assert_eq!(
        desk.last_notes()[0].message,
        format!("Queue {QUEUE} is activated, initial-operations-receipt can not be executed.")
    );
}

#[test]
fn tv_03_an_initial_operation_must_be_implicit_and_no_practice() {
    let mut desk = new_queue().desk();
    assert_eq!(
        desk.refused(receipt(E | 3)),
        "ReceiptCase 4445000000000003 (Initial-operation receipt) must use implicit-flow flag."
    );
    assert_eq!(desk.engine.state().queue.queued_row, 1);
    assert!(desk.last().receipt.is_none());
    assert_eq!(
        desk.refused(receipt(I | 0x2_0003)),
        "ReceiptCase 4445000100020003 can not use 'TrainingMode' flag."
    );
}

#[test]
fn a_failed_initial_operation_is_an_error_and_may_be_repeated() {
    let mut desk = new_queue().desk();
    desk.tse.fail(Fault::FinishUnreachable);
    assert_eq!(
        desk.refused(receipt(I | 3).reference("INIT")),
        "The TSE is not available."
    );
    assert_eq!(desk.engine.state().life(), Life::New);
    assert_eq!(desk.engine.state().queue_de.sscd_fail_count, 0);
    // The TSE did open it, so it stays on record.
    assert_eq!(
        desk.engine.state().open_transactions["INIT"].transaction_number,
        1
    );
    desk.tse.fail(None);
    assert_eq!(activate(&mut desk).receipt_identification, "ft0#IT2");
    assert_eq!(desk.engine.state().life(), Life::Active);
}

#[test]
fn a_terminated_tse_cannot_be_put_into_operation() {
    let mut desk = new_queue().desk();
    desk.tse.fail(Fault::Terminated);
    assert_eq!(
        desk.refused(receipt(I | 3)),
        "TSE device is not in awaited lifecycle state 'Initialized'. Can not process 'Initial Operations Receipt'."
    );
}

#[test]
fn the_client_only_flag_leaves_the_tse_state_alone() {
    let mut desk = new_queue().desk();
    desk.sign(receipt(I | 0x100_0003));
    assert_eq!(
        desk.tse.take_calls()[..2],
        ["GetTseInfo", "RegisterClientId(KASSE-1)"]
    );
}

#[test]
fn a_deactivated_queue_is_never_put_into_operation_again() {
    let mut opening = active_queue(3);
    opening.opened.queue.stop_moment = Some(at("2031-02-01"));
    let mut desk = opening.desk();
    assert_eq!(desk.sign(sale()).state, NOT_ACTIVE);
    assert_eq!(desk.sign(receipt(I | 3)).state, TSE_FAILED);
    assert_eq!(
        desk.last_notes()[0].message,
        format!("Queue {QUEUE} is de-activated, initial-operations-receipt can not be executed.")
    );
    assert_eq!(desk.engine.state().life(), Life::Deactivated);
}

#[test]
fn a_queue_between_two_scus_chains_and_does_not_sign() {
    let mut opening = active_queue(3);
    opening.opened.queue_de.scu = None;
    let mut desk = opening.desk();
    for _ in 0..2 {
        let response = desk.sign(sale());
        assert_eq!(response.state, 4_919_338_167_972_135_168);
        assert_eq!(
            desk.last_notes()[0].message,
            "SCU switching process initiated, but not yet finished."
        );
    }
}
