//! The stores, and a fresh database for each test.

use std::sync::Arc;
use std::time::Duration;

use backend::journal::config::JournalConfig;
use backend::journal::in_memory::InMemoryJournal;
use backend::journal::metrics::JournalMetrics;
use backend::journal::{JournalStore, connect};
use harness::database::Server;
use tempfile::TempDir;

use super::in_place::InPlace;

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
    },
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

    pub async fn in_place() -> Self {
        let url = Server::MariaDb.fresh_database().await;
        let server = connection_string(&url);
        Self::InPlace { url, server }
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
            Self::InPlace { url, server } => {
                let store = connect(&config(url), &metrics).await.unwrap();
                let server = server.clone();
                Arc::new(InPlace { store, server }) as Arc<dyn JournalStore>
            }
        };
        (store, metrics)
    }

    /// Where the database is; none for the memory.
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::InMemory(_) => None,
            Self::Database { url, .. } | Self::InPlace { url, .. } => Some(url),
        }
    }
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
