//! What the Dockerfile says agrees with the binary, its settings and the source tree.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use harness::binary::byodc;
use harness::ports::free_address;

use crate::dockerfile::{Dockerfile, source, text, words};

/// The port of TLS, which no setting opens by default.
const TLS: u16 = 443;

/// Runs the binary with these settings and no others.
pub fn run(arguments: &[String], environment: &[(&str, String)]) -> Output {
    Command::new(byodc())
        .args(arguments)
        .env_clear()
        .envs(environment.iter().cloned())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Every setting, as the binary prints them.
pub fn settings_table() -> String {
    let table = run(&["config".to_owned(), "table".to_owned()], &[]);
    String::from_utf8(table.stdout).unwrap()
}

/// The default of a setting, as the binary itself tells it.
pub fn default_of(setting: &str) -> String {
    let table = settings_table();
    let row = table.lines().find(|row| row.contains(&format!("`{setting}`")));
    let row = row.unwrap_or_else(|| panic!("there is no setting {setting}"));
    let default = row.split('|').nth(2).expect("a default");
    default.trim().trim_matches('`').to_owned()
}

/// The port that a setting opens by default.
pub fn port_of(setting: &str) -> u16 {
    let address = default_of(setting);
    let port = address.rsplit(':').next().and_then(|port| port.parse().ok());
    port.unwrap_or_else(|| panic!("{setting} has no port: {address:?}"))
}

#[test]
fn the_ports_that_it_names_are_those_that_the_roles_listen_on() {
    let file = Dockerfile::read();
    let named: BTreeSet<u16> = file
        .one("EXPOSE")
        .split_whitespace()
        .map(|port| port.parse().unwrap())
        .collect();
    let listened = [
        "Byodc__Proxy__Listen",
        "Byodc__Http__Listen",
        "Byodc__Metrics__Listen",
        "Byodc__Proxy__AdminListen",
        "Byodc__Admin__Listen",
    ];
    let listened: BTreeSet<u16> = listened.into_iter().map(port_of).chain([TLS]).collect();
    assert_eq!(named, listened);
    assert_eq!(default_of("Byodc__Proxy__TlsListen"), "");
}

#[test]
fn its_health_check_is_a_command_of_the_binary_that_tells_well_from_not_well() {
    let file = Dockerfile::read();
    let (_, check) = file.one("HEALTHCHECK").split_once("CMD ").expect("a command");
    let check = words(check);
    assert_eq!(words(file.one("ENTRYPOINT")), check[..1]);
    let nobody = free_address().to_string();
    let settings = [
        "Byodc__Proxy__Listen",
        "Byodc__Http__Listen",
        "Byodc__ConfigService__Listen",
    ];
    let asked = run(&check[1..], &settings.map(|setting| (setting, nobody.clone())));
    assert_eq!(asked.status.code(), Some(1), "{asked:?}");
}

#[test]
fn its_user_is_nobody_in_particular_and_its_signal_is_the_one_that_roles_drain_at() {
    let file = Dockerfile::read();
    let (user, group) = file.one("USER").split_once(':').expect("user and group");
    for id in [user, group] {
        assert!(id.parse::<u32>().unwrap() > 0, "a number, and not root's: {id}");
    }
    assert_eq!(file.one("STOPSIGNAL"), "SIGTERM");
}

#[test]
fn its_images_are_pinned_and_its_compiler_is_the_projects() {
    let file = Dockerfile::read();
    for image in ["BUILD_IMAGE", "BASE_IMAGE"].map(|argument| file.default_of(argument)) {
        let (_, tag) = image
            .rsplit_once(':')
            .unwrap_or_else(|| panic!("{image} has no tag"));
        assert_ne!(tag, "latest", "{image}");
    }
    let toolchain = text("rust-toolchain.toml");
    let channel = toolchain.lines().find_map(|line| line.strip_prefix("channel = "));
    let channel = channel.expect("a channel").trim_matches('"');
    assert!(
        file.default_of("BUILD_IMAGE")
            .contains(&format!("rust:{channel}-")),
        "{channel}"
    );
}

#[test]
fn its_version_and_licence_are_the_workspaces() {
    let file = Dockerfile::read();
    assert_eq!(file.default_of("VERSION"), env!("CARGO_PKG_VERSION"));
    let licence = format!(
        "org.opencontainers.image.licenses=\"{}\"",
        env!("CARGO_PKG_LICENSE")
    );
    assert!(file.one("LABEL").contains(&licence), "{}", file.one("LABEL"));
    for label in ["title", "description", "version", "revision", "source"] {
        assert!(file.one("LABEL").contains(&format!("image.{label}=")), "{label}");
    }
}

/// Whatever a later crate adds to the workspace must reach the build: a copy of what is copied is still a workspace.
#[test]
fn what_it_copies_is_let_through_and_is_a_whole_workspace() {
    let let_through = text(".dockerignore");
    let copy = tempfile::tempdir().unwrap();
    for path in Dockerfile::read().copied() {
        let through = let_through.lines().any(|line| line == format!("!{path}"));
        assert!(through, ".dockerignore holds {path} back");
        copy_tree(&source().join(path), &copy.path().join(path));
    }
    // The whole graph of units, as cargo would build it: a missing manifest, target or member is an error here.
    let told = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--locked",
            "--offline",
            "--no-deps",
            "--format-version",
            "1",
        ])
        .current_dir(copy.path())
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
}

fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir_all(to.parent().expect("a folder")).unwrap();
    if from.is_file() {
        std::fs::copy(from, to).unwrap();
        return;
    }
    for entry in std::fs::read_dir(from).unwrap_or_else(|fault| panic!("{}: {fault}", from.display())) {
        let entry = entry.unwrap();
        copy_tree(&entry.path(), &to.join(entry.file_name()));
    }
}
