//! Queues that are kept in databases of their own: where each is, and the few connections to each server.
//!
//! ```text
//! queue ──▶ place ──▶ server ──▶ a few writers and readers, shared by all of its queues
//! ```
//!
//! Servers are told apart by address and user. Ten thousand queues on one server share its connections; every
//! statement names its database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};

use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};
use shared::identity::QueueId;
use tokio::sync::{OnceCell, Semaphore};

use super::connect::Connector;
use super::journal_de::Apart;
use super::layout::Layout;
use super::original::{self, migrate};
use super::readers::{Question, Readers};
use super::write::{Write, Written};
use super::writers::Writers;
use crate::journal::JournalError;
use crate::journal::config::JournalConfig;
use crate::journal::connection_string::{Database, Server};
use crate::journal::entry::{JournalDeRow, JournalPage, JournalQuery};
use crate::journal::metrics::JournalMetrics;
use crate::journal::place::Place;
use crate::ownership::tenure::Tenure;

/// Where each queue with a database of its own is kept.
#[derive(Debug)]
pub(super) struct Places {
    config: JournalConfig,
    metrics: JournalMetrics,
    /// Of the pods' journal, which keeps the history of every queue.
    home: Arc<Writers>,
    known: Mutex<Known>,
}

/// A queue stays for the life of the process, at some hundred bytes; a server as long as a queue is kept there.
#[derive(Debug, Default)]
struct Known {
    queues: HashMap<QueueId, Arc<OwnDatabase>>,
    servers: HashMap<ServerKey, Weak<Connections>>,
}

/// A server and who we are there. The digest holds the password, so that a new one gets new connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct ServerKey([u8; 32]);

impl Places {
    pub(super) fn new(config: JournalConfig, metrics: JournalMetrics, home: Arc<Writers>) -> Self {
        Self {
            config,
            metrics,
            home,
            known: Mutex::default(),
        }
    }

    /// Says where a queue is kept from now on.
    pub(super) fn put(&self, queue: QueueId, place: &Place) -> Result<(), JournalError> {
        let mut known = self.known.lock().expect("no holder panics");
        match place {
            Place::PodsJournal => drop(known.queues.remove(&queue)),
            Place::Original(server) => {
                let key = ServerKey::of(server);
                if known
                    .queues
                    .get(&queue)
                    .is_some_and(|kept| kept.server.key == key)
                {
                    return Ok(());
                }
                let server = self.connections(&mut known, key, server);
                let database = OwnDatabase {
                    queue,
                    server,
                    migrated: OnceCell::new(),
                };
                known.queues.insert(queue, Arc::new(database));
            }
        }
        Ok(())
    }

    /// The database of a queue; none for one that is kept in the pods' journal.
    pub(super) fn of(&self, queue: QueueId) -> Option<Arc<OwnDatabase>> {
        self.known
            .lock()
            .expect("no holder panics")
            .queues
            .get(&queue)
            .cloned()
    }

    fn connections(&self, known: &mut Known, key: ServerKey, server: &Server) -> Arc<Connections> {
        if let Some(known) = known.servers.get(&key).and_then(Weak::upgrade) {
            return known;
        }
        known.servers.retain(|_, server| server.strong_count() > 0);
        let opened = Arc::new(Connections::open(self, key, server));
        known.servers.insert(key, Arc::downgrade(&opened));
        opened
    }

    /// Finishes what was handed in, then closes every connection.
    pub(super) async fn close(&self) {
        let servers: Vec<Arc<Connections>> = {
            let known = self.known.lock().expect("no holder panics");
            known.servers.values().filter_map(Weak::upgrade).collect()
        };
        for server in servers {
            server.writers.close().await;
            server.readers.close().await;
        }
    }
}

impl ServerKey {
    fn of(server: &Server) -> Self {
        let mut digest = Sha256::new();
        let password = server.password.as_ref().map(|password| password.expose_secret());
        for part in [
            server.host.as_str(),
            &server.port.to_string(),
            &server.user,
            password.unwrap_or_default(),
            &format!("{:?}{:?}", server.tls, server.certificate_authority),
        ] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        Self(digest.finalize().into())
    }
}

/// The connections to one server, as one user.
#[derive(Debug)]
struct Connections {
    key: ServerKey,
    connector: Connector,
    writers: Writers,
    readers: Readers,
    apart: Apart,
    /// Places for making a database, or bringing one up to date: on a connection of its own, which may take long.
    migrating: Semaphore,
}

/// Databases of one server that are made or changed at the same time.
const MIGRATING_MAX: usize = 2;

impl Connections {
    /// As many as the pods' journal has, made when they are needed.
    fn open(places: &Places, key: ServerKey, server: &Server) -> Self {
        let config = &places.config;
        let layout = Layout::Original(original::Tables::new(places.home.clone()));
        let database = Database::MySql(server.clone());
        let connector = layout.connector(&database, config.timeout, config.timeout);
        let lanes = config.writers.max(1);
        Self {
            key,
            writers: Writers::start(config, lanes, &connector, &layout, &places.metrics),
            readers: Readers::new(connector.clone(), config.readers, config.timeout),
            apart: Apart::new(&database, &layout, config.timeout, &places.metrics),
            migrating: Semaphore::new(MIGRATING_MAX),
            connector,
        }
    }
}

/// The database of one queue.
#[derive(Debug)]
pub(super) struct OwnDatabase {
    queue: QueueId,
    server: Arc<Connections>,
    migrated: OnceCell<()>,
}

impl OwnDatabase {
    /// Writes. Before each claim the database is looked at: the original may have been here meanwhile.
    pub(super) async fn write(&self, write: Write) -> Result<Written, JournalError> {
        match write {
            Write::Claim { .. } => {
                self.migrate().await?;
                let _ = self.migrated.set(());
            }
            _ => self.migrated().await?,
        }
        self.server.writers.write(write).await
    }

    /// Keeps an export of the TSE, which may be large.
    pub(super) async fn keep_export(&self, tenure: Tenure, row: JournalDeRow) -> Result<(), JournalError> {
        self.migrated().await?;
        self.server.apart.keep(tenure, row).await
    }

    /// A page of a journal.
    pub(super) async fn read(&self, query: &JournalQuery) -> Result<JournalPage, JournalError> {
        let page = original::export::ReadPage {
            queue: self.queue,
            query,
            beside: original::export::Beside::OurTables,
        };
        self.ask(&page).await
    }

    /// Asks.
    pub(super) async fn ask<Q: Question>(&self, question: &Q) -> Result<Q::Answer, JournalError> {
        self.migrated().await?;
        self.server.readers.ask(question).await
    }

    async fn migrated(&self) -> Result<(), JournalError> {
        self.migrated.get_or_try_init(|| self.migrate()).await.copied()
    }

    async fn migrate(&self) -> Result<(), JournalError> {
        let server = &self.server;
        migrate::migrate(&server.readers, &server.migrating, &server.connector, self.queue).await
    }
}
