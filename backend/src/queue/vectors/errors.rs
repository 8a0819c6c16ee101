//! TV-18: errors.

use super::desk::{E, I, active_queue, receipt};
use crate::queue::answer::Answer;
use crate::queue::intake::PreQueueError;
use shared::api::receipt_response::ReceiptResponse;

#[test]
fn tv_18_an_error_takes_a_row_and_no_receipt_number() {
    let mut opening = active_queue(3);
    opening.opened.queue.queued_row = 4;
    opening.opened.queue.current_row = 4;
    let mut desk = opening.desk();
    let message = desk.refused(receipt(E | 2));

    let entry = desk.last().clone();
    assert_eq!(entry.item.row, 5);
    let stored = ReceiptResponse::from_json(entry.item.response.as_deref().unwrap().as_bytes()).unwrap();
    assert_eq!(stored.state, 0x4445_2000_EEEE_EEEE);
    assert_eq!(stored.queue_row, 4);
    assert_eq!(stored.receipt_identification, "");
    let item = &stored.signatures[0];
    assert_eq!(item.caption.as_deref(), Some("uncaught-exeption"));
    assert_eq!((item.format, item.kind), (1, 0x4445_2000_0000_3000));
    assert_eq!(item.data.as_deref(), Some(message.as_str()));
    assert_eq!((entry.queue.current_row, entry.queue.receipt_numerator), (5, 3));
    assert!(entry.receipt.is_none() && entry.queue_de.is_none());
    let note = desk.last_notes()[0].clone();
    assert_eq!((note.kind.as_str(), note.priority), ("44452000EEEEEEEE", 0));

    let next = desk.sign(receipt(I | 1));
    assert_eq!(
        (next.queue_row, next.receipt_identification.as_str()),
        (6, "ft3#IT1")
    );
    assert_eq!(desk.last().receipt.as_ref().unwrap().number, 4);
}

#[test]
fn tv_18_another_cashbox_is_refused_with_nothing_stored() {
    let desk = active_queue(3).desk();
    let other = receipt(I | 1).cashbox("99999999-2222-4333-8444-555555555555");
    let error = desk.engine.receive(&other.request(), &desk.clock).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Provided CashBoxId does not match current CashBoxId"
    );
    let none = receipt(I | 1).cashbox("register 1").request();
    assert_eq!(
        desk.engine.receive(&none, &desk.clock),
        Err(PreQueueError::CashBoxIdUnparsable("register 1".to_owned()))
    );
}

#[test]
fn any_spelling_of_the_cashbox_is_accepted_and_copied() {
    let mut desk = active_queue(3).desk();
    let shouted = "{11111111-2222-4333-8444-555555555555}";
    assert_eq!(desk.sign(receipt(I | 1).cashbox(shouted)).cash_box_id, shouted);
}

#[test]
fn a_stored_answer_is_told_again_as_it_was() {
    let mut desk = active_queue(3).desk();
    for receipt in [receipt(I | 1), receipt(E | 2)] {
        let told = desk.answer(receipt);
        assert_eq!(Answer::stored(&desk.last().item).unwrap(), Some(told));
    }
    let unfinished = desk.begin(&receipt(I | 1).request());
    assert_eq!(Answer::stored(&unfinished.item).unwrap(), None);
}

#[test]
fn the_item_is_complete_before_the_tse_is_asked() {
    let mut desk = active_queue(3).desk();
    let item = desk.begin(&receipt(I | 1).request()).item;
    assert_eq!(
        (item.row, item.timeout_ms, item.country.as_str()),
        (4, 15_000, "DE")
    );
    assert_eq!(item.request, receipt(I | 1).request().to_canonical_json());
    assert_eq!(
        (item.work_moment, item.done_moment, item.response),
        (None, None, None)
    );
}
