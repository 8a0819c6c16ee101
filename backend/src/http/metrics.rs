//! What the listeners of a pod count.

use prometheus::IntGauge;
use shared::figures::description::Label;
use shared::figures::{Counters, Figures, Histograms};

use super::path::Endpoint;
use crate::metrics::SECONDS;

/// The endpoint of requests for anything else.
pub const NO_ENDPOINT: &str = "other";
/// Classes of status.
const CODE_CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Requests as they come in.
#[derive(Debug)]
pub struct Metrics {
    /// Requests, by endpoint and class of status.
    pub requests: Counters<2>,
    /// How long requests took, by endpoint.
    pub seconds: Histograms<1>,
    /// Requests that are being answered.
    pub in_flight: IntGauge,
}

impl Metrics {
    pub(crate) fn register(figures: &Figures) -> Self {
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
