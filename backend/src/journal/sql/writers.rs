//! The writers of one server: a queue always has the same one, so its writes keep their order.

use std::time::Duration;

use shared::trace::current::Errand;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connect::Connector;
use super::lane::{self, Lane, Pending};
use super::layout::Layout;
use super::notes::Notes;
use super::write::{Write, Written};
use crate::journal::JournalError;
use crate::journal::config::JournalConfig;
use crate::journal::metrics::JournalMetrics;

/// Writes that may wait for one writer. One more waits outside, until its time is over.
const PENDING_PER_WRITER: usize = 1024;

/// The writers of one server.
#[derive(Debug)]
pub(super) struct Writers {
    lanes: Vec<mpsc::Sender<Pending>>,
    timeout: Duration,
    closing: CancellationToken,
    tasks: TaskTracker,
}

impl Writers {
    /// Starts so many of them. They end when they are closed, or dropped.
    pub(super) fn start(
        config: &JournalConfig,
        lanes: usize,
        connector: &Connector,
        layout: &Layout,
        metrics: &JournalMetrics,
    ) -> Self {
        let (tasks, closing) = (TaskTracker::new(), CancellationToken::new());
        let lanes = (0..lanes).map(|_| {
            let (sender, pending) = mpsc::channel(PENDING_PER_WRITER);
            let lane = Lane {
                pending,
                connector: connector.clone(),
                layout: layout.clone(),
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
        Self {
            lanes,
            timeout: config.timeout,
            closing,
            tasks,
        }
    }

    /// Hands a write to its writer and waits for the outcome, no longer than three timeouts: its turn, its
    /// transaction, its commit.
    pub(super) async fn write(&self, write: Write) -> Result<Written, JournalError> {
        let doing = write.doing();
        let (lane, pending, outcome) = self.pending(write);
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

    /// Hands a write in that nobody waits for.
    pub(super) fn note(&self, write: Write, notes: &Notes) {
        let doing = write.doing();
        let (lane, pending, outcome) = self.pending(write);
        match lane.try_send(pending) {
            Ok(()) => drop(self.tasks.spawn(notes.clone().follow(outcome))),
            Err(_full_or_closed) => notes.lost(&lane::too_slow(doing)),
        }
    }

    fn pending(
        &self,
        write: Write,
    ) -> (
        &mpsc::Sender<Pending>,
        Pending,
        oneshot::Receiver<super::write::Outcome>,
    ) {
        let (reply, outcome) = oneshot::channel();
        let lane = &self.lanes[(write.key() % self.lanes.len() as u128) as usize];
        let pending = Pending {
            write,
            reply,
            errand: Errand::now(),
            begin_before: Instant::now() + self.timeout,
        };
        (lane, pending, outcome)
    }

    /// Finishes what was handed in.
    pub(super) async fn close(&self) {
        self.closing.cancel();
        self.tasks.wait().await;
    }
}
