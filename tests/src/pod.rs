//! One pod: `byodc backend` as a process that can be killed, paused and started again under its name.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::eventually::eventually;
use crate::fault_proxy::FaultProxy;
use crate::ports::free_address_on;
use crate::process::Process;
use crate::role::Role;
use crate::small_disk::{self, SmallDisk};

/// Longer than a pod may drain in a test.
const STOPPED_WITHIN: Duration = Duration::from_secs(60);
const PEER_KEY: &str = "Byodc__Peer__Key";
/// What a test is told that wants to spoil a way which it did not ask for.
const WITHOUT_RELAYS: &str = "the cluster was described with relays";

/// What the pods of a cluster have in common.
#[derive(Debug, Clone)]
pub struct Template {
    /// Where logs are written.
    pub folder: PathBuf,
    /// The address that they listen on, at free ports.
    pub ip: IpAddr,
    /// The settings of every pod.
    pub settings: BTreeMap<String, String>,
    /// What single pods are told besides, by name.
    pub of_one_pod: BTreeMap<String, BTreeMap<String, String>>,
    /// Whether proxies and other pods reach a pod through relays.
    pub relayed: Relayed,
    /// Where a pod mounts a small disk of its own, if it does. What lies there ends with its process.
    pub small_disk: Option<PathBuf>,
}

/// Whether there is a relay on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relayed {
    /// There is, and a test can spoil it.
    Yes,
    /// There is none.
    No,
}

impl Template {
    /// The key under which a pod answers its peers: as it is set, empty where it is not.
    #[must_use]
    pub fn peer_key(&self, pod: &str) -> &str {
        let of_pod = self.of_one_pod.get(pod).and_then(|own| own.get(PEER_KEY));
        of_pod
            .or_else(|| self.settings.get(PEER_KEY))
            .map_or("", String::as_str)
    }

    /// Starts a pod of this name; [`Pod::ready`] waits for it.
    pub async fn start(&self, name: &str) -> Pod {
        self.start_of_generation(name, None).await
    }

    /// The same for a pod of a rollout.
    pub async fn start_of_generation(&self, name: &str, generation: Option<&str>) -> Pod {
        let addresses = [free_address_on(self.ip), free_address_on(self.ip)];
        let relays = match self.relayed {
            Relayed::Yes => Some(Relays::to(addresses).await),
            Relayed::No => None,
        };
        let [reached, admin_reached] = relays.as_ref().map_or(addresses, Relays::addresses);
        let mut own = vec![
            ("Byodc__Pod__Name", name.to_owned()),
            ("Byodc__Pod__Address", reached.to_string()),
            ("Byodc__Pod__AdminAddress", admin_reached.to_string()),
            ("Byodc__Http__Listen", addresses[0].to_string()),
            ("Byodc__Admin__Listen", addresses[1].to_string()),
        ];
        own.extend(generation.map(|generation| ("Byodc__Pod__Generation", generation.to_owned())));
        let mut settings = self.settings.clone();
        settings.extend(self.of_one_pod.get(name).cloned().unwrap_or_default());
        let launcher = self.small_disk.as_deref().map(small_disk::launcher);
        Pod {
            role: Role::start(
                "backend",
                name,
                &self.folder,
                &settings,
                addresses,
                own,
                launcher.unwrap_or_default(),
            ),
            small_disk: self.small_disk.clone(),
            relays,
        }
    }
}

/// The relays before a pod.
#[derive(Debug)]
struct Relays {
    requests: FaultProxy,
    peers: FaultProxy,
}

impl Relays {
    async fn to([address, admin_address]: [SocketAddr; 2]) -> Self {
        Self {
            requests: FaultProxy::to(address).await,
            peers: FaultProxy::to(admin_address).await,
        }
    }

    fn addresses(&self) -> [SocketAddr; 2] {
        [self.requests.address(), self.peers.address()]
    }
}

/// A pod of a cluster.
#[derive(Debug)]
pub struct Pod {
    role: Role,
    small_disk: Option<PathBuf>,
    relays: Option<Relays>,
}

impl Pod {
    /// The way on which proxies bring requests. Fails the test in a cluster without relays.
    #[must_use]
    pub fn requests(&self) -> &FaultProxy {
        &self.relays.as_ref().expect(WITHOUT_RELAYS).requests
    }

    /// The way on which other pods ask and tell it something; the same.
    #[must_use]
    pub fn peers(&self) -> &FaultProxy {
        &self.relays.as_ref().expect(WITHOUT_RELAYS).peers
    }

    /// Its disk. Fails the test in a cluster that was described without small disks.
    #[must_use]
    pub fn disk(&self) -> SmallDisk {
        let mounted_on = self.small_disk.as_deref();
        SmallDisk::of(
            self.role.process.id(),
            mounted_on.expect("the cluster was described with small disks"),
        )
    }

    /// Fair weather on both ways.
    pub fn heal(&self) {
        if let Some(relays) = &self.relays {
            relays.requests.heal_all();
            relays.peers.heal_all();
        }
    }

    /// Waits until it takes cashboxes.
    pub async fn ready(&mut self) {
        self.role.ready().await;
    }

    /// Its stable name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.role.name
    }

    /// Where it takes requests, without a proxy between.
    #[must_use]
    pub fn url(&self) -> String {
        self.role.url()
    }

    /// Where it answers peers and operators.
    #[must_use]
    pub fn admin_url(&self) -> String {
        self.role.admin_url()
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.role.process
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        self.role.process.kill();
    }

    /// Asks it to stop (SIGTERM), as a rolling restart does, and waits until it has ended.
    pub async fn stop(&mut self) {
        self.role.process.terminate();
        eventually("the pod has stopped", STOPPED_WITHIN, async || {
            (!self.role.process.is_running()).then_some(())
        })
        .await;
    }

    /// Starts it again: the same name and addresses, a new incarnation.
    pub async fn restart(&mut self) {
        self.role.restart().await;
    }

    /// The same without waiting until it is ready.
    pub fn relaunch(&mut self) {
        self.role.relaunch();
    }

    /// Everything its starts have logged.
    #[must_use]
    pub fn log(&self) -> String {
        self.role.process.log()
    }
}
