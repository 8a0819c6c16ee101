//! What the queue knows between two receipts: the journal's rows, in memory.

use std::collections::BTreeMap;

use shared::clock::{Clock, Ticks};

use crate::journal::entry::{
    Change, Entry, FailedFinishRow, FailedStartRow, Intent, MasterDataJson, OpenQueue, OpenTransactionRow,
    QueueDeRow, QueueRow, ScuRow,
};
use crate::queue::cases::migration;
use crate::queue::notes;
use crate::scu::types::TseInfo;

/// Where a queue is in its life (3.1). There is no way back.
///
/// ```text
/// New ─ initial operation ─▶ Active ─ out of operation ─▶ Deactivated
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// Not put into operation yet.
    New,
    /// Signs receipts.
    Active,
    /// Put out of operation, for good.
    Deactivated,
}

/// The state of a queue as of its last committed write.
#[derive(Debug)]
pub struct QueueState {
    /// Counters and the chain's end.
    pub queue: QueueRow,
    /// The German part.
    pub queue_de: QueueDeRow,
    /// Every SCU known.
    pub scus: Vec<ScuRow>,
    /// Open transactions by receipt reference.
    pub open_transactions: BTreeMap<String, OpenTransactionRow>,
    /// Starts that the TSE did not see, by receipt reference.
    pub failed_starts: BTreeMap<String, FailedStartRow>,
    /// Finishes that the TSE did not see, by receipt reference.
    pub failed_finishes: BTreeMap<String, FailedFinishRow>,
    /// The master data on record.
    pub master_data: Option<MasterDataJson>,
    /// Whether the journal has been told, since this start, that receipts meet a queue not in operation.
    pub disabled_noted: bool,
    /// What the TSE in use said of itself last; kept parsed because each receipt prints a part of it.
    pub tse_info: Option<TseInfo>,
    /// The newest moment of the queue's rows.
    pub latest: Ticks,
    /// Whether a migration receipt was the last one (4.11).
    pub in_migration: bool,
}

impl From<OpenQueue> for QueueState {
    fn from(opened: OpenQueue) -> Self {
        let mut state = Self {
            queue: opened.queue,
            queue_de: opened.queue_de,
            scus: opened.scus,
            open_transactions: by_reference(opened.open_transactions, |row| &row.receipt_reference),
            failed_starts: by_reference(opened.failed_starts, |row| &row.receipt_reference),
            failed_finishes: by_reference(opened.failed_finishes, |row| &row.receipt_reference),
            master_data: opened.master_data,
            disabled_noted: false,
            tse_info: None,
            latest: opened.latest,
            in_migration: opened.in_migration,
        };
        state.read_tse_info();
        state
    }
}

fn by_reference<Row>(rows: Vec<Row>, reference: impl Fn(&Row) -> &String) -> BTreeMap<String, Row> {
    rows.into_iter()
        .map(|row| (reference(&row).clone(), row))
        .collect()
}

impl QueueState {
    /// The time, as this queue counts it: the clock's, and never before what the queue has written. The pod that
    /// wrote it may have had another clock. While the clock is behind, each write is a tick after the one before, so
    /// that rows keep their order by time stamp.
    #[must_use]
    pub fn now(&self, clock: &dyn Clock) -> Ticks {
        let now = clock.now();
        if now < self.latest {
            Ticks(self.latest.0.saturating_add(1))
        } else {
            now
        }
    }

    /// Where the queue is in its life.
    #[must_use]
    pub fn life(&self) -> Life {
        match (self.queue.start_moment, self.queue.stop_moment) {
            (_, Some(_)) => Life::Deactivated,
            (Some(_), None) => Life::Active,
            (None, None) => Life::New,
        }
    }

    /// The row of the SCU in use; none while it is being switched, or when it is not configured.
    #[must_use]
    pub fn scu_row(&self) -> Option<&ScuRow> {
        let scu = self.queue_de.scu?;
        self.scus.iter().find(|row| row.scu == scu)
    }

    /// The intent is durable: its row is handed out.
    pub fn begun(&mut self, intent: &Intent) {
        self.queue.queued_row = self.queue.queued_row.max(intent.item.row);
        self.latest = self.latest.max(intent.item.time_stamp);
    }

    /// The entry is durable: it is the state now.
    pub fn adopt(&mut self, entry: &Entry) {
        self.queue = entry.queue.clone();
        self.latest = self.latest.max(entry.queue.time_stamp);
        if let Some(queue_de) = &entry.queue_de {
            if queue_de.scu != self.queue_de.scu {
                self.tse_info = None;
            }
            self.queue_de = queue_de.clone();
        }
        for change in &entry.changes {
            self.adopt_change(change);
        }
        self.read_tse_info();
    }

    fn adopt_change(&mut self, change: &Change) {
        match change {
            Change::AddActionJournal(note) => {
                self.disabled_noted |= notes::is_disabled_queue(note);
                self.in_migration |= migration::is_record(note);
            }
            Change::AddJournalDe(_) | Change::RemoveJournalDe { .. } => {}
            Change::PutOpenTransaction(row) => {
                self.open_transactions
                    .insert(row.receipt_reference.clone(), row.clone());
            }
            Change::RemoveOpenTransaction { receipt_reference } => {
                self.open_transactions.remove(receipt_reference);
            }
            Change::PutFailedStart(row) => {
                self.failed_starts
                    .insert(row.receipt_reference.clone(), row.clone());
            }
            Change::RemoveFailedStart { receipt_reference } => {
                self.failed_starts.remove(receipt_reference);
            }
            Change::PutFailedFinish(row) => {
                self.failed_finishes
                    .insert(row.receipt_reference.clone(), row.clone());
            }
            Change::RemoveFailedFinish { receipt_reference } => {
                self.failed_finishes.remove(receipt_reference);
            }
            Change::PutScu(row) => {
                self.scus.retain(|other| other.scu != row.scu);
                self.scus.push(row.clone());
                self.tse_info = None;
            }
            Change::PutMasterData(master_data) => self.master_data = Some(master_data.clone()),
        }
    }

    /// Parses what the TSE said of itself last, unless that is done. A text that cannot be read (another product
    /// wrote it) counts as none: the TSE is asked again.
    fn read_tse_info(&mut self) {
        if self.tse_info.is_none() {
            let stored = self.scu_row().and_then(|row| row.tse_info_json.as_deref());
            self.tse_info = stored.and_then(|json| serde_json::from_str(json).ok());
        }
    }
}
