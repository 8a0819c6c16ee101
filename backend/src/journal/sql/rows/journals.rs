//! Receipts, actions, exports of the TSE.

use std::borrow::Cow;

use shared::clock::Ticks;
use shared::identity::{QueueId, QueueItemId};
use uuid::Uuid;

use super::{broken, id, moment, uuid};
use crate::journal::entry::{ActionJournalRow, JournalDeRow, ReceiptJournalRow};
use crate::journal::sql::connection::{Columns, Value};
use crate::journal::sql::table::Table;

pub(in crate::journal::sql) const RECEIPT: Table = Table {
    name: "receipt_journal",
    key: &["queue", "receipt_number"],
    columns: &["id", "moment", "total", "item", "hash", "time_stamp"],
};

pub(in crate::journal::sql) fn receipt_values(queue: QueueId, row: &ReceiptJournalRow) -> Vec<Value<'_>> {
    vec![
        queue.into(),
        Value::from(row.number),
        uuid(row.id),
        moment(row.moment),
        Value::Text(Some(Cow::Owned(row.total.to_string()))),
        id(row.item.as_u128()),
        Value::from(&*row.hash),
        moment(row.time_stamp),
    ]
}

pub(in crate::journal::sql) fn read_receipt(columns: &mut Columns<'_>) -> sqlx::Result<ReceiptJournalRow> {
    let _queue = columns.id()?;
    Ok(ReceiptJournalRow {
        number: columns.int()?,
        id: Uuid::from_u128(columns.id()?),
        moment: Ticks(columns.int()?),
        total: columns.text()?.parse().map_err(broken)?,
        item: QueueItemId::from_u128(columns.id()?),
        hash: columns.text()?,
        time_stamp: Ticks(columns.int()?),
    })
}

pub(in crate::journal::sql) const ACTION: Table = Table {
    name: "action_journal",
    key: &["queue", "time_stamp", "id"],
    columns: &[
        "item",
        "moment",
        "priority",
        "kind",
        "message",
        "data_base64",
        "data_json",
    ],
};

pub(in crate::journal::sql) fn action_values(queue: QueueId, row: &ActionJournalRow) -> Vec<Value<'_>> {
    vec![
        queue.into(),
        moment(row.time_stamp),
        uuid(row.id),
        id(row.item.as_u128()),
        moment(row.moment),
        Value::from(row.priority),
        Value::from(&*row.kind),
        Value::from(&*row.message),
        Value::from(&row.data_base64),
        Value::from(&row.data_json),
    ]
}

pub(in crate::journal::sql) fn read_action(columns: &mut Columns<'_>) -> sqlx::Result<ActionJournalRow> {
    let _queue = columns.id()?;
    Ok(ActionJournalRow {
        time_stamp: Ticks(columns.int()?),
        id: Uuid::from_u128(columns.id()?),
        item: QueueItemId::from_u128(columns.id()?),
        moment: Ticks(columns.int()?),
        priority: columns.int()?,
        kind: columns.text()?,
        message: columns.text()?,
        data_base64: columns.text_if_any()?,
        data_json: columns.text_if_any()?,
    })
}

pub(in crate::journal::sql) const JOURNAL_DE: Table = Table {
    name: "journal_de",
    key: &["queue", "time_stamp", "id"],
    columns: &[
        "export_number",
        "file_name",
        "file_extension",
        "content_base64",
        "item",
    ],
};

pub(in crate::journal::sql) fn journal_de_values(queue: QueueId, row: &JournalDeRow) -> Vec<Value<'_>> {
    vec![
        queue.into(),
        moment(row.time_stamp),
        uuid(row.id),
        Value::from(row.number),
        Value::from(&*row.file_name),
        Value::from(&*row.file_extension),
        Value::from(&*row.content_base64),
        id(row.item.as_u128()),
    ]
}

pub(in crate::journal::sql) fn read_journal_de(columns: &mut Columns<'_>) -> sqlx::Result<JournalDeRow> {
    let _queue = columns.id()?;
    Ok(JournalDeRow {
        time_stamp: Ticks(columns.int()?),
        id: Uuid::from_u128(columns.id()?),
        number: columns.int()?,
        file_name: columns.text()?,
        file_extension: columns.text()?,
        content_base64: columns.text()?,
        item: QueueItemId::from_u128(columns.id()?),
    })
}
