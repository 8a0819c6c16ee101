//! The record in this process: for a pod that runs alone, and for tests.
//!
//! Leases run by the runtime's monotonic clock, so a test that pauses tokio's time moves them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::broadcast;
use tokio::time::Instant;

use super::first_renewals::FirstRenewals;
use super::store::{
    Confirmation, EVENTS_KEPT, Era, Owner, OwnershipEvent, OwnershipStore, Passage, Reservation, StoreError,
};
use super::transition::{BoxRecord, Step};
use crate::identity::{CashBoxId, Epoch, Incarnation};
use crate::placement::pod::PodRecord;

/// Ownership and membership in this process's memory.
#[derive(Debug)]
pub struct InMemoryStore {
    state: Mutex<State>,
    first_renewals: FirstRenewals,
    events: broadcast::Sender<OwnershipEvent>,
}

#[derive(Debug, Default)]
struct State {
    /// Pods by incarnation, with the moment their lease ends. Stays when the lease ends, until it is buried: the
    /// next pod asks it before it takes a cashbox over.
    pods: HashMap<Incarnation, (PodRecord, Instant)>,
    boxes: HashMap<CashBoxId, BoxRecord>,
    /// How often it was emptied: its era is made of it.
    losses: u64,
    /// Whether a pod has written its record in this era.
    began: bool,
}

impl Default for InMemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl InMemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: Mutex::default(),
            first_renewals: FirstRenewals::default(),
            events: broadcast::Sender::new(EVENTS_KEPT),
        }
    }

    /// Forgets everything, as a Redis does that was restarted without persistence.
    pub fn empty(&self) {
        let mut state = self.lock();
        state.pods.clear();
        state.boxes.clear();
        state.losses += 1;
        state.began = false;
        self.announce(OwnershipEvent::Gap);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No step panics half way through a change, so the state behind a poisoned lock is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn announce(&self, event: OwnershipEvent) {
        // Nobody listening is no fault: events are a convenience.
        let _ = self.events.send(event);
    }
}

impl State {
    fn era(&self) -> Era {
        Era(self.losses)
    }

    fn live(&self, incarnation: Incarnation) -> Option<&PodRecord> {
        let (pod, until) = self.pods.get(&incarnation)?;
        (*until > Instant::now()).then_some(pod)
    }

    fn owner(&self, record: BoxRecord) -> Option<Owner> {
        let pod = self.live(record.holder?)?.clone();
        Some(Owner {
            pod,
            epoch: record.epoch,
        })
    }

    fn before(&self, record: BoxRecord, by: Incarnation) -> Option<Owner> {
        let (pod, _) = self.pods.get(&record.confirmed_before(by)?)?;
        Some(Owner {
            pod: pod.clone(),
            epoch: record.epoch,
        })
    }

    fn box_record(&self, cashbox: CashBoxId) -> BoxRecord {
        self.boxes.get(&cashbox).copied().unwrap_or_default()
    }
}

#[async_trait]
impl OwnershipStore for InMemoryStore {
    async fn renew(&self, pod: &PodRecord, lease: Duration) -> Result<bool, StoreError> {
        let mut state = self.lock();
        let incarnation = pod.id.incarnation;
        let lived = state.live(incarnation).cloned();
        state.began = true;
        state
            .pods
            .insert(incarnation, (pod.clone(), Instant::now() + lease));
        let first = self.first_renewals.is_first(incarnation);
        if lived
            .as_ref()
            .is_none_or(|before| before.differs_in_more_than_load(pod))
        {
            self.announce(OwnershipEvent::PodsChanged);
        }
        Ok(lived.is_some() || first)
    }

    async fn bury(&self, incarnation: Incarnation) -> Result<(), StoreError> {
        if self.lock().pods.remove(&incarnation).is_some() {
            self.announce(OwnershipEvent::PodsChanged);
        }
        Ok(())
    }

    async fn era(&self) -> Result<Option<Era>, StoreError> {
        let state = self.lock();
        Ok(state.began.then(|| state.era()))
    }

    async fn pods(&self) -> Result<Vec<PodRecord>, StoreError> {
        let state = self.lock();
        let now = Instant::now();
        let live = state.pods.values().filter(|(_, until)| *until > now);
        let mut pods: Vec<_> = live.map(|(pod, _)| pod.clone()).collect();
        pods.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(pods)
    }

    async fn owner(&self, cashbox: CashBoxId) -> Result<Option<Owner>, StoreError> {
        let state = self.lock();
        Ok(state.owner(state.box_record(cashbox)))
    }

    async fn reserve(&self, cashbox: CashBoxId, by: Incarnation) -> Result<Reservation, StoreError> {
        let mut state = self.lock();
        if state.live(by).is_none() {
            return Ok(Reservation::AskerUnknown);
        }
        let record = state.box_record(cashbox);
        let owner = state.owner(record);
        match (record.reserve(by, owner.is_some()), owner) {
            (Step::Write(record), _) => {
                state.boxes.insert(cashbox, record);
                let before = state.before(record, by);
                let era = state.era();
                Ok(Reservation::Reserved {
                    before,
                    abandoned: record.confirmed_before(by).is_some(),
                    era,
                })
            }
            (Step::Keep, Some(owner)) => Ok(Reservation::HeldBy(owner)),
            (Step::Keep, None) => unreachable!("a reservation is refused only for a live holder"),
        }
    }

    async fn confirm(
        &self,
        cashbox: CashBoxId,
        by: Incarnation,
        epoch: Epoch,
    ) -> Result<Confirmation, StoreError> {
        let mut state = self.lock();
        let record = state.box_record(cashbox);
        let Step::Write(record) = record.confirm(by, epoch) else {
            return Ok(Confirmation::Superseded { epoch: record.epoch });
        };
        state.boxes.insert(cashbox, record);
        if let Some(owner) = state.owner(record) {
            self.announce(OwnershipEvent::Owned { cashbox, owner });
        }
        Ok(Confirmation::Recorded)
    }

    async fn release(
        &self,
        cashbox: CashBoxId,
        by: Incarnation,
        epoch: Option<Epoch>,
    ) -> Result<(), StoreError> {
        let mut state = self.lock();
        if let Step::Write(record) = state.box_record(cashbox).release(by, epoch) {
            state.boxes.insert(cashbox, record);
            if let Some(epoch) = epoch {
                self.announce(OwnershipEvent::Released { cashbox, epoch });
            }
        }
        Ok(())
    }

    async fn hand_over(
        &self,
        cashbox: CashBoxId,
        from: Incarnation,
        epoch: Epoch,
        to: Incarnation,
    ) -> Result<Passage, StoreError> {
        let mut state = self.lock();
        let Step::Write(record) = state.box_record(cashbox).hand_over(from, epoch, to) else {
            return Ok(Passage::NotOwner);
        };
        let Some(owner) = state.owner(record) else {
            return Ok(Passage::SuccessorGone);
        };
        state.boxes.insert(cashbox, record);
        self.announce(OwnershipEvent::Owned { cashbox, owner });
        Ok(Passage::Passed)
    }

    fn events(&self) -> broadcast::Receiver<OwnershipEvent> {
        self.events.subscribe()
    }
}
