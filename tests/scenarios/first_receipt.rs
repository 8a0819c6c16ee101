//! From POS to signed receipt: the first request of a cashbox loads, claims and serves it.

use harness::cluster::{Cluster, Journal};
use harness::history::assert_sound;
use harness::receipt;
use harness::simulator::SimulatedTse;
use serde_json::Value;

with_redis_and_with_sql!(
    a_cashbox_is_activated_and_signs_its_first_sale,
    a_receipt_before_activation_is_kept_but_not_signed,
);

/// TV-03 and TV-04 of the fiscal specification, as far as they show on the wire.
async fn a_cashbox_is_activated_and_signs_its_first_sale(cluster: &Cluster) {
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);

    let activated = pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    assert_eq!(activated["ftReceiptIdentification"], "ft0#IT1");
    assert_eq!(activated["ftState"], receipt::DE);
    assert_eq!(signatures(&activated), 17);

    let sold = pos.sign(&receipt::sale(&cashbox, "R-0001")).await.receipt();
    assert_eq!(sold["ftReceiptIdentification"], "ft1#IT2");
    assert_eq!(sold["ftQueueRow"], 2);
    assert_eq!(sold["ftCashBoxIdentification"], cashbox.identification);
    assert_eq!(signatures(&sold), 19);
    let qr = sold["ftSignatures"][0]["data"].as_str().unwrap();
    let begins = format!(
        "V0;{};Kassenbeleg-V1;Beleg^2.80_0.00_0.00_0.00_0.00^2.80:Bar;2;",
        cashbox.identification
    );
    assert!(qr.starts_with(&begins), "{qr}");

    let journals = assert_sound(&pos).await;
    SimulatedTse::of(cluster, &cashbox).assert_accounted_for(&journals);
}

/// TV-02 of the fiscal specification.
async fn a_receipt_before_activation_is_kept_but_not_signed(cluster: &Cluster) {
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    for (row, identification) in [(1, "ft0#"), (2, "ft1#")] {
        let kept = pos
            .sign(&receipt::sale(&cashbox, &format!("R-{row}")))
            .await
            .receipt();
        assert_eq!(kept["ftQueueRow"], row);
        assert_eq!(kept["ftReceiptIdentification"], identification);
        assert_eq!(kept["ftState"], receipt::DE + 1);
        assert_eq!(signatures(&kept), 0);
        assert!(kept["ftStateData"].is_null());
    }
    let journals = assert_sound(&pos).await;
    assert_eq!((journals.items.len(), journals.receipts.len()), (2, 2));
    let told = format!(
        "QueueId {} was not activated or already deactivated",
        cashbox.queue
    );
    let actions = pos.journal(1).await;
    assert_eq!(
        actions
            .iter()
            .filter(|row| row["Message"] == told.as_str())
            .count(),
        1
    );
    assert_eq!(SimulatedTse::of(cluster, &cashbox).signatures(), []);
}

#[tokio::test]
async fn a_journal_in_maria_db_keeps_the_same_chain() {
    signs_in(Journal::MariaDb).await;
}

#[tokio::test]
async fn a_journal_in_postgres_keeps_the_same_chain() {
    signs_in(Journal::Postgres).await;
}

/// Two pods, one killed in between, so that the chain is continued by a pod that reads it for the first time.
async fn signs_in(journal: Journal) {
    let mut cluster = Cluster::of_pods(2).journaled_in(journal).start().await;
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    for at in 1..5 {
        pos.sign(&receipt::sale(&cashbox, &format!("R-{at}")))
            .await
            .receipt();
    }
    let owner = cluster.owner(&cashbox).await;
    cluster.pod(&owner.pod).kill();
    for at in 5..10 {
        pos.sign(&receipt::sale(&cashbox, &format!("R-{at}")))
            .await
            .receipt();
    }
    let journals = assert_sound(&pos).await;
    assert_eq!(journals.receipts.len(), 10);
    SimulatedTse::of(&cluster, &cashbox).assert_accounted_for(&journals);
}

fn signatures(receipt: &Value) -> usize {
    receipt["ftSignatures"].as_array().unwrap().len()
}
