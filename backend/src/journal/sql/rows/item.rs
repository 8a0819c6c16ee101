//! Requests and their outcomes: two tables, each row written once, that read back as one item.

use sha2::{Digest as _, Sha256};
use shared::clock::Ticks;
use shared::identity::{OperationId, QueueId, QueueItemId};

use super::{broken, id, moment, moment_if_any};
use crate::journal::entry::{Entry, Intent, Outcome, QueueItemRow, StoredOperation};
use crate::journal::sql::connection::{Columns, Value};
use crate::journal::sql::table::Table;

pub(in crate::journal::sql) const ITEM: Table = Table {
    name: "queue_item",
    key: &["queue", "queue_row"],
    columns: &[
        "item",
        "operation",
        "content_hash",
        "queue_moment",
        "timeout_ms",
        "receipt_moment",
        "terminal_id",
        "receipt_reference",
        "reference_key",
        "country",
        "version",
        "request",
        "request_hash",
        "work_moment",
        "processing_version",
        "time_stamp",
    ],
};

pub(in crate::journal::sql) fn item_values(queue: QueueId, intent: &Intent) -> Vec<Value<'_>> {
    let row = &intent.item;
    vec![
        queue.into(),
        Value::from(row.row),
        id(row.item.as_u128()),
        id(intent.operation.as_u128()),
        Value::Bytes(&intent.content_hash),
        moment(row.queue_moment),
        Value::from(row.timeout_ms),
        moment(row.receipt_moment),
        Value::from(&*row.terminal_id),
        Value::from(&*row.receipt_reference),
        Value::from(short_key(&row.receipt_reference)),
        Value::from(&*row.country),
        Value::from(&*row.version),
        Value::from(&*row.request),
        Value::from(&*row.request_hash),
        moment_if_any(row.work_moment),
        Value::from(&*row.processing_version),
        moment(row.time_stamp),
    ]
}

/// What an index holds instead of a reference of any length. Rows found by it are compared exactly afterwards.
pub(in crate::journal::sql) fn short_key(reference: &str) -> i64 {
    let digest = Sha256::digest(reference);
    i64::from_be_bytes(*digest.first_chunk().expect("SHA-256 has 32 bytes"))
}

pub(in crate::journal::sql) const ANSWER: Table = Table {
    name: "queue_answer",
    key: &["queue", "queue_row"],
    columns: &[
        "item",
        "outcome",
        "work_moment",
        "done_moment",
        "response",
        "response_hash",
        "processing_version",
        "time_stamp",
    ],
};

pub(in crate::journal::sql) fn answer_values(queue: QueueId, entry: &Entry) -> Vec<Value<'_>> {
    let row = &entry.item;
    vec![
        queue.into(),
        Value::from(row.row),
        id(row.item.as_u128()),
        Value::from(outcome_code(entry.outcome)),
        moment_if_any(row.work_moment),
        moment_if_any(row.done_moment),
        Value::from(&row.response),
        Value::from(&row.response_hash),
        Value::from(&*row.processing_version),
        moment(row.time_stamp),
    ]
}

const ANSWERED: i64 = 1;
const ABANDONED: i64 = 2;

/// An outcome, as our tables know it.
pub(in crate::journal::sql) fn outcome_code(outcome: Outcome) -> i64 {
    match outcome {
        Outcome::Answered => ANSWERED,
        Outcome::Abandoned => ABANDONED,
    }
}

pub(in crate::journal::sql) fn read_outcome(code: i64) -> sqlx::Result<Outcome> {
    match code {
        ANSWERED => Ok(Outcome::Answered),
        ABANDONED => Ok(Outcome::Abandoned),
        other => Err(broken(format_args!("{other} is no outcome"))),
    }
}

/// The columns of an item (`i`) and its outcome (`a`), as [`read_item`] takes them.
pub(in crate::journal::sql) const ITEM_AND_ANSWER: &str = "i.operation, i.content_hash, i.item, i.queue_row, \
     i.queue_moment, i.timeout_ms, i.receipt_moment, i.terminal_id, i.receipt_reference, i.country, i.version, \
     i.request, i.request_hash, i.work_moment AS item_work_moment, i.processing_version AS item_version, \
     i.time_stamp AS item_time_stamp, a.outcome, a.work_moment, a.done_moment, a.response, a.response_hash, \
     a.processing_version, a.time_stamp AS answer_time_stamp";

/// An item with everything that is known of it.
pub(in crate::journal::sql) struct ReadItem {
    pub(in crate::journal::sql) operation: OperationId,
    pub(in crate::journal::sql) content_hash: [u8; 32],
    pub(in crate::journal::sql) outcome: Option<Outcome>,
    pub(in crate::journal::sql) row: QueueItemRow,
}

impl From<ReadItem> for StoredOperation {
    fn from(read: ReadItem) -> Self {
        Self {
            content_hash: read.content_hash,
            item: read.row,
            outcome: read.outcome,
        }
    }
}

pub(in crate::journal::sql) fn read_item(columns: &mut Columns<'_>) -> sqlx::Result<ReadItem> {
    let operation = OperationId::from_u128(columns.id()?);
    let content_hash = columns.bytes()?;
    let mut row = read_intent(columns)?;
    let outcome = columns.int_if_any()?.map(read_outcome).transpose()?;
    if outcome.is_some() {
        row.work_moment = columns.int_if_any()?.map(Ticks);
        row.done_moment = columns.int_if_any()?.map(Ticks);
        row.response = columns.text_if_any()?;
        row.response_hash = columns.text_if_any()?;
        row.processing_version = columns.text()?;
        row.time_stamp = Ticks(columns.int()?);
    }
    Ok(ReadItem {
        operation,
        content_hash,
        outcome,
        row,
    })
}

fn read_intent(columns: &mut Columns<'_>) -> sqlx::Result<QueueItemRow> {
    Ok(QueueItemRow {
        item: QueueItemId::from_u128(columns.id()?),
        row: columns.int()?,
        queue_moment: Ticks(columns.int()?),
        timeout_ms: columns.int()?,
        receipt_moment: Ticks(columns.int()?),
        terminal_id: columns.text()?,
        receipt_reference: columns.text()?,
        country: columns.text()?,
        version: columns.text()?,
        request: columns.text()?,
        request_hash: columns.text()?,
        work_moment: columns.int_if_any()?.map(Ticks),
        processing_version: columns.text()?,
        time_stamp: Ticks(columns.int()?),
        done_moment: None,
        response: None,
        response_hash: None,
    })
}
