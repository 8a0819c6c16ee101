//! Gives everything away when the pod stops, and says afterwards where it went.

/// How many leave at the same time.
pub mod pace;

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::MutexGuard;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use shared::api::refusal::Refusal;
use shared::identity::CashBoxId;
use shared::ownership::store::Owner;

use super::Registry;
use super::slot::Slot;
use crate::cashbox::error::CashboxError;
use crate::cashbox::handover::{HandoverOutcome, HandoverReason};
use crate::ownership::handover::HandoverTarget;
use pace::{Pace, Progress};

/// How often the pace is looked at while nothing ends.
const LOOK: Duration = Duration::from_secs(1);
/// A cashbox that has worked on one receipt for so long gives its place among those that leave to another: it waits for
/// its TSE, or exports its log for minutes more, and leaves whenever it is done.
const LONG_WORK: Duration = Duration::from_millis(300);

impl Registry {
    /// Starts nothing any more, and hands everything that runs to other pods, each once. What no pod takes is given
    /// back.
    pub async fn drain(&self, pace: &Pace) {
        self.inner.draining.cancel();
        if !self.is_empty() {
            self.inner.parts.ownership.look_around().await;
        }
        let mut progress = Progress::begin();
        loop {
            let slots: Vec<_> = self.slots().values().cloned().collect();
            if slots.is_empty() {
                return;
            }
            self.see_out(slots, pace, &mut progress).await;
        }
    }

    /// Lets all of these leave, as many at a time as the pace asks for.
    async fn see_out(&self, mut waiting: Vec<Slot>, pace: &Pace, progress: &mut Progress) {
        let busy = AtomicUsize::new(0);
        let mut leaving = FuturesUnordered::new();
        loop {
            let moving = |leaving: usize| leaving - busy.load(Ordering::Relaxed);
            let at_once = pace.at_once(progress, waiting.len() + moving(leaving.len()));
            while moving(leaving.len()) < at_once
                && let Some(slot) = waiting.pop()
            {
                leaving.push(self.depart_when_done(slot, &busy));
            }
            if leaving.is_empty() {
                return;
            }
            let under_way = moving(leaving.len());
            let ended = tokio::time::timeout(LOOK, leaving.next()).await.is_ok();
            progress.pass(under_way, usize::from(ended));
        }
    }

    /// The same as [`Self::depart`]; while a long receipt is in its way, it is counted as busy.
    async fn depart_when_done(&self, slot: Slot, busy: &AtomicUsize) {
        let status = slot.status().clone();
        let mut departing = pin!(self.depart(slot));
        let mut is_busy = false;
        while tokio::time::timeout(LONG_WORK, &mut departing).await.is_err() {
            let works_long = status
                .progress()
                .working_for()
                .is_some_and(|time| time >= LONG_WORK);
            if works_long && !is_busy {
                is_busy = true;
                busy.fetch_add(1, Ordering::Relaxed);
            }
        }
        if is_busy {
            busy.fetch_sub(1, Ordering::Relaxed);
        }
    }

    async fn depart(&self, slot: Slot) {
        let Ok(handle) = slot.landed().await else {
            return;
        };
        let moving = self.hand_over_live(&handle, &HandoverTarget::Any, HandoverReason::Drain);
        if moving.await == HandoverOutcome::NoSuccessor {
            handle.ask_to_leave();
        }
        handle.ended().await;
    }

    /// While the pod drains, requests that come late are told where the cashbox went. As many are remembered as were
    /// hosted, until the pod ends.
    pub(super) fn note_departure(&self, cashbox: CashBoxId, to: Option<&Owner>) {
        if let Some(owner) = to.filter(|_| self.inner.draining.is_cancelled()) {
            self.departures().insert(cashbox, owner.clone());
        }
    }

    fn departures(&self) -> MutexGuard<'_, BTreeMap<CashBoxId, Owner>> {
        self.inner
            .departed
            .lock()
            .expect("nothing panics while it holds this lock")
    }

    /// What a pod that drains says of a cashbox that it has not: where it went, if it was here.
    pub(super) fn departed(&self, cashbox: CashBoxId) -> CashboxError {
        match self.departures().get(&cashbox) {
            Some(owner) => CashboxError::HeldByOther(Box::new(owner.clone())),
            None => {
                self.give_up_expecting(cashbox);
                Refusal::Draining.into()
            }
        }
    }

    /// A cashbox may have been handed here without being started: the pods that may take it now would otherwise be
    /// told that this one holds it, until it ends.
    fn give_up_expecting(&self, cashbox: CashBoxId) {
        let parts = self.inner.parts.clone();
        tokio::spawn(async move { parts.ownership.release_reservation(cashbox).await });
    }
}
