//! What a pod counts. Each component owns the struct of its own figures; here they are made and printed.
//!
//! No figure carries a cashbox id: facts about one cashbox belong to the admin interface and the log.

use std::sync::Arc;

use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

use crate::cashbox::handover::HandoverOutcome;
use crate::cashbox::lifecycle::Stage;
use crate::queue::settlement::Settlement;

/// Upper bounds in seconds: from a receipt out of memory to a TSE at the end of its patience.
const SECONDS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0,
];

/// Everything a pod counts.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Registry,
    /// Cashboxes and their receipts.
    pub cashbox: Arc<CashboxMetrics>,
    /// Requests as they come in.
    pub http: Arc<HttpMetrics>,
    /// 1 while the pod is shutting down.
    pub draining: IntGauge,
    /// Renewals of the pod's record that failed; see [`Metrics::renew_failures`].
    lease_renew_failures: IntCounter,
}

/// What the cashboxes of a pod count.
#[derive(Debug)]
pub struct CashboxMetrics {
    /// Cashboxes in memory, by state.
    hosted: IntGaugeVec,
    /// Starts, by result.
    pub loads: IntCounterVec,
    /// How long starts that went well took.
    pub load_seconds: Histogram,
    /// Resets, by result.
    pub resets: IntCounterVec,
    /// How long takeovers that went well took, from the moment the owner's end was noticed here until the cashbox
    /// served.
    pub takeover_seconds: Histogram,
    /// Claims in the journal, by reason.
    pub claims: IntCounterVec,
    /// Planned moves to another pod, by result.
    handovers: IntCounterVec,
    /// How long nobody served a cashbox that was moved.
    handover_pause: Histogram,
    /// Writes that the journal refused because a newer claim exists.
    pub fenced: IntCounter,
    /// How long the stages of a receipt took.
    pub sign_seconds: HistogramVec,
    /// Intents without an outcome, held by this pod.
    pub open_intents: IntGauge,
    /// Cashboxes given up because their task panicked.
    pub panics: IntCounter,
    /// Interrupted receipts that a start settled, by outcome.
    pub settled_intents: IntCounterVec,
    /// Signatures that no receipt shows, found and journaled.
    pub orphan_signatures: IntCounter,
    /// Cashboxes here whose journal is older than what was signed already.
    stale: IntGauge,
    /// Cashboxes that made no progress, were freed lately and have not been served since.
    pub stuck: IntGauge,
    /// Cashboxes freed because they made no progress, by what they were doing.
    pub freed: IntCounterVec,
}

/// What the listeners of a pod count.
#[derive(Debug)]
pub struct HttpMetrics {
    /// Requests, by endpoint and class of status.
    pub requests: IntCounterVec,
    /// How long requests took, by endpoint.
    pub seconds: HistogramVec,
    /// Requests that are being answered.
    pub in_flight: IntGauge,
}

impl Metrics {
    /// All figures at zero.
    #[must_use]
    pub fn new() -> Self {
        let registry = Registry::new();
        let build = gauges(
            &registry,
            "byodc_build_info",
            "1, with the build in its labels",
            &["version"],
        );
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        Self {
            cashbox: Arc::new(CashboxMetrics::new(&registry)),
            http: Arc::new(HttpMetrics::new(&registry)),
            draining: gauge(&registry, "byodc_draining", "1 while the pod is shutting down"),
            lease_renew_failures: counter(
                &registry,
                "byodc_lease_renew_failures_total",
                "renewals of the pod's record that failed",
            ),
            registry,
        }
    }

    /// Where further components register their own figures.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Notes how many renewals of the pod's record have failed since it started.
    pub fn renew_failures(&self, total: u64) {
        let new = total.saturating_sub(self.lease_renew_failures.get());
        self.lease_renew_failures.inc_by(new);
    }

    /// All figures in the text format that scrapers read.
    #[must_use]
    pub fn text(&self) -> String {
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .unwrap_or_else(|error| {
                tracing::error!(%error, "the metrics cannot be written");
                String::new()
            })
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl CashboxMetrics {
    fn new(registry: &Registry) -> Self {
        let r = registry;
        let hosted = gauges(r, "byodc_cashboxes", "cashboxes in memory", &["state"]);
        for state in Stage::WORDS {
            let _ = hosted.with_label_values(&[state]);
        }
        Self {
            hosted,
            loads: counters(r, "byodc_cashbox_loads_total", "starts of cashboxes", &["result"]),
            load_seconds: histogram(r, "byodc_cashbox_load_duration_seconds", "starts that went well"),
            takeover_seconds: histogram(
                r,
                "byodc_takeover_duration_seconds",
                "takeovers, from the noticed end of the owner until the cashbox serves",
            ),
            resets: counters(
                r,
                "byodc_cashbox_resets_total",
                "resets of cashboxes",
                &["result"],
            ),
            claims: counters(
                r,
                "byodc_claims_total",
                "queues claimed in the journal",
                &["reason"],
            ),
            handovers: counters(
                r,
                "byodc_handovers_total",
                "cashboxes meant to be handed to another pod",
                &["result"],
            ),
            handover_pause: histogram(
                r,
                "byodc_handover_pause_seconds",
                "from the last receipt here to the successor being ready",
            ),
            fenced: counter(
                r,
                "byodc_fenced_total",
                "writes refused because a newer claim exists",
            ),
            sign_seconds: histograms(
                r,
                "byodc_sign_duration_seconds",
                "stages of a receipt",
                &["stage"],
            ),
            open_intents: gauge(r, "byodc_open_intents", "receipts begun and not ended"),
            panics: counter(
                r,
                "byodc_cashbox_panics_total",
                "cashboxes given up after a panic",
            ),
            settled_intents: settled_intents(r),
            orphan_signatures: counter(
                r,
                "byodc_orphan_signatures_total",
                "signatures that no receipt shows, found and journaled",
            ),
            stale: gauge(
                r,
                "byodc_stale_cashboxes",
                "cashboxes that are not served because their journal is older than what was signed",
            ),
            stuck: gauge(
                r,
                "byodc_stuck_cashboxes",
                "cashboxes freed in the last ten minutes because they made no progress, and not served since",
            ),
            freed: counters(
                r,
                "byodc_cashboxes_freed_total",
                "cashboxes freed because they made no progress",
                &["doing"],
            ),
        }
    }

    /// A handover came to this.
    pub fn handed_over(&self, outcome: &HandoverOutcome) {
        self.handovers.with_label_values(&[outcome.word()]).inc();
        if let HandoverOutcome::Moved { pause, .. } = outcome {
            self.handover_pause.observe(pause.as_secs_f64());
        }
    }

    /// A cashbox is in this stage from now on.
    pub fn entered(&self, stage: Stage) {
        self.hosted.with_label_values(&[stage.word()]).inc();
        self.stale.add(stale(stage));
    }

    /// A cashbox is no longer in this stage.
    pub fn left(&self, stage: Stage) {
        self.hosted.with_label_values(&[stage.word()]).dec();
        self.stale.sub(stale(stage));
    }
}

/// How many cashboxes in this stage count as stale: one or none.
fn stale(stage: Stage) -> i64 {
    i64::from(matches!(stage, Stage::Stale { .. }))
}

fn settled_intents(registry: &Registry) -> IntCounterVec {
    let settled = counters(
        registry,
        "byodc_settled_intents_total",
        "interrupted receipts that a start settled",
        &["outcome"],
    );
    for outcome in Settlement::ALL {
        let _ = settled.with_label_values(&[outcome.word()]);
    }
    settled
}

impl HttpMetrics {
    fn new(r: &Registry) -> Self {
        Self {
            requests: counters(
                r,
                "byodc_http_requests_total",
                "requests",
                &["endpoint", "code_class"],
            ),
            seconds: histograms(
                r,
                "byodc_http_request_duration_seconds",
                "requests",
                &["endpoint"],
            ),
            in_flight: gauge(r, "byodc_http_inflight_requests", "requests being answered"),
        }
    }
}

// Names and labels are literals of this crate and registered once per registry: neither can be refused.

fn counter(registry: &Registry, name: &str, help: &str) -> IntCounter {
    let made = IntCounter::new(name, help).expect("the name is well formed");
    register(registry, made)
}

fn counters(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    let made = IntCounterVec::new(Opts::new(name, help), labels).expect("the name is well formed");
    register(registry, made)
}

fn gauge(registry: &Registry, name: &str, help: &str) -> IntGauge {
    register(
        registry,
        IntGauge::new(name, help).expect("the name is well formed"),
    )
}

fn gauges(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
    let made = IntGaugeVec::new(Opts::new(name, help), labels).expect("the name is well formed");
    register(registry, made)
}

fn histogram(registry: &Registry, name: &str, help: &str) -> Histogram {
    let opts = HistogramOpts::new(name, help).buckets(SECONDS.to_vec());
    register(
        registry,
        Histogram::with_opts(opts).expect("the name is well formed"),
    )
}

fn histograms(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> HistogramVec {
    let opts = HistogramOpts::new(name, help).buckets(SECONDS.to_vec());
    register(
        registry,
        HistogramVec::new(opts, labels).expect("the name is well formed"),
    )
}

fn register<C: prometheus::core::Collector + Clone + 'static>(registry: &Registry, made: C) -> C {
    registry
        .register(Box::new(made.clone()))
        .expect("each name is registered once");
    made
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
}
