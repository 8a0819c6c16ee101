//! How often the configuration service was asked, and what it said.

use prometheus::{IntCounterVec, Opts, Registry};

/// Counters of the client.
#[derive(Debug)]
pub struct Metrics {
    requests: IntCounterVec,
}

impl Metrics {
    /// Makes the counters known to the registry.
    ///
    /// # Errors
    /// When the registry has them already.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let requests = IntCounterVec::new(
            Opts::new(
                "byodc_config_service_requests_total",
                "Requests to the configuration service, by class of the answer's status; none = no answer.",
            ),
            &["code_class"],
        )?;
        registry.register(Box::new(requests.clone()))?;
        Ok(Self { requests })
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
        self.requests.with_label_values(&[class]).inc();
    }
}
