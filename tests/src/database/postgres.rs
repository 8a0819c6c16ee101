//! PostgreSQL.

use std::path::{Path, PathBuf};
use std::process::Command;

use sqlx::{Connection, Executor, PgConnection};

use super::{Durability, START_WITHIN, fresh_name, program, we_are_root};
use crate::eventually::eventually;
use crate::ports::free_port;
use crate::process::Process;
use crate::reaper;

/// A `postgres` on a free port of the loopback address, with the user `byodc` who may do everything.
#[derive(Debug)]
pub struct Postgres {
    port: u16,
    folder: PathBuf,
    durability: Durability,
    process: Process,
}

impl Postgres {
    /// Initialises a data folder and starts a server on it.
    pub async fn start(durability: Durability) -> Self {
        let folder = reaper::temporary_folder("postgres");
        tokio::task::spawn_blocking({
            let folder = folder.clone();
            move || initialise(&folder)
        })
        .await
        .unwrap();
        let port = free_port();
        let process = launch(port, &folder, durability);
        let mut server = Self {
            port,
            folder,
            durability,
            process,
        };
        server.wait_until_it_answers().await;
        server
    }

    /// The URL of a new, empty database.
    pub async fn fresh_database(&self) -> String {
        let name = fresh_name();
        let mut connection = PgConnection::connect(&self.url("postgres")).await.unwrap();
        // Copied file by file instead of through the log: on a small machine that is the faster way.
        let create = format!("CREATE DATABASE {name} STRATEGY file_copy");
        connection.execute(sqlx::AssertSqlSafe(create)).await.unwrap();
        connection.close().await.unwrap();
        self.url(&name)
    }

    /// Ends the server as a crash would.
    pub fn kill(&mut self) {
        // Its children see that the postmaster is gone and end themselves; the next start waits for them.
        self.process.kill();
    }

    /// Starts it again under the same address, with what it had made permanent.
    pub async fn restart(&mut self) {
        self.process.kill();
        self.process = launch(self.port, &self.folder, self.durability);
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

    /// Each connection has a process of its own, a child of the server's.
    fn signal_all(&self, signal: &str) {
        self.process.signal(signal);
        for child in children_of(self.process.id()) {
            // One that has ended in between needs no signal.
            let _ = Command::new("kill").args(["-s", signal, &child]).output();
        }
    }

    /// Its process id, to account its CPU time.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://byodc:byodc@127.0.0.1:{}/{database}", self.port)
    }

    async fn wait_until_it_answers(&mut self) {
        let url = self.url("postgres");
        eventually("postgres answers", START_WITHIN, async || {
            self.process.assert_running();
            PgConnection::connect(&url).await.ok()
        })
        .await;
    }
}

/// The ids of the processes whose parent this is, the fourth word of a process's state in the kernel's list.
fn children_of(parent: u32) -> Vec<String> {
    let is_child = |pid: &String| {
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let after_name = state.rsplit_once(')').map(|(_, rest)| rest.to_owned());
        let of = after_name.and_then(|rest| rest.split_whitespace().nth(1)?.parse::<u32>().ok());
        of == Some(parent)
    };
    let listed = std::fs::read_dir("/proc").unwrap().flatten();
    let names = listed.map(|file| file.file_name().to_string_lossy().into_owned());
    names.filter(is_child).collect()
}

fn initialise(folder: &Path) {
    std::fs::write(folder.join("password"), "byodc").unwrap();
    if we_are_root() {
        let owned = Command::new("chown")
            .args(["-R", "postgres:postgres"])
            .arg(folder)
            .status()
            .unwrap();
        assert!(
            owned.success(),
            "cannot give {} to the user postgres",
            folder.display()
        );
    }
    let output = as_unprivileged("initdb")
        .args([
            "--username=byodc",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ])
        .arg(format!("--pwfile={}", folder.join("password").display()))
        .arg(format!("--pgdata={}", folder.join("data").display()))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn launch(port: u16, folder: &Path, durability: Durability) -> Process {
    let mut command = as_unprivileged("postgres");
    command.arg("-D").arg(folder.join("data"));
    command.args(["-h", "127.0.0.1", "-p", &port.to_string()]);
    command.arg("-k").arg(folder);
    command.args(["-c", "max_connections=300", "-c", "shared_buffers=128MB"]);
    if durability == Durability::Fast {
        command.args([
            "-c",
            "fsync=off",
            "-c",
            "synchronous_commit=off",
            "-c",
            "full_page_writes=off",
        ]);
    }
    Process::start("postgres", &mut command, &folder.join("postgres.log"))
}

/// A program of PostgreSQL, which refuses to run as root: root hands it to the user `postgres`.
fn as_unprivileged(name: &str) -> Command {
    let program = program(name, &installed_versions());
    if !we_are_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=postgres", "--regid=postgres", "--init-groups", "--"])
        .arg(program);
    command
}

/// Debian keeps every version in a folder of its own; the newest first.
fn installed_versions() -> Vec<PathBuf> {
    let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") else {
        return Vec::new();
    };
    let mut versions: Vec<PathBuf> = versions
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    versions.sort_by_key(|folder| std::cmp::Reverse(version_of(folder)));
    versions
}

fn version_of(bin: &Path) -> u32 {
    let version = bin
        .parent()
        .and_then(Path::file_name)
        .and_then(|name| name.to_str());
    version.and_then(|version| version.parse().ok()).unwrap_or(0)
}
