//! What the journal counts. The owner of a process registers it once; a store given the default counts unseen.

use prometheus::{Histogram, HistogramOpts, IntCounter, Registry};

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
        let milliseconds_to_seconds = vec![
            0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0,
        ];
        Self {
            commit_duration_seconds: histogram(
                "byodc_journal_commit_duration_seconds",
                "Seconds that one commit of the journal took",
                milliseconds_to_seconds,
            ),
            batch_size: histogram(
                "byodc_journal_batch_size",
                "Writes made permanent by one commit",
                vec![1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0],
            ),
            group_retries: counter(
                "byodc_journal_group_retries_total",
                "Groups of writes that were written again after a passing fault",
            ),
            written_alone: counter(
                "byodc_journal_written_alone_total",
                "Writes that were tried alone because their group failed",
            ),
            history_lost: counter(
                "byodc_journal_history_lost_total",
                "Changes of ownership that could not be written to the history",
            ),
        }
    }
}

impl JournalMetrics {
    /// Shows the counters in a registry.
    ///
    /// # Errors
    /// When the registry holds metrics of these names already.
    pub fn register(&self, registry: &Registry) -> prometheus::Result<()> {
        registry.register(Box::new(self.commit_duration_seconds.clone()))?;
        registry.register(Box::new(self.batch_size.clone()))?;
        registry.register(Box::new(self.group_retries.clone()))?;
        registry.register(Box::new(self.written_alone.clone()))?;
        registry.register(Box::new(self.history_lost.clone()))
    }
}

fn histogram(name: &str, meaning: &str, buckets: Vec<f64>) -> Histogram {
    Histogram::with_opts(HistogramOpts::new(name, meaning).buckets(buckets))
        .expect("the name is a metric's name and the buckets rise")
}

fn counter(name: &str, meaning: &str) -> IntCounter {
    IntCounter::new(name, meaning).expect("the name is a metric's name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_appears_under_the_journals_prefix() {
        let registry = Registry::new();
        JournalMetrics::default().register(&registry).unwrap();
        let families = registry.gather();
        assert_eq!(families.len(), 5);
        for family in families {
            assert!(family.name().starts_with("byodc_journal_"), "{}", family.name());
        }
    }
}
