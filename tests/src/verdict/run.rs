//! What witnesses tell of a run.

use std::time::{Duration, Instant};

use shared::identity::{CashBoxId, OperationId, QueueId};

use super::dump::Dump;
use super::evidence::Line;
use crate::cluster::Owner;
use crate::faults::FaultLog;
use crate::history::Exchange;
use crate::history::journals::Journals;
use crate::simulator::Signature;

/// A second, and what may pass between the last look and the call on a busy machine.
const CONFIRMATION_GOOD_FOR: Duration = Duration::from_millis(1_500);

/// What may happen in a run, by the faults that it plans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// How long an answer may take, the way to and from the client included.
    pub deadline: Duration,
    /// How many requests may lose their connection.
    pub lost_connections_max: usize,
    /// How many requests may be refused for a while (503, 504).
    pub refusals_max: usize,
    /// How long after a newer claim a TSE call may still begin under an older epoch: none where only planned things
    /// happen, else the time for which a confirmation is good (`backend/src/scu/confirmed.rs`).
    pub stale_tse_window: Duration,
    /// How often the journal may refuse a superseded pod: never where pods give cashboxes away in good order.
    pub fenced_max: usize,
    /// How many signatures may belong to no receipt, all of them journaled.
    pub orphans_max: usize,
    /// How soon each cashbox serves again after the last fault.
    pub heal_within: Duration,
    /// Statuses that this run's clients may see besides the published ones: 421 where they ask pods directly.
    pub also_published: Vec<u16>,
}

impl Terms {
    /// Planned operations alone: drains, restarts, moves, scaling. Nobody notices, and no pod ever works in vain.
    #[must_use]
    pub fn planned() -> Self {
        Self {
            fenced_max: 0,
            ..Self::unnoticed()
        }
    }

    /// Crashes of pods as well: nobody notices more than a wait.
    #[must_use]
    pub fn unnoticed() -> Self {
        Self {
            deadline: Duration::from_secs(65),
            lost_connections_max: 0,
            refusals_max: 0,
            stale_tse_window: Duration::ZERO,
            fenced_max: usize::MAX,
            orphans_max: 0,
            heal_within: Duration::from_secs(30),
            also_published: Vec::new(),
        }
    }

    /// Faults of servers and networks: clear refusals and lost connections, but no broken chain.
    #[must_use]
    pub fn noticed() -> Self {
        Self {
            lost_connections_max: usize::MAX,
            refusals_max: usize::MAX,
            orphans_max: usize::MAX,
            stale_tse_window: CONFIRMATION_GOOD_FOR,
            ..Self::unnoticed()
        }
    }
}

/// A whole run.
#[derive(Debug, Clone)]
pub struct Run {
    /// What was allowed.
    pub terms: Terms,
    /// What was planned, and happened.
    pub faults: FaultLog,
    /// Each cashbox's part.
    pub cashboxes: Vec<CashboxRun>,
    /// How many requests wait in each proxy after the run.
    pub waiting: Vec<(String, u64)>,
}

/// One cashbox's part of a run.
#[derive(Debug, Clone)]
pub struct CashboxRun {
    /// Which.
    pub cashbox: CashBoxId,
    /// Its queue.
    pub queue: QueueId,
    /// What its clients asked during the run.
    pub asked: Vec<Exchange>,
    /// What was asked again afterwards, to learn of unknown outcomes.
    pub asked_again: Vec<Exchange>,
    /// The database after the run, before anything was asked again.
    pub before: Dump,
    /// The database at the very end.
    pub after: Dump,
    /// The journals as they are exported, at the very end.
    pub exported: Journals,
    /// Resets that were answered well.
    pub resets: Vec<Reset>,
    /// What pods wrote of it, in order of time.
    pub evidence: Vec<Line>,
    /// What its TSE signed, in order.
    pub signatures: Vec<Signature>,
    /// Whether it serves after the last fault.
    pub probe: Probe,
}

impl CashboxRun {
    /// Everything that was asked, during the run and after.
    #[must_use]
    pub fn everything_asked(&self) -> Vec<Exchange> {
        [&self.asked[..], &self.asked_again[..]].concat()
    }

    /// The operations whose clients never got an answer that says what became of them, in the order of asking.
    #[must_use]
    pub fn unknown(&self) -> Vec<OperationId> {
        unknown(&self.asked)
    }
}

/// The operations for which no exchange tells what became of them.
#[must_use]
pub fn unknown(asked: &[Exchange]) -> Vec<OperationId> {
    let told = |operation| {
        asked
            .iter()
            .any(|exchange: &Exchange| exchange.operation == operation && exchange.is_definite())
    };
    let mut unknown = Vec::new();
    for exchange in asked {
        if !unknown.contains(&exchange.operation) && !told(exchange.operation) {
            unknown.push(exchange.operation);
        }
    }
    unknown
}

/// A reset that was answered well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reset {
    /// The time stamp of the configuration that was published before it was asked for.
    pub version: i64,
    /// When it was answered.
    pub answered_at: Instant,
}

/// Whether a cashbox serves after the last fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// How long it took until a receipt was signed; none when it was not within the time that was waited.
    pub served_after: Option<Duration>,
    /// Every pod that says it holds the cashbox.
    pub owners: Vec<Owner>,
}
