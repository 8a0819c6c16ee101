//! What is found in the journal: a queue as its next owner opens it, and what became of earlier requests.

use shared::clock::Ticks;
use shared::identity::OperationId;

use super::Outcome;
use super::row::{
    FailedFinishRow, FailedStartRow, MasterDataJson, OpenTransactionRow, QueueDeRow, QueueItemRow, QueueRow,
    ScuRow,
};

/// Everything the queue engine needs, as loaded at the start of a tenure.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenQueue {
    /// Counters and the chain's end.
    pub queue: QueueRow,
    /// The German part.
    pub queue_de: QueueDeRow,
    /// Every SCU known.
    pub scus: Vec<ScuRow>,
    /// Transactions that are open.
    pub open_transactions: Vec<OpenTransactionRow>,
    /// Starts that the TSE did not see.
    pub failed_starts: Vec<FailedStartRow>,
    /// Finishes that the TSE did not see.
    pub failed_finishes: Vec<FailedFinishRow>,
    /// The master data on record.
    pub master_data: Option<MasterDataJson>,
    /// The newest moment of the queue's rows, this opening included: nothing that follows is dated before it.
    pub latest: Ticks,
    /// Intents without an outcome, in order of row: to be settled before anything else.
    pub interrupted: Vec<InterruptedIntent>,
    /// Whether the queue's last request started a migration: it takes no further one (4.11).
    pub in_migration: bool,
}

/// A request that was begun and not ended when its pod went away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterruptedIntent {
    /// The request as stored.
    pub item: QueueItemRow,
    /// Its operation id.
    pub operation: OperationId,
    /// Hash of the request's content, as in [`Intent::content_hash`](super::Intent::content_hash).
    pub content_hash: [u8; 32],
}

/// What became of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredOperation {
    /// Hash of the content it was used with.
    pub content_hash: [u8; 32],
    /// The stored request and, when it ended, its answer.
    pub item: QueueItemRow,
    /// How it ended; `None` while it is only an intent.
    pub outcome: Option<Outcome>,
}

/// A finished request as found by its reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredItem {
    /// The request and its answer.
    pub item: QueueItemRow,
}

/// How many rows a queue's journals hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JournalCounts {
    /// Rows of `ftActionJournal`.
    pub actions: i64,
    /// Rows of `ftJournalDE`.
    pub journals_de: i64,
    /// Rows of `ftQueueItem`, intents without an outcome included.
    pub items: i64,
    /// Rows of `ftReceiptJournal`.
    pub receipts: i64,
}

/// A configuration as kept for bad times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptConfiguration {
    /// Encrypted document and token, opaque to the journal.
    pub sealed: Vec<u8>,
    /// When it was fetched.
    pub fetched_at: Ticks,
}
