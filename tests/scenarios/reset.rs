//! `POST /api/Echo` with an empty message restarts one cashbox and loses nothing.

use futures::future::{join, join_all};
use harness::cluster::Cluster;
use harness::history::assert_sound;
use harness::receipt;
use serde_json::json;

with_redis_and_with_sql!(
    an_echo_comes_back,
    a_reset_while_receipts_are_signed_loses_none,
    two_hundred_resets_in_sequence_leave_the_cashbox_where_it_was,
    a_reset_takes_the_new_configuration,
    a_reset_without_a_configuration_service_keeps_the_old_instance,
);

async fn an_echo_comes_back(cluster: &Cluster) {
    let cashbox = cluster.new_cashbox();
    let answer = cluster.pos(&cashbox).echo("Grüße").await;
    assert_eq!(
        (answer.status, answer.json()),
        (200, json!({ "message": "Grüße" }))
    );
}

/// F41, in parallel.
async fn a_reset_while_receipts_are_signed_loses_none(cluster: &Cluster) {
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    let signing = join_all((0..60).map(|at| {
        let (pos, sale) = (
            pos.at(&cluster.proxies[at % 2].url()),
            receipt::sale(&cashbox, &format!("R-{at}")),
        );
        async move { pos.sign(&sale).await.receipt() }
    }));
    let resetting = async {
        for _ in 0..10 {
            pos.reset().await;
        }
    };
    join(signing, resetting).await;
    let journals = assert_sound(&pos).await;
    assert_eq!(journals.receipts.len(), 61);
    assert_eq!(journals.unfinished(), Vec::<&_>::new());
}

async fn two_hundred_resets_in_sequence_leave_the_cashbox_where_it_was(cluster: &Cluster) {
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    let before = cluster.owner(&cashbox).await;
    for _ in 0..200 {
        pos.reset().await;
    }
    let after = pos.sign(&receipt::sale(&cashbox, "R-1")).await;
    assert_eq!(after.receipt()["ftReceiptIdentification"], "ft1#IT2");
    assert_eq!(cluster.owner(&cashbox).await.pod, before.pod);
    assert_sound(&pos).await;
}

/// TV-01 of the fiscal specification: `FlagOptionalSignatures` takes effect, `CashBoxIdentification` never again.
async fn a_reset_takes_the_new_configuration(cluster: &Cluster) {
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    let before = pos.sign(&receipt::sale(&cashbox, "R-1")).await.receipt();
    assert_eq!(before["ftSignatures"][1]["ftSignatureFormat"], 0x1_000D);

    let mut changed = cashbox.document();
    let configuration = &mut changed["ftQueues"][0]["Configuration"];
    configuration["FlagOptionalSignatures"] = json!(false);
    configuration["init_ftQueueDE"][0]["CashBoxIdentification"] = json!("ANOTHER");
    configuration["init_ftQueueDE"][0]["TimeStamp"] = json!(699_999_999_999_999_999_i64);
    cashbox.publish_document(cluster.config_service.cashboxes(), &changed.to_string());
    pos.reset().await;

    let after = pos.sign(&receipt::sale(&cashbox, "R-2")).await.receipt();
    assert_eq!(after["ftSignatures"][1]["ftSignatureFormat"], 0xD);
    assert_eq!(after["ftCashBoxIdentification"], cashbox.identification);
}

/// The configuration service answers for every cashbox but this one.
async fn a_reset_without_a_configuration_service_keeps_the_old_instance(cluster: &Cluster) {
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    cashbox.publish_document(cluster.config_service.cashboxes(), "{ this is no document");
    let told = pos.echo("").await;
    assert!(told.status >= 500, "the caller must be told: {told:?}");
    let served = pos.sign(&receipt::sale(&cashbox, "R-1")).await.receipt();
    assert_eq!(served["ftReceiptIdentification"], "ft1#IT2");
    assert_sound(&pos).await;
}
