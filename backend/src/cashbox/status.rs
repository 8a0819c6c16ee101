//! What a cashbox lets be seen from outside its task.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use shared::identity::{CashBoxId, Epoch};

use super::lifecycle::{Event, Stage, State};
use crate::metrics::CashboxMetrics;

/// Where a cashbox is in its life, written by whoever drives it and read by anybody.
#[derive(Debug)]
pub struct Status {
    cashbox: CashBoxId,
    state: Mutex<State>,
    metrics: Arc<CashboxMetrics>,
}

/// One hosted cashbox, as operators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosted {
    /// Which cashbox.
    pub cashbox: CashBoxId,
    /// Where it is in its life, in one word.
    pub state: &'static str,
    /// For how long, in milliseconds.
    pub state_ms: u128,
    /// Under which epoch, once it has one.
    pub epoch: Option<Epoch>,
    /// How many requests wait, besides the one that runs.
    pub waiting: usize,
}

impl Status {
    /// The status of a cashbox that begins to load now.
    #[must_use]
    pub fn loading(cashbox: CashBoxId, metrics: Arc<CashboxMetrics>) -> Self {
        let state = State::loading(Instant::now());
        metrics.entered(state.stage);
        Self {
            cashbox,
            state: Mutex::new(state),
            metrics,
        }
    }

    /// Moves on. An event out of place is a bug: it is logged, and the state stays.
    pub fn on(&self, event: Event) {
        let mut state = self
            .state
            .lock()
            .expect("nothing panics while it holds this lock");
        match state.next(event, Instant::now()) {
            Ok(next) => {
                self.metrics.left(state.stage);
                self.metrics.entered(next.stage);
                tracing::debug!(cashbox.id = %self.cashbox, from = state.stage.word(), to = next.stage.word(),
                    "cashbox state");
                *state = next;
            }
            Err(error) => {
                tracing::error!(cashbox.id = %self.cashbox, %error, "a cashbox got an event out of place")
            }
        }
    }

    /// Where it is now.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.state
            .lock()
            .expect("nothing panics while it holds this lock")
            .stage
    }

    /// How it is shown to operators.
    #[must_use]
    pub fn hosted(&self, waiting: usize) -> Hosted {
        let state = *self
            .state
            .lock()
            .expect("nothing panics while it holds this lock");
        Hosted {
            cashbox: self.cashbox,
            state: state.stage.word(),
            state_ms: state.since.elapsed().as_millis(),
            epoch: state.stage.epoch(),
            waiting,
        }
    }
}

impl Drop for Status {
    fn drop(&mut self) {
        self.metrics.left(self.stage());
    }
}
