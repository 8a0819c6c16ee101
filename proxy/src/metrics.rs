//! What the proxy counts, under `byodc_proxy_`. Never by cashbox.

use std::time::Duration;

use prometheus::{Histogram, IntCounter, IntGauge};
use shared::api::refusal::Refusal;
use shared::figures::description::{Description, Label};
use shared::figures::{Counters, Figures, Sometimes, process};
use shared::trace::tracer::{DROPPED_SPANS, DROPPED_SPANS_MEANING};

use crate::retry::RESEND_REASONS;
use crate::route::Route;

/// Upper bounds in seconds: what the proxy adds, a receipt, the pause of a handover (0.3), a takeover (1, at most 3),
/// and the patience of a POS.
const SECONDS: [f64; 17] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0,
];

/// Every counter, looked up once: counting costs an addition.
#[derive(Debug)]
pub struct Metrics {
    figures: Figures,
    /// By status class (index 0: below 200 or above 599) and by whether a cashbox was concerned.
    requests: [[IntCounter; 2]; 6],
    duration: Histogram,
    decisions: Decisions,
    redirects: IntCounter,
    resends: Counters<1>,
    inflight: IntGauge,
    waiting: IntGauge,
    ring_members: IntGauge,
    ring_generation: IntGauge,
    connections: IntGauge,
    routes: IntGauge,
    store_up: IntGauge,
    dropped_spans: IntCounter,
    certificate_expiry: Sometimes,
}

#[derive(Debug)]
struct Decisions {
    table: IntCounter,
    store: IntCounter,
    candidate: IntCounter,
    no_pod_ready: IntCounter,
}

const CODE_CLASSES: [&str; 6] = ["other", "1xx", "2xx", "3xx", "4xx", "5xx"];
const ROUTES: [&str; 2] = ["none", "cashbox"];

impl Default for Metrics {
    fn default() -> Self {
        let figures = Figures::default();
        process::register(&figures);
        Self {
            requests: requests(&figures),
            duration: figures.histogram(
                "byodc_proxy_request_duration_seconds",
                "From a request's head to the end of its answer",
                &SECONDS,
            ),
            decisions: Decisions::new(&figures),
            redirects: figures.counter(
                "byodc_proxy_redirects_total",
                "Requests sent on to the owner that another pod named",
            ),
            resends: figures.counters(
                "byodc_proxy_resends_total",
                "Requests sent again under the same operation id, by reason",
                [resend_reasons()],
            ),
            inflight: figures.gauge("byodc_proxy_inflight_requests", "Requests being served"),
            waiting: figures.gauge(
                "byodc_proxy_waiting_requests",
                "Requests waiting for a cashbox that changes hands",
            ),
            ring_members: figures.gauge("byodc_proxy_ring_members", "Pods that take cashboxes"),
            ring_generation: figures.gauge(
                "byodc_proxy_ring_generation",
                "Start of the newest generation's first pod, in seconds of the Unix epoch; 0 without pods",
            ),
            connections: figures.gauge("byodc_proxy_client_connections", "Open connections of clients"),
            routes: figures.gauge("byodc_proxy_known_routes", "Cashboxes whose owner is remembered"),
            dropped_spans: figures.counter(DROPPED_SPANS, DROPPED_SPANS_MEANING),
            store_up: figures.gauge(
                "byodc_ownership_store_up",
                "1 while the ownership store answers, 0 while it does not",
            ),
            certificate_expiry: figures.sometimes(
                "byodc_proxy_certificate_expiry_timestamp_seconds",
                "When the certificate in force ends, or one of its chain before it, in seconds of the Unix epoch",
                "the proxy takes TLS",
            ),
            figures,
        }
    }
}

fn requests(figures: &Figures) -> [[IntCounter; 2]; 6] {
    let requests = figures.counters(
        "byodc_proxy_requests_total",
        "Requests answered, by status class and whether a cashbox was concerned",
        [Label::of("code_class", CODE_CLASSES), Label::of("route", ROUTES)],
    );
    CODE_CLASSES.map(|class| ROUTES.map(|route| requests.of([class, route])))
}

impl Decisions {
    fn new(figures: &Figures) -> Self {
        let reasons = ["table", "store", "candidate", "no_pod_ready"];
        let decisions = figures.counters(
            "byodc_proxy_routing_decisions_total",
            "How the pod to ask was found",
            [Label::of("reason", reasons)],
        );
        let [table, store, candidate, no_pod_ready] = reasons.map(|reason| decisions.of([reason]));
        Self {
            table,
            store,
            candidate,
            no_pod_ready,
        }
    }
}

/// What the proxy finds by itself, and what pods say that passes.
fn resend_reasons() -> Label {
    let refusals = Refusal::ALL.into_iter();
    let refusals = refusals.filter(|refusal| refusal.passes_by_itself());
    let words = RESEND_REASONS.into_iter().chain(refusals.map(Refusal::word));
    Label::of("reason", words)
}

/// What is read when the metrics are, instead of being counted all the while.
#[derive(Debug, Clone, Copy)]
pub struct Levels {
    /// Requests waiting.
    pub waiting: usize,
    /// Pods that take cashboxes.
    pub ring_members: usize,
    /// When the newest generation began, in seconds of the Unix epoch; 0 when there is none.
    pub ring_generation_s: i64,
    /// Open connections of clients.
    pub connections: usize,
    /// Cashboxes whose owner is remembered.
    pub routes: usize,
    /// Whether the ownership store answered when it was last asked for the pods.
    pub store_is_up: bool,
    /// How many spans were lost on their way to the collector since the process began.
    pub dropped_spans: u64,
    /// When the certificate in force ends, in seconds of the Unix epoch; none without TLS.
    pub certificate_expiry_s: Option<i64>,
}

impl Metrics {
    /// A request began.
    pub fn began(&self) {
        self.inflight.inc();
    }

    /// A request ended with this status.
    pub fn ended(&self, status: u16, concerned_a_cashbox: bool, took: Duration) {
        let class = match status / 100 {
            class @ 1..=5 => usize::from(class),
            _ => 0,
        };
        self.requests[class][usize::from(concerned_a_cashbox)].inc();
        self.duration.observe(took.as_secs_f64());
        self.inflight.dec();
    }

    /// A pod was found to ask, or none.
    pub fn routed(&self, route: &Route) {
        let decisions = &self.decisions;
        match route.reason() {
            "table" => &decisions.table,
            "store" => &decisions.store,
            "candidate" => &decisions.candidate,
            _ => &decisions.no_pod_ready,
        }
        .inc();
    }

    /// A request follows a 421.
    pub fn redirected(&self) {
        self.redirects.inc();
    }

    /// A request is sent again.
    pub fn resent(&self, reason: &'static str) {
        self.resends.of([reason]).inc();
    }

    /// Everything in the text format of Prometheus.
    #[must_use]
    pub fn text(&self, levels: Levels) -> String {
        let set = |gauge: &IntGauge, level: usize| gauge.set(i64::try_from(level).unwrap_or(i64::MAX));
        set(&self.waiting, levels.waiting);
        set(&self.ring_members, levels.ring_members);
        set(&self.connections, levels.connections);
        set(&self.routes, levels.routes);
        self.ring_generation.set(levels.ring_generation_s);
        self.store_up.set(i64::from(levels.store_is_up));
        let dropped = &self.dropped_spans;
        dropped.inc_by(levels.dropped_spans.saturating_sub(dropped.get()));
        self.certificate_expiry.set(levels.certificate_expiry_s);
        self.figures.text()
    }

    /// Every figure in words.
    #[must_use]
    pub fn descriptions(&self) -> Vec<Description> {
        self.figures.descriptions()
    }
}
