//! Questions about other pods: one at a time for each, and what shows that a process is gone is kept for a moment.
//!
//! When a pod dies, every cashbox it had is asked for at once, by requests that suspect it. That its process is gone
//! is the same for all of them: the first to ask learns it, the others wait for that and ask nothing. A pod that
//! lives is asked about each cashbox.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use shared::identity::{CashBoxId, Incarnation};
use shared::ownership::store::{OwnershipStore, StoreError};
use shared::placement::pod::PodRecord;
use tokio::time::Instant;

use super::peer::{Answer, Peers};

/// How long what was learned of a pod is believed: long enough for all who ask at once, and so short that a pod that
/// was only slow costs nobody more than this.
const BELIEVED_FOR: Duration = Duration::from_secs(1);

/// What is being learned of other pods.
#[derive(Debug, Default)]
pub(super) struct Inquiries {
    pods: Mutex<HashMap<Incarnation, Arc<tokio::sync::Mutex<Learned>>>>,
}

/// What was learned of a pod.
#[derive(Debug, Default)]
struct Learned {
    last: Option<(Instant, Lesson)>,
    buried_at: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
enum Lesson {
    /// The answer is the same whatever cashbox was meant.
    ForAll(Answer),
    /// It lives: each cashbox is a question of its own.
    Lives,
}

impl Lesson {
    fn of(answer: Answer) -> Self {
        match answer {
            Answer::Refused | Answer::OtherIncarnation | Answer::Unwilling { .. } | Answer::Silent => {
                Self::ForAll(answer)
            }
            Answer::Same { .. } => Self::Lives,
        }
    }
}

impl Learned {
    fn believed(&self) -> Option<Lesson> {
        let (at, lesson) = self.last?;
        (at.elapsed() < BELIEVED_FOR).then_some(lesson)
    }
}

impl Inquiries {
    /// Asks a pod whether it holds a cashbox, unless it is known that it cannot answer for any.
    pub(super) async fn ask(&self, peers: &dyn Peers, pod: &PodRecord, cashbox: CashBoxId) -> Answer {
        let inquiry = self.about(pod.id.incarnation);
        let mut learned = inquiry.lock().await;
        match learned.believed() {
            Some(Lesson::ForAll(answer)) => return answer,
            Some(Lesson::Lives) => drop(learned),
            None => {
                let answer = peers.ask(pod, cashbox).await;
                learned.last = Some((Instant::now(), Lesson::of(answer)));
                return answer;
            }
        }
        peers.ask(pod, cashbox).await
    }

    /// Removes a pod's record, unless that was just done.
    ///
    /// # Errors
    /// When the store does not answer.
    pub(super) async fn bury(
        &self,
        store: &dyn OwnershipStore,
        incarnation: Incarnation,
    ) -> Result<(), StoreError> {
        let inquiry = self.about(incarnation);
        let mut learned = inquiry.lock().await;
        if learned.buried_at.is_some_and(|at| at.elapsed() < BELIEVED_FOR) {
            return Ok(());
        }
        store.bury(incarnation).await?;
        learned.buried_at = Some(Instant::now());
        Ok(())
    }

    /// The inquiry about a pod. Those that nobody waits for and whose lesson is stale are forgotten on the way.
    fn about(&self, incarnation: Incarnation) -> Arc<tokio::sync::Mutex<Learned>> {
        let mut pods = self.pods.lock().unwrap_or_else(PoisonError::into_inner);
        if !pods.contains_key(&incarnation) {
            pods.retain(|_, inquiry| {
                let idle = inquiry.try_lock();
                idle.map_or(true, |learned| learned.believed().is_some())
            });
        }
        pods.entry(incarnation).or_default().clone()
    }
}
