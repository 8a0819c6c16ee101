//! Gives everything away when the pod stops, and says afterwards where it went.

use std::collections::BTreeMap;
use std::sync::MutexGuard;

use futures::{StreamExt as _, stream};
use shared::api::refusal::Refusal;
use shared::identity::CashBoxId;
use shared::ownership::store::Owner;

use super::{Registry, Slot};
use crate::cashbox::error::CashboxError;
use crate::cashbox::handover::{HandoverOutcome, HandoverReason};
use crate::ownership::handover::HandoverTarget;

impl Registry {
    /// Starts nothing any more, and hands everything that runs to other pods, so many at a time and each once. What no
    /// pod takes is given back.
    pub async fn drain(&self, at_once: usize) {
        self.inner.draining.cancel();
        if !self.is_empty() {
            self.inner.parts.ownership.look_around().await;
        }
        loop {
            let slots: Vec<_> = self.slots().values().cloned().collect();
            if slots.is_empty() {
                return;
            }
            let departing = stream::iter(slots).for_each_concurrent(at_once, |slot| self.depart(slot));
            departing.await;
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
