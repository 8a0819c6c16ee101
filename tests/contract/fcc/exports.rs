//! The TSE's whole log.

use std::time::Duration;

use backend::scu::fcc::log_message;
use backend::scu::types::{ExportEnd, ExportScope};
use backend::scu::{Scu, ScuError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use harness::fcc_server::FccServer;
use harness::fcc_server::fault::{Effect, Fault};
use sha2::{Digest as _, Sha256};
use shared::clock::Ticks;

use super::stand::{CLIENT, sign, start, unit};

/// Of all clients.
fn everything() -> ExportScope {
    ExportScope::All {
        client_id: String::new(),
        erase: true,
    }
}

/// Fetches an export in small parts and ends it; `spoil` changes the checksum.
async fn exported(unit: &dyn Scu, scope: ExportScope, spoil: bool) -> (Vec<u8>, ExportEnd) {
    let session = unit.start_export(scope).await.unwrap();
    let mut tar = Vec::new();
    let fetching = async {
        loop {
            let chunk = unit.export_data(&session.token, 700).await.unwrap();
            assert!(chunk.bytes.len() <= 700);
            tar.extend(chunk.bytes);
            if chunk.end_of_file {
                assert_eq!(chunk.total_bytes, Some(tar.len() as u64));
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), fetching)
        .await
        .unwrap();
    let mut checksum = Sha256::digest(&tar);
    checksum[0] ^= u8::from(spoil);
    let end = unit
        .end_export(&session.token, &BASE64.encode(checksum), true)
        .await;
    (tar, end.unwrap())
}

fn counters(tar: &[u8]) -> Vec<u64> {
    let messages = log_message::of_tar(tar).unwrap();
    messages.iter().map(|message| message.counter).collect()
}

const ERASED: ExportEnd = ExportEnd {
    is_valid: true,
    is_erased: true,
};

#[tokio::test]
async fn an_export_holds_the_log_and_is_acknowledged_up_to_the_last_minute() {
    let fcc = FccServer::start(&[CLIENT]).await;
    let unit = unit(&fcc);
    fcc.set_clock(-3600);
    sign(&*unit, 1).await;
    fcc.set_clock(0);
    sign(&*unit, 2).await;
    let (tar, end) = exported(&*unit, everything(), false).await;
    assert_eq!((counters(&tar), end), (vec![1, 2, 3, 4], ERASED));
    let left: Vec<_> = fcc.signed().iter().map(|message| message.counter).collect();
    assert_eq!(left, [3, 4]);
}

#[tokio::test]
async fn a_range_that_is_too_much_is_fetched_in_halves_of_halves() {
    let fcc = FccServer::start(&[CLIENT]).await;
    let unit = unit(&fcc);
    for item in 0..6 {
        fcc.set_clock(-1000 + i64::try_from(item).unwrap() * 2);
        sign(&*unit, item).await;
    }
    fcc.export_at_most(4);
    let (tar, end) = exported(&*unit, everything(), false).await;
    assert_eq!((counters(&tar), end), ((1..=12).collect(), ERASED));
    let mut names = tar::Archive::new(&*tar);
    let names = names
        .entries()
        .unwrap()
        .map(|entry| entry.unwrap().path().unwrap().into_owned());
    assert_eq!(names.filter(|name| name.ends_with("info.csv")).count(), 1);
}

#[tokio::test]
async fn a_second_that_is_too_much_is_an_error_and_no_endless_loop() {
    let fcc = FccServer::start(&[CLIENT]).await;
    let unit = unit(&fcc);
    fcc.set_clock(-1000);
    sign(&*unit, 1).await;
    fcc.export_at_most(0);
    let session = unit.start_export(everything()).await.unwrap();
    let error = harness::eventually::eventually("the export fails", Duration::from_secs(60), async || {
        unit.export_data(&session.token, 700).await.err()
    });
    let error = error.await;
    assert!(
        matches!(&error, ScuError::Rejected { message } if message.contains("single second")),
        "{error}"
    );
    let end = unit.end_export(&session.token, "", true).await.unwrap();
    assert!(!end.is_valid && !end.is_erased);
}

#[tokio::test]
async fn nothing_to_export_is_an_empty_tar() {
    let fcc = FccServer::start(&[CLIENT]).await;
    let (tar, end) = exported(&*unit(&fcc), everything(), false).await;
    assert_eq!((tar.len(), end), (1024, ERASED));
}

#[tokio::test]
async fn an_export_that_arrived_wrong_or_while_a_transaction_is_open_erases_nothing() {
    let fcc = FccServer::start(&[CLIENT]).await;
    let unit = unit(&fcc);
    fcc.set_clock(-3600);
    sign(&*unit, 1).await;
    let (_, end) = exported(&*unit, everything(), true).await;
    assert!(!end.is_valid && !end.is_erased);
    unit.start_transaction(start(2)).await.unwrap();
    let (tar, end) = exported(&*unit, everything(), false).await;
    assert_eq!(counters(&tar), [1, 2, 3]);
    assert!(end.is_valid && !end.is_erased);
    assert_eq!(fcc.signed().len(), 3);
}

#[tokio::test]
async fn one_client_exports_and_erases_what_is_its_own() {
    let fcc = FccServer::start(&[CLIENT, "KASSE-2"]).await;
    fcc.set_clock(-3600);
    sign(&*unit(&fcc), 1).await;
    let mut other = start(2);
    other.client_id = "KASSE-2".to_owned();
    let second = unit(&fcc);
    let number = second.start_transaction(other).await.unwrap().transaction_number;
    let mut finish = super::stand::finish(2, number);
    finish.client_id = "KASSE-2".to_owned();
    second.finish_transaction(finish).await.unwrap();
    let own = ExportScope::All {
        client_id: CLIENT.to_owned(),
        erase: true,
    };
    let (tar, end) = exported(&*unit(&fcc), own, false).await;
    assert_eq!((counters(&tar), end), (vec![1, 2], ERASED));
    assert!(fcc.signed().iter().all(|message| message.client == "KASSE-2"));
}

#[tokio::test]
async fn what_goes_wrong_within_an_export_is_told_with_its_next_part() {
    let fcc = FccServer::start(&[CLIENT]).await;
    let unit = unit(&fcc);
    let refused = Effect::Refuse {
        status: 500,
        word: "E_BROKEN",
    };
    fcc.play(Fault {
        calls: "GET export/transactions/time",
        effect: refused,
        times: 1,
    });
    let session = unit.start_export(everything()).await.unwrap();
    let error = harness::eventually::eventually("the export fails", Duration::from_secs(60), async || {
        unit.export_data(&session.token, 700).await.err()
    });
    assert!(error.await.to_string().contains("E_BROKEN"));
    for scope in [
        ExportScope::Time {
            client_id: String::new(),
            from: Ticks(0),
            to: Ticks(1),
        },
        ExportScope::Transactions {
            client_id: String::new(),
            from: 0,
            to: 1,
        },
    ] {
        assert!(matches!(
            unit.start_export(scope).await,
            Err(ScuError::Rejected { .. })
        ));
    }
    assert!(unit.export_data("no such token", 1).await.is_err());
}
