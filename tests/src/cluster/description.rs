//! A cluster before it runs: how many of what, and where things are kept.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

use super::links::Links;
use super::{Cluster, Journal, Ownership};
use crate::client;
use crate::config_service::ConfigService;
use crate::database::{DatabaseServer, Durability, Server};
use crate::front_door::FrontDoor;
use crate::pod::{Relayed, Template};
use crate::ports::LOOPBACK;
use crate::reaper;
use crate::redis::RedisServer;

/// Whose database server it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Serving {
    /// The one that all tests of the process share.
    Shared,
    /// One of the cluster's own.
    Own,
}

/// A cluster that is being described.
#[derive(Debug, Clone)]
pub struct Description {
    pods: usize,
    proxies: usize,
    ownership: Ownership,
    journal: Journal,
    serving: Serving,
    relayed: Relayed,
    settings: BTreeMap<String, String>,
    of_one_pod: BTreeMap<String, BTreeMap<String, String>>,
    on_a_small_disk: bool,
    ip: IpAddr,
}

impl Description {
    pub(super) fn of_pods(pods: usize) -> Self {
        Self {
            pods,
            proxies: 1,
            ownership: Ownership::Redis,
            journal: Journal::Sqlite,
            serving: Serving::Shared,
            relayed: Relayed::No,
            settings: BTreeMap::new(),
            of_one_pod: BTreeMap::new(),
            on_a_small_disk: false,
            ip: LOOPBACK,
        }
    }

    /// How many proxies; one if nothing is said.
    #[must_use]
    pub fn and_proxies(self, proxies: usize) -> Self {
        Self { proxies, ..self }
    }

    /// Where ownership is recorded; in Redis if nothing is said.
    #[must_use]
    pub fn owned_in(self, ownership: Ownership) -> Self {
        Self { ownership, ..self }
    }

    /// Where receipts are made permanent; in SQLite if nothing is said.
    #[must_use]
    pub fn journaled_in(self, journal: Journal) -> Self {
        Self { journal, ..self }
    }

    /// The database in a server of the cluster's own, which the test may stop. Only for [`Journal::MariaDb`] and
    /// [`Journal::Postgres`].
    #[must_use]
    pub fn in_a_server_of_its_own(self) -> Self {
        Self {
            serving: Serving::Own,
            ..self
        }
    }

    /// A relay before every server and every pod, so that each way can be spoiled: [`Cluster::link`].
    #[must_use]
    pub fn with_relays(self) -> Self {
        Self {
            relayed: Relayed::Yes,
            ..self
        }
    }

    /// The journal in SQLite on a disk of a few MiB that the pod alone sees: [`Pod::disk`]. Only for one pod, which is
    /// not started again: its disk ends with its process.
    ///
    /// [`Pod::disk`]: crate::pod::Pod::disk
    #[must_use]
    pub fn journaled_on_a_small_disk(self) -> Self {
        assert_eq!(self.pods, 1, "pods do not see each other's disks");
        Self {
            on_a_small_disk: true,
            ..self
        }
    }

    /// Proxies, pods and Redis on another address of this machine than 127.0.0.1.
    #[must_use]
    pub fn listening_on(self, ip: IpAddr) -> Self {
        Self { ip, ..self }
    }

    /// A setting for all roles.
    #[must_use]
    pub fn with(mut self, setting: &str, value: &str) -> Self {
        self.settings.insert(setting.to_owned(), value.to_owned());
        self
    }

    /// A setting for the pod of this name alone: `pod-0`, `pod-1` …
    #[must_use]
    pub fn with_in(mut self, pod: &str, setting: &str, value: &str) -> Self {
        let of_pod = self.of_one_pod.entry(pod.to_owned()).or_default();
        of_pod.insert(setting.to_owned(), value.to_owned());
        self
    }

    /// Starts every process and waits until all are ready.
    pub async fn start(self) -> Cluster {
        let folder = reaper::temporary_folder("cluster");
        std::fs::create_dir(folder.join("tse")).unwrap();
        let servers = Servers::start(&self, &folder).await;
        let links = match self.relayed {
            Relayed::Yes => Some(servers.links().await),
            Relayed::No => None,
        };
        let mut settings = common_settings(&folder, &servers.urls(links.as_ref(), &folder));
        let small_disk = self.on_a_small_disk.then(|| folder.join("disk"));
        if let Some(disk) = &small_disk {
            std::fs::create_dir(disk).unwrap();
            let journal = format!("sqlite://{}/journal.db", disk.display());
            settings.insert("Byodc__Journal__Url".to_owned(), journal);
        }
        settings.extend(self.settings);
        // A test's own setting goes before the database that was prepared.
        let journal_url = match links {
            Some(_) => servers.journal_url,
            None => settings["Byodc__Journal__Url"].clone(),
        };
        let template = Template {
            folder: folder.clone(),
            ip: self.ip,
            settings,
            of_one_pod: self.of_one_pod,
            relayed: self.relayed,
            small_disk,
        };
        let mut pods = Vec::new();
        for at in 0..self.pods {
            pods.push(template.start(&format!("pod-{at}")).await);
        }
        let proxies = (0..self.proxies)
            .map(|at| FrontDoor::start(&format!("proxy-{at}"), &folder, &template.settings, template.ip))
            .collect();
        let mut cluster = Cluster {
            pods,
            proxies,
            config_service: servers.config_service,
            redis: servers.redis,
            database: servers.database,
            links,
            template,
            journal_url,
            http: client::http_without_pool(),
            folder,
        };
        cluster.ready().await;
        cluster
    }
}

/// What runs before pods and proxies do.
struct Servers {
    config_service: ConfigService,
    redis: Option<RedisServer>,
    database: Option<DatabaseServer>,
    journal_url: String,
}

/// Where pods and proxies reach them.
struct Urls {
    config_service: String,
    ownership: (&'static str, String),
    journal: String,
}

impl Servers {
    async fn start(description: &Description, folder: &Path) -> Self {
        let redis = match description.ownership {
            Ownership::Redis => Some(RedisServer::start_on(description.ip).await),
            Ownership::Sql => None,
        };
        let server = match description.journal {
            Journal::Sqlite => None,
            Journal::MariaDb => Some(Server::MariaDb),
            Journal::Postgres => Some(Server::Postgres),
        };
        let (database, journal_url) = match (server, description.serving) {
            (None, _) => (None, format!("sqlite://{}/journal.db", folder.display())),
            (Some(server), Serving::Shared) => (None, server.fresh_database().await),
            (Some(server), Serving::Own) => {
                let own = DatabaseServer::start(server, Durability::Durable).await;
                let url = own.fresh_database().await;
                (Some(own), url)
            }
        };
        Self {
            config_service: ConfigService::start(folder).await,
            redis,
            database,
            journal_url,
        }
    }

    async fn links(&self) -> Links {
        let redis = self.redis.as_ref().map(RedisServer::url);
        Links::before(&self.config_service.url(), redis.as_deref(), &self.journal_url).await
    }

    fn urls(&self, links: Option<&Links>, folder: &Path) -> Urls {
        let through = |url: &str| links.map_or_else(|| url.to_owned(), |links| links.through(url));
        Urls {
            config_service: through(&self.config_service.url()),
            ownership: match &self.redis {
                Some(redis) => ("Redis__ConnectionString", through(&redis.url())),
                None => (
                    "Byodc__Ownership__Url",
                    format!("sqlite://{}/ownership.db", folder.display()),
                ),
            },
            journal: through(&self.journal_url),
        }
    }
}

fn common_settings(folder: &Path, urls: &Urls) -> BTreeMap<String, String> {
    [
        (urls.ownership.0, urls.ownership.1.clone()),
        ("Byodc__Journal__Url", urls.journal.clone()),
        ("Helipad__BaseUrl", urls.config_service.clone()),
        // As in every real cluster: without it a handover is slower, and an outage of the service harder.
        ("Byodc__Configuration__Key", "5a".repeat(32)),
        (
            "Byodc__Simulator__Directory",
            folder.join("tse").display().to_string(),
        ),
        // The admin ports answer scrapers too; one port for all processes of a machine could be had only once.
        ("Byodc__Metrics__Listen", String::new()),
        ("Byodc__Admin__Keys", "open".to_owned()),
        ("Byodc__Proxy__DeadlineMs", "60000".to_owned()),
        ("Byodc__Proxy__Threads", "1".to_owned()),
        ("Logging__LogLevel__proxy", "Debug".to_owned()),
        ("Logging__LogLevel__backend", "Debug".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}
