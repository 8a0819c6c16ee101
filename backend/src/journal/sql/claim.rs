//! Taking a queue, and holding it for the length of a transaction.

use std::collections::HashMap;

use rust_decimal::Decimal;
use shared::clock::Ticks;
use shared::identity::{Epoch, QueueId};

use super::connection::{Connection, Kind, Value};
use super::rows::queue::{QUEUE, queue_values, read_queue};
use super::table::{in_powers_of_two, places};
use super::write::Write;
use crate::journal::entry::QueueRow;
use crate::journal::fence::StoredQueue;

/// Queues as they are stored, by id.
pub(super) type Locked = HashMap<QueueId, StoredQueue>;

/// Claims the queues of a group: one statement raises each epoch by one, or makes the row with epoch 1. The
/// database runs it as one step, so of two pods that claim at once each gets an epoch of its own.
pub(super) async fn claim_all(
    connection: &mut Connection,
    writes: &[&Write],
) -> sqlx::Result<HashMap<QueueId, Epoch>> {
    let mut claims: Vec<StoredQueue> = writes.iter().filter_map(|write| first_claim(write)).collect();
    claims.sort_unstable_by_key(|claim| claim.row.queue);
    let assignments = match connection.kind() {
        Kind::MySql => "epoch = epoch + 1, owner = VALUES(owner), claimed_at = VALUES(claimed_at)",
        Kind::Sqlite | Kind::Postgres => {
            "epoch = queue.epoch + 1, owner = excluded.owner, claimed_at = excluded.claimed_at"
        }
    };
    let tail = QUEUE.on_conflict(connection.kind(), assignments);
    for claims in in_powers_of_two(&claims) {
        let values: Vec<Value<'_>> = claims.iter().flat_map(queue_values).collect();
        connection
            .execute(&(QUEUE.insert_sql(claims.len()) + &tail), &values)
            .await?;
    }
    let queues: Vec<QueueId> = claims.iter().map(|claim| claim.row.queue).collect();
    let claimed = lock(connection, &queues).await?;
    Ok(claimed
        .into_iter()
        .map(|(queue, stored)| (queue, stored.epoch))
        .collect())
}

/// The row of a queue that is claimed for the first time. Its other columns come with the first `open`.
fn first_claim(write: &Write) -> Option<StoredQueue> {
    let Write::Claim {
        queue,
        cashbox,
        pod,
        at,
    } = write
    else {
        return None;
    };
    Some(StoredQueue {
        epoch: Epoch(1),
        owner: pod.to_string(),
        claimed_at: *at,
        cashbox_time_stamp: None,
        settled_row: 0,
        row: QueueRow {
            queue: *queue,
            cashbox: *cashbox,
            current_row: 0,
            queued_row: 0,
            receipt_numerator: 0,
            receipt_totalizer: Decimal::ZERO,
            receipt_hash: None,
            start_moment: None,
            stop_moment: None,
            country_code: String::new(),
            timeout_ms: 0,
            time_stamp: Ticks(0),
        },
    })
}

/// Reads queues and holds their rows until the transaction ends. SQLite's write lock holds them already.
pub(super) async fn lock(connection: &mut Connection, queues: &[QueueId]) -> sqlx::Result<Locked> {
    let held = match connection.kind() {
        Kind::Sqlite => "",
        Kind::MySql | Kind::Postgres => " FOR UPDATE",
    };
    let mut locked = Locked::with_capacity(queues.len());
    for queues in in_powers_of_two(queues) {
        let sql = format!(
            "{} WHERE queue IN {} ORDER BY queue{held}",
            QUEUE.select(),
            places(queues.len())
        );
        let values: Vec<Value<'_>> = queues.iter().map(|queue| (*queue).into()).collect();
        for row in connection.rows(&sql, &values).await? {
            let stored = read_queue(&mut row.columns())?;
            locked.insert(stored.row.queue, stored);
        }
    }
    Ok(locked)
}
