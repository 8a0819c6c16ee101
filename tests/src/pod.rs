//! One pod: `byodc backend` as a process that can be killed, paused and started again under its name.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::eventually::eventually;
use crate::ports::free_address;
use crate::process::Process;
use crate::{binary, cluster};

/// Longer than a pod may drain in a test.
const STOPPED_WITHIN: Duration = Duration::from_secs(60);

/// A pod of a cluster.
#[derive(Debug)]
pub struct Pod {
    name: String,
    address: SocketAddr,
    admin_address: SocketAddr,
    settings: BTreeMap<String, String>,
    log: PathBuf,
    process: Process,
}

impl Pod {
    /// Starts a pod; [`Pod::ready`] waits for it.
    #[must_use]
    pub fn start(name: &str, folder: &Path, settings: &BTreeMap<String, String>) -> Self {
        let (address, admin_address) = (free_address(), free_address());
        let mut settings = settings.clone();
        settings.extend([
            ("Byodc__Pod__Name".to_owned(), name.to_owned()),
            ("Byodc__Pod__Address".to_owned(), address.to_string()),
            ("Byodc__Pod__AdminAddress".to_owned(), admin_address.to_string()),
            ("Byodc__Http__Listen".to_owned(), address.to_string()),
            ("Byodc__Admin__Listen".to_owned(), admin_address.to_string()),
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

    /// Waits until it takes cashboxes.
    pub async fn ready(&mut self) {
        cluster::wait_until_ready(&self.admin_url(), &mut self.process).await;
    }

    /// Its stable name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it takes requests, without a proxy between.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it answers peers and operators.
    #[must_use]
    pub fn admin_url(&self) -> String {
        format!("http://{}", self.admin_address)
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Asks it to stop (SIGTERM), as a rolling restart does, and waits until it has ended.
    pub async fn stop(&mut self) {
        self.process.terminate();
        eventually("the pod has stopped", STOPPED_WITHIN, async || {
            (!self.process.is_running()).then_some(())
        })
        .await;
    }

    /// Starts it again: the same name and addresses, a new incarnation.
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
    command.arg("backend").env_clear().envs(settings);
    Process::start(name, &mut command, log)
}
