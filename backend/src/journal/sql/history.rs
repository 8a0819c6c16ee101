//! The history of ownership: rows are added, never changed.

use std::borrow::Cow;
use std::collections::HashMap;

use shared::clock::Ticks;
use shared::identity::pod::PodId;
use shared::identity::{CashBoxId, Epoch, QueueId};

use super::claim::Granted;
use super::connection::{Columns, Connection, Value};
use super::readers::Question;
use super::rows;
use super::table::Table;
use super::write::Write;
use crate::journal::history::{ChangeKind, HistoryRow, OwnershipChange};

/// Rows as they are added: the database numbers them.
const HISTORY: Table = Table {
    name: "ownership_history",
    key: &[],
    columns: &[
        "cashbox", "queue", "kind", "at", "from_pod", "to_pod", "epoch", "reason",
    ],
};

/// Adds what a group changes: its claims, and what was noted.
pub(super) async fn add_all(
    connection: &mut Connection,
    writes: &[&Write],
    granted: &HashMap<QueueId, Granted>,
) -> sqlx::Result<()> {
    let changes: Vec<Cow<'_, OwnershipChange>> =
        writes.iter().filter_map(|write| change(write, granted)).collect();
    let values: Vec<Vec<Value<'_>>> = changes.iter().map(|change| values(change)).collect();
    HISTORY.insert(connection, &values).await
}

fn change<'a>(write: &'a Write, granted: &HashMap<QueueId, Granted>) -> Option<Cow<'a, OwnershipChange>> {
    match write {
        Write::Claim {
            queue,
            cashbox,
            pod,
            reason,
            at,
        } => Some(Cow::Owned(OwnershipChange {
            cashbox: *cashbox,
            queue: *queue,
            kind: ChangeKind::Claim,
            at: *at,
            from: granted[queue].from.clone(),
            to: Some(pod.clone()),
            epoch: granted[queue].epoch,
            reason: Cow::Borrowed(reason.word()),
        })),
        Write::NoteChange { change } => Some(Cow::Borrowed(change)),
        _ => None,
    }
}

fn values(change: &OwnershipChange) -> Vec<Value<'_>> {
    vec![
        rows::id(change.cashbox.as_u128()),
        change.queue.into(),
        Value::from(change.kind.word()),
        Value::from(change.at.0),
        pod_if_any(change.from.as_ref()),
        pod_if_any(change.to.as_ref()),
        Value::from(change.epoch.0.cast_signed()),
        Value::from(&*change.reason),
    ]
}

fn pod_if_any(pod: Option<&PodId>) -> Value<'static> {
    Value::Text(pod.map(|pod| Cow::Owned(pod.to_string())))
}

/// The history of a cashbox below a number, newest first.
pub(super) struct History {
    pub(super) cashbox: CashBoxId,
    pub(super) after: Option<i64>,
    pub(super) limit: u32,
}

impl Question for History {
    const DOING: &'static str = "reading the history of ownership";
    type Answer = Vec<HistoryRow>;

    async fn ask(&self, connection: &mut Connection) -> sqlx::Result<Self::Answer> {
        let sql = format!(
            "SELECT number, {} FROM {} WHERE cashbox = ? AND number < ? ORDER BY number DESC LIMIT ?",
            HISTORY.columns.join(", "),
            HISTORY.name,
        );
        let values = [
            rows::id(self.cashbox.as_u128()),
            Value::from(self.after.unwrap_or(i64::MAX)),
            Value::from(i64::from(self.limit)),
        ];
        let found = connection.rows(&sql, &values).await?;
        found.iter().map(|row| read(&mut row.columns())).collect()
    }
}

fn read(columns: &mut Columns<'_>) -> sqlx::Result<HistoryRow> {
    Ok(HistoryRow {
        number: columns.int()?,
        change: OwnershipChange {
            cashbox: CashBoxId::from_u128(columns.id()?),
            queue: QueueId::from_u128(columns.id()?),
            kind: columns.text()?.parse().map_err(rows::broken)?,
            at: Ticks(columns.int()?),
            from: read_pod(columns)?,
            to: read_pod(columns)?,
            epoch: Epoch(columns.int()?.cast_unsigned()),
            reason: Cow::Owned(columns.text()?),
        },
    })
}

fn read_pod(columns: &mut Columns<'_>) -> sqlx::Result<Option<PodId>> {
    let text = columns.text_if_any()?;
    text.map(|pod| pod.parse().map_err(rows::broken)).transpose()
}
