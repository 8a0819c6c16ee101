//! A place where ownership is recorded, fresh for one test, and clients of it.

use std::sync::Arc;
use std::time::Duration;

use harness::database::Server;
use harness::eventually::eventually;
use harness::reaper::temporary_folder;
use harness::redis::RedisServer;
use shared::env::{Faults, Origin, Settings};
use shared::identity::Incarnation;
use shared::identity::pod::PodId;
use shared::ownership::config::OwnershipConfig;
use shared::ownership::connect;
use shared::ownership::in_memory::InMemoryStore;
use shared::ownership::store::OwnershipStore;
use shared::placement::pod::{PodRecord, PodState};
use sqlx::Connection;

/// How long anything may take that happens by itself.
pub const SOON: Duration = Duration::from_secs(30);
/// A lease that no test outlives.
pub const LONG: Duration = Duration::from_secs(600);
/// A lease that a test waits to run out.
pub const SHORT: Duration = Duration::from_millis(400);

/// Where ownership is recorded.
pub enum Place {
    InMemory(Arc<InMemoryStore>),
    Redis(Box<RedisServer>),
    Database(String),
}

pub async fn in_memory() -> Place {
    Place::InMemory(Arc::new(InMemoryStore::new()))
}

pub async fn redis() -> Place {
    Place::Redis(Box::new(RedisServer::start().await))
}

pub async fn sqlite() -> Place {
    let file = temporary_folder("ownership").join("ownership.db");
    Place::Database(format!("sqlite://{}", file.display()))
}

pub async fn maria_db() -> Place {
    Place::Database(Server::MariaDb.fresh_database().await)
}

pub async fn postgres() -> Place {
    Place::Database(Server::Postgres.fresh_database().await)
}

impl Place {
    /// A client with connections of its own, made from settings as a process makes it.
    pub fn client(&self) -> Arc<dyn OwnershipStore> {
        match self {
            Self::InMemory(store) => store.clone(),
            Self::Redis(server) => client(&[("Redis__ConnectionString", &server.stack_exchange())]),
            Self::Database(url) => client(&[("Byodc__Ownership__Url", url)]),
        }
    }

    /// Loses everything, as a restart without persistence does.
    pub async fn empty(&mut self) {
        match self {
            Self::InMemory(store) => store.empty(),
            Self::Redis(server) => server.restart_empty().await,
            Self::Database(url) => {
                for table in ["pod", "box", "era", "change"] {
                    execute(url, format!("DELETE FROM byodc_ownership_{table}")).await;
                }
            }
        }
    }
}

/// A client of the place that these settings name.
pub fn client(settings: &[(&str, &str)]) -> Arc<dyn OwnershipStore> {
    let settings = Settings::default().with(Origin::Environment, settings.iter().copied());
    let mut faults = Faults::default();
    let config = OwnershipConfig::read(&settings, &mut faults);
    assert!(faults.lines().is_empty(), "{faults}");
    connect(&config).unwrap()
}

/// Runs a statement in a database, whichever it is.
pub async fn execute(url: &str, statement: String) {
    let statement = sqlx::AssertSqlSafe(statement);
    match url.split_once("://").unwrap().0 {
        "sqlite" => {
            let mut connection = sqlx::SqliteConnection::connect(url).await.unwrap();
            sqlx::query(statement).execute(&mut connection).await.unwrap();
        }
        "mysql" => {
            let mut connection = sqlx::MySqlConnection::connect(url).await.unwrap();
            sqlx::query(statement).execute(&mut connection).await.unwrap();
        }
        _ => {
            let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
            sqlx::query(statement).execute(&mut connection).await.unwrap();
        }
    }
}

/// A new start of a pod.
pub fn pod(name: &str) -> PodRecord {
    PodRecord {
        id: PodId {
            name: name.parse().unwrap(),
            incarnation: Incarnation::random(),
        },
        address: "10.1.2.3:80".parse().unwrap(),
        admin_address: "[fd00::7]:8080".parse().unwrap(),
        version: "1.2.3".into(),
        generation: "7f9c".into(),
        started_at_ms: 1_700_000_000_123,
        state: PodState::Ready,
        load: 3,
    }
}

/// A pod whose record lives.
pub async fn live_pod(store: &Arc<dyn OwnershipStore>, name: &str, lease: Duration) -> PodRecord {
    let pod = pod(name);
    assert!(
        store.renew(&pod, lease).await.unwrap(),
        "the first renewal of {name}"
    );
    pod
}

/// Waits until a pod's lease has run out.
pub async fn lapsed(store: &Arc<dyn OwnershipStore>, pod: &PodRecord) {
    let gone = async || {
        let pods = store.pods().await.unwrap();
        (!pods.iter().any(|live| live.id == pod.id)).then_some(())
    };
    eventually("a lease runs out", SOON, gone).await;
}
