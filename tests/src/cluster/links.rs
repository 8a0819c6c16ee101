//! The ways between the parts of a cluster, each spoiled on its own: `cluster.link("pod-0", Target::Redis).cut()`.

use std::net::SocketAddr;

use super::Cluster;
use crate::fault_proxy::{FaultProxy, Link};

/// Where a way leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// The ownership store.
    Redis,
    /// The journal database, when it is a server.
    Database,
    /// The configuration service.
    ConfigService,
    /// A pod, where proxies bring requests.
    Pod(&'a str),
    /// A pod, where other pods and operators ask and tell it something.
    Peer(&'a str),
}

/// The relays before the servers of a cluster; those before a pod belong to the pod.
#[derive(Debug)]
pub struct Links {
    config_service: Relay,
    redis: Option<Relay>,
    database: Option<Relay>,
}

#[derive(Debug)]
struct Relay {
    server: SocketAddr,
    proxy: FaultProxy,
}

impl Relay {
    async fn before(url: &str) -> Option<Self> {
        let server = address_in(url)?;
        let proxy = FaultProxy::to(server).await;
        Some(Self { server, proxy })
    }
}

impl Links {
    /// Relays before the servers that these URLs name; a URL of a file needs none.
    pub(super) async fn before(config_service: &str, redis: Option<&str>, database: &str) -> Self {
        Self {
            config_service: Relay::before(config_service)
                .await
                .expect("it listens on an address"),
            redis: match redis {
                Some(url) => Relay::before(url).await,
                None => None,
            },
            database: Relay::before(database).await,
        }
    }

    /// A URL of one of these servers, leading through its relay.
    pub(super) fn through(&self, url: &str) -> String {
        let found = self
            .all()
            .find(|relay| address_in(url) == Some(relay.server))
            .map(|relay| url.replace(&relay.server.to_string(), &relay.proxy.address().to_string()));
        found.unwrap_or_else(|| url.to_owned())
    }

    fn all(&self) -> impl Iterator<Item = &Relay> {
        let servers = [self.redis.as_ref(), self.database.as_ref()];
        std::iter::once(&self.config_service).chain(servers.into_iter().flatten())
    }
}

/// The `address:port` in a URL such as `mysql://user:password@127.0.0.1:3306/name`.
fn address_in(url: &str) -> Option<SocketAddr> {
    let (_, rest) = url.split_once("://")?;
    let place = rest.split('/').next()?;
    place.rsplit('@').next()?.parse().ok()
}

impl Cluster {
    /// The relay on a way, for all who take it.
    ///
    /// Fails the test when the cluster was described without relays, or has no such server.
    #[must_use]
    pub fn way(&self, to: Target<'_>) -> &FaultProxy {
        let links = self
            .links
            .as_ref()
            .expect("the cluster was described with relays");
        match to {
            Target::ConfigService => &links.config_service.proxy,
            Target::Redis => &links.redis.as_ref().expect("ownership is in Redis").proxy,
            Target::Database => &links.database.as_ref().expect("the journal is in a server").proxy,
            Target::Pod(name) => self.pod_named(name).requests(),
            Target::Peer(name) => self.pod_named(name).peers(),
        }
    }

    /// The way that one pod or proxy takes, by its name.
    #[must_use]
    pub fn link(&self, from: &str, to: Target<'_>) -> Link {
        self.way(to).from(from)
    }

    /// Fair weather everywhere.
    pub fn heal(&self) {
        for relay in self.links.iter().flat_map(Links::all) {
            relay.proxy.heal_all();
        }
        for pod in &self.pods {
            pod.heal();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_found_in_urls_of_servers_and_in_none_of_files() {
        let found = |url: &str| address_in(url).map(|address| address.port());
        assert_eq!(found("redis://127.0.0.1:6379"), Some(6379));
        assert_eq!(found("mysql://byodc:byodc@127.0.0.1:3306/byodc_1"), Some(3306));
        assert_eq!(found("sqlite:///tmp/x/journal.db"), None);
    }
}
