//! What the proxy counts, under `byodc_proxy_`. Never by cashbox.

use std::time::Duration;

use prometheus::{
    Encoder, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};

use crate::route::Route;

/// Every counter, looked up once: counting costs an addition.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// By status class (index 0: below 200 or above 599) and by whether a cashbox was concerned.
    requests: [[IntCounter; 2]; 6],
    duration: Histogram,
    decisions: Decisions,
    redirects: IntCounter,
    resends: IntCounterVec,
    inflight: IntGauge,
    waiting: IntGauge,
    ring_members: IntGauge,
    ring_generation: IntGauge,
    connections: IntGauge,
    routes: IntGauge,
}

#[derive(Debug)]
struct Decisions {
    table: IntCounter,
    store: IntCounter,
    candidate: IntCounter,
    no_pod_ready: IntCounter,
}

const CODE_CLASSES: [&str; 6] = ["other", "1xx", "2xx", "3xx", "4xx", "5xx"];

impl Default for Metrics {
    fn default() -> Self {
        let registry = Registry::new();
        let by = |name, help, labels: &[&str]| {
            let counter =
                IntCounterVec::new(Opts::new(name, help), labels).expect("the names are well-formed");
            register(&registry, counter)
        };
        let gauge = |name, help| {
            register(
                &registry,
                IntGauge::new(name, help).expect("the name is well-formed"),
            )
        };
        let requests = by(
            "byodc_proxy_requests_total",
            "Requests answered, by status class and whether a cashbox was concerned.",
            &["code_class", "route"],
        );
        let decisions = by(
            "byodc_proxy_routing_decisions_total",
            "How the pod to ask was found.",
            &["reason"],
        );
        Self {
            requests: CODE_CLASSES
                .map(|class| ["none", "cashbox"].map(|route| requests.with_label_values(&[class, route]))),
            duration: duration(&registry),
            decisions: Decisions {
                table: decisions.with_label_values(&["table"]),
                store: decisions.with_label_values(&["store"]),
                candidate: decisions.with_label_values(&["candidate"]),
                no_pod_ready: decisions.with_label_values(&["no_pod_ready"]),
            },
            redirects: register(
                &registry,
                IntCounter::new(
                    "byodc_proxy_redirects_total",
                    "Requests sent on to the owner that another pod named.",
                )
                .expect("the name is well-formed"),
            ),
            resends: by(
                "byodc_proxy_resends_total",
                "Requests sent again under the same operation id, by reason.",
                &["reason"],
            ),
            inflight: gauge("byodc_proxy_inflight_requests", "Requests being served."),
            waiting: gauge(
                "byodc_proxy_waiting_requests",
                "Requests waiting for a cashbox that changes hands.",
            ),
            ring_members: gauge("byodc_proxy_ring_members", "Pods that take cashboxes."),
            ring_generation: gauge(
                "byodc_proxy_ring_generation",
                "Start of the newest generation's first pod, in seconds of the Unix epoch.",
            ),
            connections: gauge("byodc_proxy_client_connections", "Open connections of clients."),
            routes: gauge("byodc_proxy_known_routes", "Cashboxes whose owner is remembered."),
            registry,
        }
    }
}

fn register<M: prometheus::core::Collector + Clone + 'static>(registry: &Registry, metric: M) -> M {
    registry
        .register(Box::new(metric.clone()))
        .expect("each name is registered once");
    metric
}

fn duration(registry: &Registry) -> Histogram {
    let buckets = vec![
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
    ];
    let options = HistogramOpts::new(
        "byodc_proxy_request_duration_seconds",
        "From a request's head to the end of its answer.",
    );
    let histogram = Histogram::with_opts(options.buckets(buckets)).expect("the name is well-formed");
    register(registry, histogram)
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
    pub fn resent(&self, reason: &str) {
        self.resends.with_label_values(&[reason]).inc();
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
        let mut text = Vec::new();
        TextEncoder::new()
            .encode(&self.registry.gather(), &mut text)
            .expect("writing to memory cannot fail");
        String::from_utf8(text).expect("the text format is UTF-8")
    }
}
