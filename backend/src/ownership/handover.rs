//! Handing a cashbox to another pod, as far as records and pods are concerned.
//!
//! ```text
//! owner                                              successor
//!   candidates ── prepare ─────────────────────────→ keeps what it needs to start
//!   (freeze, the running receipt ends)
//!   yield_to: held no more, record → successor ┐
//!   take ──────────────────────────────────────┴───→ receive: may it claim?  claim, confirm, serve
//!   take_back: when nobody took it
//! ```
//!
//! The record is a courtesy to proxies: whether it could be written changes nothing, since the successor's claim in
//! the journal decides. Who asks is believed only as far as the record allows: a cashbox that a third pod holds by
//! now is not received.

/// The way to a successor over HTTP.
pub mod http;

use std::fmt::Debug;
use std::ops::ControlFlow;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use shared::identity::pod::{PodId, PodName};
use shared::identity::{CashBoxId, Epoch, Incarnation};
use shared::ownership::store::{Owner, Passage, Reservation};
use shared::placement::pod::{PodRecord, PodState};

use super::Ownership;
use super::acquire::Acquired;

/// How long the record may take to follow; requests find the successor by redirects meanwhile.
const RECORD_TIMEOUT: Duration = Duration::from_secs(1);
/// How often a successor asks the store: once more after it wrote its own record anew.
const ROUNDS_MAX: usize = 2;

/// What an owner tells a pod about a cashbox that it means to hand over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The owner, as `name/incarnation`.
    #[serde(with = "super::peer::as_text")]
    pub from: PodId,
    /// The epoch under which it owns the cashbox.
    pub epoch: Epoch,
    /// What the successor needs to start it, sealed with the pods' shared key, as base64; none without a key.
    pub sealed: Option<String>,
}

/// What a pod answers that was asked to prepare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Readiness {
    /// It can start the cashbox at once.
    Prepared,
    /// It will take the cashbox, but loads it when the first request comes: the pods share no key, or it could not
    /// read the configuration that is in force.
    Expecting,
    /// It takes no cashbox, for the reason given.
    Refused(String),
    /// It did not answer. Never sent.
    Unreachable,
}

/// What a pod answers that was asked to take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Taking {
    /// It serves the cashbox under this epoch.
    Taken(Epoch),
    /// It had nothing prepared; the first request starts the cashbox there.
    Unprepared,
    /// It does not take it and holds nothing of it, for the reason given.
    Refused(String),
    /// Its process is gone, so that nobody took it. Never sent.
    Gone,
    /// It did not answer: it may have taken the cashbox or be about to. Never sent.
    Silent,
}

/// The way to the pods that may become a cashbox's next owner. Every call is bounded in time.
#[async_trait]
pub trait Successors: Send + Sync + Debug {
    /// Asks a pod to make ready for a cashbox that the caller goes on serving.
    async fn prepare(&self, pod: &PodRecord, cashbox: CashBoxId, offer: &Offer) -> Readiness;

    /// Asks a pod to claim a cashbox that nobody serves any more.
    async fn take(&self, pod: &PodRecord, cashbox: CashBoxId, offer: &Offer) -> Taking;
}

/// Which pod a cashbox is handed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandoverTarget {
    /// The best that placement offers and that agrees.
    Any,
    /// This one or none.
    Pod(PodName),
}

impl Ownership {
    /// The ready pods that a cashbox may be handed to, best first, never this one.
    #[must_use]
    pub fn successors(&self, cashbox: CashBoxId, target: &HandoverTarget) -> Vec<PodRecord> {
        let snapshot = self.parts.membership.snapshot();
        let own = [self.pod().incarnation()];
        match target {
            HandoverTarget::Any => snapshot.ring.candidates(cashbox, &own).cloned().collect(),
            HandoverTarget::Pod(name) => {
                let ready =
                    |pod: &&PodRecord| pod.state == PodState::Ready && !own.contains(&pod.id.incarnation);
                let named = snapshot.pods.iter().filter(|pod| pod.id.name == *name);
                named.filter(ready).cloned().collect()
            }
        }
    }

    /// Has the pods read anew, so that one that came a moment ago is among the successors: before a drain, whose
    /// cashboxes would otherwise go to pods that are next to stop.
    pub async fn look_around(&self) {
        self.parts.membership.read_anew(RECORD_TIMEOUT).await;
    }

    /// The owner's last word: it holds the cashbox no more, and the record names the successor from now on. Whether
    /// it does is logged and nothing else: the successor's claim decides.
    pub async fn yield_to(&self, cashbox: CashBoxId, epoch: Epoch, to: &PodRecord) {
        self.held.remove(cashbox, epoch);
        let from = self.pod().incarnation();
        let passing = self
            .parts
            .store
            .hand_over(cashbox, from, epoch, to.id.incarnation);
        match tokio::time::timeout(RECORD_TIMEOUT, passing).await {
            Ok(Ok(Passage::Passed)) => {}
            Ok(Ok(passage)) => {
                tracing::debug!(cashbox.id = %cashbox, epoch = epoch.0, to = %to.id, ?passage, "the record did not follow a handover");
            }
            Ok(Err(error)) => {
                tracing::warn!(cashbox.id = %cashbox, epoch = epoch.0, to = %to.id, error = &error as &dyn std::error::Error,
                    "a handover may not be on record yet");
            }
            Err(_) => {
                tracing::warn!(cashbox.id = %cashbox, epoch = epoch.0, to = %to.id, "a handover may not be on record yet");
            }
        }
    }

    /// Nobody took the cashbox: it is free, whichever of both the record names.
    pub async fn take_back(&self, cashbox: CashBoxId, epoch: Epoch, to: &PodRecord) {
        self.release(cashbox, epoch).await;
        if let Err(error) = self.parts.store.release(cashbox, to.id.incarnation, None).await {
            tracing::warn!(cashbox.id = %cashbox, error = &error as &dyn std::error::Error,
                "a cashbox that nobody took is still on record as the successor's");
        }
    }

    /// The successor's side: whether it may claim what `from` handed to it under `epoch`. The owner's word stands in
    /// for a store that is away.
    pub async fn receive(&self, cashbox: CashBoxId, from: Incarnation, epoch: Epoch) -> Acquired {
        for _ in 0..ROUNDS_MAX {
            if self.pod().is_draining() {
                return Acquired::Draining;
            }
            if let ControlFlow::Break(received) = self.try_receive(cashbox, from, epoch).await {
                return received;
            }
        }
        Acquired::Direct
    }

    async fn try_receive(
        &self,
        cashbox: CashBoxId,
        from: Incarnation,
        epoch: Epoch,
    ) -> ControlFlow<Acquired> {
        let reserved = self.parts.store.reserve(cashbox, self.pod().incarnation()).await;
        ControlFlow::Break(match reserved {
            // Whoever confirmed before need not be asked: the owner has just said that it is done.
            Ok(Reservation::Reserved { before, .. }) if before.as_ref().is_none_or(|o| is_from(o, from)) => {
                Acquired::Reserved
            }
            // Nobody serves it, and a claim overwrites the record.
            Ok(Reservation::HeldBy(owner)) if is_from(&owner, from) && owner.epoch <= epoch => {
                Acquired::Direct
            }
            Ok(Reservation::HeldBy(owner)) => Acquired::HeldBy(owner),
            // An epoch of a third pod came in between: the usual way asks it.
            Ok(Reservation::Reserved { .. }) => return ControlFlow::Break(self.acquire(cashbox, None).await),
            Ok(Reservation::AskerUnknown) => {
                if let Err(error) = self.renew_now().await {
                    tracing::debug!(
                        error = &error as &dyn std::error::Error,
                        "the pod's record is not on record"
                    );
                }
                return ControlFlow::Continue(());
            }
            Err(_) => Acquired::Direct,
        })
    }
}

fn is_from(owner: &Owner, from: Incarnation) -> bool {
    owner.pod.id.incarnation == from
}
