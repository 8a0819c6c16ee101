//! `byodc ctl`: what is refused, and with which status.

use std::process::Stdio;

use crate::process::{byodc, free_address, output, text};
use crate::service::Service;

const QUEUE: &str = "11111111-2222-4333-8444-555555555555";

fn verify(journal: &str, queue: &str) -> (Option<i32>, String) {
    let told = output(
        &["ctl", "chain", "verify", "--journal", journal, "--queue", queue],
        &[],
    );
    (told.status.code(), text(&told))
}

#[test]
fn a_command_line_that_is_none_is_told_with_its_usage() {
    let told = output(&["ctl", "chain", "verify"], &[]);
    assert_eq!(told.status.code(), Some(2));
    assert!(
        text(&told).contains("--journal") && text(&told).contains("--queue"),
        "{}",
        text(&told)
    );
    let (status, told) = verify("sqlite:///tmp/none.db", "not-a-queue");
    assert_eq!(status, Some(2), "{told}");
    assert!(told.contains("--queue"), "{told}");
}

#[test]
fn an_address_that_is_none_is_refused_without_its_password() {
    let (status, told) = verify("ftp://operator:hunter2@host/queue", QUEUE);
    assert_eq!(status, Some(1), "{told}");
    assert!(told.contains("--journal names no database"), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
}

#[test]
fn a_file_that_is_not_there_is_named_and_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("none.db");
    let (status, told) = verify(&format!("sqlite://{}", file.display()), QUEUE);
    assert_eq!(status, Some(1), "{told}");
    assert!(told.contains("none.db"), "{told}");
    assert!(!file.exists());
}

#[test]
fn a_server_that_does_not_answer_is_told_without_its_password() {
    let nobody = free_address();
    let (status, told) = verify(&format!("mysql://operator:hunter2@{nobody}/journal"), QUEUE);
    assert_eq!(status, Some(1), "{told}");
    assert!(told.contains(QUEUE), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
}

#[test]
fn a_check_of_nobody_ends_with_the_status_for_it() {
    let nobody = format!("http://{}", free_address());
    let told = output(&["ctl", "check", "--proxy", &nobody], &[]);
    assert_eq!(told.status.code(), Some(4), "{}", text(&told));
    assert!(text(&told).contains("not reachable"), "{}", text(&told));
}

#[test]
fn a_check_with_a_cashbox_and_without_its_token_names_both_ways_to_give_it() {
    let told = output(
        &[
            "ctl",
            "check",
            "--proxy",
            "http://127.0.0.1:9",
            "--cashbox",
            QUEUE,
        ],
        &[],
    );
    assert_eq!(told.status.code(), Some(2), "{}", text(&told));
    assert!(
        text(&told).contains("--token-file") && text(&told).contains("BYODC_ACCESS_TOKEN"),
        "{}",
        text(&told)
    );
}

#[test]
fn a_check_takes_no_address_with_a_password() {
    let told = output(&["ctl", "check", "--proxy", "https://pos:hunter2@host"], &[]);
    assert_eq!(told.status.code(), Some(2), "{}", text(&told));
    assert!(!text(&told).contains("hunter2"), "{}", text(&told));
}

/// Nobody serves the first question. What comes up then is no installation, so the check ends at its first step that only
/// one can answer.
#[tokio::test]
async fn a_check_that_may_wait_asks_again_until_somebody_answers() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = nobody.local_addr().unwrap();
    let checking = byodc()
        .args([
            "ctl",
            "check",
            "--wait",
            "60",
            "--proxy",
            &format!("http://{address}"),
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(nobody.accept().unwrap());
    drop(nobody);
    let _service = Service::begin(address, tempfile::tempdir().unwrap());
    let told = checking.wait_with_output().unwrap();
    assert_eq!(told.status.code(), Some(1), "{}", text(&told));
    assert!(text(&told).contains("ok      ready"), "{}", text(&told));
    assert!(text(&told).contains("failed  version"), "{}", text(&told));
}
