//! This pod: its name, this start of it, and where the others reach it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};

use shared::env::address::Address;
use shared::env::{Faults, Setting, Settings};
use shared::identity::Incarnation;
use shared::identity::pod::{PodId, PodName};
use shared::placement::pod::{PodRecord, PodState};

/// The stable name of this pod.
pub const NAME: Setting = Setting::plain(
    "Byodc__Pod__Name",
    "",
    "the pod's stable name, kept across restarts (a-z, 0-9, '-', '.'); empty takes HOSTNAME",
);
/// Where proxies send requests.
pub const ADDRESS: Setting = Setting::plain(
    "Byodc__Pod__Address",
    "",
    "where proxies reach this pod, as address:port; empty takes the main listener's address, and where that is \
     every interface, the address that the host's name stands for",
);
/// Where peers and operators ask.
pub const ADMIN_ADDRESS: Setting = Setting::plain(
    "Byodc__Pod__AdminAddress",
    "",
    "where other pods and operators reach this pod, as address:port; empty is found as for Byodc__Pod__Address",
);
/// Which rollout this pod belongs to.
pub const GENERATION: Setting = Setting::plain(
    "Byodc__Pod__Generation",
    "",
    "which rollout the pod belongs to (in Kubernetes the pod template's hash); pods of one rollout share it",
);

/// Every setting of this part.
pub const SETTINGS: &[Setting] = &[NAME, ADDRESS, ADMIN_ADDRESS, GENERATION];

/// The name of a pod whose host has none that fits.
const NAME_WITHOUT_HOST: &str = "byodc";

/// How this pod presents itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `Byodc__Pod__Name`, or the host's name.
    pub name: PodName,
    /// `Byodc__Pod__Address`; none = found from the main listener.
    pub address: Option<SocketAddr>,
    /// `Byodc__Pod__AdminAddress`; none = found from the admin listener.
    pub admin_address: Option<SocketAddr>,
    /// `Byodc__Pod__Generation`.
    pub generation: String,
}

impl Config {
    /// Reads how this pod presents itself.
    pub fn read(settings: &Settings, faults: &mut Faults) -> Self {
        Self {
            name: name(settings, faults),
            address: address(&ADDRESS, settings, faults),
            admin_address: address(&ADMIN_ADDRESS, settings, faults),
            generation: settings.effective(&GENERATION).value,
        }
    }
}

fn name(settings: &Settings, faults: &mut Faults) -> PodName {
    let stand_in = || -> PodName { NAME_WITHOUT_HOST.parse().expect("the literal is a pod name") };
    let set = settings.effective(&NAME);
    if !set.value.is_empty() {
        return set.value.parse().unwrap_or_else(|error| {
            faults.add(&NAME, &set, &error);
            stand_in()
        });
    }
    let host = settings.given("HOSTNAME").map(|host| host.value.to_lowercase());
    host.and_then(|host| host.parse().ok()).unwrap_or_else(stand_in)
}

fn address(setting: &Setting, settings: &Settings, faults: &mut Faults) -> Option<SocketAddr> {
    let set = settings.effective(setting);
    if set.value.is_empty() {
        return None;
    }
    match set.value.trim().parse::<Address>() {
        Ok(Address(address)) if !address.ip().is_unspecified() && address.port() != 0 => {
            return Some(address);
        }
        Ok(_) => faults.add(
            setting,
            &set,
            &"others cannot connect to it: give the address and port they use",
        ),
        Err(error) => faults.add(setting, &set, &error),
    }
    None
}

impl Config {
    /// The record of this start of the pod, once its listeners are bound.
    #[must_use]
    pub fn record(&self, main: SocketAddr, admin: SocketAddr, started_at_ms: i64) -> PodRecord {
        PodRecord {
            id: PodId {
                name: self.name.clone(),
                incarnation: Incarnation::random(),
            },
            address: self.address.unwrap_or_else(|| self.reachable(main)),
            admin_address: self.admin_address.unwrap_or_else(|| self.reachable(admin)),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            generation: self.generation.clone(),
            started_at_ms,
            state: PodState::Ready,
            load: 0,
        }
    }

    /// An address others can connect to: a listener on every interface is reached at what the host's name stands
    /// for (Kubernetes writes the pod's own address under it), else on this machine alone.
    fn reachable(&self, bound: SocketAddr) -> SocketAddr {
        if !bound.ip().is_unspecified() {
            return bound;
        }
        let of_host = (self.name.as_str(), bound.port()).to_socket_addrs().ok();
        of_host
            .and_then(|mut addresses| addresses.find(|address| reaches(bound, *address)))
            .unwrap_or(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), bound.port()))
    }
}

/// Whether others who connect to this address of the host come to a listener on every interface: one on IPv6 takes
/// both families.
fn reaches(bound: SocketAddr, address: SocketAddr) -> bool {
    !address.ip().is_loopback() && (bound.is_ipv6() || address.is_ipv4())
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::env::Origin;

    fn read(values: &[(&str, &str)]) -> (Config, Vec<String>) {
        let mut faults = Faults::default();
        let settings = Settings::default().with(Origin::Environment, values.iter().copied());
        let config = Config::read(&settings, &mut faults);
        (config, faults.lines().to_vec())
    }

    #[test]
    fn a_pod_without_a_name_takes_the_name_of_its_host() {
        let (config, faults) = read(&[("HOSTNAME", "byodc-7f9c-Abc")]);
        assert_eq!(config.name.as_str(), "byodc-7f9c-abc");
        assert!(faults.is_empty());
    }

    #[test]
    fn an_address_nobody_can_connect_to_is_a_fault() {
        for address in ["0.0.0.0:80", "[::]:80", "10.0.0.7:0", "10.0.0.7", "here"] {
            let (config, faults) = read(&[("Byodc__Pod__Address", address)]);
            assert_eq!(config.address, None);
            assert!(faults[0].starts_with("Byodc__Pod__Address = "), "{faults:?}");
        }
    }

    #[test]
    fn the_address_of_a_pod_is_of_either_family() {
        for given in ["[fd00::7]:80", "fd00::7:80"] {
            let (config, faults) = read(&[("Byodc__Pod__Address", given)]);
            assert!(faults.is_empty(), "{faults:?}");
            assert_eq!(config.address.unwrap().to_string(), "[fd00::7]:80");
        }
    }

    #[test]
    fn a_listener_on_ipv4_alone_is_not_announced_under_an_ipv6_address() {
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        let (v4, v6) = (address("10.0.0.7:80"), address("[fd00::7]:80"));
        assert!(reaches(address("[::]:80"), v4) && reaches(address("[::]:80"), v6));
        assert!(reaches(address("0.0.0.0:80"), v4) && !reaches(address("0.0.0.0:80"), v6));
        assert!(!reaches(address("[::]:80"), address("[::1]:80")));
    }

    #[test]
    fn a_listener_on_one_address_is_reached_there() {
        let (config, _) = read(&[("Byodc__Pod__Name", "pod-a")]);
        let bound: SocketAddr = "127.0.0.1:4711".parse().unwrap();
        let record = config.record(bound, bound, 1);
        assert_eq!((record.address, record.admin_address), (bound, bound));
    }
}
