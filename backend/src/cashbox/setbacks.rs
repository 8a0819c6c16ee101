//! What went wrong with cashboxes lately, and how soon each may start again.
//!
//! A panic or a wedge is a bug that may strike again with the next try. The first restart is immediate, so that a
//! single accident costs its cashbox a moment; each further one within ten minutes has to wait twice as long.
//!
//! | within ten minutes | 1st | 2nd | 3rd | 4th | … | 8th and on |
//! |---|---|---|---|---|---|---|
//! | pause before the next start | none | 1 s | 2 s | 4 s | doubled | 60 s |

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use shared::api::refusal::Refusal;
use shared::identity::CashBoxId;
use tokio::time::Instant;

/// The pause after the second setback, doubled after each further one …
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// … up to this.
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// A pause that a POS is kept waiting through; after a longer one it is told.
const PAUSE_WAITED: Duration = Duration::from_secs(2);
/// A cashbox that did well for so long begins anew.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(600);
/// From so many wedged cashboxes on, none of which and nothing else was served since, the pod itself is suspect.
const SUSPECT_FROM: usize = 3;

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A panic: in a receipt, in a start or in a release.
    Panicked,
    /// No progress within the bound.
    Stuck,
}

/// The setbacks of a pod's cashboxes. One small entry for each cashbox that had one within ten minutes.
#[derive(Debug, Default)]
pub struct Setbacks {
    inner: Mutex<Inner>,
    /// Whether there is anything to remember a success for: spares the lock on the way of each receipt.
    any: AtomicBool,
}

#[derive(Debug, Default)]
struct Inner {
    of: HashMap<CashBoxId, Setback>,
    served_at: Option<Instant>,
}

#[derive(Debug)]
struct Setback {
    times: u32,
    last: Instant,
    /// Wedged, and not served since.
    stuck: bool,
}

impl Setback {
    fn pause(&self) -> Duration {
        match self.times {
            0 | 1 => Duration::ZERO,
            times => FIRST_PAUSE
                .saturating_mul(1 << (times - 2).min(10))
                .min(PAUSE_MAX),
        }
    }

    fn is_forgotten(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.last) > FORGOTTEN_AFTER
    }
}

impl Setbacks {
    /// Something went wrong with a cashbox; answers how long its next start has to wait.
    pub fn note(&self, cashbox: CashBoxId, cause: Cause, now: Instant) -> Duration {
        let mut inner = self.lock();
        inner.of.retain(|_, setback| !setback.is_forgotten(now));
        let setback = inner.of.entry(cashbox).or_insert(Setback {
            times: 0,
            last: now,
            stuck: false,
        });
        setback.times += 1;
        setback.last = now;
        setback.stuck |= cause == Cause::Stuck;
        let pause = setback.pause();
        self.any.store(true, Ordering::Relaxed);
        pause
    }

    /// Whether a cashbox may start now.
    ///
    /// # Errors
    /// [`Refusal::Moving`] when it may in a moment, [`Refusal::RestartPaused`] when that takes longer.
    pub fn may_start(&self, cashbox: CashBoxId, now: Instant) -> Result<(), Refusal> {
        let inner = self.lock();
        let Some(setback) = inner
            .of
            .get(&cashbox)
            .filter(|setback| !setback.is_forgotten(now))
        else {
            return Ok(());
        };
        let pause = setback.pause();
        if now.saturating_duration_since(setback.last) >= pause {
            return Ok(());
        }
        Err(match pause <= PAUSE_WAITED {
            true => Refusal::Moving,
            false => Refusal::RestartPaused,
        })
    }

    /// A cashbox has done what it was asked for. Its pauses stay: the receipt that breaks it may come again.
    pub fn served(&self, cashbox: CashBoxId, now: Instant) {
        if !self.any.load(Ordering::Relaxed) {
            return;
        }
        let mut inner = self.lock();
        inner.served_at = Some(now);
        if let Some(setback) = inner.of.get_mut(&cashbox) {
            setback.stuck = false;
        }
        inner.of.retain(|_, setback| !setback.is_forgotten(now));
        self.any.store(!inner.of.is_empty(), Ordering::Relaxed);
    }

    /// How many cashboxes were wedged within ten minutes and have not been served since.
    #[must_use]
    pub fn stuck(&self, now: Instant) -> usize {
        self.lock().stuck(now).count()
    }

    /// Whether several cashboxes were wedged and nothing at all was served since: then it is not them but the pod.
    #[must_use]
    pub fn suspect_pod(&self, now: Instant) -> bool {
        let inner = self.lock();
        let unserved = |setback: &&Setback| inner.served_at.is_none_or(|served| served < setback.last);
        inner.stuck(now).filter(unserved).count() >= SUSPECT_FROM
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every change is whole after one statement.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn stuck(&self, now: Instant) -> impl Iterator<Item = &Setback> {
        let stuck = move |setback: &&Setback| setback.stuck && !setback.is_forgotten(now);
        self.of.values().filter(stuck)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASHBOX: CashBoxId = CashBoxId::from_u128(1);

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_first_restart_is_immediate_and_each_further_one_waits_twice_as_long() {
        let (setbacks, now) = (Setbacks::default(), Instant::now());
        let pauses: Vec<_> = (0..10)
            .map(|_| setbacks.note(CASHBOX, Cause::Panicked, now).as_secs())
            .collect();
        assert_eq!(pauses, [0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }

    #[test]
    fn a_short_pause_is_waited_through_and_a_long_one_is_told() {
        let (setbacks, now) = (Setbacks::default(), Instant::now());
        let after = |setbacks: &Setbacks| {
            setbacks.note(CASHBOX, Cause::Panicked, now);
            setbacks.may_start(CASHBOX, now)
        };
        assert_eq!(after(&setbacks), Ok(()));
        assert_eq!(after(&setbacks), Err(Refusal::Moving));
        assert_eq!(after(&setbacks), Err(Refusal::Moving));
        assert_eq!(after(&setbacks), Err(Refusal::RestartPaused));
        assert_eq!(setbacks.may_start(CASHBOX, now + seconds(4)), Ok(()));
        assert_eq!(setbacks.may_start(CashBoxId::from_u128(2), now), Ok(()));
    }

    #[test]
    fn ten_good_minutes_are_a_new_beginning() {
        let (setbacks, now) = (Setbacks::default(), Instant::now());
        for _ in 0..10 {
            setbacks.note(CASHBOX, Cause::Stuck, now);
        }
        let later = now + FORGOTTEN_AFTER + seconds(1);
        assert_eq!(setbacks.may_start(CASHBOX, later), Ok(()));
        assert_eq!(setbacks.stuck(later), 0);
        assert_eq!(setbacks.note(CASHBOX, Cause::Stuck, later), Duration::ZERO);
    }

    #[test]
    fn a_wedged_cashbox_counts_until_it_is_served_and_the_pod_is_suspect_only_when_nothing_is() {
        let (setbacks, now) = (Setbacks::default(), Instant::now());
        for id in 1..=3 {
            assert!(!setbacks.suspect_pod(now));
            setbacks.note(CashBoxId::from_u128(id), Cause::Stuck, now);
        }
        assert!(setbacks.suspect_pod(now));
        setbacks.served(CashBoxId::from_u128(9), now + seconds(1));
        assert!(!setbacks.suspect_pod(now + seconds(1)));
        assert_eq!(setbacks.stuck(now + seconds(1)), 3);
        setbacks.served(CASHBOX, now + seconds(2));
        assert_eq!(setbacks.stuck(now + seconds(2)), 2);
    }

    #[test]
    fn a_panic_is_not_a_wedge() {
        let (setbacks, now) = (Setbacks::default(), Instant::now());
        setbacks.note(CASHBOX, Cause::Panicked, now);
        assert_eq!(setbacks.stuck(now), 0);
    }
}
