//! F31: a database that went back in time stops its cashboxes and raises an alarm; an operator decides.

use std::path::Path;

use harness::client::{self, Pos};
use harness::cluster::{Cluster, Ownership};
use harness::receipt;
use harness::simulator::SimulatedTse;
use serde_json::json;
use shared::identity::OperationId;

/// The files of the SQLite journal while no pod has it open.
const JOURNAL: [&str; 3] = ["journal.db", "journal.db-wal", "journal.db-shm"];

/// The TSE is the only witness: nothing else that has seen the lost receipts is left.
#[tokio::test]
async fn a_restored_journal_is_not_continued_where_the_tse_remembers_more_until_an_operator_accepts_it() {
    let mut cluster = Cluster::of_pods(2).start().await;
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    pos.sign(&receipt::sale(&cashbox, "R-1")).await.receipt();
    back_up(&mut cluster).await;
    pos.sign(&receipt::sale(&cashbox, "R-2")).await.receipt();
    pos.sign(&receipt::sale(&cashbox, "R-3")).await.receipt();
    restore(&mut cluster, async |cluster| {
        cluster.redis.as_mut().unwrap().restart_empty().await;
    })
    .await;

    let tse = SimulatedTse::of(&cluster, &cashbox);
    let signed_before = tse.signatures();
    let operation = OperationId::random();
    assert_refused(&pos, operation, &receipt::sale(&cashbox, "R-4")).await;
    assert_refused(&pos, operation, &receipt::sale(&cashbox, "R-4")).await;
    assert_eq!(tse.signatures(), signed_before);
    let owner = cluster.owner(&cashbox).await;
    let admin_url = cluster.pod(&owner.pod).admin_url();
    let metrics = get(&format!("{admin_url}/metrics")).await;
    assert!(metrics.contains("byodc_stale_cashboxes 1"), "{metrics}");

    let url = format!("{admin_url}/admin/v1/cashboxes/{}/accept-journal", cashbox.id);
    let accepted = client::http()
        .post(&url)
        .json(&json!({ "reason": "the backup of noon is all there is" }))
        .send()
        .await
        .unwrap();
    assert_eq!(accepted.status(), 200, "{accepted:?}");
    let receipt = pos
        .sign_as(operation, &receipt::sale(&cashbox, "R-4"))
        .await
        .receipt();
    // The chain goes on without a gap; the TSE's transaction tells it from the lost receipt of that number.
    assert_eq!(receipt["ftReceiptIdentification"], "ft2#IT5");
    assert_eq!(journaled(&pos, "TseOrphanSignature").await, 4);
    assert_eq!(journaled(&pos, "StaleJournalAccepted").await, 1);
}

/// Nothing was signed since the backup, so the TSE has nothing to say; the ownership store remembers later claims.
#[tokio::test]
async fn a_restored_journal_is_not_continued_where_the_ownership_store_remembers_later_claims() {
    let mut cluster = Cluster::of_pods(2).owned_in(Ownership::Sql).start().await;
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    back_up(&mut cluster).await;
    for _ in 0..2 {
        pos.reset().await;
        restart(&mut cluster).await;
    }
    pos.reset().await;
    restore(&mut cluster, async |_| {}).await;
    assert_refused(&pos, OperationId::random(), &receipt::sale(&cashbox, "R-1")).await;
}

async fn assert_refused(pos: &Pos, operation: OperationId, sale: &serde_json::Value) {
    let refused = pos.sign_as(operation, sale).await;
    assert_eq!(refused.status, 503, "{refused:?}");
    let detail = refused.json()["detail"].as_str().unwrap_or_default().to_owned();
    assert!(detail.contains("older than what was signed"), "{detail}");
}

/// How many rows of a kind the action journal has. It is exported whether the cashbox is served or not.
async fn journaled(pos: &Pos, kind: &str) -> usize {
    let rows = pos.journal(1).await;
    rows.iter().filter(|row| row["Type"] == kind).count()
}

async fn get(url: &str) -> String {
    client::http()
        .get(url)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap()
}

async fn back_up(cluster: &mut Cluster) {
    stop(cluster).await;
    let folder = cluster.folder();
    let backup = folder.join("backup");
    std::fs::create_dir(&backup).unwrap();
    copy(folder, &backup);
    start(cluster).await;
}

/// Puts the backup back while every pod is stopped, and does what else happens meanwhile.
async fn restore(cluster: &mut Cluster, meanwhile: impl AsyncFnOnce(&mut Cluster)) {
    stop(cluster).await;
    let folder = cluster.folder();
    for file in JOURNAL {
        let _ = std::fs::remove_file(folder.join(file));
    }
    copy(&folder.join("backup"), folder);
    meanwhile(cluster).await;
    start(cluster).await;
}

async fn restart(cluster: &mut Cluster) {
    stop(cluster).await;
    start(cluster).await;
}

async fn stop(cluster: &mut Cluster) {
    for pod in &mut cluster.pods {
        pod.stop().await;
    }
}

async fn start(cluster: &mut Cluster) {
    for pod in &mut cluster.pods {
        pod.restart().await;
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::copy(from.join(JOURNAL[0]), to.join(JOURNAL[0])).unwrap();
    for file in &JOURNAL[1..] {
        if from.join(file).exists() {
            std::fs::copy(from.join(file), to.join(file)).unwrap();
        }
    }
}
