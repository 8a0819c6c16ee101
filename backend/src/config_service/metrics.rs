//! How often the configuration service was asked, and what it said.

use shared::figures::description::Label;
use shared::figures::{Counters, Figures};

/// Classes of status, and no answer.
const CODE_CLASSES: [&str; 6] = ["1xx", "2xx", "3xx", "4xx", "5xx", "none"];

/// Counters of the client.
#[derive(Debug, Clone)]
pub struct Metrics {
    requests: Counters<1>,
}

impl Metrics {
    /// All at zero.
    #[must_use]
    pub fn register(figures: &Figures) -> Self {
        Self {
            requests: figures.counters(
                "byodc_config_service_requests_total",
                "Requests to the configuration service, by class of the answer's status; none = no answer",
                [Label::of("code_class", CODE_CLASSES)],
            ),
        }
    }

    /// Counts one request by the status of its answer.
    pub fn count(&self, status: Option<u16>) {
        let class = match status {
            Some(100..=199) => "1xx",
            Some(200..=299) => "2xx",
            Some(300..=399) => "3xx",
            Some(400..=499) => "4xx",
            Some(_) => "5xx",
            None => "none",
        };
        self.requests.of([class]).inc();
    }
}
