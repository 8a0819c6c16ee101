//! From a verdict to the entry and the answer (3.2 steps 8 to 13).

use rust_decimal::Decimal;
use shared::api::moment::Moment;
use shared::api::receipt_response::ReceiptResponse;
use shared::api::writing::Shape;
use shared::clock::Ticks;
use uuid::Uuid;

use super::answer::{self, Answer};
use super::chain::{self, Link};
use super::engine::Processed;
use super::identification::identification;
use super::notes::{self, Note};
use super::signatures;
use super::work::{CaseError, LifeChange, Verdict, Work};
use crate::journal::entry::{
    Change, Entry, Intent, Outcome, QueueDeRow, QueueItemRow, QueueRow, ReceiptJournalRow,
};

/// What the chain's link will hold, settled before the TSE is asked so that nothing signed can fail afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sums {
    /// `ftReceiptTotal`.
    pub total: Decimal,
    /// `ftReceiptTotalizer` after it.
    pub totalizer: Decimal,
}

/// Settles what can still be refused without harm.
pub(super) fn sums(work: &Work<'_>) -> Result<Sums, CaseError> {
    let refused = |text: &str| CaseError::Refused(text.to_owned());
    let total = chain::total(work.request)
        .ok_or_else(|| refused("The receipt's total is larger than the journal can hold."))?;
    let totalizer = chain::totalizer(work.state.queue.receipt_totalizer, total)
        .ok_or_else(|| refused("The sum of all receipts is larger than the journal can hold."))?;
    let previous = work.state.queue.receipt_hash.as_deref();
    let readable = previous.is_none_or(chain::is_hash) && chain::is_hash(&work.item.request_hash);
    if !readable {
        return Err(refused(
            "The stored hash chain cannot be read; the queue must be repaired first.",
        ));
    }
    Ok(Sums { total, totalizer })
}

/// The receipt is accepted: it gets its link in the chain.
pub(super) fn accept(work: Work<'_>, intent: &Intent, verdict: Verdict, sums: Sums) -> Processed {
    let response = respond(&work, verdict);
    let done = work.now();
    let item = finished_item(&work, &response, done);
    let queue_de = changed_queue_de(&work, done);
    let queue = counted(&work, done);
    let receipt = link(&work.state.queue, &item, sums.total, done);
    let starts_migration = work.starts_migration;
    let queue = chained(queue, &receipt, sums, work.life_change);
    let entry = Entry {
        operation: intent.operation,
        outcome: Outcome::Answered,
        item,
        previous_hash: work.state.queue.receipt_hash.clone(),
        receipt: Some(receipt),
        queue,
        queue_de,
        changes: work.into_changes(),
    };
    Processed {
        entry,
        answer: Answer::Response(Box::new(response)),
        starts_migration,
    }
}

/// The request ended as an error: it is stored, and stays outside of the chain. Neither the German part nor the
/// queue's life changes; what the TSE has done stays on record.
pub(super) fn refuse(work: Work<'_>, intent: &Intent, error: &CaseError) -> Processed {
    let message = error.to_string();
    let response = error_response(&work, &message);
    let done = work.now();
    let item = finished_item(&work, &response, done);
    let noted = error_note(&response).at(item.item, done);
    let queue = counted(&work, done);
    let previous_hash = work.state.queue.receipt_hash.clone();
    let mut changes = vec![Change::AddActionJournal(noted)];
    changes.extend(work.into_changes());
    let entry = Entry {
        operation: intent.operation,
        outcome: Outcome::Answered,
        item,
        receipt: None,
        previous_hash,
        queue,
        queue_de: None,
        changes,
    };
    Processed {
        entry,
        answer: Answer::of(response),
        starts_migration: false,
    }
}

fn respond(work: &Work<'_>, verdict: Verdict) -> ReceiptResponse {
    let numerator = work.state.queue.receipt_numerator;
    let mut response = blank(work);
    response.queue_row = work.item.row;
    response.receipt_identification = identification(numerator, work.case, verdict.transaction);
    response.signatures.splice(0..0, verdict.signatures);
    response.state = verdict.state;
    response.state_data = verdict.state_data;
    response
}

fn error_response(work: &Work<'_>, message: &str) -> ReceiptResponse {
    let country = work.case.country_bits();
    let mut response = blank(work);
    // The rows finished so far, not the item's own row: 3.9 has it so.
    response.queue_row = work.state.queue.current_row;
    response
        .signatures
        .insert(0, signatures::uncaught(country, message));
    response.state = answer::error_state(country);
    response
}

/// What every response says, with the sandbox's mark if it is one.
fn blank(work: &Work<'_>) -> ReceiptResponse {
    let queue = work.state.queue.queue;
    let sandbox = work.options.is_sandbox.then(|| signatures::sandbox(queue));
    ReceiptResponse {
        cash_box_id: work.request.cash_box_id.clone(),
        queue_id: queue.to_string(),
        queue_item_id: work.item.item.to_string(),
        queue_row: 0,
        terminal_id: work.request.terminal_id.clone(),
        receipt_reference: work.request.receipt_reference.clone(),
        cash_box_identification: work.client_id().to_owned(),
        receipt_identification: String::new(),
        receipt_moment: Moment::utc(work.now()),
        signatures: sandbox.into_iter().collect(),
        state: 0,
        state_data: None,
    }
}

fn finished_item(work: &Work<'_>, response: &ReceiptResponse, done: Ticks) -> QueueItemRow {
    let canonical = response.to_json(Shape::Original);
    QueueItemRow {
        work_moment: Some(work.began),
        done_moment: Some(done),
        response_hash: Some(chain::content_hash(&canonical)),
        response: Some(canonical),
        time_stamp: done,
        ..work.item.clone()
    }
}

/// The German part, if the receipt changed it.
fn changed_queue_de(work: &Work<'_>, done: Ticks) -> Option<QueueDeRow> {
    (work.queue_de != work.state.queue_de).then(|| QueueDeRow {
        time_stamp: done,
        ..work.queue_de.clone()
    })
}

/// One more row is finished.
fn counted(work: &Work<'_>, done: Ticks) -> QueueRow {
    let before = &work.state.queue;
    QueueRow {
        current_row: before.current_row + 1,
        queued_row: before.queued_row.max(work.item.row),
        time_stamp: done,
        ..before.clone()
    }
}

fn link(before: &QueueRow, item: &QueueItemRow, total: Decimal, done: Ticks) -> ReceiptJournalRow {
    let id = Uuid::new_v4();
    let number = before.receipt_numerator + 1;
    let link = Link {
        previous: before.receipt_hash.as_deref(),
        id,
        moment: done,
        number,
        request_hash: &item.request_hash,
        response_hash: item.response_hash.as_deref().unwrap_or_default(),
    };
    ReceiptJournalRow {
        id,
        moment: done,
        number,
        total,
        item: item.item,
        hash: link
            .hash()
            .expect("the stored hashes were read before the TSE was asked"),
        time_stamp: done,
    }
}

fn chained(queue: QueueRow, receipt: &ReceiptJournalRow, sums: Sums, life: LifeChange) -> QueueRow {
    QueueRow {
        receipt_numerator: receipt.number,
        receipt_totalizer: sums.totalizer,
        receipt_hash: Some(receipt.hash.clone()),
        start_moment: life.started.or(queue.start_moment),
        stop_moment: life.stopped.or(queue.stop_moment),
        ..queue
    }
}

/// 3.2 step 11.
fn error_note(response: &ReceiptResponse) -> Note {
    Note {
        priority: notes::DEFAULT,
        kind: format!("{:X}", response.state),
        message: "An error occurred during receipt processing, resulting in ftState = 0xEEEE_EEEE."
            .to_owned(),
        data_json: None,
    }
}
