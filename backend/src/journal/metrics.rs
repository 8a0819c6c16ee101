//! What the journal counts. A store that is given the default counts unseen.

use prometheus::{Histogram, IntCounter};
use shared::figures::Figures;

/// Upper bounds of a commit, in seconds.
const SECONDS: [f64; 12] = [
    0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0,
];
/// Upper bounds of a batch, in writes.
const WRITES: [f64; 11] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

/// Counters of one journal store, cheap to clone; all clones count together.
#[derive(Debug, Clone)]
pub struct JournalMetrics {
    /// Seconds that one commit took, from `COMMIT` sent to its answer. Its count is the number of commits.
    pub commit_duration_seconds: Histogram,
    /// Writes that one commit made permanent.
    pub batch_size: Histogram,
    /// Groups written again because of a deadlock, a busy file or a lost connection.
    pub group_retries: IntCounter,
    /// Writes taken out of a failing group and tried alone.
    pub written_alone: IntCounter,
    /// Changes of ownership that the history does not show, because they could not be written.
    pub history_lost: IntCounter,
}

impl Default for JournalMetrics {
    fn default() -> Self {
        Self::register(&Figures::default())
    }
}

impl JournalMetrics {
    /// All at zero.
    #[must_use]
    pub fn register(figures: &Figures) -> Self {
        Self {
            commit_duration_seconds: figures.histogram(
                "byodc_journal_commit_duration_seconds",
                "Commits of the journal, from COMMIT sent to its answer",
                &SECONDS,
            ),
            batch_size: figures.histogram(
                "byodc_journal_batch_size",
                "Writes made permanent by one commit",
                &WRITES,
            ),
            group_retries: figures.counter(
                "byodc_journal_group_retries_total",
                "Groups of writes that were written again after a passing fault",
            ),
            written_alone: figures.counter(
                "byodc_journal_written_alone_total",
                "Writes that were tried alone because their group failed",
            ),
            history_lost: figures.counter(
                "byodc_journal_history_lost_total",
                "Changes of ownership that could not be written to the history",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_appears_under_the_journals_prefix() {
        let figures = Figures::default();
        let _ = JournalMetrics::register(&figures);
        let described = figures.descriptions();
        assert_eq!(described.len(), 5);
        for figure in described {
            assert!(figure.name.starts_with("byodc_journal_"), "{}", figure.name);
        }
    }
}
