//! Taking a queue, and holding it for the length of a transaction.

use std::collections::HashMap;

use shared::identity::pod::PodId;
use shared::identity::{Epoch, QueueId};

use super::connection::{Connection, Kind, Value};
use super::rows::queue::{QUEUE, queue_values, read_queue};
use super::table::{in_powers_of_two, places};
use super::write::Write;
use crate::journal::fence::StoredQueue;

/// Queues as they are stored, by id.
pub(super) type Locked = HashMap<QueueId, StoredQueue>;

/// What a claim was given.
#[derive(Debug, Clone)]
pub(super) struct Granted {
    /// The epoch of the claim.
    pub(super) epoch: Epoch,
    /// Who claimed the queue before.
    pub(super) from: Option<PodId>,
}

/// Claims the queues of a group: one statement raises each epoch by one, or makes the row with epoch 1. The
/// database runs it as one step, so of two pods that claim at once each gets an epoch of its own.
pub(super) async fn claim_all(
    connection: &mut Connection,
    writes: &[&Write],
) -> sqlx::Result<HashMap<QueueId, Granted>> {
    let mut claims: Vec<StoredQueue> = writes.iter().filter_map(|write| first_claim(write)).collect();
    claims.sort_unstable_by_key(|claim| claim.row.queue);
    let assignments = match connection.kind() {
        // From left to right: the owner is kept before it is replaced.
        Kind::MySql => {
            "epoch = epoch + 1, previous_owner = owner, owner = VALUES(owner), claimed_at = VALUES(claimed_at)"
        }
        Kind::Sqlite | Kind::Postgres => {
            "epoch = queue.epoch + 1, previous_owner = queue.owner, owner = excluded.owner, \
             claimed_at = excluded.claimed_at"
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
    granted(connection, &queues).await
}

/// What this transaction's claims came to. It wrote the rows, so they hold still.
async fn granted(connection: &mut Connection, queues: &[QueueId]) -> sqlx::Result<HashMap<QueueId, Granted>> {
    let mut granted = HashMap::with_capacity(queues.len());
    for queues in in_powers_of_two(queues) {
        let sql = format!(
            "SELECT queue, epoch, previous_owner FROM queue WHERE queue IN {}{}",
            places(queues.len()),
            held(connection.kind()),
        );
        let values: Vec<Value<'_>> = queues.iter().map(|queue| (*queue).into()).collect();
        for row in connection.rows(&sql, &values).await? {
            let mut columns = row.columns();
            let queue = QueueId::from_u128(columns.id()?);
            let epoch = Epoch(columns.int()?.cast_unsigned());
            // Empty at the first claim. A name that cannot be read says nothing, and stops no claim.
            let from = columns.text()?.parse().ok();
            granted.insert(queue, Granted { epoch, from });
        }
    }
    Ok(granted)
}

/// The row of a queue that is claimed for the first time.
fn first_claim(write: &Write) -> Option<StoredQueue> {
    let Write::Claim {
        queue,
        cashbox,
        pod,
        at,
        ..
    } = write
    else {
        return None;
    };
    Some(StoredQueue {
        epoch: Epoch(1),
        owner: pod.to_string(),
        claimed_at: *at,
        ..StoredQueue::unclaimed(*queue, *cashbox)
    })
}

/// Reads queues and holds their rows until the transaction ends. SQLite's write lock holds them already.
pub(super) async fn lock(connection: &mut Connection, queues: &[QueueId]) -> sqlx::Result<Locked> {
    let held = held(connection.kind());
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

/// What makes a reading hold its rows, and see what was committed last.
fn held(kind: Kind) -> &'static str {
    match kind {
        Kind::Sqlite => "",
        Kind::MySql | Kind::Postgres => " FOR UPDATE",
    }
}
