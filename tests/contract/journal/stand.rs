//! The stores, and a fresh database for each test.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use backend::journal::config::JournalConfig;
use backend::journal::in_memory::InMemoryJournal;
use backend::journal::metrics::JournalMetrics;
use backend::journal::place::Place;
use backend::journal::{JournalStore, connect};
use harness::database::Server;
use shared::identity::QueueId;
use sqlx::{Connection as _, MySqlConnection};
use tempfile::TempDir;

/// A fresh, empty database, to which any number of pods may connect.
pub enum Stand {
    InMemory(InMemoryJournal),
    Database {
        url: String,
        _folder: Option<TempDir>,
    },
    /// The pods' journal, and a server on which each queue has a database of its own.
    InPlace {
        url: String,
        server: String,
        told: Mutex<Told>,
    },
}

/// Every pod is told of every queue, whichever of the two comes first.
#[derive(Default)]
pub struct Told {
    pods: Vec<Arc<dyn JournalStore>>,
    queues: Vec<QueueId>,
}

/// Proves a promise for queues that have databases of their own, none of which leaves anything in the pods' journal.
pub async fn in_place<P: Future<Output = ()>>(promise: impl FnOnce(Stand) -> P) {
    let url = Server::MariaDb.fresh_database().await;
    let (server, told) = (connection_string(&url), Mutex::default());
    let pods_journal = url.clone();
    promise(Stand::InPlace { url, server, told }).await;
    let mut pods_journal = MySqlConnection::connect(&pods_journal).await.unwrap();
    let queues = sqlx::query_scalar("SELECT COUNT(*) FROM queue");
    let kept_there: i64 = queues.fetch_one(&mut pods_journal).await.unwrap();
    assert_eq!(kept_there, 0, "a queue was used whose place no pod was told of");
}

impl Stand {
    pub fn in_memory() -> Self {
        Self::InMemory(InMemoryJournal::default())
    }

    pub fn sqlite() -> Self {
        let folder = TempDir::new().unwrap();
        Self::Database {
            url: format!("sqlite://{}", folder.path().join("journal.db").display()),
            _folder: Some(folder),
        }
    }

    pub async fn maria_db() -> Self {
        Self::of(Server::MariaDb.fresh_database().await)
    }

    pub async fn postgres() -> Self {
        Self::of(Server::Postgres.fresh_database().await)
    }

    pub fn of(url: String) -> Self {
        Self::Database { url, _folder: None }
    }

    /// A pod's store.
    pub async fn store(&self) -> Arc<dyn JournalStore> {
        self.counted().await.0
    }

    /// A pod's store, and what it counts.
    pub async fn counted(&self) -> (Arc<dyn JournalStore>, JournalMetrics) {
        let metrics = JournalMetrics::default();
        let store = match self {
            Self::InMemory(journal) => Arc::new(journal.clone()),
            Self::Database { url, .. } => connect(&config(url), &metrics).await.unwrap(),
            Self::InPlace { url, server, told } => {
                let store = connect(&config(url), &metrics).await.unwrap();
                let mut told = told.lock().unwrap();
                for queue in &told.queues {
                    tell_place(&store, *queue, server);
                }
                told.pods.push(store.clone());
                store
            }
        };
        (store, metrics)
    }

    /// A queue that does not exist yet. Its place is told to the pods as when its configuration was read.
    pub fn queue(&self) -> QueueId {
        let queue = QueueId::random();
        if let Self::InPlace { server, told, .. } = self {
            let mut told = told.lock().unwrap();
            for pod in &told.pods {
                tell_place(pod, queue, server);
            }
            told.queues.push(queue);
        }
        queue
    }

    /// Where the database is; none for the memory.
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::InMemory(_) => None,
            Self::Database { url, .. } | Self::InPlace { url, .. } => Some(url),
        }
    }
}

/// Tells a pod that a queue has a database of its own on this server.
pub fn tell_place(pod: &Arc<dyn JournalStore>, queue: QueueId, server: &str) {
    let place = Place::original(queue, &server.to_owned().into()).unwrap();
    pod.place(queue, &place).unwrap();
}

/// The server of a URL, as a queue's configuration names it.
pub fn connection_string(url: &str) -> String {
    let (_, rest) = url.split_once("://").unwrap();
    let (login, place) = rest.split_once('@').unwrap();
    let (user, password) = login.split_once(':').unwrap();
    let (host, port) = place.split('/').next().unwrap().split_once(':').unwrap();
    format!("raw:Server={host};Port={port};Uid={user};Pwd={password};")
}

/// Patient: the machine that tests run on may be busy.
pub fn config(url: &str) -> JournalConfig {
    JournalConfig {
        timeout: Duration::from_secs(60),
        ..JournalConfig::of(url.parse().unwrap())
    }
}
