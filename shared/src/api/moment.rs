//! Dates as POS systems write them (1.5): ISO 8601 with up to seven digits of a second, and `/Date(…)/`.

/// Years, months, days and times of day of a moment.
pub mod civil;

use serde_json::Value;

use super::reading::expected;
use crate::clock::Ticks;
use civil::{Civil, TICKS_PER_MILLISECOND, TICKS_PER_MINUTE};

/// A date with time, and whether it is known to be UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// The date and time; of UTC, or as it was written.
    pub ticks: Ticks,
    /// What the date and time are of.
    pub zone: Zone,
}

/// What a date and time are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Zone {
    /// Coordinated universal time; other offsets are converted to it when read.
    Utc,
    /// Written without a zone, and taken as it is.
    AsWritten,
}

impl Moment {
    /// A moment of UTC.
    #[must_use]
    pub const fn utc(ticks: Ticks) -> Self {
        Self {
            ticks,
            zone: Zone::Utc,
        }
    }

    /// ISO 8601 with up to seven digits of a second, trailing zeros left out, and `Z` when it is UTC.
    #[must_use]
    pub fn to_iso(self) -> String {
        let suffix = match self.zone {
            Zone::Utc => "Z",
            Zone::AsWritten => "",
        };
        format!("{}{suffix}", Civil::of(self.ticks).iso_trimmed())
    }
}

/// Reads a moment.
///
/// # Errors
/// Why it cannot be read.
pub fn read(value: &Value) -> Result<Moment, String> {
    match value {
        Value::String(text) => parse(text).ok_or_else(|| "a date with time is expected".to_owned()),
        other => Err(expected("a date with time", other)),
    }
}

/// Reads a moment of the years 1 to 9999 in any of the spellings; `None` when it is none.
#[must_use]
pub fn parse(text: &str) -> Option<Moment> {
    let moment = match text
        .strip_prefix("/Date(")
        .and_then(|rest| rest.strip_suffix(")/"))
    {
        Some(milliseconds) => parse_milliseconds(milliseconds)?,
        None => parse_iso(text)?,
    };
    civil::RANGE.contains(&moment.ticks.0).then_some(moment)
}

/// `1234567890123`, milliseconds since 1970, or `1234567890123+0100`, which keeps the local time of day.
fn parse_milliseconds(text: &str) -> Option<Moment> {
    let offset_at = text.get(1..)?.find(['+', '-']).map(|at| at + 1);
    let (milliseconds, offset) = match offset_at {
        Some(at) => (text.get(..at)?, Some(parse_offset(text.get(at..)?)?)),
        None => (text, None),
    };
    let since_1970 = milliseconds
        .parse::<i64>()
        .ok()?
        .checked_mul(TICKS_PER_MILLISECOND)?;
    let utc = civil::UNIX_EPOCH_TICKS.checked_add(since_1970)?;
    Some(match offset {
        None => Moment::utc(Ticks(utc)),
        Some(offset) => Moment {
            ticks: Ticks(utc.checked_add(offset)?),
            zone: Zone::AsWritten,
        },
    })
}

/// `2031-03-04T10:20:30.405Z`; the time, its seconds and its zone may be missing.
fn parse_iso(text: &str) -> Option<Moment> {
    let (date, time) = match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, time),
        None => (text, "00:00"),
    };
    let (time, zone) = split_zone(time)?;
    let day = civil::parse_date(date)?;
    let ticks = day.checked_add(civil::parse_time(time)?)?;
    Some(match zone {
        None => Moment {
            ticks: Ticks(ticks),
            zone: Zone::AsWritten,
        },
        Some(offset) => Moment::utc(Ticks(ticks.checked_sub(offset)?)),
    })
}

/// Splits a time of day from its zone; the zone as ticks east of UTC.
fn split_zone(time: &str) -> Option<(&str, Option<i64>)> {
    if let Some(utc) = time.strip_suffix(['Z', 'z']) {
        return Some((utc, Some(0)));
    }
    match time.find(['+', '-']) {
        Some(at) => Some((time.get(..at)?, Some(parse_offset(time.get(at..)?)?))),
        None => Some((time, None)),
    }
}

/// `+01:00`, `-0130` or `+01`, as ticks east of UTC.
fn parse_offset(text: &str) -> Option<i64> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let digits: String = digits.split(':').collect();
    let minutes = match digits.len() {
        2 => civil::digits(&digits)?.checked_mul(60)?,
        4 => civil::digits(digits.get(..2)?)? * 60 + civil::digits(digits.get(2..)?)?,
        _ => return None,
    };
    (minutes <= 14 * 60).then_some(sign * minutes * TICKS_PER_MINUTE)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_specified_moment_has_its_ticks_and_comes_back_as_written() {
        let moment = parse("2031-03-04T10:20:30.6Z").unwrap();
        assert_eq!(moment, Moment::utc(Ticks(640_659_828_306_000_000)));
        assert_eq!(moment.to_iso(), "2031-03-04T10:20:30.6Z");
    }

    #[test]
    fn each_spelling_is_read() {
        let utc = |text: &str| parse(text).map(|moment| moment.to_iso());
        for (text, iso) in [
            ("2031-03-04T10:20:30.123456789Z", "2031-03-04T10:20:30.1234567Z"),
            ("2031-03-04T10:20:30+01:00", "2031-03-04T09:20:30Z"),
            ("2031-03-04T10:20:30-0130", "2031-03-04T11:50:30Z"),
            ("2031-03-04T10:20:30.500", "2031-03-04T10:20:30.5"),
            ("2031-03-04 10:20", "2031-03-04T10:20:00"),
            ("2031-03-04", "2031-03-04T00:00:00"),
            ("/Date(0)/", "1970-01-01T00:00:00Z"),
            ("/Date(-1)/", "1969-12-31T23:59:59.999Z"),
            ("/Date(1234567890123+0100)/", "2009-02-14T00:31:30.123"),
        ] {
            assert_eq!(utc(text).as_deref(), Some(iso), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "2031-02-29T00:00:00Z",
            "2031-13-01",
            "2031-03-04T24:00:00Z",
            "2031-03-04T10:60:00Z",
            "2031-03-04T10:20:30.Z",
            "2031-03-04T10:20:30+15:00",
            "0000-01-01",
            "0001-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00",
            "/Date(99999999999999999)/",
            "/Date()/",
            "ä031-03-04",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_moment_survives_the_way_to_text_and_back(
            ticks in civil::RANGE,
            zone in prop_oneof![Just(Zone::Utc), Just(Zone::AsWritten)],
        ) {
            let moment = Moment { ticks: Ticks(ticks), zone };
            prop_assert_eq!(parse(&moment.to_iso()), Some(moment));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}", digits in "[-+0-9T:.Z/Date()]{0,40}") {
            let _ = (parse(&text), parse(&digits));
        }
    }
}
