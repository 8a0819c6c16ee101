//! Proxies, pods and a configuration service, each a real process, sharing one ownership store and one journal.
//!
//! ```no_run
//! # async fn example() {
//! use harness::cluster::{Cluster, Journal, Ownership};
//! let cluster = Cluster::of_pods(3).and_proxies(2).owned_in(Ownership::Redis).journaled_in(Journal::Sqlite).start().await;
//! # }
//! ```

/// A cluster before it runs.
pub mod description;
/// The ways between its parts, and what can go wrong on them.
pub mod links;

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::{StreamExt as _, stream};
use serde_json::Value;

use crate::cashbox::Cashbox;
use crate::client::{self, Pos};
use crate::config_service::ConfigService;
use crate::database::DatabaseServer;
use crate::eventually::eventually;
use crate::front_door::FrontDoor;
use crate::pod::{Pod, Template};
use crate::process::Process;
use crate::receipt;
use crate::redis::RedisServer;
use links::Links;

pub use description::Description;

/// How long a role may take to get ready: migrations of a busy database on a busy machine included.
const READY_WITHIN: Duration = Duration::from_secs(90);
/// How long a pod may take to say what it holds.
const SAYS_WITHIN: Duration = Duration::from_secs(5);
/// How many cashboxes are activated at a time.
const ACTIVATED_AT_ONCE: usize = 16;
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
    /// The database server, if it has one of its own.
    pub database: Option<DatabaseServer>,
    /// The relays before its servers, if it was described with relays.
    pub links: Option<Links>,
    template: Template,
    journal_url: String,
    http: reqwest::Client,
    folder: PathBuf,
}

impl Cluster {
    /// Describes a cluster with this many pods.
    #[must_use]
    pub fn of_pods(pods: usize) -> Description {
        Description::of_pods(pods)
    }

    /// A new cashbox that the configuration service knows and no pod has been asked for yet.
    #[must_use]
    pub fn new_cashbox(&self) -> Cashbox {
        let cashbox = Cashbox::new();
        self.config_service.publish(&cashbox);
        cashbox
    }

    /// New cashboxes that have signed their first receipt, their POS spread over the proxies.
    pub async fn activated(&self, count: usize) -> Vec<(Pos, Cashbox)> {
        let activating = (0..count).map(|at| async move {
            let cashbox = self.new_cashbox();
            let proxy = &self.proxies[at % self.proxies.len()];
            let pos = self.pos(&cashbox).at(&proxy.url());
            pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
            (pos, cashbox)
        });
        stream::iter(activating)
            .buffered(ACTIVATED_AT_ONCE)
            .collect()
            .await
    }

    /// Who had a cashbox, newest first, as a pod's admin port tells it.
    pub async fn ownership_history(&self, pod: &str, cashbox: &Cashbox) -> Vec<Value> {
        let pod = self
            .pods
            .iter()
            .find(|at| at.name() == pod)
            .expect("the pod runs");
        let url = format!("{}/admin/v1/cashboxes/{}/history", pod.admin_url(), cashbox.id);
        let read: Value = self.http.get(url).send().await.unwrap().json().await.unwrap();
        read["history"].as_array().expect("rows").clone()
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
            let asked = self.http.get(url).bearer_auth(self.template.peer_key(pod.name()));
            let Ok(answer) = asked.timeout(SAYS_WITHIN).send().await else {
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

    fn pod_named(&self, name: &str) -> &Pod {
        let pod = self.pods.iter().find(|pod| pod.name() == name);
        pod.unwrap_or_else(|| panic!("no pod is called {name:?}"))
    }

    /// A pod of another name than this.
    pub fn another_pod(&mut self, name: &str) -> &mut Pod {
        let pod = self.pods.iter_mut().find(|pod| pod.name() != name);
        pod.expect("the cluster has more than one pod")
    }

    /// Adds a pod and waits until it is ready.
    pub async fn add_pod(&mut self) -> &mut Pod {
        let mut pod = self.template.start(&format!("pod-{}", self.pods.len())).await;
        pod.ready().await;
        self.pods.push(pod);
        self.pods.last_mut().expect("it was just added")
    }

    /// What its pods have in common, to start more of them.
    #[must_use]
    pub fn template(&self) -> Template {
        self.template.clone()
    }

    /// Where its files lie: logs, journal, TSEs.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the journal is kept, without a relay on the way, for whoever reads it beside the pods.
    #[must_use]
    pub fn journal_url(&self) -> String {
        self.journal_url.clone()
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

    pub(crate) async fn ready(&mut self) {
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
