//! Frees cashboxes that make no progress: F10 of `reliability.md`.
//!
//! ```text
//! every so often: any work silent for too long? ─▶ its task is cut off ─▶ mailbox closed, ownership given back
//!                                                ─▶ whoever waits is told to ask again ─▶ the slot is free
//! ```
//!
//! The instance that is left behind may still hold a tenure, and a task that blocks cannot be ended from outside.
//! That is safe: the next start claims the queue anew, here or in another pod, and from then on the journal fences
//! what the old instance writes. Until then what it commits is the truth, and the next start reads it.

use std::sync::MutexGuard;
use std::time::Duration;

use shared::api::refusal::Refusal;
use shared::identity::CashBoxId;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Registry;
use super::slot::Slot;
use crate::cashbox::handle::CashboxHandle;
use crate::cashbox::setbacks::Cause;
use crate::evidence;
use crate::journal::history::{ChangeKind, OwnershipChange};
use crate::ownership::tenure::Tenure;

/// How often it looks, as a part of the bound …
const LOOKS_PER_BOUND: u32 = 8;
/// … and at the least.
const LOOK_EVERY_MAX: Duration = Duration::from_secs(10);
/// Looks that may fail to happen before the pod counts as stalled.
const LOOKS_MISSED_MAX: u32 = 6;
/// Why a cashbox was released, in the history.
const BROKE_DOWN: &str = "broke down";
/// How long giving back the ownership of a freed cashbox may take; its lease and its epoch do not depend on it.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(10);

/// Whether a pod that answers questions also serves cashboxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vitality {
    /// It served a cashbox just now, or could have.
    Well,
    /// Several cashboxes were wedged, and none was served since.
    Stuck,
    /// The watchdog itself does not come to its turn: the pod's threads are blocked or starved.
    Stalled,
}

impl Registry {
    /// Looks after the cashboxes until it is told to stop; not only until the drain, which a wedged cashbox would
    /// hold up.
    pub async fn watch(&self, stop: CancellationToken) {
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep(self.look_every()) => {}
            }
            self.look_after();
        }
    }

    /// Whether this pod served a cashbox just now, or could have.
    #[must_use]
    pub fn vitality(&self) -> Vitality {
        let now = Instant::now();
        let looked_at = *self.looked_at();
        let missed = looked_at.map(|at| now.saturating_duration_since(at));
        if missed.is_some_and(|missed| missed > self.look_every() * LOOKS_MISSED_MAX) {
            return Vitality::Stalled;
        }
        match self.inner.setbacks.suspect_pod(now) {
            true => Vitality::Stuck,
            false => Vitality::Well,
        }
    }

    /// One look at every cashbox; frees those that are stuck.
    fn look_after(&self) {
        let bound = self.inner.parts.config.stuck_after;
        let stuck: Vec<_> = {
            let slots = self.slots();
            let stuck = |slot: &&Slot| slot.status().progress().is_stuck(bound);
            slots.values().filter(stuck).cloned().collect()
        };
        for slot in stuck {
            // Neither waits here: a look must not depend on what hangs.
            match slot {
                // Its own task gives back what it had and tells those who wait.
                Slot::Starting(flight) => flight.stuck.cancel(),
                Slot::Live(handle) => drop(tokio::spawn(self.clone().free(handle))),
            }
        }
        let stuck = i64::try_from(self.stuck()).unwrap_or(i64::MAX);
        self.inner.parts.metrics.stuck.set(stuck);
        *self.looked_at() = Some(Instant::now());
    }

    /// Frees a running cashbox from the instance that hangs.
    async fn free(self, handle: CashboxHandle) {
        let Some(abandoned) = handle.abandon() else {
            return;
        };
        let cashbox = handle.cashbox();
        self.broke_down(cashbox, Cause::Stuck, "serving");
        let farewell = handle.farewell(Refusal::Moving.into());
        self.give_back(cashbox, abandoned.tenure.as_ref()).await;
        self.remove(cashbox, handle.status());
        farewell.tell();
    }

    /// Gives back whatever an instance that ended badly had: the ownership of a claim, or a reservation.
    pub(super) async fn give_back(&self, cashbox: CashBoxId, tenure: Option<&Tenure>) {
        let (parts, ownership) = (&self.inner.parts, &self.inner.parts.ownership);
        let back = async {
            match tenure {
                Some(tenure) => {
                    let (kind, now) = (ChangeKind::Release, parts.clock.now());
                    evidence::release(tenure, BROKE_DOWN);
                    parts.note(OwnershipChange::ending(tenure, kind, BROKE_DOWN, now));
                    ownership.release(cashbox, tenure.epoch()).await;
                }
                None => ownership.release_reservation(cashbox).await,
            }
        };
        if tokio::time::timeout(RELEASE_TIMEOUT, back).await.is_err() {
            tracing::warn!(cashbox.id = %cashbox, "an abandoned cashbox is still on record as this pod's");
        }
    }

    /// How many cashboxes were freed in the last ten minutes and have not been served since.
    #[must_use]
    pub fn stuck(&self) -> usize {
        self.inner.setbacks.stuck(Instant::now())
    }

    fn look_every(&self) -> Duration {
        (self.inner.parts.config.stuck_after / LOOKS_PER_BOUND).min(LOOK_EVERY_MAX)
    }

    fn looked_at(&self) -> MutexGuard<'_, Option<Instant>> {
        self.inner
            .looked_at
            .lock()
            .expect("nothing panics while it holds this lock")
    }
}
