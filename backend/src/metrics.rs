//! What a pod counts. Each component owns the struct of its own figures; here they are made and printed.
//!
//! No figure carries a cashbox id: facts about one cashbox belong to the admin interface and the log.

use std::sync::Arc;

use prometheus::{IntCounter, IntGauge};
use shared::figures::description::Description;
use shared::figures::{Figures, Sometimes, process};
use shared::trace::tracer::{DROPPED_SPANS, DROPPED_SPANS_MEANING, Tracer};

use crate::journal::metrics::JournalMetrics;
use crate::ownership::Ownership;
use crate::{cashbox, config_service, deletion_cost, http, rebalance, scu};

/// Upper bounds in seconds: from a receipt out of memory over the pause of a handover (0.3) and a takeover (1, at most
/// 3) to a TSE at the end of its patience.
pub(crate) const SECONDS: [f64; 17] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 3.0, 5.0, 15.0, 60.0,
];

/// Everything a pod counts.
#[derive(Debug, Clone)]
pub struct Metrics {
    figures: Figures,
    /// Requests as they come in.
    pub http: Arc<http::metrics::Metrics>,
    /// Cashboxes and their receipts.
    pub cashbox: Arc<cashbox::metrics::Metrics>,
    /// Requests to the configuration service.
    pub config_service: config_service::metrics::Metrics,
    /// Requests to TSEs.
    pub scu: Arc<scu::metrics::Metrics>,
    /// Commits of the journal.
    pub journal: JournalMetrics,
    /// Cashboxes that moved to where there is room.
    pub rebalance: rebalance::turns::Metrics,
    /// What the platform is told.
    pub deletion_cost: deletion_cost::Metrics,
    /// Renewals of the pod's record that failed; see [`Metrics::heard`].
    lease_renew_failures: IntCounter,
    store_up: IntGauge,
    dropped_spans: IntCounter,
    draining: IntGauge,
    drain_started: Sometimes,
}

impl Metrics {
    /// All figures at zero.
    #[must_use]
    pub fn new() -> Self {
        let figures = Figures::default();
        process::register(&figures);
        Self {
            http: Arc::new(http::metrics::Metrics::register(&figures)),
            cashbox: Arc::new(cashbox::metrics::Metrics::register(&figures)),
            config_service: config_service::metrics::Metrics::register(&figures),
            scu: Arc::new(scu::metrics::Metrics::register(&figures)),
            journal: JournalMetrics::register(&figures),
            rebalance: rebalance::turns::Metrics::register(&figures),
            deletion_cost: deletion_cost::Metrics::register(&figures),
            lease_renew_failures: figures.counter(
                "byodc_lease_renew_failures_total",
                "Renewals of the pod's record that failed",
            ),
            store_up: figures.gauge(
                "byodc_ownership_store_up",
                "1 while the ownership store answers, 0 while it does not",
            ),
            dropped_spans: figures.counter(DROPPED_SPANS, DROPPED_SPANS_MEANING),
            draining: figures.gauge("byodc_draining", "1 while the pod is shutting down"),
            drain_started: figures.sometimes(
                "byodc_drain_started_timestamp_seconds",
                "When the pod began to shut down, in seconds of the Unix epoch",
                "the pod is shutting down",
            ),
            figures,
        }
    }

    /// The pod shuts down since this second of the Unix epoch.
    pub fn drain_began(&self, at_s: i64) {
        self.draining.set(1);
        self.drain_started.set(Some(at_s));
    }

    /// Notes how the renewal of the pod's record and the export of its spans stand, when somebody looks.
    pub fn heard(&self, ownership: &Ownership, tracer: &Tracer) {
        let dropped = &self.dropped_spans;
        dropped.inc_by(tracer.dropped().saturating_sub(dropped.get()));
        let failures = &self.lease_renew_failures;
        failures.inc_by(ownership.renew_failures().saturating_sub(failures.get()));
        self.store_up.set(i64::from(ownership.store_is_up()));
    }

    /// All figures in the text format that scrapers read.
    #[must_use]
    pub fn text(&self) -> String {
        self.figures.text()
    }

    /// All figures in words.
    #[must_use]
    pub fn descriptions(&self) -> Vec<Description> {
        self.figures.descriptions()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cashbox::lifecycle::Stage;

    #[test]
    fn the_text_names_every_state_and_the_build() {
        let text = Metrics::new().text();
        for state in Stage::WORDS {
            assert!(
                text.contains(&format!("byodc_cashboxes{{state=\"{state}\"}} 0")),
                "{text}"
            );
        }
        assert!(text.contains("byodc_build_info{version="));
    }

    #[test]
    fn a_pod_says_since_when_it_drains_and_nothing_before() {
        let metrics = Metrics::new();
        let says = |line: &str| metrics.text().lines().any(|said| said == line);
        assert!(says("byodc_draining 0"));
        assert!(!metrics.text().contains("byodc_drain_started_timestamp_seconds"));
        metrics.drain_began(1_800_000_000);
        assert!(says("byodc_draining 1"));
        assert!(says("byodc_drain_started_timestamp_seconds 1800000000"));
    }

    #[test]
    fn the_goals_of_handovers_and_takeovers_are_bounds_of_buckets() {
        let text = Metrics::new().text();
        for (name, goal) in [
            ("byodc_handover_pause_seconds", "0.3"),
            ("byodc_takeover_duration_seconds", "1"),
            ("byodc_takeover_duration_seconds", "3"),
        ] {
            let bucket = format!("{name}_bucket{{le=\"{goal}\"}} 0");
            assert!(text.contains(&bucket), "{bucket}");
        }
    }
}
