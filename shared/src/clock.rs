//! Wall time as the fiscal journal counts it.
//!
//! Receipts carry wall time; leases and deadlines never do (they use the monotonic clock of the runtime), so a
//! wall clock that is an hour wrong changes what a receipt says but not who may sign it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::sabotage;

/// Ticks of the Unix epoch: steps of 100 ns from 0001-01-01T00:00:00 to 1970-01-01T00:00:00 UTC.
const UNIX_EPOCH_TICKS: i64 = 621_355_968_000_000_000;
/// Ticks in a second.
const TICKS_PER_SECOND: i64 = 10_000_000;
/// Ticks in a millisecond.
const TICKS_PER_MILLISECOND: i64 = TICKS_PER_SECOND / 1000;

/// A moment, in steps of 100 ns since 0001-01-01T00:00:00 UTC (the journal's only date type).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ticks(pub i64);

impl Ticks {
    /// The moment of a timestamp; what is finer than 100 ns is cut off.
    #[must_use]
    pub fn from_timestamp(at: Timestamp) -> Self {
        let sub_second = i64::from(at.subsec_nanosecond()) / 100;
        Self(UNIX_EPOCH_TICKS + at.as_second() * TICKS_PER_SECOND + sub_second)
    }

    /// The time from an earlier moment to this one; zero if that is not earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        let ticks = u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or_default();
        Duration::from_nanos(ticks.saturating_mul(100))
    }

    /// The same moment as a timestamp; `None` outside the years that a timestamp can hold.
    #[must_use]
    pub fn to_timestamp(self) -> Option<Timestamp> {
        let since_unix = self.0.checked_sub(UNIX_EPOCH_TICKS)?;
        let seconds = since_unix.div_euclid(TICKS_PER_SECOND);
        let nanoseconds = since_unix.rem_euclid(TICKS_PER_SECOND) * 100;
        Timestamp::new(seconds, i32::try_from(nanoseconds).ok()?).ok()
    }
}

/// Where wall time comes from: the machine, or a test.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The current moment.
    fn now(&self) -> Ticks;
}

/// The machine's clock, made never to run backwards within one process: receipts of a queue keep their order
/// even when the machine's time is set back.
#[derive(Debug, Default)]
pub struct MachineClock {
    latest: AtomicI64,
}

impl Clock for MachineClock {
    fn now(&self) -> Ticks {
        let read =
            Ticks::from_timestamp(Timestamp::now()).0 + sabotage::clock_skew_ms() * TICKS_PER_MILLISECOND;
        Ticks(self.latest.fetch_max(read, Ordering::Relaxed).max(read))
    }
}

/// A clock that stands still until a test moves it.
#[derive(Debug)]
pub struct ScriptedClock {
    at: AtomicI64,
}

impl ScriptedClock {
    /// A clock that stands at `at`.
    #[must_use]
    pub fn at(at: Ticks) -> Self {
        Self {
            at: AtomicI64::new(at.0),
        }
    }

    /// Sets the clock to `at`, forwards or backwards.
    pub fn set(&self, at: Ticks) {
        self.at.store(at.0, Ordering::Relaxed);
    }
}

impl Clock for ScriptedClock {
    fn now(&self) -> Ticks {
        Ticks(self.at.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_moment_has_the_ticks_of_the_specification() {
        let at: Timestamp = "2031-03-04T10:20:30.6Z".parse().unwrap();
        assert_eq!(Ticks::from_timestamp(at), Ticks(640_659_828_306_000_000));
        assert_eq!(Ticks(640_659_828_306_000_000).to_timestamp(), Some(at));
    }

    #[test]
    fn the_time_between_two_moments_is_never_negative() {
        let (early, late) = (Ticks(100), Ticks(100 + TICKS_PER_SECOND));
        assert_eq!(late.since(early), Duration::from_secs(1));
        assert_eq!(early.since(late), Duration::ZERO);
    }

    #[test]
    fn moments_before_1970_survive_the_way_there_and_back() {
        let at: Timestamp = "1969-12-31T23:59:59.9999999Z".parse().unwrap();
        assert_eq!(Ticks::from_timestamp(at).to_timestamp(), Some(at));
    }
}
