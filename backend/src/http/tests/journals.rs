//! Journals over HTTP: TV-24 of the fiscal specification, and the exports of a TSE.

use std::collections::BTreeSet;
use std::io::Read as _;

use axum::body::Bytes;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};

use super::*;
use crate::dsfinvk::tests::opened::Opened;
use crate::scu::simulator::script::{Effect, OperationKind, Rule};

const INITIAL_OPERATION: i64 = 0x4445_0001_0000_0003;
const DAILY_CLOSING: i64 = 0x4445_0001_0000_0007;
const TSE_TAR: &str = "4919338167972134913";
const DSFINVK: &str = "4919338167972134914";
const STORED_TARS: &str = "4919338167972134915";

async fn journal(pod: &Arc<Pod>, query: &str) -> Response {
    post(pod, &format!("/api/journal?{query}"), "").await
}

async fn rows(pod: &Arc<Pod>, query: &str) -> Vec<Value> {
    let response = journal(pod, query).await;
    assert_eq!(response.status(), StatusCode::OK, "{query}");
    assert_eq!(
        response.headers()[CONTENT_TYPE],
        "application/json; charset=utf-8"
    );
    serde_json::from_str(&text(response).await).unwrap()
}

/// An activated cashbox with two receipts.
async fn with_receipts(pod: &Arc<Pod>) {
    for (case, reference) in [
        (INITIAL_OPERATION, "R-0"),
        (POS_RECEIPT, "R-1"),
        (POS_RECEIPT, "R-2"),
    ] {
        let signed = post(pod, "/api/sign", &receipt_of(case, reference)).await;
        assert_eq!(signed.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn rows_come_in_order_of_their_writing_and_a_range_holds_both_ends() {
    let world = World::new().await;
    let pod = pod(&world).await;
    with_receipts(&pod).await;
    for (kind, at_least) in [(1, 2), (2, 3), (3, 3)] {
        let all = rows(&pod, &format!("type={kind}&from=0&to=0")).await;
        assert!(all.len() >= at_least, "{kind}");
        let written: Vec<i64> = all.iter().map(|row| row["TimeStamp"].as_i64().unwrap()).collect();
        assert!(written.is_sorted(), "{written:?}");
        assert_eq!(
            rows(&pod, &format!("type={kind}&to=-2")).await,
            all[..2],
            "{kind}"
        );
        let (last, at) = (all.last().unwrap(), written.last().unwrap());
        let of_moment = rows(&pod, &format!("type={kind}&from={at}&to={at}")).await;
        assert_eq!(of_moment.last().unwrap(), last);
        assert!(of_moment.iter().all(|row| row["TimeStamp"] == *at));
        let later = rows(&pod, &format!("type={kind}&from={}", at + 1)).await;
        assert_eq!(later, [] as [Value; 0]);
    }
    let item = &rows(&pod, "type=3&to=-1").await[0];
    assert!(
        item["request"].is_string() && item["response"].is_string(),
        "{item}"
    );
}

#[tokio::test]
async fn a_number_without_a_journal_here_is_answered_as_the_original_does() {
    let world = World::new().await;
    let pod = pod(&world).await;
    for (number, member) in [
        ("0", "Assembly"),
        ("4", "ProcessingVersion"),
        ("255", "QueueDEList"),
        ("4919338167972134912", "QueueDEList"),
        ("4919338167972134999", "QueueDEList"),
    ] {
        let response = journal(&pod, &format!("type={number}")).await;
        let body: Value = serde_json::from_str(&text(response).await).unwrap();
        assert!(!body[member].is_null(), "{number}: {body}");
    }
    let austrian = journal(&pod, "type=4707387510509010945").await;
    assert_eq!(austrian.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let problem: Value = serde_json::from_str(&text(austrian).await).unwrap();
    assert_eq!(
        problem["detail"],
        "The given journal type 0x'4154000000000001' cannot be used with the current Queue, as this export type is \
         not supported in this country."
    );
}

/// The names of the files in a TAR, which must be whole.
fn names(tar: &[u8]) -> Vec<String> {
    let mut tar = tar::Archive::new(tar);
    let mut names = Vec::new();
    for file in tar.entries().unwrap() {
        let mut file = file.unwrap();
        names.push(file.path().unwrap().display().to_string());
        file.read_to_end(&mut Vec::new()).unwrap();
    }
    names
}

async fn bytes(response: Response) -> Bytes {
    to_bytes(response.into_body(), usize::MAX).await.unwrap()
}

#[tokio::test]
async fn the_tar_of_the_tse_holds_every_signature_and_erases_none() {
    let world = World::new().await;
    let pod = pod(&world).await;
    with_receipts(&pod).await;
    let mut exports = Vec::new();
    for _ in 0..2 {
        let response = journal(&pod, &format!("type={TSE_TAR}")).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/x-tar");
        let file = response.headers()[CONTENT_DISPOSITION]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(
            file.starts_with("attachment; filename=\"tse-") && file.ends_with(".tar\""),
            "{file}"
        );
        exports.push(bytes(response).await);
    }
    assert_eq!(exports[0], exports[1]);
    // Start and finish of three transactions, and the description.
    let names = names(&exports[0]);
    assert_eq!(names.len(), 7, "{names:?}");
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 7);
    let none = journal(&pod, &format!("type={TSE_TAR}&from=1&to=2")).await;
    assert_eq!(self::names(&bytes(none).await), ["info.csv"]);
}

#[tokio::test]
async fn a_tse_that_does_not_export_and_a_range_that_means_nothing_are_told_by_status() {
    let world = World::new().await;
    let pod = pod(&world).await;
    with_receipts(&pod).await;
    let counted = journal(&pod, &format!("type={TSE_TAR}&to=-2")).await;
    assert_eq!(counted.status(), StatusCode::BAD_REQUEST);
    world.tse().push(Rule {
        operation: OperationKind::Export,
        effect: Effect::Reject,
        delay_ms: 0,
        times: Some(1),
    });
    let refused = journal(&pod, &format!("type={TSE_TAR}")).await;
    assert_eq!(refused.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let problem: Value = serde_json::from_str(&text(refused).await).unwrap();
    assert_eq!(problem["title"], "Journal not available");
    assert!(!problem["detail"].as_str().unwrap().is_empty());
    let again = journal(&pod, &format!("type={TSE_TAR}")).await;
    assert_eq!(again.status(), StatusCode::OK);
}

#[tokio::test]
async fn without_stored_exports_the_merged_tar_has_no_byte() {
    let world = World::new().await;
    let pod = pod(&world).await;
    let response = journal(&pod, &format!("type={STORED_TARS}")).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[CONTENT_TYPE], "application/x-tar");
    assert_eq!(bytes(response).await, "");
}

#[tokio::test]
async fn more_exports_than_may_run_are_refused_by_a_word() {
    let world = World::new().await;
    let pod = pod(&world).await;
    with_receipts(&pod).await;
    let mut running = Vec::new();
    for _ in 0..pod.config.exports.exports_max {
        running.push(journal(&pod, "type=2").await);
    }
    let refused = journal(&pod, "type=2").await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()[shared::header::REFUSAL], "exports-full");
    assert_eq!(journal(&pod, "type=0").await.status(), StatusCode::OK);
    running.pop();
    assert_eq!(journal(&pod, "type=2").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn dates_and_content_types_are_as_configured() {
    let world = World::new().await;
    let mut config = Config::read(&Settings::default(), &mut Faults::default());
    config.exports.dates = shared::api::moment::Zone::Utc;
    config.exports.content_type = super::super::journal::config::ContentTypes::OctetStream;
    let pod = world.front("a", config);
    with_receipts(&pod).await;
    let response = journal(&pod, "type=2").await;
    assert_eq!(response.headers()[CONTENT_TYPE], "application/octet-stream");
    let rows: Vec<Value> = serde_json::from_str(&text(response).await).unwrap();
    assert!(rows[0]["ftReceiptMoment"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn a_daily_closing_fills_the_merged_tar_and_the_dsfinvk_export() {
    let world = World::new().await;
    let pod = pod(&world).await;
    with_receipts(&pod).await;
    let nothing = journal(&pod, &format!("type={DSFINVK}")).await;
    assert_eq!(nothing.status(), StatusCode::OK);
    assert_eq!(nothing.headers()[CONTENT_TYPE], "application/zip");
    assert_eq!(bytes(nothing).await, "");

    let closed = post(&pod, "/api/sign", &receipt_of(DAILY_CLOSING, "Z-1")).await;
    assert_eq!(closed.status(), StatusCode::OK);
    let merged = journal(&pod, &format!("type={STORED_TARS}")).await;
    assert_eq!(merged.status(), StatusCode::OK);
    let names = names(&bytes(merged).await);
    // Start and finish of four transactions, and the description.
    assert_eq!(names.len(), 9, "{names:?}");

    let export = journal(&pod, &format!("type={DSFINVK}")).await;
    assert_eq!(export.status(), StatusCode::OK);
    let file = export.headers()[CONTENT_DISPOSITION].to_str().unwrap().to_owned();
    assert!(
        file.starts_with("attachment; filename=\"dsfinvk-") && file.ends_with(".zip\""),
        "{file}"
    );
    let zip = zip::ZipArchive::new(std::io::Cursor::new(bytes(export).await)).unwrap();
    for member in ["index.xml", "cashpointclosing.csv", "transactions.csv"] {
        assert!(zip.index_for_name(member).is_some(), "{member}");
    }
}

#[tokio::test]
async fn the_dsfinvk_export_of_signed_receipts_is_sound_and_shows_their_transactions() {
    let world = World::new().await;
    let pod = pod(&world).await;
    with_receipts(&pod).await;
    post(&pod, "/api/sign", &receipt_of(DAILY_CLOSING, "closing")).await;
    let export = bytes(journal(&pod, &format!("type={DSFINVK}")).await).await;
    let opened = Opened::new(export.to_vec());
    opened.assert_sound();
    let kinds = opened
        .records("transactions.csv")
        .into_iter()
        .map(|record| record["BON_TYP"].clone());
    assert_eq!(
        kinds.collect::<Vec<_>>(),
        ["AVSonstige", "Beleg", "Beleg", "AVSonstige"]
    );
    let tse = &opened.records("tse.csv")[0];
    assert!(
        !tse["TSE_SERIAL"].is_empty() && !tse["TSE_PUBLIC_KEY"].is_empty(),
        "{tse:?}"
    );
    let unsigned = opened.column("transactions_tse.csv", "BON_ID", ("TSE_TANR", ""));
    assert_eq!(unsigned, [""; 0]);
}
