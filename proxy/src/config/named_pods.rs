//! Pods that are known without the ownership store: by a list, or behind a DNS name.

use std::net::SocketAddr;
use std::str::FromStr;

use shared::env::address::Address;
use shared::identity::pod::PodName;
use thiserror::Error;

/// A pod that is known by configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaticPod {
    /// Its stable name, which the placement ring hashes.
    pub name: PodName,
    /// Where it takes requests.
    pub address: SocketAddr,
    /// Where it answers peers and operators.
    pub admin_address: SocketAddr,
}

/// Why a list of pods cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{entry:?} is not name=host:port/adminport, for example byodc-0=10.0.0.7:80/8080")]
pub(super) struct StaticPodsError {
    entry: String,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct StaticPods(pub(super) Vec<StaticPod>);

impl FromStr for StaticPods {
    type Err = StaticPodsError;

    fn from_str(text: &str) -> Result<Self, StaticPodsError> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let pod = |entry: &str| {
            static_pod(entry).ok_or_else(|| StaticPodsError {
                entry: entry.to_owned(),
            })
        };
        entries.map(pod).collect::<Result<_, _>>().map(Self)
    }
}

fn static_pod(entry: &str) -> Option<StaticPod> {
    let (name, place) = entry.split_once('=')?;
    let (address, admin_port) = place.rsplit_once('/')?;
    let Address(address) = address.trim().parse().ok()?;
    Some(StaticPod {
        name: name.trim().parse().ok()?,
        address,
        admin_address: SocketAddr::new(address.ip(), admin_port.trim().parse().ok()?),
    })
}

/// Why a DNS name cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("must be host:port, for example byodc-headless:80")]
pub(super) struct DnsNameError;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct DnsName(pub(super) Option<String>);

impl FromStr for DnsName {
    type Err = DnsNameError;

    fn from_str(text: &str) -> Result<Self, DnsNameError> {
        if text.is_empty() {
            return Ok(Self(None));
        }
        let (host, port) = text.rsplit_once(':').ok_or(DnsNameError)?;
        let port: u16 = port.parse().map_err(|_| DnsNameError)?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        if host.is_empty() || port == 0 || !host.bytes().all(plain) {
            return Err(DnsNameError);
        }
        Ok(Self(Some(text.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_pod_is_named_at_an_address_of_either_family() {
        for text in ["a=[fd00::7]:80/8081", "a=fd00::7:80/8081"] {
            let StaticPods(pods) = text.parse().unwrap();
            assert_eq!(pods[0].address.to_string(), "[fd00::7]:80");
            assert_eq!(pods[0].admin_address.to_string(), "[fd00::7]:8081");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_readers_of_pods_panic(text in "[a-z0-9=:/,.\\[\\] -]{0,60}") {
            let _ = text.parse::<StaticPods>();
            let _ = text.parse::<DnsName>();
        }
    }
}
