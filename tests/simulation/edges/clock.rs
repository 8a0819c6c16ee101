//! The clock on the wall: wrong by some amount, which may change, and never backwards within a process.

use std::sync::atomic::{AtomicI64, Ordering};

use shared::clock::{Clock, Ticks};
use tokio::time::Instant;

/// When virtual time begins.
const EPOCH: Ticks = Ticks(640_659_828_000_000_000);
const TICKS_PER_MS: i64 = 10_000;

/// A process's wall clock.
#[derive(Debug)]
pub struct WallClock {
    born: Instant,
    born_ms: u64,
    skew_ms: AtomicI64,
    latest: AtomicI64,
}

impl WallClock {
    /// A clock that is wrong by `skew_ms`. To be built within its process's runtime.
    pub fn new(born_ms: u64, skew_ms: i64) -> Self {
        Self {
            born: Instant::now(),
            born_ms,
            skew_ms: AtomicI64::new(skew_ms),
            latest: AtomicI64::new(0),
        }
    }

    /// Makes it wrong by another amount.
    pub fn set_skew(&self, skew_ms: i64) {
        self.skew_ms.store(skew_ms, Ordering::Relaxed);
    }
}

impl Clock for WallClock {
    fn now(&self) -> Ticks {
        let passed = self.born_ms as i64 + self.born.elapsed().as_millis() as i64;
        let read = EPOCH.0 + (passed + self.skew_ms.load(Ordering::Relaxed)) * TICKS_PER_MS;
        Ticks(self.latest.fetch_max(read, Ordering::Relaxed).max(read))
    }
}
