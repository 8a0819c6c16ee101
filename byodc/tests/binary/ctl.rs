//! `byodc ctl`: what is refused, and with which status.

use crate::process::{output, text};

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
    let nobody = crate::process::free_address();
    let (status, told) = verify(&format!("mysql://operator:hunter2@{nobody}/journal"), QUEUE);
    assert_eq!(status, Some(1), "{told}");
    assert!(told.contains(QUEUE), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
}
