//! Keeping exports of the TSE.
//!
//! An export may have hundreds of megabytes, and writing it takes its time. So it is written on a connection of its
//! own, with a time limit that grows with it: the writers, and with them the other cashboxes, never wait for it. (In
//! SQLite, which takes one write at a time, they wait while the file is written.)

use std::time::Duration;

use shared::clock::Ticks;
use shared::identity::QueueId;
use shared::trace::current::Errand;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::connection::{Connection, Value};
use super::lane::{Lane, Pending};
use super::layout::Layout;
use super::readers::Question;
use super::rows::{moment, uuid};
use super::write::Write;
use crate::journal::JournalError;
use crate::journal::connection_string::Database;
use crate::journal::entry::JournalDeRow;
use crate::journal::metrics::JournalMetrics;
use crate::ownership::tenure::Tenure;

/// What a database is expected to take in a second, at the least.
const BYTES_A_SECOND: u64 = 2 << 20;

/// Writes what is large, each on a connection of its own.
#[derive(Debug)]
pub(super) struct Apart {
    database: Database,
    layout: Layout,
    timeout: Duration,
    metrics: JournalMetrics,
}

impl Apart {
    pub(super) fn new(
        database: &Database,
        layout: &Layout,
        timeout: Duration,
        metrics: &JournalMetrics,
    ) -> Self {
        Self {
            database: database.clone(),
            layout: layout.clone(),
            timeout,
            metrics: metrics.clone(),
        }
    }

    /// Keeps an export.
    pub(super) async fn keep(&self, tenure: Tenure, row: JournalDeRow) -> Result<(), JournalError> {
        let size = row.content_base64.len() as u64;
        let timeout = self.timeout + Duration::from_secs(size / BYTES_A_SECOND);
        let row = Box::new(row);
        let write = Write::KeepExport { tenure, row };
        let doing = write.doing();
        let (reply, outcome) = oneshot::channel();
        let (sender, pending) = mpsc::channel(1);
        let handed_in = Pending {
            write,
            reply,
            errand: Errand::now(),
            begin_before: Instant::now() + timeout,
        };
        sender.try_send(handed_in).expect("the channel is new and empty");
        // With nothing more to come, this writer ends after the one write.
        drop(sender);
        let lane = Lane {
            pending,
            connector: self.layout.connector(&self.database, timeout, Duration::ZERO),
            layout: self.layout.clone(),
            group_max: 1,
            timeout,
            metrics: self.metrics.clone(),
            closing: CancellationToken::new(),
        };
        lane.run().await;
        match outcome.await {
            Ok(outcome) => outcome.map(drop),
            Err(stopped) => Err(JournalError::OutcomeUnknown {
                doing,
                source: stopped.into(),
            }),
        }
    }
}

/// Whether an export was kept. Exports are ordered by time, so only the newest are looked at.
pub(super) struct IsKept {
    pub(super) queue: QueueId,
    pub(super) id: Uuid,
    pub(super) since: Ticks,
}

impl Question for IsKept {
    const DOING: &'static str = "looking for an export";
    type Answer = bool;

    async fn ask(&self, connection: &mut Connection) -> sqlx::Result<bool> {
        let sql = "SELECT export_number FROM journal_de WHERE queue = ? AND time_stamp >= ? AND id = ?";
        let values: [Value<'_>; 3] = [self.queue.into(), moment(self.since), uuid(self.id)];
        let found = connection.rows(sql, &values).await?;
        Ok(!found.is_empty())
    }
}
