//! Rows of the queue, its German part and its SCUs.

use std::borrow::Cow;

use shared::clock::Ticks;
use shared::identity::{CashBoxId, Epoch, QueueId, QueueItemId, ScuId};

use super::super::connection::{Columns, Connection, Value};
use super::super::rows::{broken, moment_if_any};
use super::database::{Database, Table, guid, guid_if_any, read_guid, read_guid_if_any, read_text};
use crate::journal::entry::{QueueDeRow, QueueRow, ScuRow};
use crate::journal::fence::StoredQueue;

/// The columns of `byodc_queue` (b), `ftQueue` (q) and `ftCashBox` (c) that [`read_stored`] takes.
pub(super) const STORED: &str = "b.epoch, b.owner, b.claimed_at, b.settled_row, b.left_row, b.left_number, b.left_hash, \
     c.TimeStamp AS cashbox_time, \
     q.ftCashBoxId, q.ftCurrentRow, q.ftQueuedRow, q.ftReceiptNumerator, CAST(q.ftReceiptTotalizer AS CHAR), \
     q.ftReceiptHash, q.StartMoment, q.StopMoment, q.CountryCode, q.Timeout, q.TimeStamp";

/// A queue as it is stored, held until the transaction ends.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) stored: StoredQueue,
    /// Whether `ftQueue` is as our last write left it. The original knows no epoch: this is how it is noticed.
    pub(super) untouched: bool,
}

/// Reads a queue. One that was claimed and never opened has no row of the original yet; it is then empty.
pub(super) fn read_stored(queue: QueueId, columns: &mut Columns<'_>) -> sqlx::Result<Held> {
    let epoch = Epoch(columns.int()?.cast_unsigned());
    let owner = columns.text()?;
    let claimed_at = Ticks(columns.int()?);
    let settled_row = columns.int()?;
    let left = (
        columns.int_if_any()?,
        columns.int_if_any()?,
        columns.text_if_any()?,
    );
    let cashbox_time = columns.int_if_any()?.unwrap_or_default();
    let row = read_queue(queue, columns)?;
    let end = row
        .as_ref()
        .map(|row| (row.queued_row, row.receipt_numerator, row.receipt_hash.clone()));
    let stored = StoredQueue {
        epoch,
        owner,
        claimed_at,
        // A queue's row is never made anew, even where the cashbox's is missing.
        cashbox_time_stamp: row.as_ref().map(|_| Ticks(cashbox_time)),
        settled_row,
        row: row.unwrap_or_else(|| StoredQueue::unclaimed(queue, CashBoxId::from_u128(0)).row),
    };
    Ok(Held {
        stored,
        untouched: end.is_none_or(|(row, number, hash)| (Some(row), Some(number), hash) == left),
    })
}

fn read_queue(queue: QueueId, columns: &mut Columns<'_>) -> sqlx::Result<Option<QueueRow>> {
    let Some(cashbox) = read_guid_if_any(columns)? else {
        return Ok(None);
    };
    Ok(Some(QueueRow {
        queue,
        cashbox: CashBoxId::from_u128(cashbox),
        current_row: columns.int()?,
        queued_row: columns.int()?,
        receipt_numerator: columns.int()?,
        receipt_totalizer: columns.text()?.parse().map_err(broken)?,
        receipt_hash: columns.text_if_any()?,
        start_moment: columns.int_if_any()?.map(Ticks),
        stop_moment: columns.int_if_any()?.map(Ticks),
        country_code: read_text(columns)?,
        timeout_ms: columns.int()?,
        time_stamp: Ticks(columns.int()?),
    }))
}

const QUEUE: Table = Table {
    name: "ftQueue",
    key: "ftQueueId",
    columns: &[
        "ftCashBoxId",
        "ftCurrentRow",
        "ftQueuedRow",
        "ftReceiptNumerator",
        "ftReceiptTotalizer",
        "ftReceiptHash",
        "StartMoment",
        "StopMoment",
        "CountryCode",
        "Timeout",
        "TimeStamp",
    ],
};

/// Writes a queue: the original's row, and of ours what changes while it is held.
pub(super) async fn put_queue(
    connection: &mut Connection,
    database: &Database,
    stored: &StoredQueue,
) -> sqlx::Result<()> {
    let row = &stored.row;
    let values = [
        guid(row.queue.as_u128()),
        guid(row.cashbox.as_u128()),
        Value::from(row.current_row),
        Value::from(row.queued_row),
        Value::from(row.receipt_numerator),
        Value::Text(Some(Cow::Owned(row.receipt_totalizer.to_string()))),
        Value::from(&row.receipt_hash),
        moment_if_any(row.start_moment),
        moment_if_any(row.stop_moment),
        Value::from(&*row.country_code),
        Value::from(row.timeout_ms),
        Value::from(row.time_stamp.0),
    ];
    QUEUE.put(connection, database, &values).await?;
    let sql = format!(
        "UPDATE {database}.byodc_queue SET epoch = ?, settled_row = ?, left_row = ?, left_number = ?, left_hash = ? \
         WHERE queue = ?"
    );
    let values = [
        Value::from(stored.epoch.0.cast_signed()),
        Value::from(stored.settled_row),
        Value::from(row.queued_row),
        Value::from(row.receipt_numerator),
        Value::from(&row.receipt_hash),
        guid(row.queue.as_u128()),
    ];
    connection.execute(&sql, &values).await
}

const CASHBOX: Table = Table {
    name: "ftCashBox",
    key: "ftCashBoxId",
    columns: &["TimeStamp"],
};

/// Writes the cashbox's row.
pub(super) async fn put_cashbox(
    connection: &mut Connection,
    database: &Database,
    cashbox: CashBoxId,
    at: Ticks,
) -> sqlx::Result<()> {
    let values = [guid(cashbox.as_u128()), Value::from(at.0)];
    CASHBOX.put(connection, database, &values).await
}

const QUEUE_DE: Table = Table {
    name: "ftQueueDE",
    key: "ftQueueDEId",
    columns: &[
        "ftSignaturCreationUnitDEId",
        "LastHash",
        "CashBoxIdentification",
        "SSCDFailCount",
        "SSCDFailMoment",
        "SSCDFailQueueItemId",
        "UsedFailedCount",
        "UsedFailedMomentMin",
        "UsedFailedMomentMax",
        "UsedFailedQueueItemId",
        "TimeStamp",
        "DailyClosingNumber",
    ],
};

/// Writes the German part.
pub(super) async fn put_queue_de(
    connection: &mut Connection,
    database: &Database,
    queue: QueueId,
    row: &QueueDeRow,
) -> sqlx::Result<()> {
    let values = [
        guid(queue.as_u128()),
        guid_if_any(row.scu.map(ScuId::as_u128)),
        Value::from(&row.last_hash),
        Value::from(&*row.cash_box_identification),
        Value::from(row.sscd_fail_count),
        moment_if_any(row.sscd_fail_moment),
        guid_if_any(row.sscd_fail_queue_item.map(QueueItemId::as_u128)),
        Value::from(row.used_failed_count),
        moment_if_any(row.used_failed_moment_min),
        moment_if_any(row.used_failed_moment_max),
        guid_if_any(row.used_failed_queue_item.map(QueueItemId::as_u128)),
        Value::from(row.time_stamp.0),
        Value::from(row.daily_closing_number),
    ];
    QUEUE_DE.put(connection, database, &values).await
}

/// Reads the German part, if the queue was opened before.
pub(super) async fn queue_de(
    connection: &mut Connection,
    database: &Database,
    queue: QueueId,
) -> sqlx::Result<Option<QueueDeRow>> {
    let sql = format!("{} WHERE ftQueueDEId = ?", QUEUE_DE.select(database));
    let rows = connection.rows(&sql, &[guid(queue.as_u128())]).await?;
    rows.first()
        .map(|row| read_queue_de(&mut row.columns()))
        .transpose()
}

fn read_queue_de(columns: &mut Columns<'_>) -> sqlx::Result<QueueDeRow> {
    let _queue = read_guid(columns)?;
    Ok(QueueDeRow {
        scu: read_guid_if_any(columns)?.map(ScuId::from_u128),
        last_hash: columns.text_if_any()?,
        cash_box_identification: read_text(columns)?,
        sscd_fail_count: columns.int()?,
        sscd_fail_moment: columns.int_if_any()?.map(Ticks),
        sscd_fail_queue_item: read_guid_if_any(columns)?.map(QueueItemId::from_u128),
        used_failed_count: columns.int()?,
        used_failed_moment_min: columns.int_if_any()?.map(Ticks),
        used_failed_moment_max: columns.int_if_any()?.map(Ticks),
        used_failed_queue_item: read_guid_if_any(columns)?.map(QueueItemId::from_u128),
        time_stamp: Ticks(columns.int()?),
        daily_closing_number: columns.int()?,
    })
}

const SCU: Table = Table {
    name: "ftSignaturCreationUnitDE",
    key: "ftSignaturCreationUnitDEId",
    columns: &["Url", "TseInfoJson", "TimeStamp", "Mode", "ModeConfigurationJson"],
};

/// Writes an SCU.
pub(super) async fn put_scu(
    connection: &mut Connection,
    database: &Database,
    row: &ScuRow,
) -> sqlx::Result<()> {
    let values = [
        guid(row.scu.as_u128()),
        Value::from(&row.url),
        Value::from(&row.tse_info_json),
        Value::from(row.time_stamp.0),
        Value::from(row.mode),
        Value::from(&row.mode_configuration_json),
    ];
    SCU.put(connection, database, &values).await
}

/// Every SCU known, by id.
pub(super) async fn scus(connection: &mut Connection, database: &Database) -> sqlx::Result<Vec<ScuRow>> {
    let rows = connection.rows(&SCU.select(database), &[]).await?;
    let read: sqlx::Result<Vec<ScuRow>> = rows.iter().map(|row| read_scu(&mut row.columns())).collect();
    let mut scus = read?;
    scus.sort_unstable_by_key(|scu| scu.scu);
    Ok(scus)
}

fn read_scu(columns: &mut Columns<'_>) -> sqlx::Result<ScuRow> {
    Ok(ScuRow {
        scu: ScuId::from_u128(read_guid(columns)?),
        url: columns.text_if_any()?,
        tse_info_json: columns.text_if_any()?,
        time_stamp: Ticks(columns.int()?),
        mode: columns.int()?,
        mode_configuration_json: columns.text_if_any()?,
    })
}
