//! Bounds how long and how often a TSE is asked, and settles what stayed unknown.
//!
//! ```text
//! try ── answered, rejected ─────────────────────▶ that is the answer
//!  ▲└── unreachable, unknown, out of time ── pause ┐
//!  └────────────── tries left ◀───────────────────┤
//!                  none left, maybe signed ──▶ trace: signed? the stored answer : outcome unknown
//! ```
//!
//! Repeating a step is safe because every repetition carries the same [`TransactionIdentity`]: a unit signs it
//! once. Before each try of a call that changes the TSE the claim must stand. The parts of an export have no identity, so they are repeated only when they surely did not happen.
//!
//! [`TransactionIdentity`]: crate::scu::types::TransactionIdentity

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use shared::trace::current;
use shared::trace::record::Kind;

use super::absent::Absent;
use super::metrics::{Metrics, Outcome};
use super::standing::Standing;
use super::types::{
    ExportChunk, ExportEnd, ExportScope, ExportSession, FinishTransaction, FinishedTransaction, Interrupted,
    SignedStep, StartTransaction, StartedTransaction, TransactionIdentity, TransactionTrace, TseInfo,
    TseState, UpdateTransaction, UpdatedTransaction,
};
use super::{Scu, ScuError};

/// How long and how often a TSE is asked (`fiscal-spec.md` 5.1, "Client policy").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// The longest time of one try (`scu-timeout-ms`, 15 s).
    pub one_try: Duration,
    /// How many tries there are, at least one (`scu-max-retries`, 3).
    pub tries: u32,
    /// How long to wait between two tries (2 s).
    pub pause: Duration,
}

impl Patience {
    /// How long one call may take in all.
    #[must_use]
    pub fn longest(&self) -> Duration {
        let tries = self.tries.max(1);
        self.one_try * tries + self.pause * (tries - 1)
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            one_try: Duration::from_secs(15),
            tries: 3,
            pause: Duration::from_secs(2),
        }
    }
}

/// What a call does to the TSE.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    Reads,
    Changes,
}

/// Whether a call may be repeated when nobody knows if it happened.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WhenUnknown {
    Repeat,
    Stop,
}

/// A unit that is asked with patience, and not longer.
#[derive(Debug)]
pub struct Deadline {
    unit: Arc<dyn Scu>,
    patience: Patience,
    metrics: Arc<Metrics>,
    /// None while nothing is asked that changes the TSE.
    standing: Option<Arc<Standing>>,
}

impl Deadline {
    /// Bounds the calls to `unit`.
    #[must_use]
    pub fn new(unit: Arc<dyn Scu>, patience: Patience, metrics: Arc<Metrics>) -> Self {
        Self {
            unit,
            patience,
            metrics,
            standing: None,
        }
    }

    /// In its place a unit to which there is no way: asked once, and counted where this one is.
    #[must_use]
    pub fn without_a_way(&self, absent: Absent) -> Self {
        let patience = Patience {
            tries: 1,
            ..self.patience
        };
        Self::new(Arc::new(absent), patience, Arc::clone(&self.metrics))
    }

    /// The same unit for one receipt, signed under a claim that has to stand.
    #[must_use]
    pub fn under(&self, standing: Arc<Standing>) -> Self {
        Self {
            unit: Arc::clone(&self.unit),
            patience: self.patience,
            metrics: Arc::clone(&self.metrics),
            standing: Some(standing),
        }
    }

    /// Asks until there is an answer, a rejection, or no try left. What changes the TSE is asked while the claim stands.
    async fn ask<T, F>(
        &self,
        kind: &'static str,
        effect: Effect,
        when_unknown: WhenUnknown,
        call: impl Fn() -> F,
    ) -> Result<T, ScuError>
    where
        F: Future<Output = Result<T, ScuError>>,
    {
        let mut unknown = None;
        for left in (0..self.patience.tries.max(1)).rev() {
            if effect == Effect::Changes
                && let Some(standing) = &self.standing
                && let Err(refusal) = standing.confirm().await
            {
                return Err(unknown.unwrap_or(refusal));
            }
            let error = match self.one_try(kind, call()).await {
                Ok(answer) => return Ok(answer),
                // After a try that may have signed, a rejection proves nothing about that try.
                Err(rejected @ ScuError::Rejected { .. }) => return Err(unknown.unwrap_or(rejected)),
                Err(error) => error,
            };
            let stop = error.may_have_signed() && when_unknown == WhenUnknown::Stop;
            if left == 0 || stop {
                return Err(unknown.unwrap_or(error));
            }
            tracing::warn!(kind, %error, tries_left = left, "the TSE did not answer; asking again");
            if error.may_have_signed() {
                unknown = Some(error);
            }
            tokio::time::sleep(self.patience.pause).await;
        }
        unreachable!("the last round of the loop returns")
    }

    async fn one_try<T>(
        &self,
        kind: &'static str,
        call: impl Future<Output = Result<T, ScuError>>,
    ) -> Result<T, ScuError> {
        let mut span = current::child("tse", Kind::Client);
        span.note("tse.call", kind);
        // The vendor learns nothing of our traces: its calls carry no context.
        let answer = tokio::time::timeout(self.patience.one_try, call).await;
        let answer = answer.unwrap_or_else(|_| {
            Err(ScuError::OutcomeUnknown {
                message: format!("the TSE did not answer within {:?}", self.patience.one_try),
            })
        });
        let outcome = match &answer {
            Ok(_) => Outcome::Answered,
            Err(ScuError::Rejected { .. }) => Outcome::Rejected,
            Err(ScuError::Unreachable { .. }) => Outcome::Unreachable,
            Err(ScuError::OutcomeUnknown { .. }) => Outcome::Unknown,
        };
        self.metrics.count(kind, outcome);
        span.note("tse.outcome", outcome.label());
        if outcome != Outcome::Answered {
            span.fail(outcome.label());
        }
        answer
    }

    /// After the last try: the answer that the TSE holds under the identity, if it did sign.
    async fn settle<T>(
        &self,
        identity: TransactionIdentity,
        answer: Result<T, ScuError>,
        signed: impl FnOnce(TransactionTrace) -> Option<T>,
    ) -> Result<T, ScuError> {
        match answer {
            Err(error) if error.may_have_signed() => {
                let trace = self.one_try("trace", self.unit.trace(identity)).await;
                trace.ok().and_then(signed).ok_or(error)
            }
            answer => answer,
        }
    }
}

#[async_trait]
impl Scu for Deadline {
    async fn start_transaction(&self, start: StartTransaction) -> Result<StartedTransaction, ScuError> {
        let identity = start.identity;
        let call = || self.unit.start_transaction(start.clone());
        let answer = self
            .ask("start", Effect::Changes, WhenUnknown::Repeat, call)
            .await;
        self.settle(identity, answer, |trace| trace.started).await
    }

    async fn update_transaction(&self, update: UpdateTransaction) -> Result<UpdatedTransaction, ScuError> {
        let identity = update.identity;
        let call = || self.unit.update_transaction(update.clone());
        let answer = self
            .ask("update", Effect::Changes, WhenUnknown::Repeat, call)
            .await;
        self.settle(identity, answer, |trace| trace.updated).await
    }

    async fn finish_transaction(&self, finish: FinishTransaction) -> Result<FinishedTransaction, ScuError> {
        let identity = finish.identity;
        let call = || self.unit.finish_transaction(finish.clone());
        let answer = self
            .ask("finish", Effect::Changes, WhenUnknown::Repeat, call)
            .await;
        self.settle(identity, answer, |trace| trace.finished).await
    }

    async fn trace(&self, identity: TransactionIdentity) -> Result<TransactionTrace, ScuError> {
        self.ask("trace", Effect::Reads, WhenUnknown::Repeat, || {
            self.unit.trace(identity)
        })
        .await
    }

    async fn last_steps(&self, client_id: &str, limit: usize) -> Result<Vec<SignedStep>, ScuError> {
        self.ask("last-steps", Effect::Reads, WhenUnknown::Repeat, || {
            self.unit.last_steps(client_id, limit)
        })
        .await
    }

    fn keeps_identities(&self) -> bool {
        self.unit.keeps_identities()
    }

    async fn recall(&self, interrupted: Interrupted) -> Result<Vec<SignedStep>, ScuError> {
        let call = || self.unit.recall(interrupted.clone());
        self.ask("recall", Effect::Reads, WhenUnknown::Repeat, call).await
    }

    async fn tse_info(&self) -> Result<TseInfo, ScuError> {
        self.ask("info", Effect::Reads, WhenUnknown::Repeat, || {
            self.unit.tse_info()
        })
        .await
    }

    async fn set_tse_state(&self, state: TseState) -> Result<TseState, ScuError> {
        self.ask("state", Effect::Changes, WhenUnknown::Repeat, || {
            self.unit.set_tse_state(state)
        })
        .await
    }

    async fn register_client(&self, client_id: &str) -> Result<Vec<String>, ScuError> {
        self.ask("client", Effect::Changes, WhenUnknown::Repeat, || {
            self.unit.register_client(client_id)
        })
        .await
    }

    async fn unregister_client(&self, client_id: &str) -> Result<Vec<String>, ScuError> {
        self.ask("client", Effect::Changes, WhenUnknown::Repeat, || {
            self.unit.unregister_client(client_id)
        })
        .await
    }

    async fn set_tse_time(&self) -> Result<(), ScuError> {
        self.ask("time", Effect::Changes, WhenUnknown::Repeat, || {
            self.unit.set_tse_time()
        })
        .await
    }

    async fn self_test(&self) -> Result<(), ScuError> {
        self.ask("self-test", Effect::Changes, WhenUnknown::Repeat, || {
            self.unit.self_test()
        })
        .await
    }

    async fn start_export(&self, scope: ExportScope) -> Result<ExportSession, ScuError> {
        self.ask("export", Effect::Reads, WhenUnknown::Stop, || {
            self.unit.start_export(scope.clone())
        })
        .await
    }

    async fn export_data(&self, token: &str, chunk_bytes_max: usize) -> Result<ExportChunk, ScuError> {
        self.ask("export", Effect::Reads, WhenUnknown::Stop, || {
            self.unit.export_data(token, chunk_bytes_max)
        })
        .await
    }

    async fn end_export(&self, token: &str, sha256_base64: &str, erase: bool) -> Result<ExportEnd, ScuError> {
        self.ask("export", Effect::Changes, WhenUnknown::Stop, || {
            self.unit.end_export(token, sha256_base64, erase)
        })
        .await
    }

    async fn echo(&self, message: &str) -> Result<String, ScuError> {
        self.ask("echo", Effect::Reads, WhenUnknown::Repeat, || {
            self.unit.echo(message)
        })
        .await
    }
}

#[cfg(test)]
mod tests;
