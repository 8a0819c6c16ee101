//! The way to other pods of a test, which fails where the test says.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use async_trait::async_trait;
use shared::identity::{CashBoxId, Incarnation};
use shared::placement::pod::PodRecord;

use crate::cashbox::registry::Registry;
use crate::ownership::handover::{Offer, Readiness, Successors, Taking};

/// How the way to a pod fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Failing {
    /// It does not answer to prepare.
    Prepare,
    /// Its process is gone when it is to take.
    GoneAtTake,
    /// It takes, and its answer is lost.
    AnswerToTake,
    /// It hears nothing of take.
    SilentAtTake,
    /// It hears of take when a request has started the cashbox there already.
    LateTake,
    /// It cannot read what the owner sealed.
    Seal,
}

/// Pods by incarnation, asked without a network.
#[derive(Debug, Default)]
pub(super) struct DirectedSuccessors {
    pods: Mutex<HashMap<Incarnation, Registry>>,
    failing: Mutex<HashSet<(Incarnation, Failing)>>,
}

impl DirectedSuccessors {
    pub(super) fn know(&self, incarnation: Incarnation, registry: &Registry) {
        self.pods.lock().unwrap().insert(incarnation, registry.clone());
    }

    pub(super) fn fail(&self, incarnation: Incarnation, failing: Failing) {
        self.failing.lock().unwrap().insert((incarnation, failing));
    }

    fn fails(&self, pod: &PodRecord, failing: Failing) -> bool {
        self.failing
            .lock()
            .unwrap()
            .contains(&(pod.id.incarnation, failing))
    }

    fn registry(&self, pod: &PodRecord) -> Registry {
        self.pods.lock().unwrap()[&pod.id.incarnation].clone()
    }

    fn offer(&self, pod: &PodRecord, offer: &Offer) -> Offer {
        let mut offer = offer.clone();
        if self.fails(pod, Failing::Seal) {
            offer.sealed = None;
        }
        offer
    }
}

#[async_trait]
impl Successors for DirectedSuccessors {
    async fn prepare(&self, pod: &PodRecord, cashbox: CashBoxId, offer: &Offer) -> Readiness {
        if self.fails(pod, Failing::Prepare) {
            return Readiness::Unreachable;
        }
        self.registry(pod).prepare(cashbox, &self.offer(pod, offer)).await
    }

    async fn take(&self, pod: &PodRecord, cashbox: CashBoxId, offer: &Offer) -> Taking {
        if self.fails(pod, Failing::GoneAtTake) {
            return Taking::Gone;
        }
        if self.fails(pod, Failing::SilentAtTake) {
            return Taking::Silent;
        }
        while self.fails(pod, Failing::LateTake) && self.registry(pod).is_empty() {
            tokio::task::yield_now().await;
        }
        let taking = self.registry(pod).take(cashbox, &self.offer(pod, offer)).await;
        if self.fails(pod, Failing::AnswerToTake) {
            return Taking::Silent;
        }
        taking
    }
}
