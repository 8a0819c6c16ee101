//! Rows of pods and cashboxes: read, locked, written.

use std::time::Duration;

use super::attempt::SqlError;
use super::database::{Arg, Transaction};
use crate::identity::{CashBoxId, Epoch, Incarnation};
use crate::ownership::message::{pod_from_json, pod_to_json};
use crate::ownership::store::Era;
use crate::ownership::transition::BoxRecord;
use crate::placement::pod::PodRecord;

/// What is on record for a pod that renews.
pub(super) struct PodRow {
    pub(super) without_load: String,
    pub(super) lives: bool,
}

/// Reads a pod's row and keeps others from changing it.
pub(super) async fn lock_pod(
    transaction: &mut Transaction,
    incarnation: Incarnation,
) -> Result<Option<PodRow>, SqlError> {
    let select = "SELECT without_load, lease_until_ms - {now} FROM byodc_ownership_pod \
                  WHERE incarnation = ? {for_update}";
    let row = transaction
        .row(select, &[Arg::Text(incarnation.to_string())])
        .await?;
    let row = row.map(|row| {
        Ok(PodRow {
            without_load: row.text(0)?,
            lives: row.number(1)? > 0,
        })
    });
    row.transpose()
}

/// Writes a pod's row, with a lease from now.
pub(super) async fn write_pod(
    transaction: &mut Transaction,
    pod: &PodRecord,
    lease: Duration,
    exists: bool,
) -> Result<(), SqlError> {
    let statement = if exists {
        "UPDATE byodc_ownership_pod SET record = ?, without_load = ?, lease_until_ms = {now} + ? \
         WHERE incarnation = ?"
    } else {
        "INSERT INTO byodc_ownership_pod (record, without_load, lease_until_ms, incarnation) \
         VALUES (?, ?, {now} + ?, ?)"
    };
    let args = [
        Arg::Text(pod_to_json(pod)),
        Arg::Text(pod_to_json(&pod.without_load())),
        Arg::Number(i64::try_from(lease.as_millis()).unwrap_or(i64::MAX / 2)),
        Arg::Text(pod.id.incarnation.to_string()),
    ];
    transaction.execute(statement, &args).await?;
    Ok(())
}

/// The record of a pod whose lease runs.
pub(super) async fn live_pod(
    transaction: &mut Transaction,
    incarnation: Incarnation,
) -> Result<Option<PodRecord>, SqlError> {
    let select = "SELECT record FROM byodc_ownership_pod WHERE incarnation = ? AND lease_until_ms > {now}";
    read_pod(transaction, select, incarnation).await
}

/// The record of a pod, whether its lease runs or not.
pub(super) async fn any_pod(
    transaction: &mut Transaction,
    incarnation: Incarnation,
) -> Result<Option<PodRecord>, SqlError> {
    let select = "SELECT record FROM byodc_ownership_pod WHERE incarnation = ?";
    read_pod(transaction, select, incarnation).await
}

async fn read_pod(
    transaction: &mut Transaction,
    select: &'static str,
    incarnation: Incarnation,
) -> Result<Option<PodRecord>, SqlError> {
    let row = transaction
        .row(select, &[Arg::Text(incarnation.to_string())])
        .await?;
    row.map(|row| pod(&row.text(0)?)).transpose()
}

/// Reads the era, if one has begun.
pub(super) const SELECT_ERA: &str = "SELECT era FROM byodc_ownership_era WHERE id = 1";

/// The era; the first transaction in empty tables begins one. Two that do so at once conflict, and one begins again.
pub(super) async fn begin_era(transaction: &mut Transaction) -> Result<Era, SqlError> {
    if let Some(row) = transaction.row(SELECT_ERA, &[]).await? {
        return era(row.number(0)?);
    }
    let begun = Era::random();
    let number = i64::try_from(begun.0).map_err(|_| SqlError::Unreadable(format!("era {}", begun.0)))?;
    let insert = "INSERT INTO byodc_ownership_era (id, era) VALUES (1, ?)";
    transaction.execute(insert, &[Arg::Number(number)]).await?;
    Ok(begun)
}

/// Reads a stored era.
pub(super) fn era(number: i64) -> Result<Era, SqlError> {
    let era = u64::try_from(number).map(Era);
    era.map_err(|_| SqlError::Unreadable(format!("era {number}")))
}

/// Reads a cashbox's row and keeps others from changing it.
pub(super) async fn lock_box(
    transaction: &mut Transaction,
    cashbox: CashBoxId,
) -> Result<Option<BoxRecord>, SqlError> {
    let select = "SELECT holder, confirmed_by, epoch FROM byodc_ownership_box WHERE cashbox = ? {for_update}";
    let row = transaction.row(select, &[Arg::Text(cashbox.to_string())]).await?;
    let row = row.map(|row| {
        Ok(BoxRecord {
            holder: incarnation(row.maybe_text(0)?)?,
            confirmed_by: incarnation(row.maybe_text(1)?)?,
            epoch: epoch(row.number(2)?)?,
        })
    });
    row.transpose()
}

/// Writes a cashbox's row. Two that insert it at once conflict, and one begins again.
pub(super) async fn write_box(
    transaction: &mut Transaction,
    cashbox: CashBoxId,
    record: BoxRecord,
    exists: bool,
) -> Result<(), SqlError> {
    let statement = if exists {
        "UPDATE byodc_ownership_box SET holder = ?, confirmed_by = ?, epoch = ? WHERE cashbox = ?"
    } else {
        "INSERT INTO byodc_ownership_box (holder, confirmed_by, epoch, cashbox) VALUES (?, ?, ?, ?)"
    };
    let number = i64::try_from(record.epoch.0);
    let args = [
        Arg::MaybeText(record.holder.map(|pod| pod.to_string())),
        Arg::MaybeText(record.confirmed_by.map(|pod| pod.to_string())),
        Arg::Number(number.map_err(|_| SqlError::Unreadable(format!("epoch {}", record.epoch)))?),
        Arg::Text(cashbox.to_string()),
    ];
    transaction.execute(statement, &args).await?;
    Ok(())
}

/// Reads a stored record.
pub(super) fn pod(text: &str) -> Result<PodRecord, SqlError> {
    pod_from_json(text).map_err(|error| SqlError::Unreadable(format!("a pod's record: {error}")))
}

/// Reads a stored epoch.
pub(super) fn epoch(number: i64) -> Result<Epoch, SqlError> {
    let epoch = u64::try_from(number).map(Epoch);
    epoch.map_err(|_| SqlError::Unreadable(format!("epoch {number}")))
}

fn incarnation(text: Option<String>) -> Result<Option<Incarnation>, SqlError> {
    let parsed = text.map(|text| text.parse()).transpose();
    parsed.map_err(|error| SqlError::Unreadable(format!("a pod's incarnation: {error}")))
}
