//! The proxy alone.

use anyhow::Context;
use shared::env::{Faults, Setting, Settings};
use shared::ownership::config::OwnershipConfig;
use shared::ownership::{self, config as ownership_config};
use shared::timings;

use crate::cli::Given;
use crate::role;

/// What the proxy needs to know.
#[derive(Debug)]
pub struct Config {
    /// Its own part.
    proxy: proxy::config::Config,
    /// Where it is known who owns what.
    ownership: OwnershipConfig,
}

impl Config {
    /// Reads both parts.
    pub fn read(settings: &Settings, faults: &mut Faults) -> Self {
        let ownership = OwnershipConfig::read(settings, faults);
        let proxy = proxy::config::Config::read(settings, ownership.lease, faults);
        proxy.check_times(settings, faults);
        Self { proxy, ownership }
    }
}

/// The settings of every part.
pub fn settings() -> Vec<&'static [Setting]> {
    vec![
        proxy::config::SETTINGS,
        ownership_config::SETTINGS,
        timings::SETTINGS,
    ]
}

/// Runs the role until it is asked to stop.
///
/// # Errors
/// Faults of the settings; a port or a store that cannot be had.
pub fn run(given: &Given) -> anyhow::Result<()> {
    let config = role::open(given, Config::read)?;
    let runtime = tokio::runtime::Runtime::new().context("starting the runtime")?;
    runtime.block_on(async {
        let shutdown = role::shutdown(given)?;
        let store = ownership::connect(&config.ownership)?;
        proxy::run(config.proxy, store, shutdown)
            .await
            .context("running the proxy")
    })
}
