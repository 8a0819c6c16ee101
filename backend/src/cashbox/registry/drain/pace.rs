//! How many cashboxes leave a draining pod at the same time: as few as the time allows.
//!
//! Receipts go on while a pod drains, and every handover takes part of the same cores and the same database. One after the
//! other keeps the way busy; more at a time shorten the drain little and make receipts wait (README, figures of
//! `moves.sh`). Only a drain that would not end within half of what is left of its time goes faster.

use std::time::Duration;

use tokio::time::Instant;

/// How fast a drain may go, and by when it must end.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// The most at once.
    pub at_once_max: usize,
    /// When the time is up.
    pub ends_at: Instant,
}

/// What a drain has done so far.
#[derive(Debug)]
pub struct Progress {
    /// Up to when the time is counted.
    until: Instant,
    /// The sum of the times that cashboxes have taken to leave, those under way included.
    spent: Duration,
    /// How many have left.
    left: usize,
}

impl Progress {
    /// A drain begins now.
    pub(super) fn begin() -> Self {
        Self {
            until: Instant::now(),
            spent: Duration::ZERO,
            left: 0,
        }
    }

    /// So many were leaving since the last call, and so many of them have left.
    pub(super) fn pass(&mut self, under_way: usize, ended: usize) {
        let now = Instant::now();
        let passed = (now - self.until).as_secs_f64() * under_way as f64;
        self.spent += Duration::from_secs_f64(passed);
        self.until = now;
        self.left += ended;
    }

    /// How long one takes, as far as is known.
    fn each(&self) -> Duration {
        self.spent.div_f64(self.left.max(1) as f64)
    }
}

impl Pace {
    /// A drain that begins now and may take so long.
    #[must_use]
    pub fn within(budget: Duration, at_once_max: usize) -> Self {
        Self {
            at_once_max,
            ends_at: Instant::now() + budget,
        }
    }

    /// A drain that nothing hurries.
    #[cfg(test)]
    pub(crate) fn unhurried(at_once_max: usize) -> Self {
        Self::within(Duration::from_secs(3600), at_once_max)
    }

    /// How many may be leaving now, of so many that are still here.
    pub(super) fn at_once(&self, progress: &Progress, still_here: usize) -> usize {
        let time_left = self.ends_at.saturating_duration_since(progress.until);
        needed(progress.each(), still_here, time_left / 2).clamp(1, self.at_once_max)
    }
}

/// How many must leave at once so that so many, of which each takes so long, are gone within a time.
fn needed(each: Duration, still_here: usize, within: Duration) -> usize {
    let work = each.as_secs_f64() * still_here as f64;
    // Without any time left this is infinite, which becomes the largest number.
    (work / within.as_secs_f64()).ceil() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(seconds: u64) -> Pace {
        Pace::within(Duration::from_secs(seconds), 16)
    }

    fn spent(ms: u64, left: usize) -> Progress {
        Progress {
            spent: Duration::from_millis(ms),
            left,
            ..Progress::begin()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_drain_with_time_to_spare_goes_gently() {
        assert_eq!(pace(120).at_once(&Progress::begin(), 10_000), 1);
        assert_eq!(pace(120).at_once(&spent(20_000, 1_000), 1_000), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_drain_that_would_be_late_goes_as_fast_as_it_must_and_may() {
        // 50 ms each, 10 000 to go: 500 s of work in 60 s.
        assert_eq!(pace(120).at_once(&spent(5_000, 100), 10_000), 9);
        assert_eq!(pace(120).at_once(&spent(5_000, 100), 100_000), 16);
        assert_eq!(pace(0).at_once(&spent(5_000, 100), 1), 16);
    }

    #[tokio::test(start_paused = true)]
    async fn cashboxes_that_do_not_end_let_others_go_beside_them() {
        let (pace, mut progress) = (pace(120), Progress::begin());
        assert_eq!(pace.at_once(&progress, 100), 1);
        tokio::time::advance(Duration::from_secs(10)).await;
        progress.pass(1, 0);
        assert_eq!(pace.at_once(&progress, 100), 16);
    }

    #[tokio::test(start_paused = true)]
    async fn one_at_a_time_is_kept_where_it_is_asked_for() {
        let pace = Pace {
            at_once_max: 1,
            ..pace(1)
        };
        assert_eq!(pace.at_once(&spent(5_000, 1), 100), 1);
    }
}
