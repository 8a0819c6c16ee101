//! `byodc ctl check` uses an installation as a POS would, and tells what is wrong by its status.

use std::process::{Output, Stdio};

use harness::binary::byodc;
use harness::cashbox::Cashbox;
use harness::cluster::{Cluster, Ownership};
use harness::history::assert_sound;
use tokio::process::Command;

async fn check(cluster: &Cluster, more: &[&str], token: Option<&str>) -> (Option<i32>, String) {
    let mut command = Command::new(byodc());
    command
        .args(["ctl", "check", "--proxy", &cluster.proxies[1].url()])
        .args(more)
        .env_clear()
        .envs(token.map(|token| ("BYODC_ACCESS_TOKEN", token)))
        .stdin(Stdio::null());
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().await.unwrap();
    (
        status.code(),
        String::from_utf8([stdout, stderr].concat()).unwrap(),
    )
}

/// The check of one cashbox, with its token unless another one is given.
async fn check_of(cluster: &Cluster, cashbox: &Cashbox, token: &str, more: &[&str]) -> (Option<i32>, String) {
    let id = cashbox.id.to_string();
    let (status, told) = check(cluster, &[&["--cashbox", &id], more].concat(), Some(token)).await;
    assert!(!told.contains(token), "the check gives the token away: {told}");
    (status, told)
}

#[tokio::test]
async fn a_check_signs_with_a_cashbox_and_starts_its_queue_only_if_it_is_told_to() {
    let cluster = crate::shared(Ownership::Sql).await;
    let cashbox = cluster.new_cashbox();

    let (status, told) = check(&cluster, &[], None).await;
    assert_eq!(status, Some(0), "{told}");
    assert!(told.contains("byodc.SignatureCloud.DE"), "{told}");
    assert!(told.contains("nothing was signed"), "{told}");

    let (status, told) = check_of(&cluster, &cashbox, "not-its-token", &[]).await;
    assert_eq!(status, Some(5), "{told}");

    let (status, told) = check_of(&cluster, &cashbox, &cashbox.token, &[]).await;
    assert_eq!(status, Some(1), "{told}");
    assert!(told.contains("--start-queue"), "{told}");

    for (more, receipt) in [(&["--start-queue"][..], "ft3#IT2"), (&[], "ft4#IT3")] {
        let (status, told) = check_of(&cluster, &cashbox, &cashbox.token, more).await;
        assert_eq!(status, Some(0), "{told}");
        assert!(told.contains(receipt), "{told}");
    }
    // Two receipts of a queue not in operation, its start, and one of each check that followed.
    let journals = assert_sound(&cluster.pos(&cashbox)).await;
    assert_eq!(journals.receipts.len(), 5);
}
