//! How often TSEs were asked, and what came of it.

use shared::figures::description::Label;
use shared::figures::{Counters, Figures};

/// What a TSE can be asked for.
const KINDS: [&str; 13] = [
    "start",
    "update",
    "finish",
    "trace",
    "last-steps",
    "recall",
    "info",
    "state",
    "client",
    "time",
    "self-test",
    "export",
    "echo",
];

/// Counters of all units of a pod.
#[derive(Debug)]
pub struct Metrics {
    requests: Counters<2>,
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
    const ALL: [Self; 4] = [Self::Answered, Self::Rejected, Self::Unreachable, Self::Unknown];

    /// The word for it in figures and traces.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Rejected => "rejected",
            Self::Unreachable => "unreachable",
            Self::Unknown => "unknown",
        }
    }
}

impl Metrics {
    /// All at zero.
    #[must_use]
    pub fn register(figures: &Figures) -> Self {
        let results = Outcome::ALL.map(Outcome::label);
        Self {
            requests: figures.counters(
                "byodc_scu_requests_total",
                "Tries to ask a TSE, by kind and result",
                [Label::of("kind", KINDS), Label::of("result", results)],
            ),
        }
    }

    /// Counts one try.
    pub fn count(&self, kind: &'static str, outcome: Outcome) {
        self.requests.of([kind, outcome.label()]).inc();
    }
}
