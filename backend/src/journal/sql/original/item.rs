//! Requests and their outcomes (`ftQueueItem`), and beside each its operation (`byodc_operation`).
//!
//! The two are joined by row, which is a number in both: texts of tables that were made under different collations
//! cannot always be compared.

use shared::clock::Ticks;
use shared::identity::{OperationId, QueueId, QueueItemId};

use super::super::connection::{Columns, Value};
use super::super::rows;
use super::super::rows::item::read_outcome;
use super::database::{Table, guid, read_guid, read_guid_if_any, read_text};
use crate::journal::entry::{Intent, Outcome, QueueItemRow, StoredOperation};

/// Characters that the original's column for references takes.
const REFERENCE_CHARS_MAX: usize = 450;

pub(super) const ITEM: Table = Table {
    name: "ftQueueItem",
    key: "ftQueueItemId",
    columns: &[
        "ftQueueId",
        "ftQueueRow",
        "ftQueueTimeout",
        "ftWorkMoment",
        "ftDoneMoment",
        "ftQueueMoment",
        "cbReceiptMoment",
        "cbTerminalID",
        "cbReceiptReference",
        "country",
        "version",
        "request",
        "requestHash",
        "response",
        "responseHash",
        "TimeStamp",
        "ProcessingVersion",
    ],
};

/// A request as the original stores it.
pub(super) fn item_values(queue: QueueId, row: &QueueItemRow) -> Vec<Value<'_>> {
    vec![
        guid(row.item.as_u128()),
        guid(queue.as_u128()),
        Value::from(row.row),
        Value::from(row.timeout_ms),
        Value::Int(row.work_moment.map(|at| at.0)),
        Value::Int(row.done_moment.map(|at| at.0)),
        Value::from(row.queue_moment.0),
        Value::from(row.receipt_moment.0),
        Value::from(&*row.terminal_id),
        Value::from(in_the_column(&row.receipt_reference)),
        Value::from(&*row.country),
        Value::from(&*row.version),
        Value::from(&*row.request),
        Value::from(&*row.request_hash),
        Value::from(&row.response),
        Value::from(&row.response_hash),
        Value::from(row.time_stamp.0),
        Value::from(&*row.processing_version),
    ]
}

/// What the end of an intent changes, and the item's id: for an `UPDATE` in this order.
pub(super) fn outcome_values(row: &QueueItemRow) -> Vec<Value<'_>> {
    vec![
        Value::Int(row.work_moment.map(|at| at.0)),
        Value::Int(row.done_moment.map(|at| at.0)),
        Value::from(&row.response),
        Value::from(&row.response_hash),
        Value::from(row.time_stamp.0),
        Value::from(&*row.processing_version),
        guid(row.item.as_u128()),
    ]
}

/// The beginning of a reference, as far as the original's column takes it.
pub(super) fn in_the_column(reference: &str) -> &str {
    match reference.char_indices().nth(REFERENCE_CHARS_MAX) {
        Some((end, _)) => &reference[..end],
        None => reference,
    }
}

pub(super) const OPERATION: Table = Table {
    name: "byodc_operation",
    key: "operation",
    columns: &[
        "queue_row",
        "item",
        "content_hash",
        "outcome",
        "receipt_reference",
    ],
};

/// The operation of an intent; with its reference, where the original's column cannot hold it.
pub(super) fn operation_values(intent: &Intent) -> Vec<Value<'_>> {
    let reference = &*intent.item.receipt_reference;
    let whole = (in_the_column(reference).len() < reference.len()).then(|| reference.into());
    vec![
        rows::id(intent.operation.as_u128()),
        Value::from(intent.item.row),
        guid(intent.item.item.as_u128()),
        Value::Bytes(&intent.content_hash),
        Value::Int(None),
        Value::Text(whole),
    ]
}

/// The columns of an item (i), as [`read_item`] takes them, before those of its operation.
pub(super) const ITEM_COLUMNS: &str = "i.ftQueueItemId, i.ftQueueRow, i.ftQueueTimeout, i.ftWorkMoment, \
     i.ftDoneMoment, i.ftQueueMoment, i.cbReceiptMoment, i.cbTerminalID, i.cbReceiptReference, i.country, i.version, \
     i.request, i.requestHash, i.response, i.responseHash, i.TimeStamp, i.ProcessingVersion";
/// The columns of an operation (o).
pub(super) const OPERATION_OF_ITEM: &str =
    "o.item, o.operation, o.content_hash, o.outcome, o.receipt_reference";
/// In their place, where there are none.
pub(super) const NO_OPERATION: &str = "NULL, NULL, NULL, NULL, NULL";

/// What is known of how an item was asked for. The original's own items have none.
pub(super) struct ReadOperation {
    pub(super) operation: OperationId,
    pub(super) content_hash: [u8; 32],
    pub(super) outcome: Option<Outcome>,
}

/// An item with everything that is known of it.
pub(super) struct ReadItem {
    pub(super) row: QueueItemRow,
    pub(super) operation: Option<ReadOperation>,
}

impl ReadItem {
    /// How it ended. The original's items end with their answer, and are never abandoned.
    pub(super) fn outcome(&self) -> Option<Outcome> {
        match &self.operation {
            Some(operation) => operation.outcome,
            None => self.row.done_moment.map(|_| Outcome::Answered),
        }
    }
}

impl From<ReadItem> for StoredOperation {
    /// An item of the original's was asked for under no operation id: no content is like that of its hash.
    fn from(read: ReadItem) -> Self {
        Self {
            content_hash: read
                .operation
                .as_ref()
                .map_or([0; 32], |known| known.content_hash),
            outcome: read.outcome(),
            item: read.row,
        }
    }
}

pub(super) fn read_item(columns: &mut Columns<'_>) -> sqlx::Result<ReadItem> {
    let mut row = QueueItemRow {
        item: QueueItemId::from_u128(read_guid(columns)?),
        row: columns.int()?,
        timeout_ms: columns.int()?,
        work_moment: columns.int_if_any()?.map(Ticks),
        done_moment: columns.int_if_any()?.map(Ticks),
        queue_moment: Ticks(columns.int()?),
        receipt_moment: Ticks(columns.int()?),
        terminal_id: read_text(columns)?,
        receipt_reference: read_text(columns)?,
        country: read_text(columns)?,
        version: read_text(columns)?,
        request: read_text(columns)?,
        request_hash: read_text(columns)?,
        response: columns.text_if_any()?,
        response_hash: columns.text_if_any()?,
        time_stamp: Ticks(columns.int()?),
        processing_version: read_text(columns)?,
    };
    let operation = read_operation(columns, &mut row)?;
    Ok(ReadItem { row, operation })
}

/// Rows are unique among our operations. The original may have given a row twice after a crash of its own; only the
/// item says whose the operation is.
fn read_operation(columns: &mut Columns<'_>, row: &mut QueueItemRow) -> sqlx::Result<Option<ReadOperation>> {
    let item = read_guid_if_any(columns)?.map(QueueItemId::from_u128);
    if item != Some(row.item) {
        return Ok(None);
    }
    let operation = OperationId::from_u128(columns.id()?);
    let content_hash = columns.bytes()?;
    let outcome = columns.int_if_any()?.map(read_outcome).transpose()?;
    if let Some(whole) = columns.text_if_any()? {
        row.receipt_reference = whole;
    }
    Ok(Some(ReadOperation {
        operation,
        content_hash,
        outcome,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_column_takes_450_characters_of_any_length() {
        let long = "ä😀".repeat(300);
        assert_eq!(in_the_column(&long).chars().count(), 450);
        assert!(long.starts_with(in_the_column(&long)));
        assert_eq!(in_the_column("short"), "short");
        let exact = "😀".repeat(450);
        assert_eq!(in_the_column(&exact), exact);
    }
}
