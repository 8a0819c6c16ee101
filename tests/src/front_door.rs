//! One proxy: `byodc proxy` as a process.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::ports::free_address;
use crate::process::Process;
use crate::{binary, cluster};

/// A proxy of a cluster.
#[derive(Debug)]
pub struct FrontDoor {
    name: String,
    address: SocketAddr,
    admin_address: SocketAddr,
    settings: BTreeMap<String, String>,
    log: PathBuf,
    process: Process,
}

impl FrontDoor {
    /// Starts a proxy; [`FrontDoor::ready`] waits for it.
    #[must_use]
    pub fn start(name: &str, folder: &Path, settings: &BTreeMap<String, String>) -> Self {
        let (address, admin_address) = (free_address(), free_address());
        let mut settings = settings.clone();
        settings.extend([
            ("Byodc__Proxy__Listen".to_owned(), address.to_string()),
            ("Byodc__Proxy__AdminListen".to_owned(), admin_address.to_string()),
        ]);
        let log = folder.join(format!("{name}.log"));
        Self {
            name: name.to_owned(),
            address,
            admin_address,
            process: launch(name, &settings, &log),
            settings,
            log,
        }
    }

    /// Waits until it takes requests.
    pub async fn ready(&mut self) {
        cluster::wait_until_ready(&self.admin_url(), &mut self.process).await;
    }

    /// Where it takes requests.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The same as an address, for raw sockets.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it answers operators.
    #[must_use]
    pub fn admin_url(&self) -> String {
        format!("http://{}", self.admin_address)
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Starts it again under the same addresses.
    pub async fn restart(&mut self) {
        self.process.kill();
        self.process = launch(&self.name, &self.settings, &self.log);
        self.ready().await;
    }

    /// Everything its starts have logged.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }
}

fn launch(name: &str, settings: &BTreeMap<String, String>, log: &Path) -> Process {
    let mut command = Command::new(binary::byodc());
    command.arg("proxy").env_clear().envs(settings);
    Process::start(name, &mut command, log)
}
