//! Years, months, days and times of day of a moment, in the Gregorian calendar from year 1 to 9999.
//!
//! Counted by hand, because a moment here has steps of 100 ns from year 1 on, and formatting it is done dozens of
//! times for each receipt.

use std::ops::Range;

use crate::clock::Ticks;

/// Ticks in a millisecond.
pub const TICKS_PER_MILLISECOND: i64 = 10_000;
/// Ticks in a second.
pub const TICKS_PER_SECOND: i64 = 1_000 * TICKS_PER_MILLISECOND;
/// Ticks in a minute.
pub const TICKS_PER_MINUTE: i64 = 60 * TICKS_PER_SECOND;
/// Ticks in a day.
pub const TICKS_PER_DAY: i64 = 24 * 60 * TICKS_PER_MINUTE;
/// The first moment of 1970.
pub const UNIX_EPOCH_TICKS: i64 = 719_162 * TICKS_PER_DAY;
/// The ticks of the years 1 to 9999.
pub const RANGE: Range<i64> = 0..3_652_059 * TICKS_PER_DAY;

/// A moment taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    /// 1 to 9999.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
    /// 0 to 23.
    pub hour: i64,
    /// 0 to 59.
    pub minute: i64,
    /// 0 to 59.
    pub second: i64,
    /// Steps of 100 ns within the second.
    pub sub_second_ticks: i64,
}

impl Civil {
    /// Takes a moment apart.
    #[must_use]
    pub fn of(ticks: Ticks) -> Self {
        let days = ticks.0.div_euclid(TICKS_PER_DAY);
        let in_day = ticks.0.rem_euclid(TICKS_PER_DAY);
        let (year, month, day) = date_of(days);
        let seconds = in_day / TICKS_PER_SECOND;
        Self {
            year,
            month,
            day,
            hour: seconds / 3600,
            minute: seconds / 60 % 60,
            second: seconds % 60,
            sub_second_ticks: in_day % TICKS_PER_SECOND,
        }
    }

    /// `yyyy-MM-ddTHH:mm:ss` with up to seven digits of a second, trailing zeros left out.
    #[must_use]
    pub fn iso_trimmed(&self) -> String {
        let mut text = self.iso_seconds();
        if self.sub_second_ticks > 0 {
            let digits = format!(".{:07}", self.sub_second_ticks);
            text.push_str(digits.trim_end_matches('0'));
        }
        text
    }

    /// `yyyy-MM-ddTHH:mm:ss.fffZ`; what is finer than a millisecond is cut off.
    #[must_use]
    pub fn iso_milliseconds(&self) -> String {
        let milliseconds = self.sub_second_ticks / TICKS_PER_MILLISECOND;
        format!("{}.{milliseconds:03}Z", self.iso_seconds())
    }

    fn iso_seconds(&self) -> String {
        let Self {
            year,
            month,
            day,
            hour,
            minute,
            second,
            ..
        } = self;
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
    }
}

/// The date of a day counted from 0001-01-01. Years begin in March while counting, so the leap day comes last.
fn date_of(days: i64) -> (i64, i64, i64) {
    let since_march = days + 306;
    let era = since_march.div_euclid(146_097);
    let in_era = since_march.rem_euclid(146_097);
    let year_of_era = (in_era - in_era / 1_460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * in_year + 2) / 153;
    let day = in_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

/// The day, counted from 0001-01-01, of a date that exists.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let counted_year = year - i64::from(month <= 2);
    let era = counted_year.div_euclid(400);
    let year_of_era = counted_year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let in_year = (153 * month_from_march + 2) / 5 + day - 1;
    let in_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + in_year;
    era * 146_097 + in_era - 306
}

/// `yyyy-MM-dd` as the ticks of its first moment.
pub(super) fn parse_date(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return None;
    }
    let (year, month, day) = (digits(year)?, digits(month)?, digits(day)?);
    let days = days_of(year, month, day);
    // A date that does not exist, such as 30 February, comes back as another one.
    (year >= 1 && date_of(days) == (year, month, day)).then_some(days * TICKS_PER_DAY)
}

/// `HH:mm`, `HH:mm:ss` or `HH:mm:ss.fffffff` as ticks since midnight; further digits are cut off.
pub(super) fn parse_time(text: &str) -> Option<i64> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let mut parts = whole.split(':');
    let hour = two_digits(parts.next()?)?;
    let minute = two_digits(parts.next()?)?;
    let second = parts.next().map_or(Some(0), two_digits)?;
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let sub_second = fraction.map_or(Some(0), parse_fraction)?;
    Some(((hour * 60 + minute) * 60 + second) * TICKS_PER_SECOND + sub_second)
}

/// The digits after the point of a second, as ticks.
fn parse_fraction(text: &str) -> Option<i64> {
    digits(text.get(..text.len().min(7))?)?;
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits(&format!("{text:0<7}")[..7])
}

fn two_digits(text: &str) -> Option<i64> {
    (text.len() == 2).then(|| digits(text))?
}

/// A number of up to nine digits and nothing else.
pub(super) fn digits(text: &str) -> Option<i64> {
    let only_digits = (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    only_digits.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_ten_thousand_years_has_its_own_date() {
        let mut before = (1, 1, 0);
        for days in 0..3_652_059 {
            let date = date_of(days);
            assert!(date > before, "{date:?} after {before:?}");
            assert_eq!(days_of(date.0, date.1, date.2), days);
            before = date;
        }
        assert_eq!(before, (9999, 12, 31));
    }

    #[test]
    fn the_year_1970_begins_at_its_known_tick() {
        assert_eq!(UNIX_EPOCH_TICKS, 621_355_968_000_000_000);
        assert_eq!(
            Civil::of(Ticks(UNIX_EPOCH_TICKS)).iso_trimmed(),
            "1970-01-01T00:00:00"
        );
    }
}
