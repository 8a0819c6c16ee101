//! TSE transactions that were not finished, one per receipt reference. Their key is the reference's SHA-256: a
//! reference may be of any length, and databases differ in when two texts are equal.

use sha2::{Digest as _, Sha256};
use shared::clock::Ticks;
use shared::identity::{QueueId, QueueItemId};

use super::{id, moment};
use crate::journal::entry::{FailedFinishRow, FailedStartRow, OpenTransactionRow};
use crate::journal::sql::connection::{Columns, Value};
use crate::journal::sql::table::Table;

/// The key of a reference.
pub(in crate::journal::sql) fn reference_key(reference: &str) -> [u8; 32] {
    Sha256::digest(reference).into()
}

pub(in crate::journal::sql) const OPEN: Table = Table {
    name: "open_transaction",
    key: &["queue", "reference_key"],
    columns: &[
        "receipt_reference",
        "transaction_number",
        "start_moment",
        "start_signature_base64",
    ],
};

pub(in crate::journal::sql) fn open_values<'a>(
    queue: QueueId,
    key: &'a [u8],
    row: &'a OpenTransactionRow,
) -> Vec<Value<'a>> {
    vec![
        queue.into(),
        Value::Bytes(key),
        Value::from(&*row.receipt_reference),
        Value::from(row.transaction_number.cast_signed()),
        moment(row.start_moment),
        Value::from(&row.start_signature_base64),
    ]
}

pub(in crate::journal::sql) fn read_open(columns: &mut Columns<'_>) -> sqlx::Result<OpenTransactionRow> {
    skip_key(columns)?;
    Ok(OpenTransactionRow {
        receipt_reference: columns.text()?,
        transaction_number: columns.int()?.cast_unsigned(),
        start_moment: Ticks(columns.int()?),
        start_signature_base64: columns.text_if_any()?,
    })
}

pub(in crate::journal::sql) const FAILED_START: Table = Table {
    name: "failed_start",
    key: &["queue", "reference_key"],
    columns: &[
        "receipt_reference",
        "start_moment",
        "item",
        "request",
        "cash_box_identification",
    ],
};

pub(in crate::journal::sql) fn failed_start_values<'a>(
    queue: QueueId,
    key: &'a [u8],
    row: &'a FailedStartRow,
) -> Vec<Value<'a>> {
    vec![
        queue.into(),
        Value::Bytes(key),
        Value::from(&*row.receipt_reference),
        moment(row.start_moment),
        id(row.item.as_u128()),
        Value::from(&*row.request),
        Value::from(&*row.cash_box_identification),
    ]
}

pub(in crate::journal::sql) fn read_failed_start(columns: &mut Columns<'_>) -> sqlx::Result<FailedStartRow> {
    skip_key(columns)?;
    Ok(FailedStartRow {
        receipt_reference: columns.text()?,
        start_moment: Ticks(columns.int()?),
        item: QueueItemId::from_u128(columns.id()?),
        request: columns.text()?,
        cash_box_identification: columns.text()?,
    })
}

pub(in crate::journal::sql) const FAILED_FINISH: Table = Table {
    name: "failed_finish",
    key: &["queue", "reference_key"],
    columns: &[
        "receipt_reference",
        "transaction_number",
        "finish_moment",
        "item",
        "request",
        "cash_box_identification",
    ],
};

pub(in crate::journal::sql) fn failed_finish_values<'a>(
    queue: QueueId,
    key: &'a [u8],
    row: &'a FailedFinishRow,
) -> Vec<Value<'a>> {
    vec![
        queue.into(),
        Value::Bytes(key),
        Value::from(&*row.receipt_reference),
        Value::from(row.transaction_number.cast_signed()),
        moment(row.finish_moment),
        id(row.item.as_u128()),
        Value::from(&*row.request),
        Value::from(&*row.cash_box_identification),
    ]
}

pub(in crate::journal::sql) fn read_failed_finish(
    columns: &mut Columns<'_>,
) -> sqlx::Result<FailedFinishRow> {
    skip_key(columns)?;
    Ok(FailedFinishRow {
        receipt_reference: columns.text()?,
        transaction_number: columns.int()?.cast_unsigned(),
        finish_moment: Ticks(columns.int()?),
        item: QueueItemId::from_u128(columns.id()?),
        request: columns.text()?,
        cash_box_identification: columns.text()?,
    })
}

fn skip_key(columns: &mut Columns<'_>) -> sqlx::Result<()> {
    let _queue = columns.id()?;
    columns.byte_string().map(drop)
}
