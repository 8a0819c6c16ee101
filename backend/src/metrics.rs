//! What a pod counts. Each component owns the struct of its own figures; here they are made and printed.
//!
//! No figure carries a cashbox id: facts about one cashbox belong to the admin interface and the log.

use std::sync::Arc;

use prometheus::{Histogram, IntCounter, IntGauge};
use shared::api::refusal::Refusal;
use shared::figures::description::{Description, Label};
use shared::figures::{Counters, Figures, Gauges, Histograms, Sometimes, process};
use shared::trace::tracer::{DROPPED_SPANS, DROPPED_SPANS_MEANING, Tracer};

use crate::cashbox::handover::HandoverOutcome;
use crate::cashbox::lifecycle::Stage;
use crate::http::path::Endpoint;
use crate::journal::history::ClaimReason;
use crate::journal::metrics::JournalMetrics;
use crate::ownership::Ownership;
use crate::queue::settlement::Settlement;
use crate::{config_service, deletion_cost, rebalance, scu};

/// Upper bounds in seconds: from a receipt out of memory over the pause of a handover (0.3) and a takeover (1, at most
/// 3) to a TSE at the end of its patience.
const SECONDS: [f64; 17] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 3.0, 5.0, 15.0, 60.0,
];

/// The stages of a receipt that are timed.
const SIGN_STAGES: [&str; 4] = ["wait", "begin", "process", "append"];
/// What a cashbox that broke down was doing.
const BREAKDOWN_DOINGS: [&str; 2] = ["starting", "serving"];
/// The endpoint of requests for anything else.
pub const NO_ENDPOINT: &str = "other";
/// Classes of status.
const CODE_CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Everything a pod counts.
#[derive(Debug, Clone)]
pub struct Metrics {
    figures: Figures,
    /// Requests as they come in.
    pub http: Arc<HttpMetrics>,
    /// Cashboxes and their receipts.
    pub cashbox: Arc<CashboxMetrics>,
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

/// What the cashboxes of a pod count.
#[derive(Debug)]
pub struct CashboxMetrics {
    /// Cashboxes in memory, by state.
    hosted: Gauges<1>,
    /// Starts, by result.
    pub loads: Counters<1>,
    /// How long starts that went well took.
    pub load_seconds: Histogram,
    /// Resets, by result.
    pub resets: Counters<1>,
    /// How long takeovers that went well took, from the moment the owner's end was noticed here until the cashbox
    /// served.
    pub takeover_seconds: Histogram,
    /// Claims in the journal, by reason.
    pub claims: Counters<1>,
    /// Planned moves to another pod, by result.
    handovers: Counters<1>,
    /// How long nobody served a cashbox that was moved.
    handover_pause: Histogram,
    /// Writes that the journal refused because a newer claim exists.
    pub fenced: IntCounter,
    /// Starts refused because the end of the stored chain does not fit together.
    pub chain_check_failures: IntCounter,
    /// How long the stages of a receipt took.
    pub sign_seconds: Histograms<1>,
    /// Intents without an outcome, held by this pod.
    pub open_intents: IntGauge,
    /// Cashboxes given up because their task panicked.
    pub panics: IntCounter,
    /// Interrupted receipts that a start settled, by outcome.
    pub settled_intents: Counters<1>,
    /// Signatures that no receipt shows, found and journaled.
    pub orphan_signatures: IntCounter,
    /// Cashboxes here whose journal is older than what was signed already.
    stale: IntGauge,
    /// Cashboxes here whose TSE failed and was not heard since.
    pub failed_mode: IntGauge,
    /// Cashboxes that made no progress, were freed lately and have not been served since.
    pub stuck: IntGauge,
    /// Cashboxes freed because they made no progress, by what they were doing.
    pub freed: Counters<1>,
}

/// What the listeners of a pod count.
#[derive(Debug)]
pub struct HttpMetrics {
    /// Requests, by endpoint and class of status.
    pub requests: Counters<2>,
    /// How long requests took, by endpoint.
    pub seconds: Histograms<1>,
    /// Requests that are being answered.
    pub in_flight: IntGauge,
}

impl Metrics {
    /// All figures at zero.
    #[must_use]
    pub fn new() -> Self {
        let figures = Figures::default();
        process::register(&figures);
        Self {
            http: Arc::new(HttpMetrics::register(&figures)),
            cashbox: Arc::new(CashboxMetrics::register(&figures)),
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

impl CashboxMetrics {
    fn register(figures: &Figures) -> Self {
        Self {
            hosted: figures.gauges(
                "byodc_cashboxes",
                "Cashboxes in memory",
                [Label::of("state", Stage::WORDS)],
            ),
            loads: figures.counters(
                "byodc_cashbox_loads_total",
                "Starts of cashboxes",
                [Label::of("result", load_results())],
            ),
            load_seconds: figures.histogram(
                "byodc_cashbox_load_duration_seconds",
                "Starts that went well",
                &SECONDS,
            ),
            takeover_seconds: figures.histogram(
                "byodc_takeover_duration_seconds",
                "Takeovers, from the noticed end of the owner until the cashbox serves",
                &SECONDS,
            ),
            resets: figures.counters(
                "byodc_cashbox_resets_total",
                "Resets of cashboxes",
                [Label::of("result", ["ok", "failed"])],
            ),
            claims: figures.counters(
                "byodc_claims_total",
                "Queues claimed in the journal",
                [Label::of("reason", ClaimReason::ALL.map(ClaimReason::word))],
            ),
            handovers: figures.counters(
                "byodc_handovers_total",
                "Cashboxes meant to be handed to another pod",
                [Label::of("result", HandoverOutcome::WORDS)],
            ),
            handover_pause: figures.histogram(
                "byodc_handover_pause_seconds",
                "From the last receipt here until the successor is ready",
                &SECONDS,
            ),
            fenced: figures.counter(
                "byodc_fenced_total",
                "Writes refused because a newer claim exists",
            ),
            chain_check_failures: figures.counter(
                "byodc_chain_check_failures_total",
                "Starts refused because the end of the stored receipt chain does not fit together",
            ),
            sign_seconds: figures.histograms(
                "byodc_sign_duration_seconds",
                "Stages of a receipt",
                &SECONDS,
                [Label::of("stage", SIGN_STAGES)],
            ),
            open_intents: figures.gauge("byodc_open_intents", "Receipts begun and not ended"),
            panics: figures.counter("byodc_cashbox_panics_total", "Cashboxes given up after a panic"),
            settled_intents: figures.counters(
                "byodc_settled_intents_total",
                "Interrupted receipts that a start settled",
                [Label::of("outcome", Settlement::ALL.map(Settlement::word))],
            ),
            orphan_signatures: figures.counter(
                "byodc_orphan_signatures_total",
                "Signatures that no receipt shows, found and journaled",
            ),
            stale: figures.gauge(
                "byodc_stale_cashboxes",
                "Cashboxes that are not served because their journal is older than what was signed",
            ),
            failed_mode: figures.gauge(
                "byodc_failed_mode_cashboxes",
                "Cashboxes whose TSE failed: their receipts are chained and not signed",
            ),
            stuck: figures.gauge(
                "byodc_stuck_cashboxes",
                "Cashboxes freed in the last ten minutes because they made no progress, and not served since",
            ),
            freed: figures.counters(
                "byodc_cashboxes_freed_total",
                "Cashboxes freed because they made no progress",
                [Label::of("doing", BREAKDOWN_DOINGS)],
            ),
        }
    }

    /// A handover came to this.
    pub fn handed_over(&self, outcome: &HandoverOutcome) {
        self.handovers.of([outcome.word()]).inc();
        if let HandoverOutcome::Moved { pause, .. } = outcome {
            self.handover_pause.observe(pause.as_secs_f64());
        }
    }

    /// A cashbox is in this stage from now on.
    pub fn entered(&self, stage: Stage) {
        self.hosted.of([stage.word()]).inc();
        self.stale.add(stale(stage));
    }

    /// A cashbox is no longer in this stage.
    pub fn left(&self, stage: Stage) {
        self.hosted.of([stage.word()]).dec();
        self.stale.sub(stale(stage));
    }
}

/// How many cashboxes in this stage count as stale: one or none.
fn stale(stage: Stage) -> i64 {
    i64::from(matches!(stage, Stage::Stale { .. }))
}

/// How a start can end: well, for a reason of its own, or with a refusal.
fn load_results() -> impl Iterator<Item = &'static str> {
    let own = ["ok", "unauthorized", "configuration", "broken", "refused"];
    own.into_iter().chain(Refusal::ALL.map(Refusal::word))
}

impl HttpMetrics {
    fn register(figures: &Figures) -> Self {
        let endpoints = Endpoint::ALL.map(Endpoint::name).into_iter().chain([NO_ENDPOINT]);
        let endpoint = Label::of("endpoint", endpoints);
        Self {
            requests: figures.counters(
                "byodc_http_requests_total",
                "Requests, by endpoint and class of the answer's status",
                [endpoint.clone(), Label::of("code_class", CODE_CLASSES)],
            ),
            seconds: figures.histograms(
                "byodc_http_request_duration_seconds",
                "From a request's head to its answer's",
                &SECONDS,
                [endpoint],
            ),
            in_flight: figures.gauge("byodc_http_inflight_requests", "Requests being answered"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
