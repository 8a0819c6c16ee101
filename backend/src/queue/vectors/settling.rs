//! Interrupted receipts, settled by the same function.

use super::desk::{Desk, E, I, active_queue, receipt};
use super::receipts::tv_04;
use super::tse::Fault;
use crate::queue::answer::Answer;
use crate::queue::engine::Processed;
use crate::queue::intake::stored_request;

fn response(processed: &Processed) -> &shared::api::receipt_response::ReceiptResponse {
    match &processed.answer {
        Answer::Response(response) => response,
        Answer::Failed { message } => panic!("{message}"),
    }
}

/// The pod dies after the TSE has signed and before the entry is written; the next one reads the request from the
/// journal.
#[test]
fn a_receipt_interrupted_after_the_signature_gets_the_same_signature_and_no_second() {
    let mut desk = active_queue(9).desk();
    let request = tv_04().request();
    let intent = desk.begin(&request);
    let lost = desk.process(&intent, &request);
    let signatures = desk.tse.signatures();

    let again = stored_request(&intent.item).unwrap();
    assert_eq!(again, request);
    let settled = desk.process(&intent, &again);
    assert_eq!(desk.tse.signatures(), signatures);
    assert_eq!(response(&settled).signatures, response(&lost).signatures);
    assert_eq!(settled.entry.queue.queued_row, intent.item.row);
    desk.adopt(&settled.entry);
    assert_eq!(desk.sign(tv_04()).receipt_identification, "ftA#IT2");
}

#[test]
fn a_receipt_interrupted_between_start_and_finish_is_finished() {
    let mut desk = active_queue(9).desk();
    let request = tv_04().request();
    let intent = desk.begin(&request);
    desk.tse.fail(Fault::FinishUnreachable);
    desk.process(&intent, &request);
    desk.tse.fail(None);
    let settled = desk.process(&intent, &request);
    assert_eq!(response(&settled).receipt_identification, "ft9#IT1");
    assert_eq!(desk.tse.signatures(), 2);
}

#[test]
fn processing_alone_changes_no_state() {
    let mut desk: Desk = active_queue(9).desk();
    let request = receipt(E | 8).reference("B-7").request();
    let intent = desk.begin(&request);
    let before = format!("{:?}", desk.engine.state());
    desk.process(&intent, &request);
    assert_eq!(format!("{:?}", desk.engine.state()), before);
}

#[test]
fn a_receipt_can_be_processed_on_any_thread() {
    fn is_send<T: Send>(_: &T) {}
    let mut desk = active_queue(0).desk();
    let request = receipt(I | 1).request();
    let intent = desk.begin(&request);
    is_send(&desk.engine.process(&intent, &request, desk.edges()));
}
