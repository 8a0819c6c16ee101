//! The original's own MySQL tables (`fiscal-spec.md` chapter 8), used in place: one database for each queue, which the
//! original can take back at any time.
//!
//! What belongs to a receipt is read from and written to its tables alone, in its types. What it has no room for
//! stands in tables beside them, named `byodc_…`: epoch and owner, operation ids, the account with the TSE, and texts
//! that its columns cannot hold.
//!
//! ```text
//! claim: byodc_queue.epoch + 1      every write: both rows locked, epoch and ftQueue compared, all or nothing
//! ```
//!
//! The original takes no lock and knows no epoch, so it cannot be kept from writing while a pod holds the queue. But
//! every write of ours compares `ftQueue` with what our last one left there: whoever wrote in between fences us, and the
//! next opening looks at how the journals and `ftQueue` stand to each other ([`resume`]) before it goes on.

/// The account of a queue with its TSE.
pub(super) mod account;
/// Taking a queue, and holding it.
mod claim;
/// A queue's database and its tables, in statements.
mod database;
/// Pages for export.
pub(super) mod export;
/// Looking things up.
pub(super) mod find;
/// Rows of the journals.
mod journals;
/// Master data, in four tables.
mod master_data;
/// The schema: made, brought up to date, or refused.
pub(super) mod migrate;
/// Opening a queue.
mod open;
/// Rows of the queue, its German part, its SCUs.
mod queue;
/// Requests, their outcomes, their operation ids.
mod item;
/// Whether a chain that the original may have written to can be continued, and where.
mod resume;
/// The tables as they must be.
mod schema;
/// TSE transactions that were not finished.
mod unfinished;
/// What a write changes.
mod changes;

use std::borrow::Cow;
use std::sync::Arc;

use shared::identity::QueueId;

use super::connection::Connection;
use super::write::{Outcome, Write, Written};
use super::writers::Writers;
use crate::journal::history::{ChangeKind, OwnershipChange};
use crate::journal::{JournalError, fence};
use changes::append_actions;
use claim::Locked;
use database::Database;

/// The tables of every queue on one server.
#[derive(Debug, Clone)]
pub(super) struct Tables {
    /// Of the pods' journal, where the history of ownership is kept for every queue.
    home: Arc<Writers>,
}

impl Tables {
    pub(super) fn new(home: Arc<Writers>) -> Self {
        Self { home }
    }

    /// Writes a group, whose members have a database each, inside one transaction of their server.
    pub(super) async fn write(
        &self,
        connection: &mut Connection,
        writes: &[&Write],
    ) -> sqlx::Result<Vec<Outcome>> {
        let granted = claim::claim_all(connection, writes).await?;
        let locked = claim::lock_all(connection, writes).await?;
        let mut outcomes = Vec::with_capacity(writes.len());
        for write in writes {
            outcomes.push(match write {
                Write::Claim { queue, .. } => self.journal(write, granted[queue].clone()).await,
                other => self.settle(connection, other, &locked).await?,
            });
        }
        Ok(outcomes)
    }

    /// Adds a claim's row to the history, in the pods' journal. The claim's transaction holds the queue meanwhile, so
    /// that rows stand in the order of their epochs; if it fails after this, the history shows a claim too many.
    async fn journal(&self, write: &Write, granted: super::claim::Granted) -> Outcome {
        let Write::Claim {
            queue,
            cashbox,
            pod,
            reason,
            at,
        } = write
        else {
            unreachable!("only claims are granted");
        };
        let change = OwnershipChange {
            cashbox: *cashbox,
            queue: *queue,
            kind: ChangeKind::Claim,
            at: *at,
            from: granted.from.clone(),
            to: Some(pod.clone()),
            epoch: granted.epoch,
            reason: Cow::Borrowed(reason.word()),
        };
        let change = Box::new(change);
        self.home.write(Write::NoteChange { change }).await?;
        Ok(Written::Claimed(granted))
    }

    /// Lets a write pass or not; what passes is written.
    async fn settle(
        &self,
        connection: &mut Connection,
        write: &Write,
        locked: &Locked,
    ) -> sqlx::Result<Outcome> {
        let Some(tenure) = write.tenure() else {
            unreachable!("writes without a tenure stay in the pods' journal");
        };
        let queue = tenure.queue();
        let held = locked.get(&queue);
        let stored = match fence::holder(held.map(|held| &held.stored), tenure, write.doing()) {
            Ok(stored) => stored,
            Err(fenced) => return Ok(Err(fenced)),
        };
        let untouched = held.is_some_and(|held| held.untouched);
        if !untouched && !matches!(write, Write::Open { .. }) {
            tracing::error!(cashbox.id = %tenure.cashbox(), queue.id = %queue, doing = write.doing(),
                "the original has written to a queue that this pod holds: the queue is given up and opened anew");
            return Ok(Err(JournalError::Fenced { doing: write.doing() }));
        }
        let database = Database::of(queue);
        let outcome = match write {
            Write::Open { seed, at, .. } => {
                let opened = open::open(connection, &database, stored.clone(), seed, *at).await?;
                return Ok(opened.map(|opened| Written::Opened(Box::new(opened))));
            }
            Write::Begin { intent, .. } => {
                changes::begin(connection, &database, stored, tenure, intent).await?
            }
            Write::Append { entry, .. } => {
                changes::append(connection, &database, stored, tenure, entry).await?
            }
            Write::AppendActions { rows, .. } => {
                append_actions(connection, &database, queue, rows).await?;
                Ok(())
            }
            Write::KeepExport { row, .. } => {
                changes::keep_export(connection, &database, queue, row).await?;
                Ok(())
            }
            Write::PutAccount { update, .. } => {
                account::put(connection, &database, stored, update).await?;
                Ok(())
            }
            Write::Claim { .. } | Write::KeepConfiguration { .. } | Write::NoteChange { .. } => Ok(()),
        };
        Ok(outcome.map(|()| Written::Done))
    }
}

/// What the queues of a group are, sorted: two groups that share queues wait for each other instead of deadlocking.
fn sorted(queues: impl Iterator<Item = QueueId>) -> Vec<QueueId> {
    let mut queues: Vec<QueueId> = queues.collect();
    queues.sort_unstable();
    queues
}

/// A refusal to open a database, as an outcome.
fn unusable(database: &Database, detail: impl std::fmt::Display) -> JournalError {
    JournalError::Unusable {
        detail: format!("database {}: {detail}", database.name()),
    }
}
