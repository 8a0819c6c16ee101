//! What the cases of receipts, lines and payments share: country, version, flags, number.
//!
//! ```text
//! CCCC vlll gggg nnnn     country, version 2, local flags, global flags, number
//! ```

/// "DE".
const GERMANY: i64 = 0x4445;
/// The country bits as the first generation has them.
const GERMANY_BITS: i64 = GERMANY << 48;
const VERSION: i64 = 2;

/// A case, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaseWord {
    /// `lll`: flags whose meaning depends on the number.
    pub local: i64,
    /// `gggg`: flags of every number.
    pub global: i64,
    /// `nnnn`.
    pub number: i64,
}

impl CaseWord {
    /// Takes a case apart. The country may be missing.
    ///
    /// # Errors
    /// When it is of another country or version.
    pub fn read(case: i64) -> Result<Self, String> {
        let part = |shift: u32, mask: i64| (case >> shift) & mask;
        let country = part(48, 0xFFFF);
        if country != 0 && country != GERMANY {
            return Err(format!(
                "the country 0x{country:04X} is not the one of this cashbox, 0x{GERMANY:04X}"
            ));
        }
        let version = part(44, 0xF);
        if version != VERSION {
            return Err(format!(
                "a case of version {VERSION} is expected, 0x…_{VERSION}lll_gggg_nnnn; its version is {version}"
            ));
        }
        Ok(Self {
            local: part(32, 0xFFF),
            global: part(16, 0xFFFF),
            number: part(0, 0xFFFF),
        })
    }
}

/// A case of the first generation, of these flags and this number.
#[must_use]
pub fn german(flags: i64, number: i64) -> i64 {
    GERMANY_BITS | flags | number
}

/// Translates flags, each on its own.
///
/// # Errors
/// When one is set that has no translation; all such are named at once.
pub fn translated(flags: i64, name: &str, table: &[(i64, i64)]) -> Result<i64, String> {
    let known = table.iter().fold(0, |known, (flag, _)| known | flag);
    if flags & !known != 0 {
        let unknown = flags & !known;
        return Err(format!(
            "the {name} flags 0x{unknown:04X} mean nothing here in the German market"
        ));
    }
    let set = table.iter().filter(|(flag, _)| flags & flag != 0);
    Ok(set.fold(0, |all, (_, german)| all | german))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_taken_apart_with_and_without_its_country() {
        let word = CaseWord {
            local: 0x011,
            global: 0x8002,
            number: 0x3001,
        };
        assert_eq!(CaseWord::read(0x4445_2011_8002_3001), Ok(word));
        assert_eq!(CaseWord::read(0x2011_8002_3001), Ok(word));
    }

    #[test]
    fn another_country_or_version_is_named() {
        let country = CaseWord::read(0x4954_2000_0000_0001).unwrap_err();
        assert!(country.contains("0x4954"), "{country}");
        let version = CaseWord::read(0x4445_0001_0000_0001).unwrap_err();
        assert!(version.ends_with("its version is 0"), "{version}");
        assert!(CaseWord::read(-1).is_err());
    }

    #[test]
    fn flags_are_translated_and_unknown_ones_named_together() {
        let table = [(0x1, 0x10), (0x4, 0x40)];
        assert_eq!(translated(0x5, "global", &table), Ok(0x50));
        let error = translated(0x107, "global", &table).unwrap_err();
        assert!(error.contains("0x0102"), "{error}");
    }
}
