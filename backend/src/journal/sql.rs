//! The journal in SQLite, MySQL or PostgreSQL.
//!
//! Statements are written once for all three; where the dialects differ, [`connection::Kind`] is asked. Writes go
//! to a few writers (`lane`), each of which commits everything pending as one group; reads have connections of
//! their own. A queue always has the same writer, so its writes keep their order.

/// From a configuration to connections.
mod connect;
/// One connection to any of the three.
mod connection;
/// NUL in PostgreSQL.
mod nul;
/// The schema, brought up to date.
mod migrate;
/// What an error means for a group.
mod fault;
/// Tables and their statements.
mod table;
/// Rows to values and back.
mod rows;
/// What a writer is handed.
mod write;
/// The writers of one server.
mod writers;
/// One writer.
mod lane;
/// How the tables lie: ours, or the original's.
mod layout;
/// One group, one transaction.
mod group;
/// Taking a queue.
mod claim;
/// Beginning a receipt.
mod intent;
/// Ending a receipt.
mod append;
/// How queues stand to their TSEs.
mod account;
/// The rows that a group adds and replaces.
mod changes;
/// Opening a queue.
mod open;
/// Configurations kept for bad times.
mod configuration;
/// Who held a cashbox when.
mod history;
/// What was noted, and whether it could be written.
mod notes;
/// Connections that read.
mod readers;
/// Looking things up.
mod find;
/// Looking items up by their ids.
mod find_items;
/// Pages for export.
mod export;
/// How many rows there are.
mod count;
/// Keeping exports of the TSE.
mod journal_de;
/// Reading one queue, without writing anything.
mod reader;
/// Queues that are kept in databases of their own.
mod places;
/// The original's own MySQL tables, one database for each queue.
mod original;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use shared::clock::Ticks;
use shared::identity::pod::PodId;
use shared::identity::{CashBoxId, OperationId, QueueId, QueueItemId};
use shared::sabotage::{self, Mutant};
use tempfile::TempDir;
use uuid::Uuid;

use super::account::{Account, AccountUpdate};
use super::config::{self, Home, JournalConfig};
use super::connection_string::Database;
use super::entry::{
    ActionJournalRow, Entry, Intent, JournalCounts, JournalDeRow, JournalPage, JournalQuery,
    KeptConfiguration, OpenQueue, QueueSeed, StoredItem, StoredOperation,
};
use super::history::{ClaimReason, Claimed, HistoryRow, OwnershipChange};
use super::metrics::JournalMetrics;
use super::place::Place;
use super::{JournalError, JournalStore};
use crate::ownership::tenure::Tenure;
use connect::Connector;
use journal_de::Apart;
use layout::Layout;
use notes::Notes;
use places::Places;
pub(super) use reader::QueueReader;
use readers::Readers;
use write::{Write, Written};
use writers::Writers;

/// The journal in a SQL database, and in front of the databases of queues that have their own.
#[derive(Debug)]
pub(super) struct SqlJournal {
    writers: Arc<Writers>,
    readers: Readers,
    notes: Notes,
    /// For what is large: it gets a writer of its own.
    apart: Apart,
    places: Places,
    /// Of a pod that keeps no queues: its own rows (history, kept configurations) lie here and end with it.
    scratch: Option<TempDir>,
}

impl SqlJournal {
    /// Connects, brings the schema up to date, starts the writers.
    pub(super) async fn connect(
        config: &JournalConfig,
        metrics: &JournalMetrics,
    ) -> Result<Self, JournalError> {
        let (database, scratch) = match &config.home {
            Home::Database(database) => (database.clone(), None),
            Home::None => {
                let (database, folder) = scratch()?;
                (database, Some(folder))
            }
        };
        let patient = Connector::new(&database, config.timeout, config.timeout);
        migrate_once_connected(&patient, config.timeout).await?;
        // A writer that finds SQLite's file locked tries again by itself, more often than SQLite would.
        let impatient = Connector::new(&database, config.timeout, Duration::ZERO);
        let writers = Arc::new(Writers::start(
            config,
            config.lanes(&database),
            &impatient,
            &Layout::Own,
            metrics,
        ));
        Ok(Self {
            readers: Readers::new(patient.for_reading(), config.readers, config.timeout),
            notes: Notes::new(metrics.history_lost.clone()),
            apart: Apart::new(&database, &Layout::Own, config.timeout, metrics),
            places: Places::new(config.clone(), metrics.clone(), writers.clone()),
            writers,
            scratch,
        })
    }

    /// Hands a write to a writer of the place where its queue is kept, and waits for the outcome.
    async fn write(&self, write: Write) -> Result<Written, JournalError> {
        match write.queue().and_then(|queue| self.places.of(queue)) {
            Some(place) => place.write(write).await,
            None => self.writers.write(write).await,
        }
    }

    async fn write_and_be_done(&self, write: Write) -> Result<(), JournalError> {
        self.write(write).await.map(drop)
    }
}

async fn migrate_once_connected(connector: &Connector, timeout: Duration) -> Result<(), JournalError> {
    let connected = connector.connect().await;
    let mut connection = connected.map_err(|error| fault::refusal(error, "connecting to the journal"))?;
    migrate::migrate(&mut connection, timeout).await?;
    // Closing it gives back the migrator's lock on the server, too.
    let _ = connection.close().await;
    Ok(())
}

/// A database for what a pod notes though it keeps no queues: a file that nobody shares.
fn scratch() -> Result<(Database, TempDir), JournalError> {
    let folder = tempfile::tempdir().map_err(|error| JournalError::Unavailable {
        doing: "making a temporary folder for what a pod without a journal notes",
        source: Box::new(error),
    })?;
    let file = folder.path().join("notes.db");
    Ok((Database::Sqlite { file }, folder))
}

impl JournalConfig {
    /// Writers that the database has use for: SQLite lets one write at a time.
    fn lanes(&self, database: &Database) -> usize {
        match database {
            Database::Sqlite { .. } => 1,
            Database::MySql(_) | Database::Postgres(_) => self.writers.max(1),
        }
    }
}

#[async_trait]
impl JournalStore for SqlJournal {
    fn place(&self, queue: QueueId, place: &Place) -> Result<(), JournalError> {
        if self.scratch.is_some() && matches!(place, Place::PodsJournal) {
            return Err(JournalError::Unusable {
                detail: format!(
                    "this pod keeps no journal of its own ({} = none), and the queue's configuration names no database",
                    config::URL.name
                ),
            });
        }
        self.places.put(queue, place)
    }

    async fn claim(
        &self,
        queue: QueueId,
        cashbox: CashBoxId,
        pod: &PodId,
        reason: ClaimReason,
        at: Ticks,
    ) -> Result<Claimed, JournalError> {
        let pod = pod.clone();
        let claim = Write::Claim {
            queue,
            cashbox,
            pod: pod.clone(),
            reason,
            at,
        };
        match self.write(claim).await? {
            Written::Claimed(granted) => Ok(Claimed {
                tenure: Tenure::granted(cashbox, queue, granted.epoch, pod),
                from: granted.from,
            }),
            other => unreachable!("a claim was answered with {other:?}"),
        }
    }

    async fn confirm(&self, tenure: &Tenure) -> Result<(), JournalError> {
        let queue = tenure.queue();
        let newest = match self.places.of(queue) {
            Some(place) => place.ask(&original::find::NewestEpoch { queue }).await?,
            None => self.readers.ask(&find::NewestEpoch { queue }).await?,
        };
        match newest {
            Some(epoch) if epoch == tenure.epoch() => Ok(()),
            Some(_) if sabotage::mutant(Mutant::EpochCheckRemoved) => Ok(()),
            _ => Err(JournalError::Fenced {
                doing: "confirming a claim",
            }),
        }
    }

    async fn open(&self, tenure: &Tenure, seed: &QueueSeed, at: Ticks) -> Result<OpenQueue, JournalError> {
        let open = Write::Open {
            tenure: tenure.clone(),
            seed: Box::new(seed.clone()),
            at,
        };
        match self.write(open).await? {
            Written::Opened(opened) => Ok(*opened),
            other => unreachable!("an opening was answered with {other:?}"),
        }
    }

    async fn begin(&self, tenure: &Tenure, intent: Intent) -> Result<(), JournalError> {
        let (tenure, intent) = (tenure.clone(), Box::new(intent));
        self.write_and_be_done(Write::Begin { tenure, intent }).await
    }

    async fn append(&self, tenure: &Tenure, entry: Entry) -> Result<(), JournalError> {
        let (tenure, entry) = (tenure.clone(), Box::new(entry));
        self.write_and_be_done(Write::Append { tenure, entry }).await
    }

    async fn append_actions(&self, tenure: &Tenure, rows: Vec<ActionJournalRow>) -> Result<(), JournalError> {
        let tenure = tenure.clone();
        self.write_and_be_done(Write::AppendActions { tenure, rows })
            .await
    }

    async fn keep_export(&self, tenure: &Tenure, row: JournalDeRow) -> Result<(), JournalError> {
        match self.places.of(tenure.queue()) {
            Some(place) => place.keep_export(tenure.clone(), row).await,
            None => self.apart.keep(tenure.clone(), row).await,
        }
    }

    async fn has_export(&self, queue: QueueId, id: Uuid, since: Ticks) -> Result<bool, JournalError> {
        match self.places.of(queue) {
            Some(place) => place.ask(&original::find::IsKept { queue, id, since }).await,
            None => self.readers.ask(&journal_de::IsKept { queue, id, since }).await,
        }
    }

    async fn find_operation(
        &self,
        queue: QueueId,
        operation: OperationId,
    ) -> Result<Option<StoredOperation>, JournalError> {
        match self.places.of(queue) {
            Some(place) => {
                place
                    .ask(&original::find::FindOperation { queue, operation })
                    .await
            }
            None => self.readers.ask(&find::FindOperation { queue, operation }).await,
        }
    }

    async fn find_items(
        &self,
        queue: QueueId,
        items: &[QueueItemId],
    ) -> Result<Vec<StoredOperation>, JournalError> {
        match self.places.of(queue) {
            Some(place) => place.ask(&original::find::FindItems { queue, items }).await,
            None => self.readers.ask(&find_items::FindItems { queue, items }).await,
        }
    }

    async fn account(&self, queue: QueueId) -> Result<Account, JournalError> {
        let account = match self.places.of(queue) {
            Some(place) => place.ask(&original::account::AccountOf { queue }).await?,
            None => self.readers.ask(&account::AccountOf { queue }).await?,
        };
        Ok(account.unwrap_or_default())
    }

    async fn put_account(&self, tenure: &Tenure, update: AccountUpdate) -> Result<(), JournalError> {
        let (tenure, update) = (tenure.clone(), Box::new(update));
        self.write_and_be_done(Write::PutAccount { tenure, update }).await
    }

    async fn find_by_reference(
        &self,
        queue: QueueId,
        reference: &str,
        terminal: Option<&str>,
        limit: u32,
    ) -> Result<Vec<StoredItem>, JournalError> {
        let question = find::FindByReference {
            queue,
            reference,
            terminal,
            limit,
        };
        match self.places.of(queue) {
            Some(place) => place.ask(&original::find::FindByReference(question)).await,
            None => self.readers.ask(&question).await,
        }
    }

    async fn read(&self, queue: QueueId, query: &JournalQuery) -> Result<JournalPage, JournalError> {
        match self.places.of(queue) {
            Some(place) => place.read(query).await,
            None => self.readers.ask(&export::ReadPage { queue, query }).await,
        }
    }

    async fn count(&self, queue: QueueId) -> Result<JournalCounts, JournalError> {
        match self.places.of(queue) {
            Some(place) => place.ask(&original::find::Counts { queue }).await,
            None => self.readers.ask(&count::Counts { queue }).await,
        }
    }

    async fn keep_configuration(
        &self,
        cashbox: CashBoxId,
        kept: &KeptConfiguration,
    ) -> Result<(), JournalError> {
        let kept = kept.clone();
        self.write_and_be_done(Write::KeepConfiguration { cashbox, kept })
            .await
    }

    async fn kept_configuration(
        &self,
        cashbox: CashBoxId,
    ) -> Result<Option<KeptConfiguration>, JournalError> {
        self.readers.ask(&configuration::LastKept { cashbox }).await
    }

    fn note_change(&self, change: OwnershipChange) {
        let write = Write::NoteChange {
            change: Box::new(change),
        };
        self.writers.note(write, &self.notes);
    }

    async fn history(
        &self,
        cashbox: CashBoxId,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Vec<HistoryRow>, JournalError> {
        let question = history::History {
            cashbox,
            after,
            limit,
        };
        self.readers.ask(&question).await
    }

    async fn close(&self) {
        // Claims in other places end with a row of the history here.
        self.places.close().await;
        self.writers.close().await;
        self.readers.close().await;
    }
}
