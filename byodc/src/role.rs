//! How a role starts: its settings are read, all faults are told at once, logging begins.

use std::time::Duration;

use anyhow::{Context, anyhow};
use clap::ValueEnum;
use shared::env::{Faults, Origin, Setting, Settings};
use shared::shutdown::Shutdown;
use shared::{sabotage, telemetry};

use crate::cli::Given;
use crate::{config_service, settings_file};

/// Names of settings that nothing reads.
mod unknown;
/// Values that still hold what should have been replaced.
mod unexpanded;

/// How long a role whose parent is gone may take for its drain before it ends at once.
const ORPHAN_DRAIN: Duration = Duration::from_secs(10);

/// A role that a process can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Sends each request to the pod that owns its cashbox
    Proxy,
    /// Hosts cashboxes and signs their receipts
    Backend,
    /// Serves cashbox documents from a directory
    ConfigService,
}

impl Role {
    /// Every role, in the order a request meets them.
    pub const ALL: [Self; 3] = [Self::Proxy, Self::Backend, Self::ConfigService];

    /// Its name on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Proxy => "proxy",
            Self::Backend => "backend",
            Self::ConfigService => "config-service",
        }
    }

    /// Every setting it reads.
    pub fn settings(self) -> Vec<&'static Setting> {
        let own: Vec<&'static [Setting]> = match self {
            Self::Proxy => crate::proxy::settings(),
            Self::Backend => backend::config::settings(),
            Self::ConfigService => vec![config_service::SETTINGS],
        };
        let logs = telemetry::SETTINGS;
        own.into_iter().chain([logs]).flatten().collect()
    }

    /// Reads its settings for their faults alone.
    pub fn check(self, settings: &Settings, faults: &mut Faults) {
        telemetry::Config::read(settings, faults);
        sabotage::Orders::read(settings, faults);
        match self {
            Self::Proxy => drop(crate::proxy::Config::read(settings, faults)),
            Self::Backend => drop(backend::config::Config::read(settings, faults)),
            Self::ConfigService => drop(config_service::Config::read(settings, faults)),
        }
    }
}

/// The layers of settings: flags, environment, file. Names that nothing reads are faults, and so are values that nobody
/// finished.
pub fn settings(given: &Given, faults: &mut Faults) -> Settings {
    let mut settings = Settings::from_environment().with(Origin::Flag, given.set.iter().cloned());
    if let Some(path) = &given.settings {
        match settings_file::read(path) {
            Ok(values) => settings = settings.with(Origin::File, values),
            Err(fault) => faults.add_text(fault),
        }
    }
    unknown::refuse(&settings, &given.set, faults);
    unexpanded::refuse(&settings, faults);
    settings
}

/// Reads a role's settings and starts its log.
///
/// # Errors
/// All faults of the settings together.
pub fn open<C>(given: &Given, read: impl FnOnce(&Settings, &mut Faults) -> C) -> anyhow::Result<C> {
    let mut faults = Faults::default();
    let settings = settings(given, &mut faults);
    let log = telemetry::Config::read(&settings, &mut faults);
    let orders = sabotage::Orders::read(&settings, &mut faults);
    let config = read(&settings, &mut faults);
    let config = faults.into_result(config)?;
    telemetry::start(&log).map_err(|error| anyhow!("starting the log: {error}"))?;
    if sabotage::COMPILED_IN {
        tracing::warn!("this build can be sabotaged: it is for tests and must not sign real receipts");
    }
    orders.begin();
    Ok(config)
}

/// The signal to stop: SIGTERM, SIGINT, and the end of standard input if the role was tied to it.
///
/// # Errors
/// When the process may not install signal handlers.
pub fn shutdown(given: &Given) -> anyhow::Result<Shutdown> {
    let shutdown = Shutdown::new();
    shutdown.follow_signals().context("installing signal handlers")?;
    if given.end_with_stdin {
        end_with_stdin(shutdown.clone());
    }
    Ok(shutdown)
}

/// Watches standard input from a thread, because a blocked read must not hold up the runtime's end. Nothing is ever
/// sent: the pipe closes when the parent wants the role to end, or is gone in whatever way.
fn end_with_stdin(shutdown: Shutdown) {
    std::thread::spawn(move || {
        // A broken pipe tells the same as a closed one.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        shutdown.drain.cancel();
        std::thread::sleep(ORPHAN_DRAIN);
        tracing::warn!("the parent is gone and the drain took too long: ending at once");
        std::process::exit(1);
    });
}
