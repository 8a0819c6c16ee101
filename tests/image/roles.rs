//! Every role in a container: read-only, under a user that nobody knows, as process number 1.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use harness::cashbox::Cashbox;
use harness::client::Pos;
use harness::config_service::ConfigService;
use harness::eventually::eventually;
use harness::ports::free_address;
use harness::receipt;

use crate::container::{self, Container, Variable};

/// Longer than a start takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// A file in the one place that can be written.
const JOURNAL: &str = "sqlite:///tmp/journal.db";

/// What a role is told here: its own ports, because the network is the machine's. Everything else is as it comes.
pub fn settings(role: &str, address: SocketAddr, more: &[Variable]) -> Vec<Variable> {
    let free = || free_address().to_string();
    let own = match role {
        "proxy" => vec![
            ("Byodc__Proxy__Listen", address.to_string()),
            ("Byodc__Proxy__AdminListen", free()),
            ("Byodc__Ownership__Url", "sqlite:///tmp/ownership.db".to_owned()),
            ("Byodc__Proxy__LameDuckMs", "0".to_owned()),
        ],
        "backend" => vec![
            ("Byodc__Http__Listen", address.to_string()),
            ("Byodc__Admin__Listen", free()),
            ("Byodc__Pod__Name", "pod-1".to_owned()),
        ],
        _ => vec![
            ("Byodc__ConfigService__Listen", address.to_string()),
            ("Byodc__ConfigService__Directory", "/tmp".to_owned()),
        ],
    };
    let metrics = ("Byodc__Metrics__Listen", free());
    own.into_iter()
        .chain([metrics])
        .chain(more.iter().cloned())
        .collect()
}

/// Waits until the health check says what the image's HEALTHCHECK would hear.
async fn is_well(role: &str, settings: &[Variable]) {
    eventually("the container's health check is content", PATIENCE, async || {
        let asked = container::run(&["health", role, "--ready"], settings);
        asked.status.success().then_some(())
    })
    .await;
}

async fn started(folder: &Path, role: &str, settings: &[Variable]) -> Container {
    let container = Container::start(folder, role, settings).await;
    is_well(role, settings).await;
    container
}

#[tokio::test]
async fn every_role_is_process_1_without_rights_in_a_root_that_cannot_be_written_and_ends_on_sigterm() {
    let folder = tempfile::tempdir().unwrap();
    for role in ["config-service", "proxy", "backend"] {
        let journal = [("Byodc__Journal__Url", JOURNAL.to_owned())];
        let settings = settings(role, free_address(), &journal);
        let container = started(folder.path(), role, &settings).await;
        assert!(container.status("NSpid").ends_with("\t1"), "{role}");
        assert_eq!(container.status("CapEff"), "0000000000000000", "{role}");
        assert!(container.root_options().starts_with("ro,"), "{role}");
        assert!(container.stop(), "{role} ended with an error");
    }
}

#[tokio::test]
async fn a_pod_that_can_write_nothing_but_tmp_signs_and_drains() {
    let folder = tempfile::tempdir().unwrap();
    let service = ConfigService::start(folder.path()).await;
    let (address, cashbox) = (free_address(), Cashbox::new());
    service.publish(&cashbox);
    let more = [
        ("Byodc__Journal__Url", JOURNAL.to_owned()),
        ("Helipad__BaseUrl", service.url()),
    ];
    let container = started(folder.path(), "backend", &settings("backend", address, &more)).await;
    let pos = Pos::new(&format!("http://{address}"), &cashbox);
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    let sold = pos.sign(&receipt::sale(&cashbox, "R-1")).await.receipt();
    assert_eq!(sold["ftReceiptIdentification"], "ft1#IT2");
    assert!(container.stop(), "the drain ended with an error");
}

#[tokio::test]
async fn a_pod_whose_journal_would_lie_in_the_image_ends_and_names_the_setting() {
    let ended = container::run(&["backend"], &settings("backend", free_address(), &[]));
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let told = String::from_utf8(ended.stderr).unwrap();
    assert!(told.contains("Byodc__Journal__Url"), "{told}");
}
