//! The queue, its German part, its SCUs, its master data.

use std::borrow::Cow;

use shared::clock::Ticks;
use shared::identity::{CashBoxId, Epoch, QueueId, QueueItemId, ScuId};

use super::{broken, id, id_if_any, moment, moment_if_any};
use crate::journal::entry::{MasterDataJson, QueueDeRow, QueueRow, ScuRow};
use crate::journal::fence::StoredQueue;
use crate::journal::sql::connection::{Columns, Value};
use crate::journal::sql::table::Table;

pub(in crate::journal::sql) const QUEUE: Table = Table {
    name: "queue",
    key: &["queue"],
    columns: &[
        "epoch",
        "owner",
        "claimed_at",
        "cashbox_time_stamp",
        "settled_row",
        "cashbox",
        "current_row",
        "queued_row",
        "receipt_numerator",
        "receipt_totalizer",
        "receipt_hash",
        "start_moment",
        "stop_moment",
        "country_code",
        "timeout_ms",
        "time_stamp",
    ],
};

pub(in crate::journal::sql) fn queue_values(queue: &StoredQueue) -> Vec<Value<'_>> {
    let row = &queue.row;
    vec![
        row.queue.into(),
        Value::from(queue.epoch.0.cast_signed()),
        Value::from(&*queue.owner),
        moment(queue.claimed_at),
        moment_if_any(queue.cashbox_time_stamp),
        Value::from(queue.settled_row),
        id(row.cashbox.as_u128()),
        Value::from(row.current_row),
        Value::from(row.queued_row),
        Value::from(row.receipt_numerator),
        Value::Text(Some(Cow::Owned(row.receipt_totalizer.to_string()))),
        Value::from(&row.receipt_hash),
        moment_if_any(row.start_moment),
        moment_if_any(row.stop_moment),
        Value::from(&*row.country_code),
        Value::from(row.timeout_ms),
        moment(row.time_stamp),
    ]
}

pub(in crate::journal::sql) fn read_queue(columns: &mut Columns<'_>) -> sqlx::Result<StoredQueue> {
    let queue = QueueId::from_u128(columns.id()?);
    Ok(StoredQueue {
        epoch: Epoch(columns.int()?.cast_unsigned()),
        owner: columns.text()?,
        claimed_at: Ticks(columns.int()?),
        cashbox_time_stamp: columns.int_if_any()?.map(Ticks),
        settled_row: columns.int()?,
        row: QueueRow {
            queue,
            cashbox: CashBoxId::from_u128(columns.id()?),
            current_row: columns.int()?,
            queued_row: columns.int()?,
            receipt_numerator: columns.int()?,
            receipt_totalizer: columns.text()?.parse().map_err(broken)?,
            receipt_hash: columns.text_if_any()?,
            start_moment: columns.int_if_any()?.map(Ticks),
            stop_moment: columns.int_if_any()?.map(Ticks),
            country_code: columns.text()?,
            timeout_ms: columns.int()?,
            time_stamp: Ticks(columns.int()?),
        },
    })
}

pub(in crate::journal::sql) const QUEUE_DE: Table = Table {
    name: "queue_de",
    key: &["queue"],
    columns: &[
        "scu",
        "last_hash",
        "cash_box_identification",
        "sscd_fail_count",
        "sscd_fail_moment",
        "sscd_fail_queue_item",
        "used_failed_count",
        "used_failed_moment_min",
        "used_failed_moment_max",
        "used_failed_queue_item",
        "daily_closing_number",
        "time_stamp",
    ],
};

pub(in crate::journal::sql) fn queue_de_values(queue: QueueId, row: &QueueDeRow) -> Vec<Value<'_>> {
    vec![
        queue.into(),
        id_if_any(row.scu.map(ScuId::as_u128)),
        Value::from(&row.last_hash),
        Value::from(&*row.cash_box_identification),
        Value::from(row.sscd_fail_count),
        moment_if_any(row.sscd_fail_moment),
        id_if_any(row.sscd_fail_queue_item.map(QueueItemId::as_u128)),
        Value::from(row.used_failed_count),
        moment_if_any(row.used_failed_moment_min),
        moment_if_any(row.used_failed_moment_max),
        id_if_any(row.used_failed_queue_item.map(QueueItemId::as_u128)),
        Value::from(row.daily_closing_number),
        moment(row.time_stamp),
    ]
}

pub(in crate::journal::sql) fn read_queue_de(columns: &mut Columns<'_>) -> sqlx::Result<QueueDeRow> {
    let _queue = columns.id()?;
    Ok(QueueDeRow {
        scu: columns.id_if_any()?.map(ScuId::from_u128),
        last_hash: columns.text_if_any()?,
        cash_box_identification: columns.text()?,
        sscd_fail_count: columns.int()?,
        sscd_fail_moment: columns.int_if_any()?.map(Ticks),
        sscd_fail_queue_item: columns.id_if_any()?.map(QueueItemId::from_u128),
        used_failed_count: columns.int()?,
        used_failed_moment_min: columns.int_if_any()?.map(Ticks),
        used_failed_moment_max: columns.int_if_any()?.map(Ticks),
        used_failed_queue_item: columns.id_if_any()?.map(QueueItemId::from_u128),
        daily_closing_number: columns.int()?,
        time_stamp: Ticks(columns.int()?),
    })
}

pub(in crate::journal::sql) const SCU: Table = Table {
    name: "scu",
    key: &["queue", "scu"],
    columns: &[
        "url",
        "tse_info_json",
        "mode",
        "mode_configuration_json",
        "time_stamp",
    ],
};

pub(in crate::journal::sql) fn scu_values(queue: QueueId, row: &ScuRow) -> Vec<Value<'_>> {
    vec![
        queue.into(),
        id(row.scu.as_u128()),
        Value::from(&row.url),
        Value::from(&row.tse_info_json),
        Value::from(row.mode),
        Value::from(&row.mode_configuration_json),
        moment(row.time_stamp),
    ]
}

pub(in crate::journal::sql) fn read_scu(columns: &mut Columns<'_>) -> sqlx::Result<ScuRow> {
    let _queue = columns.id()?;
    Ok(ScuRow {
        scu: ScuId::from_u128(columns.id()?),
        url: columns.text_if_any()?,
        tse_info_json: columns.text_if_any()?,
        mode: columns.int()?,
        mode_configuration_json: columns.text_if_any()?,
        time_stamp: Ticks(columns.int()?),
    })
}

pub(in crate::journal::sql) const MASTER_DATA: Table = Table {
    name: "master_data",
    key: &["queue"],
    columns: &["document"],
};

pub(in crate::journal::sql) fn master_data_values(queue: QueueId, row: &MasterDataJson) -> Vec<Value<'_>> {
    vec![queue.into(), Value::from(&*row.0)]
}

pub(in crate::journal::sql) fn read_master_data(columns: &mut Columns<'_>) -> sqlx::Result<MasterDataJson> {
    let _queue = columns.id()?;
    columns.text().map(MasterDataJson)
}
