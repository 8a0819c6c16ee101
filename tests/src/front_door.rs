//! One proxy: `byodc proxy` as a process.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use crate::ports::free_address_on;
use crate::process::Process;
use crate::role::Role;

/// A proxy of a cluster.
#[derive(Debug)]
pub struct FrontDoor(Role);

impl FrontDoor {
    /// Starts a proxy on free ports of `ip`; [`FrontDoor::ready`] waits for it.
    #[must_use]
    pub fn start(name: &str, folder: &Path, settings: &BTreeMap<String, String>, ip: IpAddr) -> Self {
        let addresses = [free_address_on(ip), free_address_on(ip)];
        let own = vec![
            ("Byodc__Proxy__Listen", addresses[0].to_string()),
            ("Byodc__Proxy__AdminListen", addresses[1].to_string()),
        ];
        Self(Role::start(
            "proxy",
            name,
            folder,
            settings,
            addresses,
            own,
            Vec::new(),
        ))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Waits until it takes requests.
    pub async fn ready(&mut self) {
        self.0.ready().await;
    }

    /// Where it takes requests.
    #[must_use]
    pub fn url(&self) -> String {
        self.0.url()
    }

    /// The same as an address, for raw sockets.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.0.address
    }

    /// Where it answers operators.
    #[must_use]
    pub fn admin_url(&self) -> String {
        self.0.admin_url()
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        self.0.process.kill();
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.0.process
    }

    /// Starts it again under the same addresses.
    pub async fn restart(&mut self) {
        self.0.restart().await;
    }

    /// The same without waiting until it is ready.
    pub fn relaunch(&mut self) {
        self.0.relaunch();
    }

    /// Everything its starts have logged.
    #[must_use]
    pub fn log(&self) -> String {
        self.0.process.log()
    }
}
