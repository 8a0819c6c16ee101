//! How captions print moments (4.3). The original prints them as the computer it runs on does; a POS that looks for
//! such a text finds the one that it is used to.

use shared::api::moment::civil::Civil;
use shared::clock::Ticks;

/// The culture of the texts that people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Culture {
    /// `MM/dd/yyyy HH:mm:ss`, as in the original's container.
    #[default]
    Invariant,
    /// `dd.MM.yyyy HH:mm:ss`, as on a computer set to German.
    German,
}

impl Culture {
    /// A moment in UTC, to the second.
    #[must_use]
    pub fn moment(self, moment: Ticks) -> String {
        let Civil {
            year,
            month,
            day,
            hour,
            minute,
            second,
            ..
        } = Civil::of(moment);
        let time = format!("{hour:02}:{minute:02}:{second:02}");
        match self {
            Self::Invariant => format!("{month:02}/{day:02}/{year:04} {time}"),
            Self::German => format!("{day:02}.{month:02}.{year:04} {time}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn day_and_month_stand_as_the_culture_has_them() {
        let moment = shared::api::moment::parse("2031-03-04T17:05:06.789Z")
            .unwrap()
            .ticks;
        assert_eq!(Culture::Invariant.moment(moment), "03/04/2031 17:05:06");
        assert_eq!(Culture::German.moment(moment), "04.03.2031 17:05:06");
    }
}
