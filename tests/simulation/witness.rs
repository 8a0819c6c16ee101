//! Sees everything that happens, and says at once what must not happen.
//!
//! It knows nothing of the system but what passes by: claims and writes as the journal took them, signatures as the
//! TSEs made them, questions and answers as clients saw them. The rules are the invariants of the README.

/// The chain rule, once more.
mod chain;
/// What clients were told.
mod clients;
/// What the journal took.
mod journal;
/// What TSEs signed.
mod signatures;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use shared::identity::{CashBoxId, Epoch, OperationId, QueueId, QueueItemId, ScuId};

use crate::cashbox::Cashbox;
use clients::Operation;

/// One start of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Who {
    /// Its place.
    pub slot: usize,
    /// The how-manieth start.
    pub start: u32,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pod-{}.{}", self.slot, self.start)
    }
}

/// What was seen of one queue.
#[derive(Debug, Default)]
struct Seen {
    name: String,
    newest: Epoch,
    claimed_by: BTreeMap<Epoch, Who>,
    /// Each pod's own newest epoch.
    epochs: BTreeMap<Who, Epoch>,
    /// When the journal last told a pod that its epoch is the newest.
    confirmed_ms: BTreeMap<Who, u64>,
    begun: BTreeMap<QueueItemId, OperationId>,
    ended: BTreeSet<QueueItemId>,
    receipts: BTreeMap<OperationId, Receipt>,
    last_number: i64,
    last_hash: Option<String>,
}

/// A receipt as the journal took it.
#[derive(Debug, Clone)]
struct Receipt {
    number: i64,
    response: String,
}

/// Sees everything.
#[derive(Debug, Default)]
pub struct Witness {
    queues: BTreeMap<QueueId, Seen>,
    queue_of: BTreeMap<CashBoxId, QueueId>,
    queue_of_scu: BTreeMap<ScuId, QueueId>,
    operations: BTreeMap<(CashBoxId, OperationId), Operation>,
    /// Per cashbox, the highest number that a client was told.
    acknowledged: BTreeMap<CashBoxId, i64>,
    violations: Vec<String>,
    trace: Option<Vec<String>>,
    /// What was counted, by name.
    pub counts: BTreeMap<&'static str, u64>,
}

impl Witness {
    /// A witness of these cashboxes; `traced` when every event is to be written down.
    pub fn new(cashboxes: &[Cashbox], traced: bool) -> Self {
        let named = |(at, cashbox): (usize, &Cashbox)| {
            let name = format!("box-{at}");
            (
                cashbox.queue,
                Seen {
                    name,
                    ..Seen::default()
                },
            )
        };
        Self {
            queues: cashboxes.iter().enumerate().map(named).collect(),
            queue_of: cashboxes
                .iter()
                .map(|cashbox| (cashbox.id, cashbox.queue))
                .collect(),
            queue_of_scu: cashboxes
                .iter()
                .map(|cashbox| (cashbox.scu, cashbox.queue))
                .collect(),
            trace: traced.then(Vec::new),
            ..Self::default()
        }
    }

    /// Writes an event down, if events are written down.
    pub fn note(&mut self, now_ms: u64, line: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{:>7} {}", now_ms, line()));
        }
    }

    /// Counts an event.
    pub fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// Something happened that must not.
    pub fn violation(&mut self, now_ms: u64, what: String) {
        self.note(now_ms, || format!("VIOLATION {what}"));
        self.violations.push(format!("at {now_ms} ms: {what}"));
    }

    /// Everything that must not have happened.
    pub fn violations(&self) -> &[String] {
        &self.violations
    }

    /// Every event that was written down.
    pub fn trace(&self) -> &[String] {
        self.trace.as_deref().unwrap_or_default()
    }

    /// The newest epoch of a cashbox.
    pub fn newest(&self, cashbox: CashBoxId) -> Epoch {
        self.queues[&self.queue_of[&cashbox]].newest
    }

    /// How often a cashbox was claimed.
    pub fn claims(&self, cashbox: CashBoxId) -> usize {
        self.queues[&self.queue_of[&cashbox]].claimed_by.len()
    }

    fn seen(&mut self, queue: QueueId) -> &mut Seen {
        self.queues
            .get_mut(&queue)
            .expect("every queue is known from the start")
    }

    /// What must hold at the end, when everything has healed and every cashbox has served once more.
    pub fn judge_end(&mut self, now_ms: u64) {
        let open: Vec<_> = self
            .queues
            .values()
            .filter(|seen| seen.begun.len() != seen.ended.len())
            .map(|seen| {
                format!(
                    "{} has {} requests without an outcome",
                    seen.name,
                    seen.begun.len() - seen.ended.len()
                )
            })
            .collect();
        for violation in open {
            self.violation(now_ms, violation);
        }
    }
}
