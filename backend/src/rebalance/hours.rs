//! Hours of the day, in UTC, at which something may happen.

use std::str::FromStr;

use thiserror::Error;

/// From one full hour until another; past midnight if the second is the smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    from: u8,
    until: u8,
}

/// Why a text names no hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "expected two different full hours as from-until, for example 2-5 or 22-4, or nothing for the whole day"
)]
pub struct HoursError;

impl Hours {
    /// The whole day.
    pub const ALL: Self = Self { from: 0, until: 24 };

    /// Whether a moment within this hour of the day (0 to 23) is among them.
    #[must_use]
    pub fn contain(self, hour: u8) -> bool {
        if self.from < self.until {
            (self.from..self.until).contains(&hour)
        } else {
            hour >= self.from || hour < self.until
        }
    }
}

impl FromStr for Hours {
    type Err = HoursError;

    fn from_str(text: &str) -> Result<Self, HoursError> {
        if text.is_empty() {
            return Ok(Self::ALL);
        }
        let (from, until) = text.split_once('-').ok_or(HoursError)?;
        let hour = |text: &str| text.trim().parse::<u8>().map_err(|_| HoursError);
        let (from, until) = (hour(from)?, hour(until)?);
        if from > 23 || until > 24 || from == until {
            return Err(HoursError);
        }
        Ok(Self { from, until })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(text: &str) -> Vec<u8> {
        let hours: Hours = text.parse().unwrap();
        (0..24).filter(|hour| hours.contain(*hour)).collect()
    }

    #[test]
    fn hours_include_the_first_and_not_the_last_and_may_pass_midnight() {
        assert_eq!(hours("2-5"), [2, 3, 4]);
        assert_eq!(hours("22-1"), [0, 22, 23]);
        assert_eq!(hours("23-24"), [23]);
        assert_eq!(hours(""), (0..24).collect::<Vec<_>>());
    }

    #[test]
    fn what_names_no_hours_is_refused() {
        for text in ["2", "2-2", "24-3", "2-25", "-", "two-five"] {
            assert_eq!(text.parse::<Hours>(), Err(HoursError), "{text}");
        }
    }
}
