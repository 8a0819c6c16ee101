//! What is written to the journal: a queue's beginning, intents, and entries that end them.
//!
//! Plain data, without behaviour. What entries are made of stands in `row`, what is found again in `stored`, and
//! what is read page by page in `page`; all have their names here.

/// Rows of a queue's tables.
mod row;
/// What is found in the journal.
mod stored;
/// A journal read page by page.
mod page;

use shared::clock::Ticks;
use shared::identity::OperationId;
use uuid::Uuid;

pub use page::{JournalCursor, JournalKind, JournalPage, JournalQuery, JournalRange, JournalRows};
pub use row::{
    ActionJournalRow, FailedFinishRow, FailedStartRow, JournalDeRow, MasterDataJson, OpenTransactionRow,
    QueueDeRow, QueueItemRow, QueueRow, ReceiptJournalRow, ScuRow,
};
pub use stored::{
    InterruptedIntent, JournalCounts, KeptConfiguration, OpenQueue, StoredItem, StoredOperation,
};

/// What the configuration says of a queue, to be merged with what is stored (`fiscal-spec.md` 2.4).
#[derive(Debug, Clone, PartialEq)]
pub struct QueueSeed {
    /// The configuration's own time stamp of the cashbox (`init_ftCashBox.TimeStamp`).
    pub cashbox_time_stamp: Ticks,
    /// `init_ftQueue`, the entry of this queue.
    pub queue: QueueRow,
    /// `init_ftQueueDE`, the entry of this queue.
    pub queue_de: QueueDeRow,
    /// `init_ftSignaturCreationUnitDE`, all entries.
    pub scus: Vec<ScuRow>,
    /// `init_masterData`.
    pub master_data: Option<MasterDataJson>,
    /// The "Queue started" action journal (3.4), written unless the queue is in migration.
    pub started: ActionJournalRow,
}

/// A request about to be worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// The request, without an answer yet. Its row must be the stored `queued_row` + 1.
    pub item: QueueItemRow,
    /// Its operation id, unique within the queue.
    pub operation: OperationId,
    /// SHA-256 of the request's content, by which a repeated id with other content is told apart.
    pub content_hash: [u8; 32],
}

/// How an interrupted or finished intent ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It has an answer.
    Answered,
    /// It was never signed and never will be; asking again by its operation id says so.
    Abandoned,
}

/// Everything that one receipt changes, committed as one.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The operation that ends, begun with this item's row.
    pub operation: OperationId,
    /// How it ends.
    pub outcome: Outcome,
    /// The item with `work_moment`, `done_moment`, response and hash, `processing_version` and `time_stamp` of its
    /// end. The request and everything else stay as the intent wrote them.
    pub item: QueueItemRow,
    /// The link that it adds to the chain; none for an error or an abandoned intent.
    pub receipt: Option<ReceiptJournalRow>,
    /// The chain hash before this entry: the store checks that it is the stored one.
    pub previous_hash: Option<String>,
    /// Counters and the chain's end after this entry: `current_row` one higher than stored, whatever the outcome;
    /// `receipt_numerator` one higher with a receipt, and unchanged without. `queued_row` is the stored one, which
    /// is the intent's while nothing else is open.
    pub queue: QueueRow,
    /// The German part after this entry, if it changed.
    pub queue_de: Option<QueueDeRow>,
    /// Changes to the other tables, in order.
    pub changes: Vec<Change>,
}

/// One change besides queue, item and chain.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Adds an action journal row.
    AddActionJournal(ActionJournalRow),
    /// Keeps a TSE export.
    AddJournalDe(JournalDeRow),
    /// Drops a TSE export that was kept while the receipt was worked on, and is not wanted after all.
    RemoveJournalDe {
        /// Its id.
        id: Uuid,
        /// Its `TimeStamp`.
        time_stamp: Ticks,
    },
    /// Opens a transaction, replacing one of the same reference.
    PutOpenTransaction(OpenTransactionRow),
    /// Forgets an open transaction.
    RemoveOpenTransaction {
        /// Its `cbReceiptReference`.
        receipt_reference: String,
    },
    /// Remembers a failed start, replacing one of the same reference.
    PutFailedStart(FailedStartRow),
    /// Forgets a failed start.
    RemoveFailedStart {
        /// Its `cbReceiptReference`.
        receipt_reference: String,
    },
    /// Remembers a failed finish, replacing one of the same reference.
    PutFailedFinish(FailedFinishRow),
    /// Forgets a failed finish.
    RemoveFailedFinish {
        /// Its `cbReceiptReference`.
        receipt_reference: String,
    },
    /// Replaces an SCU's row.
    PutScu(ScuRow),
    /// Replaces the master data.
    PutMasterData(MasterDataJson),
}
