//! TV-16: receipt requests.

use shared::api::receipt_response::ReceiptResponse;

use super::desk::{Desk, E, I, QUEUE, Receipt, active_queue, receipt};
use super::receipts::tv_04;
use crate::journal::entry::{ActionJournalRow, StoredItem};
use crate::queue::earlier::Earlier;
use crate::queue::engine::WhenNotFound;

const FLAG: i64 = 0x8000_0000_0000;

/// The finished items as the journal finds them: newest first.
fn stored(desk: &Desk) -> Vec<StoredItem> {
    let items = desk.entries.iter().rev();
    items
        .map(|entry| StoredItem {
            item: entry.item.clone(),
        })
        .collect()
}

fn asked(desk: &Desk, receipt: &Receipt) -> (Option<ReceiptResponse>, Vec<ActionJournalRow>) {
    let mut request = receipt.request();
    request.receipt_case |= FLAG;
    assert!(desk.engine.wants_earlier_receipt(&request));
    match desk.engine.match_earlier(&stored(desk), &request, &desk.clock) {
        Earlier::Answered { response, notes } => (response.map(|response| *response), notes),
        Earlier::SignNow { .. } => panic!("nothing was to be signed"),
    }
}

#[test]
fn tv_16_the_stored_response_is_answered_unchanged() {
    let mut desk = active_queue(9).desk();
    let signed = desk.sign(tv_04());
    let (answered, notes) = asked(&desk, &tv_04());
    assert_eq!(answered, Some(signed));
    assert_eq!(notes.len(), 1);
    assert_eq!(
        notes[0].message,
        format!("Queue {QUEUE} found cbReceiptReference \"R-0001\"")
    );
    assert_eq!(notes[0].item, desk.last().item.item);
}

#[test]
fn tv_16_another_amount_moment_or_number_of_items_is_another_receipt() {
    let mut desk = active_queue(9).desk();
    desk.sign(receipt(I | 1).charged(1, "1", "2.00").paid(1, "2.00"));
    let other_amount = receipt(I | 1).charged(1, "1", "2.01").paid(1, "2.00");
    let other_moment = receipt(I | 1)
        .charge(&format!(
            r#""Amount":2.00,"ftChargeItemCase":{},"Moment":"2031-03-04T10:20:28Z""#,
            E | 1
        ))
        .paid(1, "2.00");
    let fewer = receipt(I | 1).charged(1, "1", "2.00");
    let other_case = receipt(I | 1).charged(2, "1", "2.00").paid(1, "2.00");
    for different in [other_amount, other_moment, fewer, other_case] {
        let (answered, notes) = asked(&desk, &different);
        assert_eq!((answered, notes.len()), (None, 0));
    }
}

#[test]
fn tv_16_of_equal_receipts_the_newest_is_answered() {
    let mut desk = active_queue(9).desk();
    desk.sign(tv_04());
    let newest = desk.sign(tv_04());
    assert_eq!(asked(&desk, &tv_04()).0, Some(newest));
}

#[test]
fn tv_16_a_stored_error_is_answered_with_nothing_and_noted() {
    let mut desk = active_queue(9).desk();
    desk.refused(receipt(E | 2));
    let (answered, notes) = asked(&desk, &receipt(E | 2));
    assert_eq!((answered, notes.len()), (None, 1));
}

#[test]
fn an_unreadable_item_is_noted_and_passed_over() {
    let mut desk = active_queue(9).desk();
    let older = desk.sign(tv_04());
    desk.sign(tv_04());
    desk.entries[1].item.response = Some("{".to_owned());
    let (answered, notes) = asked(&desk, &tv_04());
    assert_eq!(answered, Some(older));
    assert_eq!(
        notes[0].message,
        format!("Queue {QUEUE} problem on receitrequest")
    );
}

#[test]
fn what_is_not_found_may_be_signed_now_without_the_flag() {
    let mut opening = active_queue(9);
    opening.options.when_not_found = WhenNotFound::SignNow;
    let desk = opening.desk();
    let mut request = tv_04().request();
    request.receipt_case |= FLAG;
    match desk.engine.match_earlier(&[], &request, &desk.clock) {
        Earlier::SignNow { request, .. } => assert_eq!(request.receipt_case, I | 1),
        Earlier::Answered { .. } => panic!("it was to be signed"),
    }
}
