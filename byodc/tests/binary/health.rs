//! `byodc health`: the container's health check, asked of a real process and of nobody.

use std::net::SocketAddr;
use std::process::Stdio;

use tempfile::TempDir;

use crate::process::{Running, byodc, eventually, free_address, output, text};

/// A configuration service, the role that needs least, and the environment that its health check sees too.
struct Container {
    address: SocketAddr,
    directory: TempDir,
    _running: Running,
}

impl Container {
    async fn start() -> Self {
        let (address, directory) = (free_address(), tempfile::tempdir().unwrap());
        let running = byodc()
            .arg("config-service")
            .env("Byodc__ConfigService__Listen", address.to_string())
            .env("Byodc__ConfigService__Directory", directory.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let container = Self {
            address,
            directory,
            _running: Running(running),
        };
        eventually("the service is live", async || {
            (container.health(&["config-service"]).0 == Some(0)).then_some(())
        })
        .await;
        container
    }

    fn health(&self, more: &[&str]) -> (Option<i32>, String) {
        // The other roles' addresses are nobody's: port 80 of this machine may be somebody's.
        let nobody = free_address().to_string();
        let asked = output(
            &[&["health"], more].concat(),
            &[
                ("Byodc__ConfigService__Listen", &self.address.to_string()),
                ("Byodc__Http__Listen", &nobody),
                ("Byodc__Proxy__Listen", &nobody),
            ],
        );
        (asked.status.code(), text(&asked))
    }
}

#[tokio::test]
async fn a_process_that_is_well_is_found_by_the_settings_of_its_role() {
    let container = Container::start().await;
    for more in [
        &[][..],
        &["config-service"],
        &["--ready"],
        &["--address", &container.address.to_string()],
    ] {
        let (status, told) = container.health(more);
        assert_eq!(status, Some(0), "{more:?}: {told}");
        assert!(
            told.contains(&format!("http://{}/health/", container.address)),
            "{told}"
        );
    }
    let (status, told) = container.health(&["backend"]);
    assert_eq!(status, Some(1), "{told}");
}

#[tokio::test]
async fn a_process_that_runs_and_is_not_ready_is_live_all_the_same() {
    let container = Container::start().await;
    std::fs::remove_dir_all(container.directory.path()).unwrap();
    let (status, told) = container.health(&["config-service", "--ready"]);
    assert_eq!(status, Some(1), "{told}");
    assert!(told.contains("answers 503"), "{told}");
    assert_eq!(container.health(&["config-service"]).0, Some(0));
}

#[test]
fn nobody_is_not_well_and_the_address_that_was_asked_is_told() {
    let nobody = free_address().to_string();
    let asked = output(&["health", "--address", &nobody], &[]);
    assert_eq!(asked.status.code(), Some(1));
    assert!(text(&asked).contains(&nobody), "{}", text(&asked));
}

#[test]
fn a_setting_that_is_no_address_is_named() {
    let asked = output(&["health"], &[("Byodc__Http__Listen", "everywhere")]);
    assert_eq!(asked.status.code(), Some(2));
    assert!(text(&asked).contains("Byodc__Http__Listen"), "{}", text(&asked));
}
