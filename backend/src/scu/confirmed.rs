//! The intent is fenced too: before a call that changes the TSE, the claim is confirmed again when more than a second
//! has passed since it was confirmed last (design.md, chapter 4).
//!
//! ```text
//! intent committed ─▶ call within a second ─▶ TSE
//!            └ later: a slow commit, a pod that was stopped, the second call after a slow first
//!              ─▶ confirm ─ newest ─▶ TSE
//!                         └ not ────▶ not asked, refusal kept
//! ```
//!
//! One for each receipt, above the [`Deadline`]: repetitions of a step carry its identity and sign nothing new. For the unit's user a refusal looks like one of the TSE; whoever holds the cashbox asks
//! [`Confirmed::take_refusal`] before it makes anything of the answer permanent.
//!
//! [`Deadline`]: crate::scu::deadline::Deadline
//! [`Confirmed::take_refusal`]: crate::scu::confirmed::Confirmed::take_refusal

use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use shared::sabotage;
use tokio::time::Instant;

use super::types::{
    ExportChunk, ExportEnd, ExportScope, ExportSession, FinishTransaction, FinishedTransaction, SignedStep,
    StartTransaction, StartedTransaction, TransactionIdentity, TransactionTrace, TseInfo, TseState,
    UpdateTransaction, UpdatedTransaction,
};
use super::{Scu, ScuError};
use crate::evidence;
use crate::journal::{JournalError, JournalStore};
use crate::ownership::tenure::Tenure;

/// How long a confirmation is good for; by the monotonic clock.
const GOOD_FOR: Duration = Duration::from_secs(1);

/// A unit that is asked under a claim.
#[derive(Debug)]
pub struct Confirmed {
    unit: Arc<dyn Scu>,
    journal: Arc<dyn JournalStore>,
    tenure: Tenure,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    /// By the monotonic clock; none before the first confirmation.
    confirmed_at: Option<Instant>,
    refusal: Option<JournalError>,
    /// Whether a call was sent of which nobody knows whether it was signed.
    unanswered: bool,
}

impl Confirmed {
    /// Asks `unit` under `tenure`, which `journal` granted and last confirmed at `confirmed_at`: the moment **before**
    /// the intent's commit was sent. None: the first call confirms it.
    #[must_use]
    pub fn new(
        unit: Arc<dyn Scu>,
        journal: Arc<dyn JournalStore>,
        tenure: Tenure,
        confirmed_at: Option<Instant>,
    ) -> Self {
        let known = Known {
            confirmed_at,
            refusal: None,
            unanswered: false,
        };
        Self {
            unit,
            journal,
            tenure,
            known: Mutex::new(known),
        }
    }

    /// Why a call was held back since the last time this was asked: the claim is not the newest any more, or nobody
    /// could say. The caller must not answer or append what came of it.
    #[must_use]
    pub fn take_refusal(&self) -> Option<JournalError> {
        self.known().refusal.take()
    }

    /// Whether a call may have been signed, or may still be, although no answer came.
    #[must_use]
    pub fn is_unanswered(&self) -> bool {
        self.known().unanswered
    }

    fn noted<T>(&self, answer: Result<T, ScuError>) -> Result<T, ScuError> {
        if answer.as_ref().is_err_and(ScuError::may_have_signed) {
            self.known().unanswered = true;
        }
        answer
    }

    /// Confirms the claim unless that was done just now.
    async fn confirm(&self) -> Result<(), ScuError> {
        let asked_at = Instant::now();
        let is_good = |at: Instant| asked_at.saturating_duration_since(at) <= GOOD_FOR;
        if self.known().confirmed_at.is_some_and(is_good) {
            return Ok(());
        }
        match self.journal.confirm(&self.tenure).await {
            Ok(()) => {
                let mut known = self.known();
                known.confirmed_at = Some(asked_at);
                known.refusal = None;
                Ok(())
            }
            Err(refusal) => {
                if let JournalError::Fenced { .. } = refusal {
                    evidence::fenced(&self.tenure, "confirm");
                }
                let message = format!("the TSE was not asked: {refusal}");
                let error = match refusal.may_retry() {
                    true => ScuError::Unreachable { message },
                    // Another try cannot help, and none is made after a rejection.
                    false => ScuError::Rejected { message },
                };
                self.known().refusal = Some(refusal);
                Err(error)
            }
        }
    }

    /// Asks for a signature under the confirmed claim.
    async fn signed<T>(
        &self,
        call: &'static str,
        identity: TransactionIdentity,
        ask: impl Future<Output = Result<T, ScuError>>,
    ) -> Result<T, ScuError> {
        let cashbox = self.tenure.cashbox();
        // Before the claim is confirmed, so that what happens here is what the confirmation is for.
        sabotage::point("before-tse", cashbox).await;
        self.confirm().await?;
        evidence::tse_start(&self.tenure, call, identity);
        let signature = self.noted(ask.await)?;
        evidence::tse_ok(&self.tenure, call, identity);
        sabotage::point("after-tse", cashbox).await;
        Ok(signature)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Scu for Confirmed {
    async fn start_transaction(&self, start: StartTransaction) -> Result<StartedTransaction, ScuError> {
        let identity = start.identity;
        self.signed("start", identity, self.unit.start_transaction(start))
            .await
    }

    async fn update_transaction(&self, update: UpdateTransaction) -> Result<UpdatedTransaction, ScuError> {
        let identity = update.identity;
        self.signed("update", identity, self.unit.update_transaction(update))
            .await
    }

    async fn finish_transaction(&self, finish: FinishTransaction) -> Result<FinishedTransaction, ScuError> {
        let identity = finish.identity;
        self.signed("finish", identity, self.unit.finish_transaction(finish))
            .await
    }

    async fn trace(&self, identity: TransactionIdentity) -> Result<TransactionTrace, ScuError> {
        self.unit.trace(identity).await
    }

    async fn last_steps(&self, client_id: &str, limit: usize) -> Result<Vec<SignedStep>, ScuError> {
        self.unit.last_steps(client_id, limit).await
    }

    async fn tse_info(&self) -> Result<TseInfo, ScuError> {
        self.unit.tse_info().await
    }

    async fn set_tse_state(&self, state: TseState) -> Result<TseState, ScuError> {
        self.confirm().await?;
        self.unit.set_tse_state(state).await
    }

    async fn register_client(&self, client_id: &str) -> Result<Vec<String>, ScuError> {
        self.confirm().await?;
        self.unit.register_client(client_id).await
    }

    async fn unregister_client(&self, client_id: &str) -> Result<Vec<String>, ScuError> {
        self.confirm().await?;
        self.unit.unregister_client(client_id).await
    }

    async fn set_tse_time(&self) -> Result<(), ScuError> {
        self.confirm().await?;
        self.unit.set_tse_time().await
    }

    async fn self_test(&self) -> Result<(), ScuError> {
        self.confirm().await?;
        self.unit.self_test().await
    }

    async fn start_export(&self, scope: ExportScope) -> Result<ExportSession, ScuError> {
        self.unit.start_export(scope).await
    }

    async fn export_data(&self, token: &str, chunk_bytes_max: usize) -> Result<ExportChunk, ScuError> {
        self.unit.export_data(token, chunk_bytes_max).await
    }

    async fn end_export(&self, token: &str, sha256_base64: &str, erase: bool) -> Result<ExportEnd, ScuError> {
        // It may erase what is known nowhere else.
        self.confirm().await?;
        self.unit.end_export(token, sha256_base64, erase).await
    }

    async fn echo(&self, message: &str) -> Result<String, ScuError> {
        self.unit.echo(message).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::history::ClaimReason;
    use crate::journal::in_memory::InMemoryJournal;
    use crate::scu::simulator::{Config, Simulators, Traits};
    use shared::clock::{MachineClock, Ticks};
    use shared::identity::pod::PodId;
    use shared::identity::{CashBoxId, Incarnation, QueueId, QueueItemId, ScuId};

    fn pod(name: &str) -> PodId {
        PodId {
            name: name.parse().unwrap(),
            incarnation: Incarnation::random(),
        }
    }

    /// A unit whose claim was confirmed a while ago, on a journal where another pod can claim.
    async fn unit(confirmed_before: Duration) -> (Confirmed, InMemoryJournal) {
        let journal = InMemoryJournal::default();
        let tenure = claim(&journal, "one").await;
        let simulators = Simulators::new(Config::default(), Arc::new(MachineClock::default())).unwrap();
        let simulator = simulators.open(ScuId::from_u128(1), Traits::default());
        simulator.register_client("K").await.unwrap();
        let at = Instant::now().checked_sub(confirmed_before);
        let confirmed = Confirmed::new(Arc::new(simulator), Arc::new(journal.clone()), tenure, at);
        (confirmed, journal)
    }

    async fn claim(journal: &InMemoryJournal, name: &str) -> Tenure {
        let (queue, cashbox) = (QueueId::from_u128(1), CashBoxId::from_u128(1));
        let (pod, reason) = (pod(name), ClaimReason::Reserved);
        let claim = journal.claim(queue, cashbox, &pod, reason, Ticks(1));
        claim.await.unwrap().tenure
    }

    fn start() -> StartTransaction {
        StartTransaction {
            identity: identity(),
            client_id: "K".to_owned(),
            is_retry: false,
        }
    }

    fn identity() -> TransactionIdentity {
        TransactionIdentity {
            item: QueueItemId::from_u128(1),
            step: 0,
        }
    }

    #[tokio::test]
    async fn a_superseded_pod_does_not_reach_the_tse_once_its_confirmation_is_old() {
        let (unit, journal) = unit(GOOD_FOR * 2).await;
        claim(&journal, "other").await;
        let error = unit.start_transaction(start()).await.unwrap_err();
        assert!(!error.may_have_signed());
        assert!(matches!(unit.take_refusal(), Some(JournalError::Fenced { .. })));
        assert!(unit.take_refusal().is_none());
        assert_eq!(unit.trace(identity()).await.unwrap(), TransactionTrace::default());
    }

    #[tokio::test]
    async fn the_newest_claim_is_confirmed_and_goes_on() {
        let (unit, _journal) = unit(GOOD_FOR * 2).await;
        let before = Instant::now();
        unit.start_transaction(start()).await.unwrap();
        assert!(unit.take_refusal().is_none());
        assert!(unit.known().confirmed_at.unwrap() >= before);
    }
}
