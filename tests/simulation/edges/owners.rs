//! The store of ownership.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use shared::identity::{CashBoxId, Epoch, Incarnation};
use shared::ownership::store::{
    Confirmation, Era, Owner, OwnershipEvent, OwnershipStore, Passage, Reservation, StoreError,
};
use shared::placement::pod::PodRecord;
use tokio::sync::broadcast;

use crate::mutant::Mutant;
use crate::simulation::Simulation;
use crate::wire::{Lost, Place, Wire};
use crate::world::at_once;

/// The store as one process asks it.
#[derive(Debug)]
pub struct OwnersEdge {
    wire: Wire,
    events: broadcast::Sender<OwnershipEvent>,
    /// Whoever renews knows whether it did before; a store that was emptied does not.
    has_renewed: AtomicBool,
}

impl OwnersEdge {
    /// The store at the other end of a wire, and what arrives of its events.
    pub fn new(wire: Wire, events: broadcast::Sender<OwnershipEvent>) -> Self {
        Self {
            wire,
            events,
            has_renewed: AtomicBool::new(false),
        }
    }

    async fn ask<T: Send + 'static>(
        &self,
        doing: &'static str,
        answer: impl FnOnce(&mut Simulation) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let answer = move |simulation: &mut Simulation| {
            let answer = answer(simulation);
            simulation.announce();
            answer
        };
        match self.wire.ask(Place::Owners, doing, answer).await {
            Ok(answer) => answer,
            Err(lost) => Err(unreachable(doing, lost)),
        }
    }
}

fn unreachable(doing: &'static str, lost: Lost) -> StoreError {
    StoreError::Unreachable {
        doing,
        source: format!("{lost:?}").into(),
    }
}

#[async_trait]
impl OwnershipStore for OwnersEdge {
    async fn renew(&self, pod: &PodRecord, lease: Duration) -> Result<bool, StoreError> {
        let first = !self.has_renewed.swap(true, Ordering::Relaxed);
        let pod = pod.clone();
        self.ask("renew", move |simulation| {
            let (_clock, owners) = simulation.owners();
            let live = at_once(owners.pods())?;
            at_once(owners.renew(&pod, lease))?;
            Ok(first || live.iter().any(|known| known.id == pod.id))
        })
        .await
    }

    async fn bury(&self, incarnation: Incarnation) -> Result<(), StoreError> {
        self.ask("bury", move |simulation| {
            at_once(simulation.owners().1.bury(incarnation))
        })
        .await
    }

    async fn era(&self) -> Result<Option<Era>, StoreError> {
        self.ask("era", move |simulation| {
            let (_clock, owners) = simulation.owners();
            at_once(owners.era())
        })
        .await
    }

    async fn pods(&self) -> Result<Vec<PodRecord>, StoreError> {
        self.ask("pods", move |simulation| {
            let (_clock, owners) = simulation.owners();
            at_once(owners.pods())
        })
        .await
    }

    async fn owner(&self, cashbox: CashBoxId) -> Result<Option<Owner>, StoreError> {
        self.ask("owner", move |simulation| {
            let (_clock, owners) = simulation.owners();
            at_once(owners.owner(cashbox))
        })
        .await
    }

    async fn reserve(&self, cashbox: CashBoxId, by: Incarnation) -> Result<Reservation, StoreError> {
        self.ask("reserve", move |simulation| {
            let careless = simulation.mutant == Some(Mutant::TakesOverWithoutEvidence);
            let (_clock, owners) = simulation.owners();
            match (at_once(owners.reserve(cashbox, by))?, at_once(owners.era())?) {
                (Reservation::HeldBy(_), Some(era)) if careless => Ok(Reservation::Reserved {
                    before: None,
                    abandoned: false,
                    era,
                }),
                (answer, _) => Ok(answer),
            }
        })
        .await
    }

    async fn confirm(
        &self,
        cashbox: CashBoxId,
        by: Incarnation,
        epoch: Epoch,
    ) -> Result<Confirmation, StoreError> {
        self.ask("confirm", move |simulation| {
            let (_clock, owners) = simulation.owners();
            at_once(owners.confirm(cashbox, by, epoch))
        })
        .await
    }

    async fn release(
        &self,
        cashbox: CashBoxId,
        by: Incarnation,
        epoch: Option<Epoch>,
    ) -> Result<(), StoreError> {
        self.ask("release", move |simulation| {
            let (_clock, owners) = simulation.owners();
            at_once(owners.release(cashbox, by, epoch))
        })
        .await
    }

    async fn hand_over(
        &self,
        cashbox: CashBoxId,
        from: Incarnation,
        epoch: Epoch,
        to: Incarnation,
    ) -> Result<Passage, StoreError> {
        self.ask("hand over", move |simulation| {
            let (_clock, owners) = simulation.owners();
            at_once(owners.hand_over(cashbox, from, epoch, to))
        })
        .await
    }

    fn events(&self) -> broadcast::Receiver<OwnershipEvent> {
        self.events.subscribe()
    }
}
