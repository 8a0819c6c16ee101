//! What a cashbox lets be seen from outside its task.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Instant;

use shared::identity::{CashBoxId, Epoch};

use super::lifecycle::{Event, Stage, State};
use super::metrics::Metrics;
use super::progress::Progress;
use crate::ownership::tenure::Tenure;

/// Where a cashbox is in its life, written by whoever drives it and read by anybody.
#[derive(Debug)]
pub struct Status {
    cashbox: CashBoxId,
    state: Mutex<State>,
    /// Whether the work under way moves.
    progress: Progress,
    /// Since the claim: what has to be given back if somebody else ends the instance.
    tenure: OnceLock<Tenure>,
    /// Whether the instance was cut off: what it still says of itself does not count.
    abandoned: AtomicBool,
    /// Whether its TSE failed and was not heard since. Changed under the lock of `state`, and off from its end on.
    in_failed_mode: AtomicBool,
    metrics: Arc<Metrics>,
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
    /// For how long the work under way has not moved, in milliseconds; none while nothing is being done.
    pub silent_ms: Option<u128>,
}

/// An instance that was cut off, and what it held if it had claimed already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Abandoned {
    /// The tenure of its claim.
    pub tenure: Option<Tenure>,
}

impl Status {
    /// The status of a cashbox that begins to load now.
    #[must_use]
    pub fn loading(cashbox: CashBoxId, metrics: Arc<Metrics>) -> Self {
        let state = State::loading(Instant::now());
        metrics.entered(state.stage);
        Self {
            cashbox,
            state: Mutex::new(state),
            progress: Progress::new(),
            tenure: OnceLock::new(),
            abandoned: AtomicBool::new(false),
            in_failed_mode: AtomicBool::new(false),
            metrics,
        }
    }

    /// Whether the work under way moves.
    #[must_use]
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Moves on. An event out of place is a bug: it is logged, and the state stays.
    pub fn on(&self, event: Event) {
        let mut state = self.lock();
        if !self.abandoned.load(Ordering::Relaxed) {
            self.advance(&mut state, event);
        }
    }

    /// The queue was claimed.
    pub fn claimed(&self, tenure: &Tenure) {
        self.tenure.get_or_init(|| tenure.clone());
        self.on(Event::Claimed(tenure.epoch()));
    }

    /// The instance is cut off by somebody else than itself; none when it has ended already.
    pub fn abandon(&self) -> Option<Abandoned> {
        let mut state = self.lock();
        if self.abandoned.load(Ordering::Relaxed) || state.stage.is_end() {
            return None;
        }
        self.advance(&mut state, Event::Broke);
        self.abandoned.store(true, Ordering::Relaxed);
        Some(Abandoned {
            tenure: self.tenure.get().cloned(),
        })
    }

    /// Says whether its TSE failed and was not heard since.
    pub fn failed_mode(&self, is_on: bool) {
        let state = self.lock();
        self.count_failed_mode(is_on && !state.stage.is_end());
    }

    fn count_failed_mode(&self, is_on: bool) {
        let was_on = self.in_failed_mode.swap(is_on, Ordering::Relaxed);
        self.metrics.failed_mode.add(i64::from(is_on) - i64::from(was_on));
    }

    fn advance(&self, state: &mut State, event: Event) {
        match state.next(event, Instant::now()) {
            Ok(next) => {
                self.metrics.left(state.stage);
                self.metrics.entered(next.stage);
                tracing::debug!(cashbox.id = %self.cashbox, from = state.stage.word(), to = next.stage.word(),
                    "cashbox state");
                *state = next;
                if state.stage.is_end() {
                    self.count_failed_mode(false);
                }
            }
            Err(error) => {
                tracing::error!(cashbox.id = %self.cashbox, %error, "a cashbox got an event out of place")
            }
        }
    }

    /// Where it is now.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.lock().stage
    }

    /// How it is shown to operators.
    #[must_use]
    pub fn hosted(&self, waiting: usize) -> Hosted {
        let state = *self.lock();
        Hosted {
            cashbox: self.cashbox,
            state: state.stage.word(),
            state_ms: state.since.elapsed().as_millis(),
            epoch: state.stage.epoch(),
            waiting,
            silent_ms: self.progress.silent_for().map(|silence| silence.as_millis()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("nothing panics while it holds this lock")
    }
}

impl Drop for Status {
    fn drop(&mut self) {
        self.metrics.left(self.stage());
        self.count_failed_mode(false);
    }
}
