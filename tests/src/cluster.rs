//! Proxies, pods and a configuration service, each a real process, sharing one ownership store and one journal.
//!
//! ```no_run
//! # async fn example() {
//! use harness::cluster::{Cluster, Journal, Ownership};
//! let cluster = Cluster::of_pods(3).and_proxies(2).owned_in(Ownership::Redis).journaled_in(Journal::Sqlite).start().await;
//! # }
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::cashbox::Cashbox;
use crate::client::{self, Pos};
use crate::config_service::ConfigService;
use crate::database::Server;
use crate::eventually::eventually;
use crate::front_door::FrontDoor;
use crate::pod::Pod;
use crate::process::Process;
use crate::reaper;
use crate::redis::RedisServer;

/// How long a role may take to get ready: migrations of a busy database on a busy machine included.
const READY_WITHIN: Duration = Duration::from_secs(90);
/// How long a pod may take to say what it holds.
const SAYS_WITHIN: Duration = Duration::from_secs(5);
/// How much of each log a failed test shows.
const LOG_LINES_SHOWN: usize = 60;

/// Where ownership is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ownership {
    /// In a Redis of the cluster's own.
    Redis,
    /// In a SQLite file, as small sites without Redis do.
    Sql,
}

/// Where receipts are made permanent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Journal {
    /// In a SQLite file of the cluster's own.
    Sqlite,
    /// In a fresh database of the shared MariaDB.
    MariaDb,
    /// In a fresh database of the shared PostgreSQL.
    Postgres,
}

/// A cluster that is being described.
#[derive(Debug, Clone)]
pub struct Description {
    pods: usize,
    proxies: usize,
    ownership: Ownership,
    journal: Journal,
    settings: BTreeMap<String, String>,
}

impl Description {
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

    /// A setting for all roles.
    #[must_use]
    pub fn with(mut self, setting: &str, value: &str) -> Self {
        self.settings.insert(setting.to_owned(), value.to_owned());
        self
    }

    /// Starts every process and waits until all are ready.
    pub async fn start(self) -> Cluster {
        let folder = reaper::temporary_folder("cluster");
        std::fs::create_dir(folder.join("tse")).unwrap();
        let config_service = ConfigService::start(&folder).await;
        let redis = match self.ownership {
            Ownership::Redis => Some(RedisServer::start().await),
            Ownership::Sql => None,
        };
        let mut settings = common_settings(&folder, &config_service, redis.as_ref());
        settings.insert(
            "Byodc__Journal__Url".to_owned(),
            journal_url(self.journal, &folder).await,
        );
        settings.extend(self.settings);
        let pods = (0..self.pods)
            .map(|at| Pod::start(&format!("pod-{at}"), &folder, &settings))
            .collect();
        let proxies = (0..self.proxies)
            .map(|at| FrontDoor::start(&format!("proxy-{at}"), &folder, &settings))
            .collect();
        let mut cluster = Cluster {
            pods,
            proxies,
            config_service,
            redis,
            settings,
            folder,
        };
        cluster.ready().await;
        cluster
    }
}

fn common_settings(
    folder: &Path,
    config_service: &ConfigService,
    redis: Option<&RedisServer>,
) -> BTreeMap<String, String> {
    let ownership = match redis {
        Some(redis) => ("Redis__ConnectionString", redis.url()),
        None => (
            "Byodc__Ownership__Url",
            format!("sqlite://{}/ownership.db", folder.display()),
        ),
    };
    [
        ownership,
        ("Helipad__BaseUrl", config_service.url()),
        (
            "Byodc__Simulator__Directory",
            folder.join("tse").display().to_string(),
        ),
        ("Byodc__Proxy__DeadlineMs", "60000".to_owned()),
        ("Byodc__Proxy__Threads", "1".to_owned()),
        ("Logging__LogLevel__proxy", "Debug".to_owned()),
        ("Logging__LogLevel__backend", "Debug".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

async fn journal_url(journal: Journal, folder: &Path) -> String {
    match journal {
        Journal::Sqlite => format!("sqlite://{}/journal.db", folder.display()),
        Journal::MariaDb => Server::MariaDb.fresh_database().await,
        Journal::Postgres => Server::Postgres.fresh_database().await,
    }
}

/// A pod that holds a cashbox.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    /// The pod's stable name.
    pub pod: String,
    /// The epoch of its claim.
    pub epoch: u64,
}

/// A running cluster. Its processes end with it; when the test fails, the end of each log is shown first.
#[derive(Debug)]
pub struct Cluster {
    /// The pods, in order of name.
    pub pods: Vec<Pod>,
    /// The proxies.
    pub proxies: Vec<FrontDoor>,
    /// The configuration service.
    pub config_service: ConfigService,
    /// The ownership store, if it is Redis.
    pub redis: Option<RedisServer>,
    settings: BTreeMap<String, String>,
    folder: PathBuf,
}

impl Cluster {
    /// Describes a cluster with this many pods.
    #[must_use]
    pub fn of_pods(pods: usize) -> Description {
        Description {
            pods,
            proxies: 1,
            ownership: Ownership::Redis,
            journal: Journal::Sqlite,
            settings: BTreeMap::new(),
        }
    }

    /// A new cashbox that the configuration service knows and no pod has been asked for yet.
    #[must_use]
    pub fn new_cashbox(&self) -> Cashbox {
        let cashbox = Cashbox::new();
        self.config_service.publish(&cashbox);
        cashbox
    }

    /// The POS of a cashbox, speaking to the first proxy.
    #[must_use]
    pub fn pos(&self, cashbox: &Cashbox) -> Pos {
        Pos::new(&self.proxies[0].url(), cashbox)
    }

    /// Which pod holds a cashbox, asked of the pods themselves. Fails the test when none does, or two.
    pub async fn owner(&self, cashbox: &Cashbox) -> Owner {
        let mut owners = self.owners(cashbox).await;
        assert_eq!(owners.len(), 1, "{} is held by {owners:?}", cashbox.id);
        owners.remove(0)
    }

    /// Every pod that believes to hold a cashbox. One that was killed or is paused says nothing.
    pub async fn owners(&self, cashbox: &Cashbox) -> Vec<Owner> {
        let mut owners = Vec::new();
        for pod in &self.pods {
            let url = format!("{}/peer/v1/cashboxes/{}", pod.admin_url(), cashbox.id);
            let Ok(answer) = client::http().get(url).timeout(SAYS_WITHIN).send().await else {
                continue;
            };
            let held: Value = answer.json().await.unwrap();
            if held["holds"] == true {
                owners.push(Owner {
                    pod: pod.name().to_owned(),
                    epoch: held["epoch"].as_u64().expect("an epoch"),
                });
            }
        }
        owners
    }

    /// The pod of this name.
    pub fn pod(&mut self, name: &str) -> &mut Pod {
        let pod = self.pods.iter_mut().find(|pod| pod.name() == name);
        pod.unwrap_or_else(|| panic!("no pod is called {name:?}"))
    }

    /// A pod of another name than this.
    pub fn another_pod(&mut self, name: &str) -> &mut Pod {
        let pod = self.pods.iter_mut().find(|pod| pod.name() != name);
        pod.expect("the cluster has more than one pod")
    }

    /// Adds a pod and waits until it is ready.
    pub async fn add_pod(&mut self) -> &mut Pod {
        let mut pod = Pod::start(&format!("pod-{}", self.pods.len()), &self.folder, &self.settings);
        pod.ready().await;
        self.pods.push(pod);
        self.pods.last_mut().expect("it was just added")
    }

    /// Where its files lie: logs, journal, TSEs.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Every process's log, by name.
    #[must_use]
    pub fn logs(&self) -> Vec<(String, String)> {
        let files = std::fs::read_dir(&self.folder).unwrap().flatten();
        let mut logs: Vec<(String, String)> = files
            .filter(|file| {
                file.path()
                    .extension()
                    .is_some_and(|extension| extension == "log")
            })
            .map(|file| {
                let text = String::from_utf8_lossy(&std::fs::read(file.path()).unwrap()).into_owned();
                (file.file_name().to_string_lossy().into_owned(), text)
            })
            .collect();
        logs.sort();
        logs
    }

    fn show_logs_of_a_failed_test(&self) {
        if !std::thread::panicking() {
            return;
        }
        for (name, text) in self.logs() {
            let lines: Vec<&str> = text.lines().collect();
            println!("── end of {name}");
            for line in &lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..] {
                println!("{line}");
            }
        }
    }

    async fn ready(&mut self) {
        for pod in &mut self.pods {
            pod.ready().await;
        }
        for proxy in &mut self.proxies {
            proxy.ready().await;
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.show_logs_of_a_failed_test();
    }
}

/// A cluster that lives as long as the test process. When a test that uses it fails, the end of each log is shown.
#[derive(Debug)]
pub struct Shared(pub &'static Cluster);

impl std::ops::Deref for Shared {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        self.0
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.0.show_logs_of_a_failed_test();
    }
}

/// Asks a role's admin address until it says that it is ready; fails the test if the process ends before.
pub(crate) async fn wait_until_ready(admin_url: &str, process: &mut Process) {
    let (http, url) = (client::http(), format!("{admin_url}/health/ready"));
    eventually(&format!("{url} answers 200"), READY_WITHIN, async || {
        process.assert_running();
        let answer = http.get(&url).timeout(Duration::from_secs(5)).send().await.ok()?;
        answer.status().is_success().then_some(())
    })
    .await;
}
