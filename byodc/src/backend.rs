//! One pod alone.

use anyhow::Context;

use crate::cli::Given;
use crate::role;

/// Runs the role until it is asked to stop and has drained.
///
/// # Errors
/// Faults of the settings; a part of the pod that cannot be built.
pub fn run(given: &Given) -> anyhow::Result<()> {
    let config = role::open(given, backend::config::Config::read)?;
    let runtime = tokio::runtime::Runtime::new().context("starting the runtime")?;
    runtime.block_on(async {
        let shutdown = role::shutdown(given)?;
        backend::app::run(config, shutdown).await
    })
}
