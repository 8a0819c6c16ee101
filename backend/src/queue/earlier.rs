//! A receipt request: the answer may be in the journal already (3.10).
//!
//! Only amounts, cases and moments of the items are compared, not the receipt's case: the POS asks whether its sale
//! was signed before it lost the answer.

use shared::api::charge_item::ChargeItem;
use shared::api::moment::Moment;
use shared::api::pay_item::PayItem;
use shared::api::receipt_request::ReceiptRequest;
use shared::api::receipt_response::ReceiptResponse;
use shared::clock::Clock;
use shared::identity::QueueId;

use super::answer::Answer;
use super::engine::{QueueOptions, WhenNotFound};
use super::intake;
use super::notes::Note;
use super::receipt_case::{RECEIPT_REQUEST, ReceiptCase};
use super::state::QueueState;
use crate::journal::entry::{ActionJournalRow, QueueItemRow, StoredItem};

/// What a receipt request came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Earlier {
    /// The POS is told this, and the note is written; no row is consumed. No response is an answer too: `null`.
    Answered {
        /// The stored response, unchanged; none when there is no such receipt, or it ended as an error.
        response: Option<Box<ReceiptResponse>>,
        /// For the action journal; nothing when nothing was found.
        notes: Vec<ActionJournalRow>,
    },
    /// There is no such receipt: this one, which no longer carries the flag, is to be signed.
    SignNow {
        /// The request without the flag.
        request: Box<ReceiptRequest>,
        /// For the action journal.
        notes: Vec<ActionJournalRow>,
    },
}

pub(super) fn is_wanted(request: &ReceiptRequest) -> bool {
    ReceiptCase(request.receipt_case).has(RECEIPT_REQUEST)
}

pub(super) fn find(
    state: &QueueState,
    options: &QueueOptions,
    candidates: &[StoredItem],
    request: &ReceiptRequest,
    clock: &dyn Clock,
) -> Earlier {
    let queue = state.queue.queue;
    let mut notes = Vec::new();
    for candidate in candidates.iter().map(|candidate| &candidate.item) {
        match compare(candidate, request) {
            Comparison::Other => {}
            Comparison::Unreadable => notes.push(problem(queue).at(candidate.item, state.now(clock))),
            Comparison::Same(answer) => {
                notes.push(found(queue, request).at(candidate.item, state.now(clock)));
                let response = match answer {
                    Answer::Response(response) => Some(response),
                    Answer::Failed { .. } => None,
                };
                return Earlier::Answered { response, notes };
            }
        }
    }
    not_found(options, request, notes)
}

fn not_found(options: &QueueOptions, request: &ReceiptRequest, notes: Vec<ActionJournalRow>) -> Earlier {
    match options.when_not_found {
        WhenNotFound::AnswerNothing => Earlier::Answered {
            response: None,
            notes,
        },
        WhenNotFound::SignNow => {
            let mut request = Box::new(request.clone());
            request.receipt_case = ReceiptCase(request.receipt_case).without(RECEIPT_REQUEST).0;
            Earlier::SignNow { request, notes }
        }
    }
}

enum Comparison {
    Same(Answer),
    Other,
    Unreadable,
}

fn compare(item: &QueueItemRow, request: &ReceiptRequest) -> Comparison {
    let has_hash = item.response_hash.as_deref().is_some_and(|hash| !hash.is_empty());
    if item.done_moment.is_none() || !has_hash {
        return Comparison::Other;
    }
    match (intake::stored_request(item), Answer::stored(item)) {
        (Ok(_), Ok(None)) => Comparison::Other,
        (Ok(stored), Ok(Some(answer))) if same_items(&stored, request) => Comparison::Same(answer),
        (Ok(_), Ok(Some(_))) => Comparison::Other,
        _ => Comparison::Unreadable,
    }
}

fn same_items(stored: &ReceiptRequest, request: &ReceiptRequest) -> bool {
    let charge = |item: &ChargeItem| (item.amount, item.case, moment(item.moment));
    let pay = |item: &PayItem| (item.amount, item.case, moment(item.moment));
    let charges = stored.charge_items.iter().map(charge);
    let pays = stored.pay_items.iter().map(pay);
    charges.eq(request.charge_items.iter().map(charge)) && pays.eq(request.pay_items.iter().map(pay))
}

/// Dates are compared as they read, whatever their zone: the original's dates compare so.
fn moment(moment: Option<Moment>) -> Option<i64> {
    moment.map(|moment| moment.ticks.0)
}

fn found(queue: QueueId, request: &ReceiptRequest) -> Note {
    let reference = &request.receipt_reference;
    Note::plain(format!("Queue {queue} found cbReceiptReference \"{reference}\""))
}

/// The spelling is the original's.
fn problem(queue: QueueId) -> Note {
    Note::plain(format!("Queue {queue} problem on receitrequest"))
}
