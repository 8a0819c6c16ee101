//! Taking a queue, and holding its rows for the length of a transaction.

use std::collections::HashMap;

use shared::identity::{Epoch, QueueId};

use super::super::claim::Granted;
use super::super::connection::{Connection, Value};
use super::super::write::Write;
use super::database::{Database, guid};
use super::queue::{Held, STORED, read_stored};
use super::sorted;

/// Queues as they are stored, by id.
pub(super) type Locked = HashMap<QueueId, Held>;

/// Claims the queues of a group: each epoch is raised by one in one step of the database, or made 1.
pub(super) async fn claim_all(
    connection: &mut Connection,
    writes: &[&Write],
) -> sqlx::Result<HashMap<QueueId, Granted>> {
    let mut claims: Vec<(QueueId, String, i64)> = writes
        .iter()
        .filter_map(|write| match write {
            Write::Claim { queue, pod, at, .. } => Some((*queue, pod.to_string(), at.0)),
            _ => None,
        })
        .collect();
    claims.sort_unstable();
    let mut granted = HashMap::with_capacity(claims.len());
    for (queue, owner, at) in claims {
        let database = Database::of(queue);
        // From left to right: the owner is kept before it is replaced.
        let sql = format!(
            "INSERT INTO {database}.byodc_queue (queue, epoch, owner, previous_owner, claimed_at, settled_row) \
             VALUES (?, 1, ?, '', ?, 0) ON DUPLICATE KEY UPDATE epoch = epoch + 1, previous_owner = owner, \
             owner = VALUES(owner), claimed_at = VALUES(claimed_at)"
        );
        let values = [guid(queue.as_u128()), Value::from(&*owner), Value::from(at)];
        connection.execute(&sql, &values).await?;
        granted.insert(queue, what_was_granted(connection, &database, queue).await?);
    }
    Ok(granted)
}

/// What this transaction's claim came to. It wrote the row, so it holds still.
async fn what_was_granted(
    connection: &mut Connection,
    database: &Database,
    queue: QueueId,
) -> sqlx::Result<Granted> {
    let sql = format!("SELECT epoch, previous_owner FROM {database}.byodc_queue WHERE queue = ? FOR UPDATE");
    let rows = connection.rows(&sql, &[guid(queue.as_u128())]).await?;
    let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
    let mut columns = row.columns();
    Ok(Granted {
        epoch: Epoch(columns.int()?.cast_unsigned()),
        // Empty at the first claim. A name that cannot be read says nothing, and stops no claim.
        from: columns.text()?.parse().ok(),
    })
}

/// Reads the queues that a group writes to and holds their rows, ours and the original's, until the transaction ends.
pub(super) async fn lock_all(connection: &mut Connection, writes: &[&Write]) -> sqlx::Result<Locked> {
    let queues = sorted(writes.iter().filter_map(|write| Some(write.tenure()?.queue())));
    let mut locked = Locked::with_capacity(queues.len());
    for queue in queues {
        let database = Database::of(queue);
        let sql = format!(
            "SELECT {STORED} FROM {database}.byodc_queue b \
             LEFT JOIN {database}.ftQueue q ON q.ftQueueId = ? \
             LEFT JOIN {database}.ftCashBox c ON c.ftCashBoxId = q.ftCashBoxId \
             WHERE b.queue = ? FOR UPDATE"
        );
        let id = guid(queue.as_u128());
        for row in connection.rows(&sql, &[id.clone(), id]).await? {
            locked.insert(queue, read_stored(queue, &mut row.columns())?);
        }
    }
    Ok(locked)
}
