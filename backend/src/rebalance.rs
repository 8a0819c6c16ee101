//! Moves idle cashboxes to pods that were added, slowly. Off unless it is asked for.
//!
//! A live cashbox never moves because pods were added, so a pod that has just come fills by itself only with what is
//! new. Where that takes too long, this moves cashboxes that nobody has asked for in a while: from pods above the mean
//! to the pod that placement proposes, so many a minute, at hours of one's choosing. It rests while a pod drains or
//! a rollout is under way, since what moved then would move again.
//!
//! ```text
//! each turn: hour? → above the mean? → who rests? → where would placement put it? → handover
//! ```

/// Hours of the day.
pub mod hours;
/// Which cashboxes move where.
mod plan;
/// Turn by turn.
pub mod turns;

use std::time::Duration;

use shared::env::{Faults, Setting, Settings};

use hours::Hours;

/// How many cashboxes a pod gives away.
pub const PER_MINUTE: Setting = Setting::plain(
    "Byodc__Rebalance__PerMinute",
    "0",
    "how many idle cashboxes a pod with more than its share hands to others in a minute, 0 to 6000; 0 = none",
);
/// When it does.
pub const HOURS: Setting = Setting::plain(
    "Byodc__Rebalance__Hours",
    "",
    "hours of the day, in UTC, at which idle cashboxes may move, for example 2-5 or 22-4; empty = the whole day",
);
/// Which cashboxes are idle.
pub const IDLE_SECONDS: Setting = Setting::plain(
    "Byodc__Rebalance__IdleSeconds",
    "300",
    "seconds without a request after which a cashbox may move, 1 to 86400; one with an open TSE transaction stays",
);

/// Every setting of this part.
pub const SETTINGS: &[Setting] = &[PER_MINUTE, HOURS, IDLE_SECONDS];

/// The shortest time between two turns.
const TURN_MIN: Duration = Duration::from_secs(1);
/// A minute.
const MINUTE: Duration = Duration::from_secs(60);

/// How fast, when and what may move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `Byodc__Rebalance__PerMinute`; none = nothing moves.
    pub pace: Option<Pace>,
    /// `Byodc__Rebalance__Hours`.
    pub hours: Hours,
    /// `Byodc__Rebalance__IdleSeconds`.
    pub idle_after: Duration,
}

impl Config {
    /// Reads how fast, when and what may move.
    pub fn read(settings: &Settings, faults: &mut Faults) -> Self {
        Self {
            pace: Pace::of(settings.number(&PER_MINUTE, 0..=6000, faults)),
            hours: settings.value(&HOURS, faults),
            idle_after: Duration::from_secs(settings.number(&IDLE_SECONDS, 1..=86_400, faults)),
        }
    }
}

/// So many cashboxes each turn, and the time between two turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The time between two turns.
    pub turn: Duration,
    /// How many may move in one.
    pub moves_max: usize,
}

impl Pace {
    /// Never more than `per_minute` in any minute; none for nothing.
    pub fn of(per_minute: u64) -> Option<Self> {
        let each = MINUTE.checked_div(u32::try_from(per_minute).ok()?)?;
        let turn = each.max(TURN_MIN);
        let moves_max = usize::try_from(per_minute / 60).unwrap_or(usize::MAX).max(1);
        Some(Self { turn, moves_max })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_minute_sees_more_moves_than_were_allowed() {
        assert_eq!(Pace::of(0), None);
        for per_minute in [1, 7, 59, 60, 61, 119, 120, 600, 6000] {
            let pace = Pace::of(per_minute).unwrap();
            assert!(pace.turn >= TURN_MIN);
            let turns_a_minute = MINUTE.as_secs_f64() / pace.turn.as_secs_f64();
            let moves_a_minute = turns_a_minute * pace.moves_max as f64;
            assert!(
                moves_a_minute <= per_minute as f64 + 1e-6,
                "{per_minute}: {pace:?}"
            );
        }
    }
}
