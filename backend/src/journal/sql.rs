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
/// One writer.
mod lane;
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

use std::time::Duration;

use async_trait::async_trait;
use shared::clock::Ticks;
use shared::identity::pod::PodId;
use shared::identity::{CashBoxId, OperationId, QueueId, QueueItemId};
use shared::sabotage::{self, Mutant};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::account::{Account, AccountUpdate};
use super::config::JournalConfig;
use super::connection_string::Database;
use super::entry::{
    ActionJournalRow, Entry, Intent, JournalCounts, JournalDeRow, JournalPage, JournalQuery,
    KeptConfiguration, OpenQueue, QueueSeed, StoredItem, StoredOperation,
};
use super::history::{ClaimReason, Claimed, HistoryRow, OwnershipChange};
use super::metrics::JournalMetrics;
use super::{JournalError, JournalStore};
use crate::ownership::tenure::Tenure;
use connect::Connector;
use lane::{Lane, Pending};
use notes::Notes;
use readers::Readers;
use write::{Write, Written};

/// Writes that may wait for one writer. One more waits outside, until its time is over.
const PENDING_PER_WRITER: usize = 1024;

/// The journal in a SQL database.
#[derive(Debug)]
pub(super) struct SqlJournal {
    lanes: Vec<mpsc::Sender<Pending>>,
    readers: Readers,
    notes: Notes,
    /// For what is large: it gets a writer of its own.
    apart: journal_de::Apart,
    timeout: Duration,
    closing: CancellationToken,
    tasks: TaskTracker,
}

impl SqlJournal {
    /// Connects, brings the schema up to date, starts the writers.
    pub(super) async fn connect(
        config: &JournalConfig,
        metrics: &JournalMetrics,
    ) -> Result<Self, JournalError> {
        let patient = Connector::new(&config.database, config.timeout, config.timeout);
        migrate_once_connected(&patient, config.timeout).await?;
        let (lanes, tasks) = (config.lanes(), TaskTracker::new());
        let closing = CancellationToken::new();
        let lanes = (0..lanes).map(|_| {
            let (sender, pending) = mpsc::channel(PENDING_PER_WRITER);
            let lane = Lane {
                pending,
                // A writer that finds SQLite's file locked tries again by itself, more often than SQLite would.
                connector: Connector::new(&config.database, config.timeout, Duration::ZERO),
                group_max: config.group_max,
                timeout: config.timeout,
                metrics: metrics.clone(),
                closing: closing.clone(),
            };
            tasks.spawn(lane.run());
            sender
        });
        let lanes = lanes.collect();
        tasks.close();
        Ok(Self {
            lanes,
            readers: Readers::new(patient, config.readers, config.timeout),
            notes: Notes::new(metrics.history_lost.clone()),
            apart: journal_de::Apart::new(config, metrics),
            timeout: config.timeout,
            closing,
            tasks,
        })
    }

    /// Hands a write to its writer and waits for the outcome, no longer than three timeouts: its turn, its
    /// transaction, its commit.
    async fn write(&self, write: Write) -> Result<Written, JournalError> {
        let doing = write.doing();
        let (reply, outcome) = oneshot::channel();
        let lane = self.lane(&write);
        let pending = Pending {
            write,
            reply,
            begin_before: Instant::now() + self.timeout,
        };
        lane.send_timeout(pending, self.timeout)
            .await
            .map_err(|_| lane::too_slow(doing))?;
        match tokio::time::timeout(3 * self.timeout, outcome).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(stopped)) => Err(JournalError::OutcomeUnknown {
                doing,
                source: stopped.into(),
            }),
            Err(elapsed) => Err(JournalError::OutcomeUnknown {
                doing,
                source: elapsed.into(),
            }),
        }
    }

    /// The writer of a queue: always the same.
    fn lane(&self, write: &Write) -> &mpsc::Sender<Pending> {
        &self.lanes[(write.key() % self.lanes.len() as u128) as usize]
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

impl JournalConfig {
    /// Writers that the database has use for: SQLite lets one write at a time.
    fn lanes(&self) -> usize {
        match self.database {
            Database::Sqlite { .. } => 1,
            Database::MySql(_) | Database::Postgres(_) => self.writers.max(1),
        }
    }
}

#[async_trait]
impl JournalStore for SqlJournal {
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
        let newest = self
            .readers
            .ask(&find::NewestEpoch {
                queue: tenure.queue(),
            })
            .await?;
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
        self.apart.keep(tenure.clone(), row).await
    }

    async fn has_export(&self, queue: QueueId, id: Uuid, since: Ticks) -> Result<bool, JournalError> {
        self.readers.ask(&journal_de::IsKept { queue, id, since }).await
    }

    async fn find_operation(
        &self,
        queue: QueueId,
        operation: OperationId,
    ) -> Result<Option<StoredOperation>, JournalError> {
        self.readers.ask(&find::FindOperation { queue, operation }).await
    }

    async fn find_items(
        &self,
        queue: QueueId,
        items: &[QueueItemId],
    ) -> Result<Vec<StoredOperation>, JournalError> {
        self.readers.ask(&find_items::FindItems { queue, items }).await
    }

    async fn account(&self, queue: QueueId) -> Result<Account, JournalError> {
        let account = self.readers.ask(&account::AccountOf { queue }).await?;
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
        self.readers.ask(&question).await
    }

    async fn read(&self, queue: QueueId, query: &JournalQuery) -> Result<JournalPage, JournalError> {
        self.readers.ask(&export::ReadPage { queue, query }).await
    }

    async fn count(&self, queue: QueueId) -> Result<JournalCounts, JournalError> {
        self.readers.ask(&count::Counts { queue }).await
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
        let (reply, outcome) = oneshot::channel();
        let handed_in = self.lane(&write).try_send(Pending {
            write,
            reply,
            begin_before: Instant::now() + self.timeout,
        });
        match handed_in {
            Ok(()) => drop(self.tasks.spawn(self.notes.clone().follow(outcome))),
            Err(_full_or_closed) => self.notes.lost(&lane::too_slow("noting a change of ownership")),
        }
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
        self.closing.cancel();
        self.tasks.wait().await;
        self.readers.close().await;
    }
}
