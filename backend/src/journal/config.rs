//! Which database, and how hard it is used.

use std::str::FromStr;
use std::time::Duration;

use shared::env::{Faults, Setting, Settings};

use super::connection_string::{ConnectionStringError, Database};

/// Where the journal is.
pub const URL: Setting = Setting::secret(
    "Byodc__Journal__Url",
    "sqlite://byodc-journal.db",
    "where receipts are kept: sqlite:///absolute/file.db, mysql://user:password@host/database, postgres://..., \
     or Server=..;Port=..;Uid=..;Pwd=..;Database=..;SslMode=.. (MySQL; with Provider=postgres PostgreSQL); none: only \
     queues whose configuration names a database of their own are served, and what pods keep besides ends with them",
);
/// How many writes one commit takes along.
pub const GROUP_MAX: Setting = Setting::plain(
    "Byodc__Journal__GroupMax",
    "256",
    "writes of different cashboxes committed together, at the most: 1 (each alone) to 1024",
);
/// How many connections write.
pub const WRITERS: Setting = Setting::plain(
    "Byodc__Journal__Writers",
    "2",
    "connections that write, 1 to 16; SQLite has one writer whatever is set",
);
/// How many connections read.
pub const READERS: Setting = Setting::plain("Byodc__Journal__Readers", "8", "connections that read, 1 to 64");
/// How long anything may take.
pub const TIMEOUT_MS: Setting = Setting::plain(
    "Byodc__Journal__TimeoutMs",
    "10000",
    "milliseconds that a connection, a statement or a wait for a lock may take: 100 to 120000",
);

/// Every setting of this part.
pub const SETTINGS: &[Setting] = &[URL, GROUP_MAX, WRITERS, READERS, TIMEOUT_MS];

/// The word for a pod without a journal of its own.
const NONE: &str = "none";

/// Where the pods keep receipts.
#[derive(Debug, Clone)]
pub enum Home {
    /// In a database that all of them share.
    Database(Database),
    /// Nowhere: each queue that is served has a database of its own.
    None,
}

impl FromStr for Home {
    type Err = ConnectionStringError;

    fn from_str(text: &str) -> Result<Self, ConnectionStringError> {
        match text.trim() {
            NONE => Ok(Self::None),
            text => text.parse().map(Self::Database),
        }
    }
}

/// Which database, and how hard it is used.
#[derive(Debug, Clone)]
pub struct JournalConfig {
    /// Where it is.
    pub home: Home,
    /// Writes that one commit takes along, at the most.
    pub group_max: usize,
    /// Connections that write; each queue keeps to one of them.
    pub writers: usize,
    /// Connections that read.
    pub readers: u32,
    /// How long a connection, a statement or a wait for a lock may take.
    pub timeout: Duration,
}

impl JournalConfig {
    /// Reads which database, and how hard it is used.
    pub fn read(settings: &Settings, faults: &mut Faults) -> Self {
        Self {
            home: settings.value(&URL, faults),
            group_max: settings.number(&GROUP_MAX, 1..=1024, faults) as usize,
            writers: settings.number(&WRITERS, 1..=16, faults) as usize,
            readers: settings.number(&READERS, 1..=64, faults) as u32,
            timeout: Duration::from_millis(settings.number(&TIMEOUT_MS, 100..=120_000, faults)),
        }
    }

    /// A database with every other setting at its default.
    #[must_use]
    pub fn of(database: Database) -> Self {
        Self {
            home: Home::Database(database),
            ..Self::read(&Settings::default(), &mut Faults::default())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::env::Origin;

    #[test]
    fn the_defaults_can_be_read() {
        let mut faults = Faults::default();
        let config = JournalConfig::read(&Settings::default(), &mut faults);
        assert_eq!(faults.lines(), &[] as &[String]);
        assert_eq!((config.group_max, config.writers, config.readers), (256, 2, 8));
    }

    #[test]
    fn a_pod_may_keep_no_journal_of_its_own_but_an_empty_setting_is_a_fault() {
        let read = |url| {
            let mut faults = Faults::default();
            let given = Settings::default().with(Origin::Environment, [("Byodc__Journal__Url", url)]);
            (
                JournalConfig::read(&given, &mut faults).home,
                faults.lines().len(),
            )
        };
        assert!(matches!(read("none"), (Home::None, 0)));
        assert!(matches!(read("nowhere"), (_, 1)));
    }

    #[test]
    fn a_wrong_url_is_a_fault_that_does_not_show_the_password() {
        let given = [("Byodc__Journal__Url", "oracle://scott:tiger@host/db")];
        let mut faults = Faults::default();
        let _ = JournalConfig::read(&Settings::default().with(Origin::Environment, given), &mut faults);
        let text = faults.to_string();
        assert!(text.contains("Byodc__Journal__Url = (not shown)"), "{text}");
        assert!(!text.contains("tiger"), "{text}");
    }
}
