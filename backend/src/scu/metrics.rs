//! How often TSEs were asked, and what came of it.

use prometheus::{IntCounterVec, Opts, Registry};

/// Counters of all units of a pod.
#[derive(Debug)]
pub struct Metrics {
    requests: IntCounterVec,
}

/// What came of one try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The TSE did what was asked.
    Answered,
    /// The TSE refused.
    Rejected,
    /// The TSE was not reached.
    Unreachable,
    /// No answer came although the request was sent, be it that the connection broke or the time was up.
    Unknown,
}

impl Outcome {
    fn label(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Rejected => "rejected",
            Self::Unreachable => "unreachable",
            Self::Unknown => "unknown",
        }
    }
}

impl Metrics {
    /// Makes the counters known to the registry.
    ///
    /// # Errors
    /// When the registry has them already.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let requests = IntCounterVec::new(
            Opts::new(
                "byodc_scu_requests_total",
                "Tries to ask a TSE, by kind and result.",
            ),
            &["kind", "result"],
        )?;
        registry.register(Box::new(requests.clone()))?;
        Ok(Self { requests })
    }

    /// Counts one try.
    pub fn count(&self, kind: &'static str, outcome: Outcome) {
        self.requests.with_label_values(&[kind, outcome.label()]).inc();
    }
}
