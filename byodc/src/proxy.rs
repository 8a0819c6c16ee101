//! The proxy alone.

use crate::cli::Given;
use crate::role;

/// Runs the role until it is asked to stop.
///
/// # Errors
/// Faults of the settings; a port or a store that cannot be had.
pub fn run(given: &Given) -> anyhow::Result<()> {
    let _ = role::open(given, proxy::config::Config::read)?;
    anyhow::bail!("not yet")
}
