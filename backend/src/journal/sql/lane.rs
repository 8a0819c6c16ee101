//! One writer: takes everything that is pending, commits it as one group, answers each write by itself.
//!
//! ```text
//! pending ─▶ take a group ─▶ BEGIN, write all ─▶ COMMIT ─▶ answer each
//!                 ▲               │  refused         │ lost
//!                 │               ▼                  ▼
//!                 │         each write alone    outcome unknown, for all
//!                 └── again ◀ deadlock, busy file, connection lost before the commit
//! ```
//!
//! The longer a commit takes, the more is pending when it ends: groups grow by themselves under load, and a lone
//! write never waits for company.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use rand::Rng as _;
use shared::trace::current::Errand;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::connect::{Connector, in_time};
use super::connection::Connection;
use super::fault::{self, Remedy};
use super::layout::Layout;
use super::write::{Outcome, Write};
use crate::journal::JournalError;
use crate::journal::metrics::JournalMetrics;

/// How often a group is tried on a new connection before it is given up.
const CONNECTIONS_PER_GROUP: u32 = 2;
/// The most bytes of a group, unless its first write alone has more: one statement writes it, and MariaDB takes none
/// of more than 16 MiB (`max_allowed_packet`).
const GROUP_BYTES_MAX: usize = 4 << 20;
/// The longest pause before a group that others were in the way of is tried again.
const PAUSE_MAX_MS: u64 = 16;

/// A write and the one who waits for its outcome.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) write: Write,
    pub(super) reply: oneshot::Sender<Outcome>,
    /// For whom it is written.
    pub(super) errand: Errand,
    /// Past it nobody waits any more and the write is not begun.
    pub(super) begin_before: Instant,
}

/// A writer's task.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) pending: mpsc::Receiver<Pending>,
    pub(super) connector: Connector,
    pub(super) layout: Layout,
    pub(super) group_max: usize,
    pub(super) timeout: Duration,
    pub(super) metrics: JournalMetrics,
    pub(super) closing: CancellationToken,
}

/// What one try at a group came to.
enum Attempt {
    Committed(Vec<Outcome>),
    /// Nothing was written.
    Failed(sqlx::Error),
    /// The commit was sent and its answer did not come.
    Unknown(sqlx::Error),
}

impl Lane {
    /// Writes until the journal is closed and everything handed in is settled.
    pub(super) async fn run(mut self) {
        let mut connection = None;
        let mut held_over = None;
        while let Some(first) = self.next(&mut held_over).await {
            let group = self.take_group(first, &mut held_over);
            self.settle(&mut connection, group).await;
        }
        if let Some(connection) = connection {
            let _ = Connection::close(connection).await;
        }
    }

    async fn next(&mut self, held_over: &mut Option<Pending>) -> Option<Pending> {
        if let Some(pending) = held_over.take() {
            return Some(pending);
        }
        tokio::select! {
            biased;
            pending = self.pending.recv() => pending,
            () = self.closing.cancelled(), if !self.pending.is_closed() => {
                self.pending.close();
                self.pending.recv().await
            }
        }
    }

    /// Everything pending, up to the bounds; the second write of a queue waits for the next group.
    fn take_group(&mut self, first: Pending, held_over: &mut Option<Pending>) -> Vec<Pending> {
        let mut keys = HashSet::from([first.write.key()]);
        let mut bytes = first.write.bytes();
        let mut group = vec![first];
        while group.len() < self.group_max {
            match self.pending.try_recv() {
                Ok(pending)
                    if bytes + pending.write.bytes() <= GROUP_BYTES_MAX
                        && keys.insert(pending.write.key()) =>
                {
                    bytes += pending.write.bytes();
                    group.push(pending);
                }
                Ok(pending) => {
                    *held_over = Some(pending);
                    break;
                }
                Err(_) => break,
            }
        }
        group
    }

    /// Brings a group to its end and answers everybody in it.
    async fn settle(&self, connection: &mut Option<Connection>, group: Vec<Pending>) {
        let (group, late): (Vec<_>, Vec<_>) = group
            .into_iter()
            .partition(|pending| Instant::now() <= pending.begin_before);
        late.into_iter().for_each(Pending::answer_late);
        if group.is_empty() {
            return;
        }
        match self.write(connection, &group).await {
            Ok(outcomes) => {
                for (pending, outcome) in group.into_iter().zip(outcomes) {
                    pending.answer(outcome);
                }
            }
            Err(GaveUp::EachAlone) => {
                self.metrics.written_alone.inc_by(group.len() as u64);
                for pending in group {
                    Box::pin(self.settle(connection, vec![pending])).await;
                }
            }
            Err(GaveUp::Refused(error)) => answer_all(group, &Arc::new(error), fault::refusal),
            Err(GaveUp::Unknown(error)) => answer_all(group, &Arc::new(error), fault::unknown),
        }
    }

    /// Tries a group until it is committed or its fault does not pass.
    async fn write(
        &self,
        connection: &mut Option<Connection>,
        group: &[Pending],
    ) -> Result<Vec<Outcome>, GaveUp> {
        let writes: Vec<&Write> = group.iter().map(|pending| &pending.write).collect();
        let give_up_at = Instant::now() + self.timeout;
        let mut connections = 1;
        let mut pause_ms = 1;
        loop {
            let error = match self.attempt(connection, &writes).await {
                Attempt::Committed(outcomes) => return Ok(outcomes),
                Attempt::Unknown(error) => return Err(GaveUp::Unknown(error)),
                Attempt::Failed(error) => error,
            };
            match fault::remedy(&error) {
                Remedy::Alone if group.len() > 1 => return Err(GaveUp::EachAlone),
                Remedy::Reconnect if connections < CONNECTIONS_PER_GROUP => connections += 1,
                Remedy::Repeat if Instant::now() < give_up_at => {
                    let jittered = Duration::from_micros(rand::rng().random_range(500..=pause_ms * 1000));
                    tokio::time::sleep(jittered).await;
                    pause_ms = (pause_ms * 2).min(PAUSE_MAX_MS);
                }
                _ => return Err(GaveUp::Refused(error)),
            }
            self.metrics.group_retries.inc();
        }
    }

    async fn attempt(&self, kept: &mut Option<Connection>, writes: &[&Write]) -> Attempt {
        let mut connection = match kept.take() {
            Some(connection) => connection,
            None => match self.connector.connect().await {
                Ok(connection) => connection,
                Err(error) => return Attempt::Failed(error),
            },
        };
        let written = in_time(self.timeout, async {
            connection.begin().await?;
            self.layout.write(&mut connection, writes).await
        });
        let outcomes = match written.await {
            Ok(outcomes) => outcomes,
            Err(error) => {
                self.roll_back(connection, &error, kept).await;
                return Attempt::Failed(error);
            }
        };
        match self.commit(&mut connection, writes.len()).await {
            Ok(()) => {
                *kept = Some(connection);
                Attempt::Committed(outcomes)
            }
            Err(error) if fault::surely_not_committed(&error) => Attempt::Failed(error),
            Err(error) => Attempt::Unknown(error),
        }
    }

    async fn commit(&self, connection: &mut Connection, writes: usize) -> sqlx::Result<()> {
        let timer = self.metrics.commit_duration_seconds.start_timer();
        in_time(self.timeout, connection.commit()).await?;
        timer.observe_duration();
        self.metrics.batch_size.observe(writes as f64);
        Ok(())
    }

    /// Keeps a connection that the database still answers on, and drops one that is lost.
    async fn roll_back(
        &self,
        mut connection: Connection,
        error: &sqlx::Error,
        kept: &mut Option<Connection>,
    ) {
        let usable = fault::remedy(error) != Remedy::Reconnect;
        if usable && in_time(self.timeout, connection.roll_back()).await.is_ok() {
            *kept = Some(connection);
        }
    }
}

/// Why a group has no outcomes of its own.
enum GaveUp {
    EachAlone,
    Refused(sqlx::Error),
    Unknown(sqlx::Error),
}

/// Tells everybody of one error.
fn answer_all(
    group: Vec<Pending>,
    error: &Arc<sqlx::Error>,
    outcome: impl Fn(Arc<sqlx::Error>, &'static str) -> JournalError,
) {
    for pending in group {
        let doing = pending.write.doing();
        let outcome = pending.errand.run_at_once(|| outcome(Arc::clone(error), doing));
        pending.answer(Err(outcome));
    }
}

impl Pending {
    /// Whoever went away meanwhile reads the outcome from the journal.
    fn answer(self, outcome: Outcome) {
        let _ = self.reply.send(outcome);
    }

    fn answer_late(self) {
        let doing = self.write.doing();
        self.answer(Err(too_slow(doing)));
    }
}

/// The answer when a write's turn did not come in time.
pub(super) fn too_slow(doing: &'static str) -> JournalError {
    JournalError::Unavailable {
        doing,
        source: "the writer is busy and the write's turn did not come in time".into(),
    }
}
