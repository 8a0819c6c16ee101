//! A pod from its parts: the only place that knows them all.

use anyhow::Context as _;
use shared::shutdown::Shutdown;
use tokio::net::TcpListener;

use crate::config::Config;

/// Builds a pod, serves until `shutdown` is asked for, and returns when it has drained.
///
/// # Errors
/// When a part cannot be built: an address in use, a database or directory that cannot be opened. The message
/// names it.
pub async fn run(config: Config, shutdown: Shutdown) -> anyhow::Result<()> {
    let main = bind("Byodc__Http__Listen", config.http.listen).await?;
    let admin = bind("Byodc__Admin__Listen", config.http.admin_listen).await?;
    tracing::info!(address = %main.local_addr()?, admin_address = %admin.local_addr()?, "the pod listens");
    shutdown.drain.cancelled().await;
    Ok(())
}

async fn bind(setting: &'static str, address: std::net::SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address} ({setting})"))
}
