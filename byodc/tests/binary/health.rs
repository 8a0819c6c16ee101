//! `byodc health`: the container's health check, asked of a real process and of nobody.

use crate::process::{free_address, output, text};
use crate::service::Service;

impl Service {
    /// Asks after its health in the environment that it was started with.
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
    let service = Service::start(tempfile::tempdir().unwrap()).await;
    for more in [
        &[][..],
        &["config-service"],
        &["--ready"],
        &["--address", &service.address.to_string()],
    ] {
        let (status, told) = service.health(more);
        assert_eq!(status, Some(0), "{more:?}: {told}");
        assert!(
            told.contains(&format!("http://{}/health/", service.address)),
            "{told}"
        );
    }
    let (status, told) = service.health(&["backend"]);
    assert_eq!(status, Some(1), "{told}");
}

#[tokio::test]
async fn a_process_that_runs_and_is_not_ready_is_live_all_the_same() {
    let service = Service::start(tempfile::tempdir().unwrap()).await;
    std::fs::remove_dir_all(service.directory.path()).unwrap();
    let (status, told) = service.health(&["config-service", "--ready"]);
    assert_eq!(status, Some(1), "{told}");
    assert!(told.contains("answers 503"), "{told}");
    assert_eq!(service.health(&["config-service"]).0, Some(0));
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
