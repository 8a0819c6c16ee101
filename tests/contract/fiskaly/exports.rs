//! The TSS's log, given in parts and marked as exported.

use std::time::Duration;

use backend::scu::types::{ExportEnd, ExportScope};
use backend::scu::{Scu, ScuError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use harness::eventually::eventually;
use harness::fiskaly_server::faults::{Effect, Fault};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::stand::{CLIENT, Stand, finish, start};

/// Signs so many receipts.
async fn receipts(stand: &Stand, items: std::ops::RangeInclusive<u128>) {
    for item in items {
        let number = stand
            .unit
            .start_transaction(start(item))
            .await
            .unwrap()
            .transaction_number;
        stand.unit.finish_transaction(finish(item, number)).await.unwrap();
    }
}

fn everything() -> ExportScope {
    ExportScope::All {
        client_id: CLIENT.to_owned(),
        erase: true,
    }
}

/// Fetches an export to its end.
async fn fetched(unit: &dyn Scu, token: &str) -> Result<Vec<u8>, ScuError> {
    let mut tar = Vec::new();
    let total = eventually(
        "the export is ready",
        Duration::from_secs(30),
        async || match unit.export_data(token, 1).await {
            Ok(chunk) => {
                tar.extend(chunk.bytes);
                chunk.total_bytes.map(Ok)
            }
            Err(error) => Some(Err(error)),
        },
    )
    .await?;
    while (tar.len() as u64) < total {
        let chunk = unit.export_data(token, 600).await?;
        assert!(chunk.bytes.len() <= 600);
        tar.extend(chunk.bytes);
        assert_eq!(chunk.end_of_file, tar.len() as u64 == total);
    }
    Ok(tar)
}

fn checksum(tar: &[u8]) -> String {
    BASE64.encode(Sha256::digest(tar))
}

/// The transactions in a TAR, which must be whole.
fn files(tar: &[u8]) -> Vec<String> {
    let mut archive = tar::Archive::new(tar);
    let entries = archive.entries().unwrap();
    entries
        .map(|entry| entry.unwrap().path().unwrap().display().to_string())
        .collect()
}

/// Exports everything and marks it as exported.
async fn export(stand: &Stand) -> (Vec<u8>, ExportEnd) {
    let session = stand.unit.start_export(everything()).await.unwrap();
    assert_eq!(session.serial_number, "5e71a1");
    let tar = fetched(&*stand.unit, &session.token).await.unwrap();
    let ended = stand
        .unit
        .end_export(&session.token, &checksum(&tar), true)
        .await
        .unwrap();
    (tar, ended)
}

#[tokio::test]
async fn an_export_holds_what_was_signed_since_the_last_one() {
    let stand = Stand::new().await;
    stand.server.tss().looks_until_complete = 2;
    receipts(&stand, 1..=2).await;
    let (tar, ended) = export(&stand).await;
    assert_eq!(files(&tar).len(), 4);
    assert!(ended.is_valid && ended.is_erased);
    assert_eq!(stand.server.tss().metadata["LastExportedTransactionNumber"], "2");
    receipts(&stand, 3..=3).await;
    let (tar, _) = export(&stand).await;
    assert_eq!(files(&tar).len(), 2);
    let asked = stand.server.seen_of("PUT", "/export/");
    assert!(asked[0].path.ends_with("?end_transaction_number=2"), "{asked:?}");
    assert!(
        asked[1]
            .path
            .ends_with("?end_transaction_number=3&start_transaction_number=3"),
        "{asked:?}"
    );
    // Nothing new: a TAR without files, and fiskaly is not asked.
    let (tar, ended) = export(&stand).await;
    assert_eq!((files(&tar).len(), ended.is_valid), (0, true));
    assert_eq!(stand.server.seen_of("PUT", "/export/").len(), 2);
}

#[tokio::test]
async fn a_long_range_is_exported_in_parts_that_make_one_tar() {
    let stand = Stand::with(json!({ "MaxExportTransaction": 2 })).await;
    receipts(&stand, 1..=5).await;
    let (tar, ended) = export(&stand).await;
    assert_eq!(stand.server.tss().exports.len(), 3);
    assert_eq!(files(&tar).len(), 10);
    assert!(ended.is_valid && ended.is_erased);
}

#[tokio::test]
async fn nothing_counts_as_exported_while_a_transaction_is_open_or_the_checksum_is_wrong() {
    let stand = Stand::new().await;
    receipts(&stand, 1..=1).await;
    stand.unit.start_transaction(start(2)).await.unwrap();
    let (_, ended) = export(&stand).await;
    assert_eq!((ended.is_valid, ended.is_erased), (true, false));
    stand.unit.finish_transaction(finish(2, 2)).await.unwrap();
    let session = stand.unit.start_export(everything()).await.unwrap();
    let tar = fetched(&*stand.unit, &session.token).await.unwrap();
    let ended = stand
        .unit
        .end_export(&session.token, &checksum(&tar[1..]), true)
        .await
        .unwrap();
    assert_eq!((ended.is_valid, ended.is_erased), (false, false));
    assert!(stand.server.tss().metadata.is_empty());
    // And an ended export is gone.
    stand.unit.export_data(&session.token, 1).await.unwrap_err();
}

#[tokio::test]
async fn an_export_may_be_limited_to_a_client_and_to_a_time() {
    let stand = Stand::new().await;
    receipts(&stand, 1..=3).await;
    let client_id = CLIENT.to_owned();
    let scope = ExportScope::Transactions {
        client_id,
        from: 2,
        to: 2,
    };
    let session = stand.unit.start_export(scope).await.unwrap();
    let tar = fetched(&*stand.unit, &session.token).await.unwrap();
    assert_eq!(files(&tar).len(), 2);
    let ended = stand
        .unit
        .end_export(&session.token, &checksum(&tar), true)
        .await
        .unwrap();
    assert!(ended.is_valid && !ended.is_erased, "it does not hold everything");
    let client = stand.server.tss().clients[0].id;
    let asked = stand.server.seen_of("PUT", "/export/").remove(0).path;
    assert!(asked.ends_with(&format!("&client_id={client}")), "{asked}");
}

#[tokio::test]
async fn an_export_that_fiskaly_gives_up_fails_with_its_reason() {
    let stand = Stand::new().await;
    receipts(&stand, 1..=1).await;
    stand.server.tss().exports_end_as = "ERROR";
    let session = stand.unit.start_export(everything()).await.unwrap();
    let error = fetched(&*stand.unit, &session.token).await.unwrap_err();
    assert!(error.to_string().contains("ERROR"), "{error}");
    let ended = stand.unit.end_export(&session.token, "", true).await.unwrap();
    assert_eq!((ended.is_valid, ended.is_erased), (false, false));
}

#[tokio::test]
async fn a_download_that_breaks_off_begins_anew() {
    let stand = Stand::new().await;
    receipts(&stand, 1..=1).await;
    stand
        .server
        .play(Fault::on("GET", "/file", Effect::LoseAnswer).times(1));
    stand
        .server
        .play(Fault::on("GET", "/file", Effect::status(500)).times(1));
    let (tar, ended) = export(&stand).await;
    assert_eq!((files(&tar).len(), ended.is_valid), (2, true));
    assert_eq!(stand.server.seen_of("GET", "/file").len(), 3);
}

#[tokio::test]
async fn without_tar_files_an_export_is_empty_and_valid() {
    let stand = Stand::with(json!({ "EnableTarFileExport": false })).await;
    receipts(&stand, 1..=1).await;
    let session = stand.unit.start_export(everything()).await.unwrap();
    assert!(session.token.starts_with("noexport-"));
    let chunk = stand.unit.export_data(&session.token, 100).await.unwrap();
    assert_eq!(
        (chunk.bytes.len(), chunk.end_of_file, chunk.total_bytes),
        (0, true, Some(0))
    );
    let ended = stand
        .unit
        .end_export(&session.token, &checksum(&[]), true)
        .await
        .unwrap();
    assert_eq!((ended.is_valid, ended.is_erased), (true, false));
    assert_eq!(stand.server.seen_of("PUT", "/export/").len(), 0);
}
