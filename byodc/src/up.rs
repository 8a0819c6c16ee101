//! stub
use crate::cli::UpOptions;
/// later
pub fn run(_options: &UpOptions) -> anyhow::Result<()> {
    anyhow::bail!("not yet")
}
