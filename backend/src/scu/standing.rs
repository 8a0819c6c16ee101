//! The intent is fenced too: before a call that changes the TSE, the claim is confirmed again when more than a second
//! has passed since it was confirmed last (design.md, chapter 4).
//!
//! ```text
//! intent committed ─▶ call within a second ─▶ TSE
//!            └ later: a slow commit, a pod that was stopped, the second call after a slow first, a repetition
//!              ─▶ confirm ─ newest ─▶ TSE
//!                         └ not ────▶ not asked, refusal kept
//! ```
//!
//! A repetition is a call of its own: the try before it may have been lost on the way, and then it signs something new.
//! For the unit's user a refusal looks like one of the TSE; whoever holds the cashbox asks [`Standing::take_refusal`]
//! before it makes anything of the answer permanent.
//!
//! [`Standing::take_refusal`]: crate::scu::standing::Standing::take_refusal

use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::ScuError;
use crate::evidence;
use crate::journal::{JournalError, JournalStore};
use crate::ownership::tenure::Tenure;

/// How long a confirmation is good for; by the monotonic clock.
const GOOD_FOR: Duration = Duration::from_secs(1);
/// How often the claim is confirmed before one call. A pod that was stopped while it waited for the answer holds one that
/// is old already; a journal that never answers within [`GOOD_FOR`] is as good as away.
const CONFIRMED_AT_MOST: usize = 3;

/// Whether the claim under which a receipt is signed is the newest: known, or asked.
#[derive(Debug)]
pub struct Standing {
    journal: Arc<dyn JournalStore>,
    tenure: Tenure,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    /// By the monotonic clock; none before the first confirmation.
    confirmed_at: Option<Instant>,
    refusal: Option<JournalError>,
}

impl Standing {
    /// Of `tenure`, which `journal` granted and last confirmed at `confirmed_at`: the moment **before** the intent's
    /// commit was sent. None: the first call confirms it.
    #[must_use]
    pub fn new(journal: Arc<dyn JournalStore>, tenure: Tenure, confirmed_at: Option<Instant>) -> Self {
        let known = Mutex::new(Known {
            confirmed_at,
            refusal: None,
        });
        Self {
            journal,
            tenure,
            known,
        }
    }

    /// The claim.
    #[must_use]
    pub fn tenure(&self) -> &Tenure {
        &self.tenure
    }

    /// Why a call was held back since the last time this was asked: the claim is not the newest any more, or nobody
    /// could say. The caller must not answer or append what came of it.
    #[must_use]
    pub fn take_refusal(&self) -> Option<JournalError> {
        self.known().refusal.take()
    }

    /// Confirms the claim unless that was done just now. What counts is when the journal was asked: the answer may have
    /// lain there for long before it was read.
    ///
    /// # Errors
    /// What the TSE would say if it were away or refused; the journal's own word is kept for [`Self::take_refusal`].
    pub async fn confirm(&self) -> Result<(), ScuError> {
        for _ in 0..CONFIRMED_AT_MOST {
            if self.is_confirmed() {
                return Ok(());
            }
            let asked_at = Instant::now();
            if let Err(refusal) = self.journal.confirm(&self.tenure).await {
                return Err(self.refused(refusal));
            }
            let mut known = self.known();
            known.confirmed_at = Some(asked_at);
            known.refusal = None;
        }
        match self.is_confirmed() {
            true => Ok(()),
            false => Err(self.refused(JournalError::Unavailable {
                doing: "confirming the claim",
                source: format!("it took more than {GOOD_FOR:?} each of {CONFIRMED_AT_MOST} times").into(),
            })),
        }
    }

    fn is_confirmed(&self) -> bool {
        let confirmed_at = self.known().confirmed_at;
        confirmed_at.is_some_and(|at| at.elapsed() <= GOOD_FOR)
    }

    /// Keeps why the TSE is not asked, and says it as the TSE would.
    fn refused(&self, refusal: JournalError) -> ScuError {
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
        error
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::history::ClaimReason;
    use crate::journal::in_memory::InMemoryJournal;
    use crate::scu::Scu as _;
    use crate::scu::confirmed::Confirmed;
    use crate::scu::deadline::{Deadline, Patience};
    use crate::scu::metrics::Metrics;
    use crate::scu::simulator::script::{Effect, OperationKind, Rule};
    use crate::scu::simulator::{Config, Simulators, Traits};
    use crate::scu::types::{StartTransaction, TransactionIdentity, TransactionTrace};
    use shared::clock::{MachineClock, Ticks};
    use shared::figures::Figures;
    use shared::identity::pod::PodId;
    use shared::identity::{CashBoxId, Incarnation, QueueId, QueueItemId, ScuId};

    fn pod(name: &str) -> PodId {
        PodId {
            name: name.parse().unwrap(),
            incarnation: Incarnation::random(),
        }
    }

    /// A pod that signs, on a journal where another one can claim.
    struct Pod {
        unit: Confirmed,
        standing: Arc<Standing>,
        simulators: Simulators,
        journal: InMemoryJournal,
    }

    /// A pod whose claim was confirmed a while ago.
    async fn signing(confirmed_before: Duration) -> Pod {
        let journal = InMemoryJournal::default();
        let tenure = claim(&journal, "one").await;
        let simulators = Simulators::new(Config::default(), Arc::new(MachineClock::default())).unwrap();
        let simulator = simulators.open(ScuId::from_u128(1), Traits::default());
        simulator.register_client("K").await.unwrap();
        let at = Instant::now().checked_sub(confirmed_before);
        let standing = Arc::new(Standing::new(Arc::new(journal.clone()), tenure, at));
        let metrics = Arc::new(Metrics::register(&Figures::default()));
        let unit = Deadline::new(Arc::new(simulator), Patience::default(), metrics);
        let unit = Confirmed::new(Arc::new(unit.under(standing.clone())), standing.clone());
        Pod {
            unit,
            standing,
            simulators,
            journal,
        }
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
        let pod = signing(GOOD_FOR * 2).await;
        claim(&pod.journal, "other").await;
        let error = pod.unit.start_transaction(start()).await.unwrap_err();
        assert!(!error.may_have_signed());
        assert!(matches!(
            pod.standing.take_refusal(),
            Some(JournalError::Fenced { .. })
        ));
        assert!(pod.standing.take_refusal().is_none());
        assert_eq!(
            pod.unit.trace(identity()).await.unwrap(),
            TransactionTrace::default()
        );
    }

    #[tokio::test]
    async fn the_newest_claim_is_confirmed_and_goes_on() {
        let pod = signing(GOOD_FOR * 2).await;
        let before = Instant::now();
        pod.unit.start_transaction(start()).await.unwrap();
        assert!(pod.standing.take_refusal().is_none());
        assert!(pod.standing.known().confirmed_at.unwrap() >= before);
    }

    /// The first try is lost on the way, and the pause before the next one is long enough for another pod.
    #[tokio::test(start_paused = true)]
    async fn a_superseded_pod_does_not_repeat_a_call_that_never_arrived() {
        let pod = signing(Duration::ZERO).await;
        pod.simulators.script(ScuId::from_u128(1)).push(Rule {
            operation: OperationKind::Start,
            effect: Effect::Unreachable,
            delay_ms: 0,
            times: Some(1),
        });
        let (answer, _) = tokio::join!(pod.unit.start_transaction(start()), async {
            tokio::time::sleep(GOOD_FOR).await;
            claim(&pod.journal, "other").await
        });
        assert!(!answer.unwrap_err().may_have_signed());
        assert!(matches!(
            pod.standing.take_refusal(),
            Some(JournalError::Fenced { .. })
        ));
        assert_eq!(
            pod.unit.trace(identity()).await.unwrap(),
            TransactionTrace::default()
        );
    }
}
