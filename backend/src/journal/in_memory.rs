//! The journal without a database: the same rules, nothing durable. For tests.

/// One queue and everything that belongs to it.
mod queue;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use shared::clock::Ticks;
use shared::identity::pod::PodId;
use shared::identity::{CashBoxId, OperationId, QueueId, QueueItemId};
use uuid::Uuid;

use super::account::{Account, AccountUpdate};
use super::entry::{
    ActionJournalRow, Entry, Intent, JournalCounts, JournalDeRow, JournalPage, JournalQuery,
    KeptConfiguration, OpenQueue, QueueSeed, StoredItem, StoredOperation,
};
use super::history::{ChangeKind, ClaimReason, Claimed, HistoryRow, OwnershipChange};
use super::{JournalError, JournalStore, fence};
use crate::ownership::tenure::Tenure;
use queue::Queue;

/// A journal in memory. Clones share it, as two pods share a database.
#[derive(Debug, Clone, Default)]
pub struct InMemoryJournal {
    tables: Arc<Mutex<Tables>>,
}

#[derive(Debug, Clone, Default)]
struct Tables {
    queues: HashMap<QueueId, Queue>,
    configurations: HashMap<CashBoxId, KeptConfiguration>,
    history: Vec<HistoryRow>,
}

impl InMemoryJournal {
    /// Every call is one step under this lock, as a transaction with the queue's row locked is.
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables
            .lock()
            .expect("no step panics while it holds the tables")
    }
}

#[cfg(test)]
impl InMemoryJournal {
    /// A copy as a backup has it: what is written from now on is not in it.
    pub(crate) fn backup(&self) -> Self {
        let tables = Arc::new(Mutex::new(self.tables().clone()));
        Self { tables }
    }

    /// Puts a backup back.
    pub(crate) fn restore(&self, backup: &Self) {
        *self.tables() = backup.tables().clone();
    }
}

impl Tables {
    fn note(&mut self, change: OwnershipChange) {
        let number = self.history.last().map_or(1, |last| last.number + 1);
        self.history.push(HistoryRow { number, change });
    }

    /// The queue, if the tenure is its newest.
    fn held(&mut self, tenure: &Tenure, doing: &'static str) -> Result<&mut Queue, JournalError> {
        let queue = self
            .queues
            .get_mut(&tenure.queue())
            .ok_or(JournalError::Fenced { doing })?;
        fence::holder(Some(queue.stored()), tenure, doing)?;
        Ok(queue)
    }
}

#[async_trait]
impl JournalStore for InMemoryJournal {
    async fn claim(
        &self,
        queue: QueueId,
        cashbox: CashBoxId,
        pod: &PodId,
        reason: ClaimReason,
        at: Ticks,
    ) -> Result<Claimed, JournalError> {
        let mut tables = self.tables();
        let claimed = tables
            .queues
            .entry(queue)
            .or_insert_with(|| Queue::unclaimed(queue, cashbox));
        let from: Option<PodId> = claimed.stored().owner.parse().ok();
        let epoch = claimed.claim(pod, at);
        tables.note(OwnershipChange {
            cashbox,
            queue,
            kind: ChangeKind::Claim,
            at,
            from: from.clone(),
            to: Some(pod.clone()),
            epoch,
            reason: reason.word().into(),
        });
        Ok(Claimed {
            tenure: Tenure::granted(cashbox, queue, epoch, pod.clone()),
            from,
        })
    }

    async fn confirm(&self, tenure: &Tenure) -> Result<(), JournalError> {
        self.tables().held(tenure, "confirming a claim").map(drop)
    }

    async fn open(&self, tenure: &Tenure, seed: &QueueSeed, at: Ticks) -> Result<OpenQueue, JournalError> {
        Ok(self.tables().held(tenure, "opening a queue")?.open(seed, at))
    }

    async fn begin(&self, tenure: &Tenure, intent: Intent) -> Result<(), JournalError> {
        self.tables()
            .held(tenure, "beginning a receipt")?
            .begin(tenure, intent)
    }

    async fn append(&self, tenure: &Tenure, entry: Entry) -> Result<(), JournalError> {
        self.tables()
            .held(tenure, "appending a receipt")?
            .append(tenure, entry)
    }

    async fn append_actions(&self, tenure: &Tenure, rows: Vec<ActionJournalRow>) -> Result<(), JournalError> {
        self.tables()
            .held(tenure, "appending action journals")?
            .append_actions(rows);
        Ok(())
    }

    async fn keep_export(&self, tenure: &Tenure, row: JournalDeRow) -> Result<(), JournalError> {
        self.tables()
            .held(tenure, "keeping an export of the TSE")?
            .keep_export(row);
        Ok(())
    }

    async fn has_export(&self, queue: QueueId, id: Uuid, since: Ticks) -> Result<bool, JournalError> {
        let tables = self.tables();
        let queue = tables.queues.get(&queue);
        Ok(queue.is_some_and(|queue| queue.has_export(id, since)))
    }

    async fn find_operation(
        &self,
        queue: QueueId,
        operation: OperationId,
    ) -> Result<Option<StoredOperation>, JournalError> {
        let tables = self.tables();
        Ok(tables
            .queues
            .get(&queue)
            .and_then(|queue| queue.find_operation(operation)))
    }

    async fn find_items(
        &self,
        queue: QueueId,
        items: &[QueueItemId],
    ) -> Result<Vec<StoredOperation>, JournalError> {
        let tables = self.tables();
        let queue = tables.queues.get(&queue);
        Ok(queue.map_or_else(Vec::new, |queue| queue.find_items(items)))
    }

    async fn account(&self, queue: QueueId) -> Result<Account, JournalError> {
        let tables = self.tables();
        let queue = tables.queues.get(&queue);
        Ok(queue.map_or_else(Account::default, Queue::account))
    }

    async fn put_account(&self, tenure: &Tenure, update: AccountUpdate) -> Result<(), JournalError> {
        self.tables()
            .held(tenure, "accounting for the TSE")?
            .put_account(update);
        Ok(())
    }

    async fn find_by_reference(
        &self,
        queue: QueueId,
        reference: &str,
        terminal: Option<&str>,
        limit: u32,
    ) -> Result<Vec<StoredItem>, JournalError> {
        let tables = self.tables();
        let queue = tables.queues.get(&queue);
        Ok(queue.map_or_else(Vec::new, |queue| {
            queue.find_by_reference(reference, terminal, limit)
        }))
    }

    async fn read(&self, queue: QueueId, query: &JournalQuery) -> Result<JournalPage, JournalError> {
        let tables = self.tables();
        Ok(match tables.queues.get(&queue) {
            Some(queue) => queue.read(query),
            None => JournalPage::empty(query.kind),
        })
    }

    async fn count(&self, queue: QueueId) -> Result<JournalCounts, JournalError> {
        let tables = self.tables();
        Ok(tables
            .queues
            .get(&queue)
            .map_or_else(JournalCounts::default, Queue::count))
    }

    async fn keep_configuration(
        &self,
        cashbox: CashBoxId,
        kept: &KeptConfiguration,
    ) -> Result<(), JournalError> {
        self.tables().configurations.insert(cashbox, kept.clone());
        Ok(())
    }

    async fn kept_configuration(
        &self,
        cashbox: CashBoxId,
    ) -> Result<Option<KeptConfiguration>, JournalError> {
        Ok(self.tables().configurations.get(&cashbox).cloned())
    }

    fn note_change(&self, change: OwnershipChange) {
        self.tables().note(change);
    }

    async fn history(
        &self,
        cashbox: CashBoxId,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Vec<HistoryRow>, JournalError> {
        let tables = self.tables();
        let newest_first = tables.history.iter().rev();
        let of_cashbox = newest_first.filter(|row| row.change.cashbox == cashbox);
        let wanted = of_cashbox.filter(|row| after.is_none_or(|after| row.number < after));
        Ok(wanted.take(limit as usize).cloned().collect())
    }

    async fn close(&self) {}
}
