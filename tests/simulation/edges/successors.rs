//! Pods that cashboxes are handed to.

use async_trait::async_trait;
use backend::ownership::handover::{Offer, Readiness, Successors, Taking};
use shared::identity::CashBoxId;
use shared::placement::pod::PodRecord;

use crate::wire::{Lost, Place, Post, Run, Wire};

/// Successors at the end of an owner's wire.
#[derive(Debug)]
pub struct SuccessorsEdge(pub Wire);

#[async_trait]
impl Successors for SuccessorsEdge {
    async fn prepare(&self, pod: &PodRecord, cashbox: CashBoxId, offer: &Offer) -> Readiness {
        let (address, asked, offer) = (pod.address, pod.id.incarnation, offer.clone());
        let question = |post: Post<Readiness>| -> Run {
            Box::new(move |simulation, from| {
                simulation.visit(from, address, post, move |pod| async move {
                    match pod.record().id.incarnation == asked {
                        true => pod.registry.prepare(cashbox, &offer).await,
                        false => Readiness::Unreachable,
                    }
                })
            })
        };
        let prepared = self.0.bring(Place::Successor, "prepare", question).await;
        prepared.unwrap_or(Readiness::Unreachable)
    }

    async fn take(&self, pod: &PodRecord, cashbox: CashBoxId, offer: &Offer) -> Taking {
        let (address, asked, offer) = (pod.address, pod.id.incarnation, offer.clone());
        let question = |post: Post<Taking>| -> Run {
            Box::new(move |simulation, from| {
                simulation.visit(from, address, post, move |pod| async move {
                    match pod.record().id.incarnation == asked {
                        true => pod.registry.take(cashbox, &offer).await,
                        false => Taking::Gone,
                    }
                })
            })
        };
        match self.0.bring(Place::Successor, "take", question).await {
            Ok(taking) => taking,
            Err(Lost::Refused) => Taking::Gone,
            Err(Lost::Silent) => Taking::Silent,
        }
    }
}
