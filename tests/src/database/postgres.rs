//! PostgreSQL.

use std::path::{Path, PathBuf};
use std::process::Command;

use sqlx::{Connection, Executor, PgConnection};

use super::{Durability, program, we_are_root};

/// Makes an empty database.
pub(super) async fn create_database(first: &str, name: &str) {
    let mut connection = PgConnection::connect(first).await.unwrap();
    // Copied file by file instead of through the log: on a small machine that is the faster way.
    let create = format!("CREATE DATABASE {name} STRATEGY file_copy");
    connection.execute(sqlx::AssertSqlSafe(create)).await.unwrap();
    connection.close().await.unwrap();
}

/// Whether a client is let in.
pub(super) async fn answers(first: &str) -> bool {
    PgConnection::connect(first).await.is_ok()
}

/// Sends a signal to the processes that a server has started.
pub(super) fn signal_children(server: u32, signal: &str) {
    for child in children_of(server) {
        // One that has ended in between needs no signal.
        let _ = Command::new("kill").args(["-s", signal, &child]).output();
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

/// Makes a data folder, and in it the user.
pub(super) fn initialise(folder: &Path) {
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

/// What runs a server.
pub(super) fn command(port: u16, folder: &Path, durability: Durability) -> Command {
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
    command
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
