//! Handing a cashbox to another pod while requests keep coming.
//!
//! ```text
//! hand_over ─→ a successor prepares ─→ order in the mailbox ─→ the running receipt ends ─→ passing.rs
//!                 └ none does: nothing has changed, this pod goes on serving
//! ```
//!
//! Until the order is carried out the cashbox is served here. From then on this instance only ends: if the successor
//! fails, the cashbox is free, and the next request starts it wherever it is sent. So it never has two owners, and
//! whoever waits is answered by one or sent to one.

/// The owner's last steps: freeze, record, take.
mod passing;
/// The successor's side: prepare, take.
mod taking;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use shared::identity::pod::PodId;
use shared::identity::{CashBoxId, Epoch};
use shared::placement::pod::PodRecord;
use shared::trace::current;

use super::command::Promise;
use super::configuration::Fingerprint;
use super::handle::CashboxHandle;
use super::parts::Parts;
use super::registry::Registry;
use super::token::TokenDigest;
use crate::config_service::ticket::Ticket;
use crate::ownership::handover::{HandoverTarget, Offer, Readiness};

/// How many pods are asked to prepare before the cashbox stays where it is.
const ASKED_MAX: usize = 4;

/// Why a cashbox is handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandoverReason {
    /// This pod shuts down.
    Drain,
    /// An operator asked for it.
    Operator,
    /// Another pod has more room.
    Rebalance,
}

impl HandoverReason {
    /// The reason in one word, as logs and the history have it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Drain => "drain",
            Self::Operator => "operator",
            Self::Rebalance => "rebalance",
        }
    }
}

/// What a handover came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandoverOutcome {
    /// The successor serves it.
    Moved {
        /// Which pod.
        to: PodId,
        /// Under which epoch.
        epoch: Epoch,
        /// For how long nobody served it.
        pause: Duration,
    },
    /// The successor has it, and loads it when the first request comes; or it has not said yet that it serves it.
    Expected {
        /// Which pod.
        to: PodId,
    },
    /// Nobody took it after this pod had let go: the next request starts it anew.
    Freed,
    /// It ended here for another reason before it could be handed over.
    Overtaken,
    /// No pod was ready to take it: it is still served here.
    NoSuccessor,
    /// It does not run in this pod.
    NotHere,
}

impl HandoverOutcome {
    /// Every word of [`HandoverOutcome::word`].
    pub const WORDS: [&str; 6] = [
        "moved",
        "expected",
        "freed",
        "overtaken",
        "no-successor",
        "not-here",
    ];

    /// The outcome in one word, as metrics and operators see it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Moved { .. } => "moved",
            Self::Expected { .. } => "expected",
            Self::Freed => "freed",
            Self::Overtaken => "overtaken",
            Self::NoSuccessor => "no-successor",
            Self::NotHere => "not-here",
        }
    }

    /// The pod that has it now, if there is one.
    #[must_use]
    pub fn successor(&self) -> Option<&PodId> {
        match self {
            Self::Moved { to, .. } | Self::Expected { to } => Some(to),
            Self::Freed | Self::Overtaken | Self::NoSuccessor | Self::NotHere => None,
        }
    }
}

/// What an actor is told: to whom the cashbox goes.
#[derive(Debug)]
pub struct HandoverOrder {
    /// The pod that agreed to take it.
    pub to: PodRecord,
    /// Why.
    pub reason: HandoverReason,
    /// Where the outcome goes.
    pub answer: Promise<HandoverOutcome>,
}

impl Registry {
    /// Hands a cashbox to another pod. Waits for its running receipt and for nothing else without a bound.
    pub async fn hand_over(
        &self,
        cashbox: CashBoxId,
        target: &HandoverTarget,
        reason: HandoverReason,
    ) -> HandoverOutcome {
        match self.settled(cashbox).await {
            Some(handle) => self.hand_over_live(&handle, target, reason).await,
            None => HandoverOutcome::NotHere,
        }
    }

    /// The same for one that runs; counted.
    pub(super) async fn hand_over_live(
        &self,
        handle: &CashboxHandle,
        target: &HandoverTarget,
        reason: HandoverReason,
    ) -> HandoverOutcome {
        let moving = async {
            match self.willing_successor(handle, target).await {
                Some(to) => order(handle, to, reason).await,
                None => HandoverOutcome::NoSuccessor,
            }
        };
        let outcome = current::about(handle.cashbox(), moving).await;
        self.parts().metrics.handed_over(&outcome);
        outcome
    }

    /// The first pod that agrees, while this one goes on serving. An older generation is asked only where the newer one
    /// refused: a new pod that is too busy to answer still gets the cashbox with its next request, and an old one would
    /// have to hand it on when it stops in its turn.
    async fn willing_successor(&self, handle: &CashboxHandle, target: &HandoverTarget) -> Option<PodRecord> {
        let cashbox = handle.cashbox();
        let candidates = self.parts().ownership.successors(cashbox, target);
        let offer = self.parts().offer(cashbox, handle.terms());
        let mut silent: Option<String> = None;
        for pod in candidates.into_iter().take(ASKED_MAX) {
            if silent
                .as_ref()
                .is_some_and(|generation| *generation != pod.generation)
            {
                return None;
            }
            match self.parts().successors.prepare(&pod, cashbox, &offer).await {
                Readiness::Prepared | Readiness::Expecting => return Some(pod),
                Readiness::Refused(why) => {
                    tracing::debug!(cashbox.id = %cashbox, to = %pod.id, reason = why, "a successor refused");
                }
                Readiness::Unreachable => {
                    tracing::debug!(cashbox.id = %cashbox, to = %pod.id, "a successor did not answer");
                    silent = Some(pod.generation);
                }
            }
        }
        None
    }
}

/// Tells the actor, and waits until it has done so or has ended otherwise.
async fn order(handle: &CashboxHandle, to: PodRecord, reason: HandoverReason) -> HandoverOutcome {
    let answer = Promise::new();
    let told = answer.ticket();
    handle.ask_to_hand_over(HandoverOrder { to, reason, answer });
    tokio::select! {
        biased;
        outcome = told.wait() => outcome.unwrap_or(HandoverOutcome::Overtaken),
        () = handle.ended() => HandoverOutcome::Overtaken,
    }
}

/// What another pod would need to serve a cashbox as its owner does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub(super) epoch: Epoch,
    pub(super) accepted: TokenDigest,
    pub(super) configuration: Fingerprint,
}

impl Parts {
    /// The terms as they are offered to another pod.
    fn offer(&self, cashbox: CashBoxId, terms: Terms) -> Offer {
        let from = self.ownership.pod().record().id;
        let ticket = Ticket {
            from: from.incarnation,
            epoch: terms.epoch,
            accepted: terms.accepted.bytes(),
            configuration: terms.configuration,
        };
        let sealed = self.configurations.seal_ticket(cashbox, &ticket);
        Offer {
            from,
            epoch: terms.epoch,
            sealed: sealed.map(|sealed| BASE64.encode(sealed)),
        }
    }
}
