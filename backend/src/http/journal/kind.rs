//! Which journal a number means (`fiscal-spec.md` chapter 7).

use thiserror::Error;

use crate::journal::entry::JournalKind;

/// `DE` in the upper 16 bits.
const GERMANY: u64 = 0x4445;
/// TAR straight from the TSE.
const TSE_TAR: u64 = 0x4445_0000_0000_0001;
/// DSFinV-K.
const DSFINVK: u64 = 0x4445_0000_0000_0002;
/// One TAR out of the exports that the journal holds.
const STORED_TARS: u64 = 0x4445_0000_0000_0003;

/// A journal that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 0, and what is unknown and of no country: which build answers.
    Version,
    /// 1, 2, 3 and 17477: rows.
    Rows(JournalKind),
    /// 255: where cashbox, queue and SCU stand.
    Configuration,
    /// 0x4445000000000000, and what is unknown of this country: where the German queue stands.
    German,
    /// 0x4445000000000001: what the TSE exports now.
    TseTar,
    /// 0x4445000000000002: closings as a tax auditor is handed them.
    Dsfinvk,
    /// 0x4445000000000003: what was exported into the journal.
    StoredTars,
}

/// Why a number means no journal here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KindError {
    /// Of another country. The text is the original's (7, rule 1).
    #[error(
        "The given journal type 0x'{0:016x}' cannot be used with the current Queue, as this export type is not \
         supported in this country."
    )]
    OtherCountry(u64),
}

impl Kind {
    /// The journal that a number means.
    ///
    /// # Errors
    /// When it means none here.
    pub fn of(number: i64) -> Result<Self, KindError> {
        match number {
            1 => return Ok(Self::Rows(JournalKind::Action)),
            2 => return Ok(Self::Rows(JournalKind::Receipt)),
            3 => return Ok(Self::Rows(JournalKind::QueueItem)),
            255 => return Ok(Self::Configuration),
            17477 => return Ok(Self::Rows(JournalKind::De)),
            _ => {}
        }
        let bits = number.cast_unsigned();
        match bits >> 48 {
            0 => Ok(Self::Version),
            GERMANY => match bits {
                TSE_TAR => Ok(Self::TseTar),
                DSFINVK => Ok(Self::Dsfinvk),
                STORED_TARS => Ok(Self::StoredTars),
                _ => Ok(Self::German),
            },
            _ => Err(KindError::OtherCountry(bits)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_the_specification_means_what_it_says() {
        let cases = [
            (0, Kind::Version),
            (4, Kind::Version),
            (1, Kind::Rows(JournalKind::Action)),
            (2, Kind::Rows(JournalKind::Receipt)),
            (3, Kind::Rows(JournalKind::QueueItem)),
            (255, Kind::Configuration),
            (17477, Kind::Rows(JournalKind::De)),
            (4_919_338_167_972_134_912, Kind::German),
            (4_919_338_167_972_134_913, Kind::TseTar),
            (4_919_338_167_972_134_914, Kind::Dsfinvk),
            (4_919_338_167_972_134_915, Kind::StoredTars),
            (4_919_338_167_972_134_999, Kind::German),
        ];
        for (number, kind) in cases {
            assert_eq!(Kind::of(number), Ok(kind), "{number}");
        }
    }

    #[test]
    fn another_country_is_refused_with_the_original_text() {
        let error = Kind::of(4_707_387_510_509_010_945).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("The given journal type 0x'4154000000000001' cannot be used")
        );
        assert!(matches!(Kind::of(-1), Err(KindError::OtherCountry(u64::MAX))));
    }
}
