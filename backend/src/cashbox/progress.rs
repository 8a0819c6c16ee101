//! Whether a cashbox gets on with what it does.
//!
//! ```text
//! nothing to do ──watch──▶ working, silent for 0 ms, 1 ms, … ──woken──▶ silent for 0 ms … ──done──▶ nothing to do
//! ```
//!
//! Every wait inside a cashbox has a bound and wakes its task when the bound is reached. So work that was not woken
//! for long waits for something that has no bound, or was woken and blocks: it is wedged, whatever it does.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

/// Nothing is being done.
const NOTHING: u64 = 0;

/// When the work of a cashbox was last seen to move. Written by its task, read by the watchdog.
#[derive(Debug)]
pub struct Progress {
    born: Instant,
    /// Milliseconds from `born` to the last sign of life, plus one; [`NOTHING`] between two works.
    moved_ms: AtomicU64,
    /// Milliseconds from `born` to the beginning of the work under way, plus one; [`NOTHING`] between two works.
    began_ms: AtomicU64,
    /// Milliseconds of silence that are right for this cashbox, whatever the setting says.
    allowed_ms: AtomicU64,
}

impl Progress {
    /// Nothing is being done yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            born: Instant::now(),
            moved_ms: AtomicU64::new(NOTHING),
            began_ms: AtomicU64::new(NOTHING),
            allowed_ms: AtomicU64::new(0),
        }
    }

    /// Does some work under watch. It lives in a box of its own until it is done, so a cashbox that waits for a
    /// request does not carry the space that a receipt needs.
    pub fn watch<'a, T>(&'a self, work: impl Future<Output = T> + Send + 'a) -> Watched<'a, T> {
        self.began_ms.store(self.now_ms() + 1, Ordering::Relaxed);
        self.moved();
        Watched {
            progress: self,
            work: Box::pin(work),
        }
    }

    /// A single step of this cashbox may be silent for so long: what its TSE is given for one try, for example.
    pub fn allow(&self, silence: Duration) {
        let silence_ms = u64::try_from(silence.as_millis()).unwrap_or(u64::MAX);
        self.allowed_ms.store(silence_ms, Ordering::Relaxed);
    }

    /// For how long the work has not moved; none while nothing is being done.
    #[must_use]
    pub fn silent_for(&self) -> Option<Duration> {
        self.since(&self.moved_ms)
    }

    /// For how long the work has been under way, silent or not; none while nothing is being done.
    #[must_use]
    pub fn working_for(&self) -> Option<Duration> {
        self.since(&self.began_ms)
    }

    /// Whether the work has been silent for longer than `bound`, or than this cashbox is allowed.
    #[must_use]
    pub fn is_stuck(&self, bound: Duration) -> bool {
        let allowed = Duration::from_millis(self.allowed_ms.load(Ordering::Relaxed));
        self.silent_for()
            .is_some_and(|silence| silence > bound.max(allowed))
    }

    fn moved(&self) {
        self.moved_ms.store(self.now_ms() + 1, Ordering::Relaxed);
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX - 1)
    }

    fn since(&self, moment_ms: &AtomicU64) -> Option<Duration> {
        let since = moment_ms.load(Ordering::Relaxed).checked_sub(1)?;
        Some(self.born.elapsed().saturating_sub(Duration::from_millis(since)))
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

/// Work under watch.
pub struct Watched<'a, T> {
    progress: &'a Progress,
    work: Pin<Box<dyn Future<Output = T> + Send + 'a>>,
}

impl<T> Future for Watched<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        self.progress.moved();
        self.work.as_mut().poll(context)
    }
}

impl<T> Drop for Watched<'_, T> {
    fn drop(&mut self) {
        self.progress.moved_ms.store(NOTHING, Ordering::Relaxed);
        self.progress.began_ms.store(NOTHING, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUND: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn who_does_nothing_is_never_stuck_and_who_hangs_is() {
        let progress = Progress::new();
        std::thread::sleep(BOUND * 2);
        assert!(!progress.is_stuck(BOUND));
        {
            let mut hangs = progress.watch(std::future::pending::<()>());
            assert!(futures::poll!(&mut hangs).is_pending());
            std::thread::sleep(BOUND * 2);
            assert!(progress.is_stuck(BOUND));
            assert!(!progress.is_stuck(Duration::from_secs(3600)));
            progress.allow(Duration::from_secs(3600));
            assert!(!progress.is_stuck(BOUND));
        }
        assert_eq!(progress.silent_for(), None);
    }

    #[tokio::test]
    async fn each_waking_counts_as_progress() {
        let progress = Progress::new();
        let mut work = progress.watch(std::future::pending::<()>());
        std::thread::sleep(BOUND * 2);
        assert!(progress.is_stuck(BOUND));
        assert!(futures::poll!(&mut work).is_pending());
        assert!(progress.silent_for().is_some_and(|silence| silence < BOUND * 2));
        assert!(progress.working_for().is_some_and(|time| time >= BOUND * 2));
        drop(work);
        assert_eq!(progress.working_for(), None);
    }
}
