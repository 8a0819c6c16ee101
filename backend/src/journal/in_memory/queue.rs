//! One queue and everything that belongs to it.

use std::collections::BTreeMap;

use shared::clock::Ticks;
use shared::identity::pod::PodId;
use shared::identity::{CashBoxId, Epoch, OperationId, QueueId, QueueItemId};
use uuid::Uuid;

use crate::journal::JournalError;
use crate::journal::account::{Account, AccountUpdate};
use crate::journal::entry::{
    ActionJournalRow, Change, Entry, FailedFinishRow, FailedStartRow, Intent, InterruptedIntent,
    JournalCounts, JournalDeRow, JournalKind, JournalPage, JournalQuery, MasterDataJson, OpenQueue,
    OpenTransactionRow, Outcome, QueueDeRow, QueueItemRow, QueueSeed, ReceiptJournalRow, ScuRow, StoredItem,
    StoredOperation,
};
use crate::journal::fence::{self, StoredQueue};
use crate::journal::merge::{self, MIGRATION_STARTED};
use crate::journal::page::{JournalRow, Rest, page_of};
use crate::ownership::tenure::Tenure;

#[derive(Debug, Clone)]
pub(super) struct Queue {
    stored: StoredQueue,
    queue_de: Option<QueueDeRow>,
    scus: Vec<ScuRow>,
    master_data: Option<MasterDataJson>,
    items: BTreeMap<i64, Item>,
    receipts: Vec<ReceiptJournalRow>,
    actions: Vec<ActionJournalRow>,
    journals_de: Vec<JournalDeRow>,
    open_transactions: BTreeMap<String, OpenTransactionRow>,
    failed_starts: BTreeMap<String, FailedStartRow>,
    failed_finishes: BTreeMap<String, FailedFinishRow>,
    account: Account,
}

#[derive(Debug, Clone)]
struct Item {
    row: QueueItemRow,
    operation: OperationId,
    content_hash: [u8; 32],
    outcome: Option<Outcome>,
}

impl Item {
    fn stored(&self) -> StoredOperation {
        StoredOperation {
            content_hash: self.content_hash,
            item: self.row.clone(),
            outcome: self.outcome,
        }
    }
}

impl Queue {
    /// A queue that nobody has claimed yet.
    pub(super) fn unclaimed(queue: QueueId, cashbox: CashBoxId) -> Self {
        Self {
            stored: StoredQueue::unclaimed(queue, cashbox),
            queue_de: None,
            scus: Vec::new(),
            master_data: None,
            items: BTreeMap::new(),
            receipts: Vec::new(),
            actions: Vec::new(),
            journals_de: Vec::new(),
            open_transactions: BTreeMap::new(),
            failed_starts: BTreeMap::new(),
            failed_finishes: BTreeMap::new(),
            account: Account::default(),
        }
    }

    pub(super) fn stored(&self) -> &StoredQueue {
        &self.stored
    }

    pub(super) fn claim(&mut self, pod: &PodId, at: Ticks) -> Epoch {
        self.stored.epoch = Epoch(self.stored.epoch.0 + 1);
        self.stored.owner = pod.to_string();
        self.stored.claimed_at = at;
        self.stored.epoch
    }

    pub(super) fn open(&mut self, seed: &QueueSeed, at: Ticks) -> OpenQueue {
        let in_migration = self.in_migration();
        let stored = merge::Stored {
            queue: self.stored.clone(),
            queue_de: self.queue_de.clone(),
            scus: self.scus.clone(),
            master_data: self.master_data.clone(),
            in_migration,
            newest_action: self.actions.iter().map(|action| action.time_stamp).max(),
        };
        let merged = merge::merge(stored, seed, at);
        self.stored = merged.queue;
        self.queue_de = Some(merged.queue_de.clone());
        merged.changes.into_iter().for_each(|change| self.apply(change));
        OpenQueue {
            queue: self.stored.row.clone(),
            queue_de: merged.queue_de,
            scus: merged.scus,
            open_transactions: self.open_transactions.values().cloned().collect(),
            failed_starts: self.failed_starts.values().cloned().collect(),
            failed_finishes: self.failed_finishes.values().cloned().collect(),
            master_data: merged.master_data,
            latest: merged.latest,
            interrupted: self.interrupted(),
            in_migration,
        }
    }

    pub(super) fn count(&self) -> JournalCounts {
        let rows = |count: usize| i64::try_from(count).expect("rows in memory are fewer");
        JournalCounts {
            actions: rows(self.actions.len()),
            journals_de: rows(self.journals_de.len()),
            items: rows(self.items.len()),
            receipts: rows(self.receipts.len()),
        }
    }

    fn in_migration(&self) -> bool {
        self.items.values().next_back().is_some_and(|last| {
            let starts_migration =
                |action: &ActionJournalRow| action.item == last.row.item && action.kind == MIGRATION_STARTED;
            self.actions.iter().any(starts_migration)
        })
    }

    fn interrupted(&self) -> Vec<InterruptedIntent> {
        let unfinished = self.items.values().filter(|item| item.outcome.is_none());
        let interrupted = |item: &Item| InterruptedIntent {
            item: item.row.clone(),
            operation: item.operation,
            content_hash: item.content_hash,
        };
        unfinished.map(interrupted).collect()
    }

    pub(super) fn begin(&mut self, tenure: &Tenure, intent: Intent) -> Result<(), JournalError> {
        if self.items.values().any(|item| item.operation == intent.operation) {
            return Err(JournalError::OperationExists);
        }
        self.stored = fence::begin(Some(&self.stored), tenure, &intent)?;
        let item = Item {
            row: intent.item,
            operation: intent.operation,
            content_hash: intent.content_hash,
            outcome: None,
        };
        self.items.insert(item.row.row, item);
        Ok(())
    }

    pub(super) fn append(&mut self, tenure: &Tenure, entry: Entry) -> Result<(), JournalError> {
        let next = fence::append(Some(&self.stored), tenure, &entry)?;
        let intent = self.items.get_mut(&entry.item.row);
        let open = intent.filter(|item| item.outcome.is_none() && item.operation == entry.operation);
        let intent = open.ok_or(JournalError::Fenced {
            doing: "appending a receipt",
        })?;
        intent.row.end_as(entry.item);
        intent.outcome = Some(entry.outcome);
        self.stored = next;
        self.queue_de = entry.queue_de.or(self.queue_de.take());
        self.receipts.extend(entry.receipt);
        entry.changes.into_iter().for_each(|change| self.apply(change));
        Ok(())
    }

    pub(super) fn append_actions(&mut self, rows: Vec<ActionJournalRow>) {
        self.actions.extend(rows);
    }

    pub(super) fn keep_export(&mut self, row: JournalDeRow) {
        self.journals_de.push(row);
    }

    pub(super) fn has_export(&self, id: Uuid, since: Ticks) -> bool {
        let mut kept = self.journals_de.iter();
        kept.any(|row| row.id == id && row.time_stamp >= since)
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::AddActionJournal(row) => self.actions.push(row),
            Change::AddJournalDe(row) => self.journals_de.push(row),
            Change::RemoveJournalDe { id, .. } => self.journals_de.retain(|row| row.id != id),
            Change::PutOpenTransaction(row) => {
                self.open_transactions.insert(row.receipt_reference.clone(), row);
            }
            Change::RemoveOpenTransaction { receipt_reference } => {
                self.open_transactions.remove(&receipt_reference);
            }
            Change::PutFailedStart(row) => {
                self.failed_starts.insert(row.receipt_reference.clone(), row);
            }
            Change::RemoveFailedStart { receipt_reference } => {
                self.failed_starts.remove(&receipt_reference);
            }
            Change::PutFailedFinish(row) => {
                self.failed_finishes.insert(row.receipt_reference.clone(), row);
            }
            Change::RemoveFailedFinish { receipt_reference } => {
                self.failed_finishes.remove(&receipt_reference);
            }
            Change::PutScu(row) => {
                self.scus.retain(|known| known.scu != row.scu);
                self.scus.push(row);
                self.scus.sort_by_key(|scu| scu.scu);
            }
            Change::PutMasterData(row) => self.master_data = Some(row),
        }
    }

    pub(super) fn find_operation(&self, operation: OperationId) -> Option<StoredOperation> {
        let item = self.items.values().find(|item| item.operation == operation)?;
        Some(item.stored())
    }

    pub(super) fn find_items(&self, wanted: &[QueueItemId]) -> Vec<StoredOperation> {
        let found = self.items.values().filter(|item| wanted.contains(&item.row.item));
        found.map(Item::stored).collect()
    }

    pub(super) fn account(&self) -> Account {
        self.account.clone()
    }

    pub(super) fn put_account(&mut self, update: AccountUpdate) {
        self.account = update.account;
        self.actions.extend(update.actions);
        if let Some(raised) = self.stored.raised_to(update.raise_epoch_to) {
            self.stored = raised;
        }
    }

    pub(super) fn find_by_reference(
        &self,
        reference: &str,
        terminal: Option<&str>,
        limit: u32,
    ) -> Vec<StoredItem> {
        let matches = |item: &&Item| {
            item.outcome == Some(Outcome::Answered)
                && item.row.receipt_reference == reference
                && terminal.is_none_or(|terminal| item.row.terminal_id == terminal)
        };
        let newest_first = self.items.values().rev().filter(matches);
        newest_first
            .take(limit as usize)
            .map(|item| StoredItem {
                item: item.row.clone(),
            })
            .collect()
    }

    pub(super) fn read(&self, query: &JournalQuery) -> JournalPage {
        match query.kind {
            JournalKind::Action => page(self.actions.iter(), query),
            JournalKind::Receipt => page(self.receipts.iter(), query),
            JournalKind::QueueItem => page(self.items.values().map(|item| &item.row), query),
            JournalKind::De => page(self.journals_de.iter(), query),
        }
    }
}

fn page<'a, R: JournalRow + Clone + 'a>(
    rows: impl Iterator<Item = &'a R>,
    query: &JournalQuery,
) -> JournalPage {
    let mut rows: Vec<R> = rows.filter(|row| query.wants(row.cursor())).cloned().collect();
    rows.sort_by_key(|row| row.cursor().order());
    page_of(rows, Rest::None, query)
}
