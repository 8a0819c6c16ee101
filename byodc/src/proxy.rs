//! stub
use crate::cli::Given;
/// later
pub fn run(_given: &Given) -> anyhow::Result<()> {
    anyhow::bail!("not yet")
}
