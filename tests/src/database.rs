//! Real MariaDB and PostgreSQL servers, shared by all tests of a process.
//!
//! Initialising a server costs seconds, a database in it milliseconds: a test takes a fresh database in the server
//! that the first test of the process started. A test that stops its server starts one of its own.

/// MariaDB.
pub mod maria_db;
/// PostgreSQL.
pub mod postgres;

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::OnceCell;

use maria_db::MariaDb;
use postgres::Postgres;

/// How long a server may take to answer after its start.
const START_WITHIN: Duration = Duration::from_secs(120);

static MARIA_DB: OnceCell<MariaDb> = OnceCell::const_new();
static POSTGRES: OnceCell<Postgres> = OnceCell::const_new();

/// Whether a commit waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// It does, as in production: for measurements, and for tests that kill the server.
    Durable,
    /// It does not: for tests that never kill the server.
    Fast,
}

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// MariaDB.
    MariaDb,
    /// PostgreSQL.
    Postgres,
}

impl Server {
    /// The URL, with user and password, of a new database in the server that this process shares.
    pub async fn fresh_database(self) -> String {
        match self {
            Self::MariaDb => {
                let start = || MariaDb::start(Durability::Fast);
                MARIA_DB.get_or_init(start).await.fresh_database().await
            }
            Self::Postgres => {
                let start = || Postgres::start(Durability::Fast);
                POSTGRES.get_or_init(start).await.fresh_database().await
            }
        }
    }
}

/// A server of a cluster's own, which a test may stop.
#[derive(Debug)]
pub enum OwnServer {
    /// MariaDB.
    MariaDb(MariaDb),
    /// PostgreSQL.
    Postgres(Postgres),
}

impl OwnServer {
    /// Starts one that makes permanent what it says it has.
    pub async fn start(server: Server) -> Self {
        match server {
            Server::MariaDb => Self::MariaDb(MariaDb::start(Durability::Durable).await),
            Server::Postgres => Self::Postgres(Postgres::start(Durability::Durable).await),
        }
    }

    /// The URL of a new, empty database.
    pub async fn fresh_database(&self) -> String {
        match self {
            Self::MariaDb(server) => server.fresh_database().await,
            Self::Postgres(server) => server.fresh_database().await,
        }
    }

    /// Ends the server as a crash would.
    pub fn kill(&mut self) {
        match self {
            Self::MariaDb(server) => server.kill(),
            Self::Postgres(server) => server.kill(),
        }
    }

    /// Starts it again under the same address, with what it had made permanent.
    pub async fn restart(&mut self) {
        match self {
            Self::MariaDb(server) => server.restart().await,
            Self::Postgres(server) => server.restart().await,
        }
    }

    /// Whether it has not ended.
    pub fn is_running(&mut self) -> bool {
        match self {
            Self::MariaDb(server) => server.is_running(),
            Self::Postgres(server) => server.is_running(),
        }
    }

    /// Makes it silent: connections stay open, nothing is answered.
    pub fn pause(&self) {
        match self {
            Self::MariaDb(server) => server.pause(),
            Self::Postgres(server) => server.pause(),
        }
    }

    /// Lets it answer again.
    pub fn resume(&self) {
        match self {
            Self::MariaDb(server) => server.resume(),
            Self::Postgres(server) => server.resume(),
        }
    }
}

/// A name that no database of the server has.
fn fresh_name() -> String {
    format!("byodc_{:016x}", rand::random::<u64>())
}

/// Where a program lies: in the path, or in one of the folders where Debian puts it.
fn program(name: &str, elsewhere: &[PathBuf]) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(elsewhere.iter().cloned())
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("{name} is not installed: bash tests/run.sh installs it"))
}

/// Whether this process is root, whom database servers refuse to run as.
fn we_are_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|us| us.uid() == 0)
}
