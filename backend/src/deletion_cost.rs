//! Tells the platform how costly the removal of this pod is, so that scaling in takes the emptiest pods first.
//!
//! The cost is the number of cashboxes that would have to move. On Kubernetes it is written on the pod's own object as
//! the annotation that a ReplicaSet reads when it has to choose; everywhere else it can be read from the admin port
//! (`GET /admin/v1/pod`), the pod's record and the metrics. It is a hint: a failure is logged once and counted, and
//! nothing depends on it.

/// The pod's own object in Kubernetes.
pub mod kubernetes;

use std::sync::Arc;
use std::time::Duration;

use prometheus::{IntCounter, IntGauge};
use shared::env::{Faults, Setting, Settings};
use shared::figures::Figures;
use tokio::time::MissedTickBehavior;

use crate::ownership::Ownership;
use kubernetes::{OwnObject, Place, TellError};

/// How often the cost may be written.
pub const EVERY_SECONDS: Setting = Setting::plain(
    "Byodc__Kubernetes__DeletionCostSeconds",
    "0",
    "seconds at least between two updates of the pod's annotation controller.kubernetes.io/pod-deletion-cost, by \
     which scaling in takes the emptiest pods, 1 to 3600; 0 = it is not written; needs the right to patch pods",
);

/// Every setting of this part.
pub const SETTINGS: &[Setting] = &[EVERY_SECONDS];

/// A cost is told again when it differs from the last one by more than a part of it.
const WORTH_TELLING_PART: u32 = 10;

/// Whether and where the cost is told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Config {
    /// `Byodc__Kubernetes__DeletionCostSeconds` and the place that Kubernetes gives its pods; none = it is not told.
    pub kubernetes: Option<(Duration, Place)>,
}

impl Config {
    /// Reads whether and where the cost is told.
    pub fn read(settings: &Settings, faults: &mut Faults) -> Self {
        let seconds = settings.number(&EVERY_SECONDS, 0..=3600, faults);
        if seconds == 0 {
            return Self::default();
        }
        let place = Place::read(settings);
        if place.is_none() {
            faults.add(
                &EVERY_SECONDS,
                &settings.effective(&EVERY_SECONDS),
                &"KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT and HOSTNAME are missing: this is no pod of Kubernetes",
            );
        }
        Self {
            kubernetes: place.map(|place| (Duration::from_secs(seconds), place)),
        }
    }
}

/// What is counted.
#[derive(Debug, Clone)]
pub struct Metrics {
    told: IntGauge,
    failures: IntCounter,
}

impl Metrics {
    /// All at zero.
    #[must_use]
    pub fn register(figures: &Figures) -> Self {
        Self {
            told: figures.gauge(
                "byodc_deletion_cost",
                "The cost of removing this pod as last told to Kubernetes",
            ),
            failures: figures.counter(
                "byodc_deletion_cost_failures_total",
                "Costs that could not be told to Kubernetes",
            ),
        }
    }
}

/// Tells the cost until it is dropped; ends at once if it is not to be told.
pub async fn keep_told(config: Config, ownership: Arc<Ownership>, metrics: Metrics) {
    let Some((every, place)) = config.kubernetes else {
        return;
    };
    let mut told = Told::new(metrics);
    let mut turns = tokio::time::interval(every);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        let cost = ownership.pod().record().load;
        if told.is_worth_telling(cost) {
            told.outcome(cost, tell(&place, cost).await);
        }
    }
}

/// Reads the account anew each time: Kubernetes replaces token and certificates while the pod runs.
async fn tell(place: &Place, cost: u32) -> Result<(), TellError> {
    OwnObject::at(place).await?.set_deletion_cost(cost).await
}

/// What Kubernetes knows.
#[derive(Debug)]
struct Told {
    last: Option<u32>,
    failing: bool,
    metrics: Metrics,
}

impl Told {
    fn new(metrics: Metrics) -> Self {
        Self {
            last: None,
            failing: false,
            metrics,
        }
    }

    /// An order of pods does not change by a few cashboxes; an empty one is always worth telling.
    fn is_worth_telling(&self, cost: u32) -> bool {
        let Some(last) = self.last else { return true };
        let to_or_from_empty = (cost == 0) != (last == 0);
        to_or_from_empty || cost.abs_diff(last) > last / WORTH_TELLING_PART
    }

    fn outcome(&mut self, cost: u32, outcome: Result<(), TellError>) {
        match outcome {
            Ok(()) => {
                self.last = Some(cost);
                self.metrics.told.set(i64::from(cost));
                if std::mem::take(&mut self.failing) {
                    tracing::info!(cost, "the cost of removing this pod is told again");
                }
            }
            Err(error) => {
                self.metrics.failures.inc();
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::warn!(
                        cost,
                        error = &error as &dyn std::error::Error,
                        "the cost of removing this pod cannot be told; scaling in may take any pod"
                    );
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
