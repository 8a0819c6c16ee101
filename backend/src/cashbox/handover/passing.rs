//! The owner's last steps: nobody is served from here on, so each is bounded in time, and none leads back.
//!
//! ```text
//! freeze ─→ the successor is asked to take ─┬ taken ───────────────→ who waited is sent there
//!           (and the record follows)        ├ nothing prepared ────→ who waited is sent there, and starts it
//!                                           ├ refused, gone ───────→ free: the next request starts it
//!                                           └ silent ─→ asked again: does it hold the cashbox?
//! ```
//!
//! A successor that stays silent keeps what the record gave it: it may be claiming at this moment. If it is dead, the
//! usual evidence shows it.

use shared::ownership::store::Owner;
use shared::sabotage;
use tokio::time::Instant;

use super::{HandoverOrder, HandoverOutcome};
use crate::cashbox::actor::Actor;
use crate::cashbox::error::CashboxError;
use crate::cashbox::lifecycle::Event;
use crate::cashbox::start;
use crate::evidence;
use crate::journal::history::{ChangeKind, OwnershipChange};
use crate::ownership::handover::Taking;
use crate::ownership::peer::Answer;

/// How a handover ended.
pub(in crate::cashbox) struct Passed {
    /// For whoever asked for it.
    pub(in crate::cashbox) outcome: HandoverOutcome,
    /// For everybody who waited for the cashbox.
    pub(in crate::cashbox) redirect: CashboxError,
}

impl Actor {
    /// Hands the cashbox over. The running receipt has ended, and nothing is taken any more.
    pub(in crate::cashbox) async fn pass_on(&self, order: &HandoverOrder) -> Passed {
        let frozen = Instant::now();
        let (cashbox, epoch, to) = (self.shared.cashbox, self.shared.epoch, &order.to);
        self.shared.status.on(Event::HandOverBegun);
        evidence::handover(&self.tenure, &to.id.to_string());
        sabotage::point("handover-frozen", cashbox).await;
        let offer = self.parts.offer(cashbox, self.shared.terms());
        let ((), taking) = tokio::join!(
            self.parts.ownership.yield_to(cashbox, epoch, to),
            self.parts.successors.take(to, cashbox, &offer),
        );
        sabotage::point("handover-passed", cashbox).await;
        let outcome = match self.made_sure(order, taking).await {
            Taking::Taken(epoch) => HandoverOutcome::Moved {
                to: to.id.clone(),
                epoch,
                pause: frozen.elapsed(),
            },
            Taking::Unprepared | Taking::Silent => HandoverOutcome::Expected { to: to.id.clone() },
            Taking::Refused(why) => self.free(order, &why).await,
            Taking::Gone => self.free(order, "its process is gone").await,
        };
        self.shared.status.on(Event::Left);
        let redirect = self.redirect(order, &outcome).await;
        Passed { outcome, redirect }
    }

    /// A successor that did not answer is asked once whether it holds the cashbox.
    async fn made_sure(&self, order: &HandoverOrder, taking: Taking) -> Taking {
        if taking != Taking::Silent {
            return taking;
        }
        match self.parts.ownership.ask(&order.to, self.shared.cashbox).await {
            Answer::Same {
                holds: Some(epoch), ..
            } if epoch > self.shared.epoch => Taking::Taken(epoch),
            Answer::Refused | Answer::OtherIncarnation => Taking::Gone,
            Answer::Same { .. } | Answer::Unwilling { .. } | Answer::Silent => Taking::Silent,
        }
    }

    async fn free(&self, order: &HandoverOrder, why: &str) -> HandoverOutcome {
        let (cashbox, epoch) = (self.shared.cashbox, self.shared.epoch);
        tracing::warn!(cashbox.id = %cashbox, epoch = epoch.0, to = %order.to.id, reason = why, "a cashbox was not taken: it is free");
        self.parts.ownership.take_back(cashbox, epoch, &order.to).await;
        HandoverOutcome::Freed
    }

    /// Where those who waited go, and the row of the history.
    async fn redirect(&self, order: &HandoverOrder, outcome: &HandoverOutcome) -> CashboxError {
        let now = self.parts.clock.now();
        let reason = order.reason.word();
        let epoch = match outcome {
            HandoverOutcome::Moved { epoch, .. } => *epoch,
            HandoverOutcome::Expected { .. } => self.shared.epoch,
            _ => {
                let ended = OwnershipChange::ending(&self.tenure, ChangeKind::Release, "not taken", now);
                self.parts.note(ended);
                return start::whereabouts(&self.parts, self.shared.cashbox).await;
            }
        };
        let ended = OwnershipChange::ending(&self.tenure, ChangeKind::Handover, reason, now);
        self.parts.note(ended.to(order.to.id.clone()));
        let pod = order.to.clone();
        CashboxError::HeldByOther(Box::new(Owner { pod, epoch }))
    }
}
