//! A TSE in software, for trying out and testing. It keeps the rules of a certified one (`fiscal-spec.md` 5.3) and
//! signs for real, but it is none: its certification id says so.
//!
//! What a TSE is lives in one append-only log, `<scu-id>.tselog` in the simulator's directory. Every pod that opens
//! it sees the same TSE, also after the pod that wrote it was killed. The log is an independent witness of what was
//! signed. Without a directory a TSE lives as long as its process. `<scu-id>.script.json` makes things go wrong.

/// The TSE's key.
pub mod key;
/// What is signed.
pub mod log_message;
/// What happened to a TSE, one line each.
pub mod event;
/// The lines, shared by processes.
pub mod log_file;
/// What the lines add up to, and what may be asked then.
pub mod state;
/// One TSE: lock, read, decide, sign, append.
pub mod tse;
/// Exports of its log.
pub mod export;
/// What goes wrong, and when.
pub mod script;
/// One TSE as a cashbox asks it.
pub mod unit;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use shared::clock::Clock;
use shared::env::{Faults, Setting, Settings};
use shared::identity::ScuId;

use super::types::TseState;
use log_file::LogFile;
use script::Script;
use tse::Tse;
use unit::Simulator;

/// Where simulated TSEs live.
pub const DIRECTORY: Setting = Setting::plain(
    "Byodc__Simulator__Directory",
    "",
    "directory of the simulated TSEs, shared by all pods; empty = each process has its own, in memory",
);
/// How slow simulated TSEs are.
pub const DELAY_MS: Setting = Setting::plain(
    "Byodc__Simulator__DelayMs",
    "0",
    "milliseconds that each signature of a simulated TSE takes, 0 to 600000; the SCU's own DelayMs goes before it",
);

/// Every setting of this part.
pub const SETTINGS: &[Setting] = &[DIRECTORY, DELAY_MS];

/// The longest delay, in milliseconds.
pub const DELAY_MS_MAX: u64 = 600_000;

/// Where simulated TSEs live, and how slow they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// Their directory; none = in memory.
    pub directory: Option<PathBuf>,
    /// How long a signature takes.
    pub delay: Duration,
}

impl Config {
    /// Reads where simulated TSEs live, and how slow they are.
    pub fn read(settings: &Settings, faults: &mut Faults) -> Self {
        let directory = settings.effective(&DIRECTORY).value;
        Self {
            directory: (!directory.is_empty()).then(|| directory.into()),
            delay: Duration::from_millis(settings.number(&DELAY_MS, 0..=DELAY_MS_MAX, faults)),
        }
    }
}

/// The simulated TSEs of a process.
#[derive(Debug)]
pub struct Simulators {
    config: Config,
    clock: Arc<dyn Clock>,
    /// Those that live in memory: a cashbox that starts again must find its TSE again.
    in_memory: Mutex<HashMap<ScuId, Arc<Tse>>>,
    /// Kept for the life of the process, so that a test finds the script before and after its TSE is opened.
    scripts: Mutex<HashMap<ScuId, Arc<Script>>>,
}

/// How one TSE differs from the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traits {
    /// How long a signature takes; none = as configured for all.
    pub delay: Option<Duration>,
    /// In which state it is made.
    pub born_as: TseState,
}

impl Default for Traits {
    /// As the original's in-memory TSE: ready to sign.
    fn default() -> Self {
        Self {
            delay: None,
            born_as: TseState::Initialized,
        }
    }
}

impl Simulators {
    /// The TSEs as configured. Makes their directory.
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub fn new(config: Config, clock: Arc<dyn Clock>) -> std::io::Result<Self> {
        if let Some(directory) = &config.directory {
            std::fs::create_dir_all(directory)?;
        }
        Ok(Self {
            config,
            clock,
            in_memory: Mutex::default(),
            scripts: Mutex::default(),
        })
    }

    /// The TSE of an SCU. It is made when it is first asked for something.
    #[must_use]
    pub fn open(&self, scu: ScuId, traits: Traits) -> Simulator {
        let tse = match &self.config.directory {
            Some(directory) => {
                let log = LogFile::on_disk(directory.join(format!("{scu}.tselog")));
                Arc::new(Tse::new(log, traits.born_as, Arc::clone(&self.clock)))
            }
            None => {
                let mut tses = self.in_memory.lock().unwrap_or_else(PoisonError::into_inner);
                let new = || {
                    Arc::new(Tse::new(
                        LogFile::in_memory(),
                        traits.born_as,
                        Arc::clone(&self.clock),
                    ))
                };
                Arc::clone(tses.entry(scu).or_insert_with(new))
            }
        };
        let delay = traits.delay.unwrap_or(self.config.delay);
        Simulator::new(tse, self.script(scu), delay)
    }

    /// What goes wrong with the TSE of an SCU; for tests, and for the simulator itself.
    #[must_use]
    pub fn script(&self, scu: ScuId) -> Arc<Script> {
        let file = |directory: &PathBuf| directory.join(format!("{scu}.script.json"));
        let new = || Arc::new(Script::new(self.config.directory.as_ref().map(file)));
        let mut scripts = self.scripts.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(scripts.entry(scu).or_insert_with(new))
    }
}

#[cfg(test)]
mod tests;
