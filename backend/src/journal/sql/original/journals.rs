//! Rows of the journals: receipts, actions, exports of the TSE.

use std::borrow::Cow;

use shared::clock::Ticks;
use shared::identity::{QueueId, QueueItemId};
use uuid::Uuid;

use super::super::connection::{Columns, Value};
use super::super::rows::broken;
use super::database::{Table, guid, read_guid, read_text};
use crate::journal::entry::{ActionJournalRow, JournalDeRow, ReceiptJournalRow};

pub(super) const RECEIPT: Table = Table {
    name: "ftReceiptJournal",
    key: "ftReceiptJournalId",
    columns: &[
        "ftReceiptMoment",
        "ftReceiptNumber",
        "ftReceiptTotal",
        "ftQueueId",
        "ftQueueItemId",
        "ftReceiptHash",
        "TimeStamp",
    ],
};

pub(super) fn receipt_values(queue: QueueId, row: &ReceiptJournalRow) -> Vec<Value<'_>> {
    vec![
        guid(row.id.as_u128()),
        Value::from(row.moment.0),
        Value::from(row.number),
        Value::Text(Some(Cow::Owned(row.total.to_string()))),
        guid(queue.as_u128()),
        guid(row.item.as_u128()),
        Value::from(&*row.hash),
        Value::from(row.time_stamp.0),
    ]
}

/// The columns of a receipt, as [`read_receipt`] takes them. Amounts come with the five decimals of their column.
pub(super) const RECEIPT_COLUMNS: &str = "ftReceiptJournalId, ftReceiptMoment, ftReceiptNumber, \
     CAST(ftReceiptTotal AS CHAR), ftQueueItemId, ftReceiptHash, TimeStamp";

pub(super) fn read_receipt(columns: &mut Columns<'_>) -> sqlx::Result<ReceiptJournalRow> {
    Ok(ReceiptJournalRow {
        id: Uuid::from_u128(read_guid(columns)?),
        moment: Ticks(columns.int()?),
        number: columns.int()?,
        total: columns.text()?.parse().map_err(broken)?,
        item: QueueItemId::from_u128(read_guid(columns)?),
        hash: read_text(columns)?,
        time_stamp: Ticks(columns.int()?),
    })
}

pub(super) const ACTION: Table = Table {
    name: "ftActionJournal",
    key: "ftActionJournalId",
    columns: &[
        "ftQueueId",
        "ftQueueItemId",
        "Moment",
        "Priority",
        "Type",
        "Message",
        "DataBase64",
        "DataJson",
        "TimeStamp",
    ],
};

pub(super) fn action_values(queue: QueueId, row: &ActionJournalRow) -> Vec<Value<'_>> {
    vec![
        guid(row.id.as_u128()),
        guid(queue.as_u128()),
        guid(row.item.as_u128()),
        Value::from(row.moment.0),
        Value::from(row.priority),
        Value::from(&*row.kind),
        Value::from(&*row.message),
        Value::from(&row.data_base64),
        Value::from(&row.data_json),
        Value::from(row.time_stamp.0),
    ]
}

pub(super) fn read_action(columns: &mut Columns<'_>) -> sqlx::Result<ActionJournalRow> {
    let id = Uuid::from_u128(read_guid(columns)?);
    let _queue = read_guid(columns)?;
    Ok(ActionJournalRow {
        id,
        item: QueueItemId::from_u128(read_guid(columns)?),
        moment: Ticks(columns.int()?),
        priority: columns.int()?,
        kind: read_text(columns)?,
        message: read_text(columns)?,
        data_base64: columns.text_if_any()?,
        data_json: columns.text_if_any()?,
        time_stamp: Ticks(columns.int()?),
    })
}

pub(super) const JOURNAL_DE: Table = Table {
    name: "ftJournalDE",
    key: "ftJournalDEId",
    columns: &[
        "Number",
        "FileName",
        "FileExtension",
        "FileContentBase64",
        "ftQueueItemId",
        "ftQueueId",
        "TimeStamp",
    ],
};

pub(super) fn journal_de_values(queue: QueueId, row: &JournalDeRow) -> Vec<Value<'_>> {
    vec![
        guid(row.id.as_u128()),
        Value::from(row.number),
        Value::from(&*row.file_name),
        Value::from(&*row.file_extension),
        Value::from(&*row.content_base64),
        guid(row.item.as_u128()),
        guid(queue.as_u128()),
        Value::from(row.time_stamp.0),
    ]
}

pub(super) fn read_journal_de(columns: &mut Columns<'_>) -> sqlx::Result<JournalDeRow> {
    let id = Uuid::from_u128(read_guid(columns)?);
    let number = columns.int()?;
    let (file_name, file_extension) = (read_text(columns)?, read_text(columns)?);
    let content_base64 = read_text(columns)?;
    let item = QueueItemId::from_u128(read_guid(columns)?);
    let _queue = read_guid(columns)?;
    Ok(JournalDeRow {
        id,
        number,
        file_name,
        file_extension,
        content_base64,
        item,
        time_stamp: Ticks(columns.int()?),
    })
}
