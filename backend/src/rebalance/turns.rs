//! Turn by turn: looks, decides, hands over one cashbox after the other.

use std::sync::Arc;

use jiff::tz::TimeZone;
use shared::clock::Clock;
use shared::figures::description::Label;
use shared::figures::{Counters, Figures};
use shared::identity::CashBoxId;
use shared::placement::pod::PodRecord;
use tokio::time::MissedTickBehavior;

use super::{Config, Pace, plan};
use crate::cashbox::handover::{HandoverOutcome, HandoverReason};
use crate::cashbox::registry::Registry;
use crate::ownership::Ownership;
use crate::ownership::handover::HandoverTarget;

/// What is counted.
#[derive(Debug, Clone)]
pub struct Metrics {
    moves: Counters<1>,
}

impl Metrics {
    /// All at zero.
    #[must_use]
    pub fn register(figures: &Figures) -> Self {
        Self {
            moves: figures.counters(
                "byodc_rebalance_moves_total",
                "Idle cashboxes handed to pods with more room",
                [Label::of("result", HandoverOutcome::WORDS)],
            ),
        }
    }
}

/// Everything that rebalancing needs.
#[derive(Debug)]
pub struct Rebalancer {
    /// How fast, when and what.
    pub config: Config,
    /// The cashboxes of this pod.
    pub registry: Registry,
    /// This pod, and all pods.
    pub ownership: Arc<Ownership>,
    /// What says which hour it is.
    pub clock: Arc<dyn Clock>,
    /// What is counted.
    pub metrics: Metrics,
}

impl Rebalancer {
    /// Takes its turns for as long as it is let; ends at once if nothing is to move.
    pub async fn run(self) {
        let Some(pace) = self.config.pace else { return };
        let mut turns = tokio::time::interval(pace.turn);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            turns.tick().await;
            self.turn(pace).await;
        }
    }

    async fn turn(&self, pace: Pace) {
        if !self.is_the_hour() {
            return;
        }
        for (cashbox, to) in self.planned(pace) {
            // Somebody may have come for it while those before it moved.
            if !self.registry.rests(cashbox, self.config.idle_after) {
                continue;
            }
            let target = HandoverTarget::Pod(to.id.name);
            let outcome = self
                .registry
                .hand_over(cashbox, &target, HandoverReason::Rebalance)
                .await;
            self.metrics.moves.of([outcome.word()]).inc();
            if outcome == HandoverOutcome::NoSuccessor {
                // Whoever does not take one now takes no other either.
                return;
            }
        }
    }

    fn planned(&self, pace: Pace) -> Vec<(CashBoxId, PodRecord)> {
        let (own, snapshot) = (self.ownership.pod().record(), self.ownership.pods());
        let Ok(surplus) = plan::surplus(own.id.incarnation, own.load, &snapshot.pods) else {
            return Vec::new();
        };
        let moves_max = pace.moves_max.min(usize::try_from(surplus).unwrap_or(usize::MAX));
        let resting = self.registry.resting(self.config.idle_after);
        plan::moves(own.id.incarnation, own.load, &snapshot, resting, moves_max)
    }

    fn is_the_hour(&self) -> bool {
        let now = self.clock.now().to_timestamp();
        let hour = now.map(|now| now.to_zoned(TimeZone::UTC).hour().unsigned_abs());
        hour.is_some_and(|hour| self.config.hours.contain(hour))
    }
}
