//! How journals are given out.

use shared::api::moment::Zone;
use shared::env::{Faults, Setting, Settings};

/// How many journals are streamed at a time.
pub const EXPORTS_MAX: Setting = Setting::plain(
    "Byodc__Export__Max",
    "4",
    "how many journals and exports a pod streams at the same time, 1 to 64; one more is answered 503 (exports-full)",
);
/// How dates in rows are written.
pub const DATES: Setting = Setting::plain(
    "Byodc__Export__Dates",
    "plain",
    "dates in rows of journals: plain (without a zone, as the original reads them from MySQL) or utc (with Z)",
);
/// What journals are called.
pub const CONTENT_TYPE: Setting = Setting::plain(
    "Byodc__Export__ContentType",
    "exact",
    "Content-Type of journals: exact (application/json, application/x-tar, application/zip) or octet-stream \
     (application/octet-stream for all, as the original local product)",
);

/// Every setting of this part.
pub const SETTINGS: &[Setting] = &[EXPORTS_MAX, DATES, CONTENT_TYPE];

/// How journals are given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// `Byodc__Export__Max`.
    pub exports_max: usize,
    /// `Byodc__Export__Dates`.
    pub dates: Zone,
    /// `Byodc__Export__ContentType`.
    pub content_type: ContentTypes,
}

/// What journals are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentTypes {
    /// By what they are.
    Exact,
    /// All the same.
    OctetStream,
}

impl Config {
    /// Reads how journals are given out.
    pub fn read(settings: &Settings, faults: &mut Faults) -> Self {
        let exports_max = settings.number(&EXPORTS_MAX, 1..=64, faults);
        Self {
            exports_max: usize::try_from(exports_max).expect("64 fits into usize"),
            dates: chosen(
                settings,
                &DATES,
                [("plain", Zone::AsWritten), ("utc", Zone::Utc)],
                faults,
            ),
            content_type: chosen(
                settings,
                &CONTENT_TYPE,
                [
                    ("exact", ContentTypes::Exact),
                    ("octet-stream", ContentTypes::OctetStream),
                ],
                faults,
            ),
        }
    }
}

/// One of two words; the first where another is given, which is a fault.
fn chosen<T: Copy>(settings: &Settings, setting: &Setting, choice: [(&str, T); 2], faults: &mut Faults) -> T {
    let effective = settings.effective(setting);
    let word = effective.value.to_lowercase();
    match choice.iter().find(|(known, _)| *known == word) {
        Some((_, chosen)) => *chosen,
        None => {
            let [(one, first), (other, _)] = choice;
            faults.add(setting, &effective, &format!("must be {one} or {other}"));
            first
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::env::Origin;

    #[test]
    fn words_are_read_in_any_letter_case_and_unknown_ones_are_faults() {
        let given = [
            (DATES.name, "UTC"),
            (CONTENT_TYPE.name, "text"),
            (EXPORTS_MAX.name, "0"),
        ];
        let mut faults = Faults::default();
        let config = Config::read(&Settings::default().with(Origin::Environment, given), &mut faults);
        assert_eq!(
            (config.dates, config.content_type),
            (Zone::Utc, ContentTypes::Exact)
        );
        assert_eq!(faults.lines().len(), 2, "{faults}");
    }
}
