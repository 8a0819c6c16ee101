//! Rows of the history that nobody waits for: whether they were written.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use prometheus::IntCounter;
use tokio::sync::oneshot;

use super::write::Outcome;
use crate::journal::JournalError;

/// Counts what was lost, and says so once for each time that it begins. Clones count together.
#[derive(Debug, Clone)]
pub(super) struct Notes {
    lost: IntCounter,
    failing: Arc<AtomicBool>,
}

impl Notes {
    pub(super) fn new(lost: IntCounter) -> Self {
        Self {
            lost,
            failing: Arc::default(),
        }
    }

    /// Waits for a note's outcome in its writer's place.
    pub(super) async fn follow(self, outcome: oneshot::Receiver<Outcome>) {
        match outcome.await {
            Ok(Ok(_)) => self.failing.store(false, Ordering::Relaxed),
            Ok(Err(error)) => self.lost(&error),
            Err(stopped) => self.lost(&JournalError::OutcomeUnknown {
                doing: "noting a change of ownership",
                source: stopped.into(),
            }),
        }
    }

    /// A note is not in the history, or perhaps not.
    pub(super) fn lost(&self, error: &JournalError) {
        self.lost.inc();
        if !self.failing.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                error = error as &dyn std::error::Error,
                "changes of ownership are missing from the history; nothing else depends on it"
            );
        }
    }
}
