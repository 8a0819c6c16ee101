//! The configuration service for sites without one: serves cashbox documents from a directory.
//!
//! A cashbox is two files, named by its id in lower case with dashes: `<id>.json`, the document that is sent as it is
//! (fiscal specification 2.2), and `<id>.token`, its access token, which is never sent. Files are read when they are
//! asked for, so what is on disk is what is served and a change needs no signal; a broken file breaks its own cashbox
//! only. Answers are those of fiscal specification 2.1, in both of its shapes. Nothing is encrypted on the way:
//! documents stand in the files as pods should read them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use shared::access::every_interface;
use shared::env::{Faults, Setting, Settings};
use shared::shutdown::Shutdown;
use tokio::net::TcpListener;

use crate::cli::Given;
use crate::role;
use directory::Directory;

/// Requests and answers.
mod http;
/// The files: found, compared, read.
mod directory;
/// What a cashbox document must hold.
pub mod document;
/// Why a document is not served, and what the caller is told.
mod error;

/// Where it listens.
pub const LISTEN: Setting = Setting::plain(
    "Byodc__ConfigService__Listen",
    "[::]:8090",
    "where the configuration service listens, as ip:port",
);
/// Where the files are.
pub const DIRECTORY: Setting = Setting::plain(
    "Byodc__ConfigService__Directory",
    "cashboxes",
    "directory with <cashbox id>.json and <cashbox id>.token for each cashbox",
);

/// Every setting of this part.
pub const SETTINGS: &[Setting] = &[LISTEN, DIRECTORY];

/// What the configuration service needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens (`Byodc__ConfigService__Listen`).
    pub listen: SocketAddr,
    /// Where the files are (`Byodc__ConfigService__Directory`). Looked at when the service starts, and at each request.
    pub directory: PathBuf,
}

impl Config {
    /// Reads where it listens and where the files are, which must be a directory.
    pub fn read(settings: &Settings, faults: &mut Faults) -> Self {
        let directory = PathBuf::from(settings.effective(&DIRECTORY).value);
        if let Err(error) = std::fs::read_dir(&directory) {
            faults.add(&DIRECTORY, &settings.effective(&DIRECTORY), &error);
        }
        Self {
            listen: settings.address(&LISTEN, faults),
            directory,
        }
    }
}

/// Runs the role until it is asked to stop.
///
/// # Errors
/// Faults of the settings; an address that cannot be listened on.
pub fn run(given: &Given) -> anyhow::Result<()> {
    let config = role::open(given, Config::read)?;
    let runtime = tokio::runtime::Runtime::new().context("starting the runtime")?;
    runtime.block_on(async {
        let shutdown = role::shutdown(given)?;
        serve(config, shutdown).await
    })
}

async fn serve(config: Config, shutdown: Shutdown) -> anyhow::Result<()> {
    let directory = Arc::new(Directory::new(config.directory.clone()));
    tell_faults(&directory).await;
    let listen = every_interface::here(&LISTEN, config.listen);
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("listening on {listen} ({})", LISTEN.name))?;
    let address = listener
        .local_addr()
        .context("asking for the address listened on")?;
    tracing::info!(%address, directory = %config.directory.display(), "the configuration service listens");
    axum::serve(listener, http::router(directory))
        .with_graceful_shutdown(shutdown.drain.cancelled_owned())
        .await
        .context("serving configurations")
}

/// Tells at start, all at once, which files will not be served. The others are.
async fn tell_faults(directory: &Directory) {
    let faults = directory.faults().await;
    if !faults.is_empty() {
        tracing::error!(
            "{} fault(s) in the files of cashboxes:\n  {}",
            faults.len(),
            faults.join("\n  ")
        );
    }
}
