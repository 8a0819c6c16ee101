//! MariaDB.

use std::path::{Path, PathBuf};
use std::process::Command;

use sqlx::{Connection, Executor, MySqlConnection};

use super::{Durability, program, we_are_root};

/// Makes an empty database.
pub(super) async fn create_database(first: &str, name: &str) {
    let mut connection = MySqlConnection::connect(first).await.unwrap();
    let create = format!("CREATE DATABASE {name} CHARACTER SET utf8mb4");
    connection.execute(sqlx::AssertSqlSafe(create)).await.unwrap();
    connection.close().await.unwrap();
}

/// Whether a client is let in.
pub(super) async fn answers(first: &str) -> bool {
    MySqlConnection::connect(first).await.is_ok()
}

/// Where a server keeps its temporary tables. Each has its own: one that starts deletes whatever tables it finds there.
fn scratch(folder: &Path) -> PathBuf {
    folder.join("tmp")
}

/// Makes a data folder, and in it the user.
pub(super) fn initialise(folder: &Path) {
    std::fs::create_dir(scratch(folder)).unwrap();
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

/// What runs a server.
pub(super) fn command(port: u16, folder: &Path, durability: Durability) -> Command {
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
    command
}
