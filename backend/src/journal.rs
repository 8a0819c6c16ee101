//! What a cashbox has promised, permanently.
//!
//! The journal decides who may write. A pod claims a queue and gets a [`Tenure`]; every write takes that tenure
//! and is refused as [`JournalError::Fenced`] when a newer claim exists, when the expected row or previous hash
//! is not the stored one, or when the operation id has been used. A write is all or nothing.
//!
//! ```text
//! claim → open (merge configuration, load state) → settle what was interrupted
//!       → begin (intent: row, request, operation id) → [TSE] → append (answer, chain, counters, journals)
//! ```
//!
//! Writes of many cashboxes that share a database are committed together; a caller sees only its own outcome.
//!
//! [`Tenure`]: crate::ownership::tenure::Tenure
//! [`JournalError::Fenced`]: crate::journal::JournalError::Fenced

/// Which database, and how hard it is used.
pub mod config;
/// Where the database is: URLs and the connection strings of .NET.
pub mod connection_string;
/// Where a queue's rows are kept: among others in the pods' journal, or in a database of its own.
pub mod place;
/// What is written and read: rows, intents, entries.
pub mod entry;
/// The master data of a queue, member by member.
pub mod master_data;
/// Who held a cashbox when, and why.
pub mod history;
/// How a queue stands to what its TSE has signed.
pub mod account;
/// Who may write, and where: one decision for every store.
mod fence;
/// Whether the end of a chain, as it is stored, fits together.
mod tail;
/// What a configuration changes in a queue that exists already.
pub(crate) mod merge;
/// Pages of a journal.
mod page;
/// The journal without a database, for tests.
pub mod in_memory;
/// The journal in SQLite, MySQL or PostgreSQL, and in the original's own MySQL tables.
mod sql;
/// Whether a queue's chain is unbroken, as it is stored.
pub mod verify;
/// What is counted.
pub mod metrics;

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use shared::clock::Ticks;
use shared::identity::pod::PodId;
use shared::identity::{CashBoxId, OperationId, QueueId, QueueItemId};
use thiserror::Error;
use uuid::Uuid;

use crate::ownership::tenure::Tenure;
use account::{Account, AccountUpdate};
use config::JournalConfig;
use entry::{
    ActionJournalRow, Entry, Intent, JournalCounts, JournalDeRow, JournalPage, JournalQuery,
    KeptConfiguration, OpenQueue, QueueSeed, StoredItem, StoredOperation,
};
use history::{ClaimReason, Claimed, HistoryRow, OwnershipChange};
use metrics::JournalMetrics;
use place::Place;
use sql::SqlJournal;

/// Why the journal did not do what was asked.
#[derive(Debug, Error)]
pub enum JournalError {
    /// A newer claim exists, or the chain is not where the caller believes it to be. The caller has lost the
    /// cashbox and must drop its state at once; nothing was written.
    #[error("fenced while {doing}: another claim of the queue is newer, or its chain has moved on")]
    Fenced {
        /// What was being done.
        doing: &'static str,
    },
    /// The operation id is in use for this queue already: read it with [`JournalStore::find_operation`].
    #[error("the operation id is used already")]
    OperationExists,
    /// The database refused or could not be reached before anything could have been written.
    #[error("the journal database is not available while {doing}")]
    Unavailable {
        /// What was being done.
        doing: &'static str,
        /// What failed.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The connection was lost after the write was sent: it may or may not have happened. The caller reads the
    /// operation again before it answers anybody.
    #[error("unknown whether the journal was written while {doing}")]
    OutcomeUnknown {
        /// What was being done.
        doing: &'static str,
        /// What failed.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The end of a queue's chain, as it is stored, does not fit together: nothing may be chained to it until a person
    /// has looked.
    #[error("the stored receipt chain is broken: {detail}")]
    ChainBroken {
        /// What does not fit, without receipts or secrets.
        detail: String,
    },
    /// The database holds what this build cannot read (a newer schema, a broken row).
    #[error("the journal database cannot be used: {detail}")]
    Unusable {
        /// What was found and which rule it breaks, without receipts or secrets.
        detail: String,
    },
}

impl JournalError {
    /// Whether the same call may succeed later without anybody changing anything.
    #[must_use]
    pub fn may_retry(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

/// Opens the journal: connects, brings the schema up to date, starts the writers.
///
/// # Errors
/// [`JournalError::Unavailable`] when the database cannot be reached (trying again later may work);
/// [`JournalError::Unusable`] when a newer build has changed its schema.
pub async fn connect(
    config: &JournalConfig,
    metrics: &JournalMetrics,
) -> Result<Arc<dyn JournalStore>, JournalError> {
    Ok(Arc::new(SqlJournal::connect(config, metrics).await?))
}

/// The journal of many queues in one database. Implemented for SQLite, MySQL/MariaDB and PostgreSQL, and in
/// memory for tests; one contract suite runs over all of them.
#[async_trait]
pub trait JournalStore: Send + Sync + Debug {
    /// Says where a queue is kept, from now on, in this pod. Told before anything else of the queue, whenever its
    /// configuration was read; a queue that nothing was said of is kept in the pods' journal. Asks no database.
    ///
    /// # Errors
    /// [`JournalError::Unusable`] when this store cannot keep a queue there.
    fn place(&self, _queue: QueueId, place: &Place) -> Result<(), JournalError> {
        match place {
            Place::PodsJournal => Ok(()),
            Place::Original(_) => Err(JournalError::Unusable {
                detail: "this journal keeps no queues in databases of their own".to_owned(),
            }),
        }
    }

    /// Claims a queue for a pod: raises its epoch by one, in one conditional statement, creating the queue's
    /// ownership row at the first claim. From this moment every older tenure is fenced. The row of the history that
    /// says so is part of the same transaction.
    async fn claim(
        &self,
        queue: QueueId,
        cashbox: CashBoxId,
        pod: &PodId,
        reason: ClaimReason,
        at: Ticks,
    ) -> Result<Claimed, JournalError>;

    /// Confirms that a tenure is still the newest.
    async fn confirm(&self, tenure: &Tenure) -> Result<(), JournalError>;

    /// Merges the configuration into what is stored (`fiscal-spec.md` 2.4), writes the "Queue started" action
    /// journal, and loads everything that the queue engine needs. In one fenced transaction. Of a queue whose chain does
    /// not end as its row says ([`JournalError::ChainBroken`]) nothing is changed.
    async fn open(&self, tenure: &Tenure, seed: &QueueSeed, at: Ticks) -> Result<OpenQueue, JournalError>;

    /// Makes an intent durable before the TSE is called: the queue item with its row, the queue's counter, the
    /// operation id.
    async fn begin(&self, tenure: &Tenure, intent: Intent) -> Result<(), JournalError>;

    /// Makes the outcome of an intent permanent: answer, chain, counters, journals, in one transaction.
    async fn append(&self, tenure: &Tenure, entry: Entry) -> Result<(), JournalError>;

    /// Adds action journal rows that come with no new receipt: a receipt request answered out of the journal says
    /// so and consumes no row. In order, all or none; fenced as every write.
    async fn append_actions(&self, tenure: &Tenure, rows: Vec<ActionJournalRow>) -> Result<(), JournalError>;

    /// Keeps an export of the TSE while the receipt that caused it is still being worked on: what the TSE is told to
    /// erase afterwards must be durable before. Fenced as every write. The row may be large, so it holds up no other
    /// cashbox. One with the same id and time stamp must not exist: [`Self::has_export`] tells.
    async fn keep_export(&self, tenure: &Tenure, row: JournalDeRow) -> Result<(), JournalError>;

    /// Whether an export of this id was kept at `since` or later.
    async fn has_export(&self, queue: QueueId, id: Uuid, since: Ticks) -> Result<bool, JournalError>;

    /// What became of an operation: its stored answer, an intent without outcome, or nothing.
    async fn find_operation(
        &self,
        queue: QueueId,
        operation: OperationId,
    ) -> Result<Option<StoredOperation>, JournalError>;

    /// The items of these ids with their outcomes, in any order; unknown ids are left out. Looked for from the newest
    /// row back, so an id of a moment ago is found at once and an unknown one costs a walk through the queue.
    async fn find_items(
        &self,
        queue: QueueId,
        items: &[QueueItemId],
    ) -> Result<Vec<StoredOperation>, JournalError>;

    /// How the queue stands to what its TSE has signed; the default where nothing was written.
    async fn account(&self, queue: QueueId) -> Result<Account, JournalError>;

    /// Writes the account and the action journal rows that explain it, all or nothing; fenced as every write.
    async fn put_account(&self, tenure: &Tenure, update: AccountUpdate) -> Result<(), JournalError>;

    /// The finished items with this receipt reference, newest first; with a terminal id only that terminal's.
    /// At most `limit`.
    async fn find_by_reference(
        &self,
        queue: QueueId,
        reference: &str,
        terminal: Option<&str>,
        limit: u32,
    ) -> Result<Vec<StoredItem>, JournalError>;

    /// A page of a journal in order of `TimeStamp`, for export; never fenced, never blocking a writer.
    async fn read(&self, queue: QueueId, query: &JournalQuery) -> Result<JournalPage, JournalError>;

    /// How many rows the queue's journals hold, as of the last committed write. Costs a walk through each of them: it
    /// is asked once in the life of a queue, when its migration starts.
    async fn count(&self, queue: QueueId) -> Result<JournalCounts, JournalError>;

    /// Keeps a cashbox's configuration for times when the configuration service is away. The text is encrypted
    /// already.
    async fn keep_configuration(
        &self,
        cashbox: CashBoxId,
        kept: &KeptConfiguration,
    ) -> Result<(), JournalError>;

    /// The configuration kept last.
    async fn kept_configuration(&self, cashbox: CashBoxId)
    -> Result<Option<KeptConfiguration>, JournalError>;

    /// Notes a change of ownership that is no claim. Needs no tenure: who lost a cashbox notes it, too. Returns at
    /// once and promises nothing: what cannot be written is counted, and logged when it begins. Must be called
    /// within a tokio runtime.
    fn note_change(&self, change: OwnershipChange);

    /// The history of a cashbox, newest first: at most `limit` rows, of lower number than `after` if it is given.
    async fn history(
        &self,
        cashbox: CashBoxId,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Vec<HistoryRow>, JournalError>;

    /// Finishes what was handed in, then closes every connection.
    async fn close(&self);
}
