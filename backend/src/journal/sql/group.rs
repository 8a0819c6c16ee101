//! One group of writes inside one transaction: lock, decide, write. The caller begins and commits.
//!
//! Every queue's row is read under a lock that lasts until the commit; the fence decides on what was read. A write
//! that is fenced, or whose operation is known already, is left out and stops nobody else.

use std::collections::HashSet;

use shared::identity::{OperationId, QueueId};

use super::changes::Rows;
use super::connection::Connection;
use super::write::{Outcome, Write, Written};
use super::{account, append, claim, configuration, history, intent, open};
use crate::journal::{JournalError, fence};
use claim::Locked;

/// Writes a group and answers each of its members, in their order.
pub(super) async fn write(connection: &mut Connection, writes: &[&Write]) -> sqlx::Result<Vec<Outcome>> {
    let granted = claim::claim_all(connection, writes).await?;
    let locked = claim::lock(connection, &queues_to_lock(writes)).await?;
    let known = intent::known_operations(connection, writes).await?;
    let mut rows = Rows::default();
    let mut outcomes = Vec::with_capacity(writes.len());
    for write in writes {
        outcomes.push(match write {
            Write::Claim { queue, .. } => Ok(Written::Claimed(granted[queue].clone())),
            other => decide(other, &locked, &known, &mut rows).map(|()| Written::Done),
        });
    }
    rows.write(connection).await?;
    configuration::keep_all(connection, writes).await?;
    history::add_all(connection, writes, &granted).await?;
    for (write, outcome) in writes.iter().zip(&mut outcomes) {
        if let (Write::Open { tenure, seed, at }, true) = (write, outcome.is_ok()) {
            let stored = locked[&tenure.queue()].clone();
            let opened = open::open(connection, stored, seed, *at).await?;
            *outcome = opened.map(|opened| Written::Opened(Box::new(opened)));
        }
    }
    Ok(outcomes)
}

/// Sorted, so that two groups that share queues wait for each other instead of deadlocking.
fn queues_to_lock(writes: &[&Write]) -> Vec<QueueId> {
    let mut queues: Vec<QueueId> = writes
        .iter()
        .filter_map(|write| write.tenure())
        .map(|tenure| tenure.queue())
        .collect();
    queues.sort_unstable();
    queues
}

/// Lets a write pass or not; what passes adds its rows.
fn decide<'a>(
    write: &'a Write,
    locked: &Locked,
    known: &HashSet<(QueueId, OperationId)>,
    rows: &mut Rows<'a>,
) -> Result<(), JournalError> {
    let Some(tenure) = write.tenure() else {
        return Ok(());
    };
    let queue = tenure.queue();
    let stored = fence::holder(locked.get(&queue), tenure, write.doing())?;
    match write {
        Write::Begin { intent, .. } => intent::decide(stored, tenure, intent, known, rows),
        Write::Append { entry, .. } => append::decide(stored, tenure, entry, rows),
        Write::AppendActions { rows: actions, .. } => {
            rows.actions.extend(actions.iter().map(|action| (queue, action)));
            Ok(())
        }
        Write::KeepExport { row, .. } => {
            rows.exports.push((queue, row));
            Ok(())
        }
        Write::PutAccount { update, .. } => {
            account::decide(stored, update, rows);
            Ok(())
        }
        Write::Open { .. }
        | Write::Claim { .. }
        | Write::KeepConfiguration { .. }
        | Write::NoteChange { .. } => Ok(()),
    }
}
