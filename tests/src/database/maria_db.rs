//! MariaDB.

use std::path::{Path, PathBuf};
use std::process::Command;

use sqlx::{Connection, Executor, MySqlConnection};

use super::{Durability, START_WITHIN, fresh_name, program, we_are_root};
use crate::eventually::eventually;
use crate::ports::free_port;
use crate::process::Process;
use crate::reaper;

/// A `mariadbd` on a free port of the loopback address, with the user `byodc` who may do everything.
#[derive(Debug)]
pub struct MariaDb {
    port: u16,
    folder: PathBuf,
    durability: Durability,
    process: Process,
}

impl MariaDb {
    /// Initialises a data folder and starts a server on it.
    pub async fn start(durability: Durability) -> Self {
        let folder = reaper::temporary_folder("mariadb");
        std::fs::create_dir(scratch(&folder)).unwrap();
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
        let mut connection = MySqlConnection::connect(&self.url("mysql")).await.unwrap();
        let create = format!("CREATE DATABASE {name} CHARACTER SET utf8mb4");
        connection.execute(sqlx::AssertSqlSafe(create)).await.unwrap();
        connection.close().await.unwrap();
        self.url(&name)
    }

    /// Ends the server as a crash would.
    pub fn kill(&mut self) {
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
        self.process.pause();
    }

    /// Lets it answer again.
    pub fn resume(&self) {
        self.process.resume();
    }

    /// Its process id, to account its CPU time.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    fn url(&self, database: &str) -> String {
        format!("mysql://byodc:byodc@127.0.0.1:{}/{database}", self.port)
    }

    async fn wait_until_it_answers(&mut self) {
        let url = self.url("mysql");
        eventually("mariadbd answers", START_WITHIN, async || {
            self.process.assert_running();
            MySqlConnection::connect(&url).await.ok()
        })
        .await;
    }
}

/// Where a server keeps its temporary tables. Each has its own: one that starts deletes whatever tables it finds there.
fn scratch(folder: &Path) -> PathBuf {
    folder.join("tmp")
}

fn initialise(folder: &Path) {
    let user = r"CREATE USER IF NOT EXISTS byodc@'%' IDENTIFIED BY 'byodc'; GRANT ALL ON *.* TO byodc@'%';";
    std::fs::write(
        folder.join("users.sql"),
        format!("{}\n", user.replace("; ", ";\n")),
    )
    .unwrap();
    let mut command = Command::new(program("mariadb-install-db", &[]));
    command.env("TMPDIR", scratch(folder));
    command.args([
        "--no-defaults",
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
    ]);
    command.arg(format!("--datadir={}", folder.join("data").display()));
    command.args([
        "--innodb-log-file-size=16M",
        "--skip-name-resolve",
        "--innodb-flush-log-at-trx-commit=0",
    ]);
    if we_are_root() {
        command.arg("--user=root");
    }
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn launch(port: u16, folder: &Path, durability: Durability) -> Process {
    let mut command = Command::new(program("mariadbd", &["/usr/sbin".into()]));
    command.env("TMPDIR", scratch(folder));
    command.args([
        "--no-defaults",
        "--bind-address=127.0.0.1",
        "--skip-name-resolve",
        "--skip-log-bin",
    ]);
    command.arg(format!("--port={port}"));
    for (option, file) in [
        ("datadir", "data"),
        ("socket", "socket"),
        ("pid-file", "pid"),
        ("init-file", "users.sql"),
    ] {
        command.arg(format!("--{option}={}", folder.join(file).display()));
    }
    command.args([
        "--innodb-buffer-pool-size=128M",
        "--innodb-log-file-size=16M",
        "--max-connections=500",
    ]);
    if durability == Durability::Fast {
        command.args(["--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0"]);
    }
    if we_are_root() {
        command.arg("--user=root");
    }
    Process::start("mariadbd", &mut command, &folder.join("mariadb.log"))
}
