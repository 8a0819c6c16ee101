//! What the cashboxes of a pod count.

use prometheus::{Histogram, IntCounter, IntGauge};
use shared::api::refusal::Refusal;
use shared::figures::description::Label;
use shared::figures::{Counters, Figures, Gauges, Histograms};

use super::handover::HandoverOutcome;
use super::lifecycle::Stage;
use crate::journal::history::ClaimReason;
use crate::metrics::SECONDS;
use crate::queue::settlement::Settlement;

/// The stages of a receipt that are timed.
const SIGN_STAGES: [&str; 4] = ["wait", "begin", "process", "append"];
/// What a cashbox that broke down was doing.
const BREAKDOWN_DOINGS: [&str; 2] = ["starting", "serving"];

/// Cashboxes and their receipts.
#[derive(Debug)]
pub struct Metrics {
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

impl Metrics {
    pub(crate) fn register(figures: &Figures) -> Self {
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
