//! Real MariaDB and PostgreSQL servers, shared by all tests of a process.
//!
//! Initialising a server costs seconds, a database in it milliseconds: a test takes a fresh database in the server
//! that the first test of the process started. A test that stops its server starts one of its own.

/// What is MariaDB's own.
mod maria_db;
/// What is PostgreSQL's own.
mod postgres;

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::OnceCell;

use crate::eventually::eventually;
use crate::ports::free_port;
use crate::process::Process;
use crate::reaper;

/// How long a server may take to answer after its start.
const START_WITHIN: Duration = Duration::from_secs(120);

static MARIA_DB: OnceCell<DatabaseServer> = OnceCell::const_new();
static POSTGRES: OnceCell<DatabaseServer> = OnceCell::const_new();

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
        let shared = match self {
            Self::MariaDb => &MARIA_DB,
            Self::Postgres => &POSTGRES,
        };
        let start = || DatabaseServer::start(self, Durability::Fast);
        shared.get_or_init(start).await.fresh_database().await
    }

    /// The name of its program.
    fn program(self) -> &'static str {
        match self {
            Self::MariaDb => "mariadbd",
            Self::Postgres => "postgres",
        }
    }

    fn initialise(self, folder: &Path) {
        match self {
            Self::MariaDb => maria_db::initialise(folder),
            Self::Postgres => postgres::initialise(folder),
        }
    }

    fn launch(self, port: u16, folder: &Path, durability: Durability) -> Process {
        let mut command = match self {
            Self::MariaDb => maria_db::command(port, folder, durability),
            Self::Postgres => postgres::command(port, folder, durability),
        };
        Process::start(self.program(), &mut command, &folder.join("server.log"))
    }

    /// Where a client finds a database, or with none the one that is there from the beginning.
    fn url(self, port: u16, database: Option<&str>) -> String {
        let (scheme, first) = match self {
            Self::MariaDb => ("mysql", "mysql"),
            Self::Postgres => ("postgres", "postgres"),
        };
        let database = database.unwrap_or(first);
        format!("{scheme}://byodc:byodc@127.0.0.1:{port}/{database}")
    }
}

/// A server on a free port of the loopback address, with the user `byodc` who may do everything.
#[derive(Debug)]
pub struct DatabaseServer {
    server: Server,
    port: u16,
    folder: PathBuf,
    durability: Durability,
    process: Process,
}

impl DatabaseServer {
    /// Initialises a data folder and starts a server on it.
    pub async fn start(server: Server, durability: Durability) -> Self {
        let folder = reaper::temporary_folder(server.program());
        tokio::task::spawn_blocking({
            let folder = folder.clone();
            move || server.initialise(&folder)
        })
        .await
        .unwrap();
        let port = free_port();
        let process = server.launch(port, &folder, durability);
        let mut started = Self {
            server,
            port,
            folder,
            durability,
            process,
        };
        started.wait_until_it_answers().await;
        started
    }

    /// The URL of a new, empty database.
    pub async fn fresh_database(&self) -> String {
        let (name, first) = (fresh_name(), self.server.url(self.port, None));
        match self.server {
            Server::MariaDb => maria_db::create_database(&first, &name).await,
            Server::Postgres => postgres::create_database(&first, &name).await,
        }
        self.server.url(self.port, Some(&name))
    }

    /// Ends the server as a crash would. Children of PostgreSQL see that the postmaster is gone and end themselves; the
    /// next start waits for them.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again under the same address, with what it had made permanent.
    pub async fn restart(&mut self) {
        self.process.kill();
        self.process = self.server.launch(self.port, &self.folder, self.durability);
        self.wait_until_it_answers().await;
    }

    /// Whether it has not ended.
    pub fn is_running(&mut self) -> bool {
        self.process.is_running()
    }

    /// Makes it silent: connections stay open, nothing is answered.
    pub fn pause(&self) {
        self.signal_all("STOP");
    }

    /// Lets it answer again.
    pub fn resume(&self) {
        self.signal_all("CONT");
    }

    /// Each connection to PostgreSQL has a process of its own, a child of the server's.
    fn signal_all(&self, signal: &str) {
        self.process.signal(signal);
        if self.server == Server::Postgres {
            postgres::signal_children(self.process.id(), signal);
        }
    }

    async fn wait_until_it_answers(&mut self) {
        let first = self.server.url(self.port, None);
        eventually("the database answers", START_WITHIN, async || {
            self.process.assert_running();
            let answers = match self.server {
                Server::MariaDb => maria_db::answers(&first).await,
                Server::Postgres => postgres::answers(&first).await,
            };
            answers.then_some(())
        })
        .await;
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
