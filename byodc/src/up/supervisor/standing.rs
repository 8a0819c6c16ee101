//! How the parts stand.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use super::super::cluster::{Addresses, Part};

/// How every part stands that was started so far.
pub type Standings = BTreeMap<Part, Standing>;

/// How a part stands.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// Its process, while there is one.
    pub process: Option<Process>,
    /// How often a process of it has ended without being asked to.
    pub ended: u32,
    /// How the last one ended.
    pub last_end: Option<End>,
}

/// A running process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// Where it listens, or will in a moment.
    pub addresses: Addresses,
}

/// How a process ended that nobody asked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// It could not be started.
    NotStarted(String),
    /// It ended by itself with this status; 2 means that its settings are wrong.
    Exited(i32),
    /// A signal ended it.
    Killed(i32),
}

impl End {
    /// The end that a process came to.
    pub fn of(waited: io::Result<ExitStatus>) -> Self {
        match waited {
            Ok(status) => match (status.code(), status.signal()) {
                (Some(code), _) => Self::Exited(code),
                (None, signal) => Self::Killed(signal.unwrap_or_default()),
            },
            Err(error) => Self::NotStarted(error.to_string()),
        }
    }

    /// Whether starting it again, with the same settings, cannot help.
    pub fn is_lasting(&self) -> bool {
        matches!(self, Self::Exited(2))
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotStarted(error) => write!(f, "could not be started: {error}"),
            Self::Exited(code) => write!(f, "ended with status {code}"),
            Self::Killed(signal) => write!(f, "was killed by signal {signal}"),
        }
    }
}
