//! One pod: `byodc backend` as a process that can be killed, paused and started again under its name.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use crate::eventually::eventually;
use crate::process::Process;
use crate::role::Role;

/// Longer than a pod may drain in a test.
const STOPPED_WITHIN: Duration = Duration::from_secs(60);

/// A pod of a cluster.
#[derive(Debug)]
pub struct Pod(Role);

impl Pod {
    /// Starts a pod; [`Pod::ready`] waits for it.
    #[must_use]
    pub fn start(name: &str, folder: &Path, settings: &BTreeMap<String, String>) -> Self {
        Self(Role::start(
            "backend",
            name,
            folder,
            settings,
            |address, admin_address| {
                vec![
                    ("Byodc__Pod__Name", name.to_owned()),
                    ("Byodc__Pod__Address", address.clone()),
                    ("Byodc__Pod__AdminAddress", admin_address.clone()),
                    ("Byodc__Http__Listen", address),
                    ("Byodc__Admin__Listen", admin_address),
                ]
            },
        ))
    }

    /// Waits until it takes cashboxes.
    pub async fn ready(&mut self) {
        self.0.ready().await;
    }

    /// Its stable name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Where it takes requests, without a proxy between.
    #[must_use]
    pub fn url(&self) -> String {
        self.0.url()
    }

    /// Where it answers peers and operators.
    #[must_use]
    pub fn admin_url(&self) -> String {
        self.0.admin_url()
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.0.process
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        self.0.process.kill();
    }

    /// Asks it to stop (SIGTERM), as a rolling restart does, and waits until it has ended.
    pub async fn stop(&mut self) {
        self.0.process.terminate();
        eventually("the pod has stopped", STOPPED_WITHIN, async || {
            (!self.0.process.is_running()).then_some(())
        })
        .await;
    }

    /// Starts it again: the same name and addresses, a new incarnation.
    pub async fn restart(&mut self) {
        self.0.restart().await;
    }

    /// Everything its starts have logged.
    #[must_use]
    pub fn log(&self) -> String {
        self.0.process.log()
    }
}
