//! The configuration service or the database is away: what can go on goes on, the rest is refused in clear words.

use std::time::Duration;

use harness::cluster::Cluster;
use harness::database::{DatabaseServer, Durability, Server};
use harness::eventually::eventually;
use harness::history::assert_sound;
use harness::receipt;
use harness::simulator::SimulatedTse;
use shared::identity::OperationId;

/// F38.
#[tokio::test]
async fn without_the_configuration_service_cashboxes_run_and_start_again_from_the_last_good_configuration() {
    let mut cluster = Cluster::of_pods(2)
        .with(
            "Byodc__Configuration__Key",
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        )
        .start()
        .await;
    let cashbox = cluster.new_cashbox();
    let never_seen = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    let owner = cluster.owner(&cashbox).await;
    cluster.config_service.kill();

    pos.sign(&receipt::sale(&cashbox, "R-1")).await.receipt();
    cluster.pod(&owner.pod).kill();
    pos.sign(&receipt::sale(&cashbox, "R-2")).await.receipt();
    let stranger = pos.with_token("token-of-a-stranger").echo("x").await;
    assert!(stranger.status >= 400, "{stranger:?}");
    assert_sound(&pos).await;

    let refused = cluster.pos(&never_seen).echo("x").await;
    assert_eq!(refused.status, 503, "{refused:?}");
    assert_eq!(
        refused.json()["detail"],
        "the configuration service does not answer"
    );
    cluster.config_service.restart().await;
    eventually("the cashbox is served", Duration::from_secs(60), async || {
        (cluster.pos(&never_seen).echo("x").await.status == 200).then_some(())
    })
    .await;
}

/// F29 and F20: no TSE is asked without a durable intent.
#[tokio::test]
async fn without_its_database_a_cashbox_refuses_before_it_signs_and_recovers_by_itself() {
    let mut database = DatabaseServer::start(Server::MariaDb, Durability::Durable).await;
    let cluster = Cluster::of_pods(2)
        .with("Byodc__Journal__Url", &database.fresh_database().await)
        .start()
        .await;
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    let tse = SimulatedTse::of(&cluster, &cashbox);
    let signed_before = tse.signatures();
    database.kill();

    let id = OperationId::random();
    let refused = pos.sign_as(id, &receipt::sale(&cashbox, "R-1")).await;
    assert_eq!(refused.status, 503, "{refused:?}");
    assert_eq!(refused.json()["detail"], "the journal database does not answer");
    assert_eq!(tse.signatures(), signed_before);

    database.restart().await;
    eventually(
        "the same operation is signed",
        Duration::from_secs(60),
        async || {
            let answer = pos.sign_as(id, &receipt::sale(&cashbox, "R-1")).await;
            (answer.status == 200).then_some(())
        },
    )
    .await;
    let journals = assert_sound(&pos).await;
    assert_eq!(journals.signed("R-1").len(), 1);
    tse.assert_accounted_for(&journals);
}
