//! `kill -9` of any pod or proxy under load: no failed request through a living proxy, no receipt lost or doubled.

use std::time::Duration;

use harness::cashbox::Cashbox;
use harness::client::Pos;
use harness::cluster::{Cluster, Description, Journal, Ownership};
use harness::eventually::eventually;
use harness::history::assert_sound;
use harness::receipt;
use harness::simulator::SimulatedTse;
use harness::traffic::Traffic;
use serde_json::json;
use shared::identity::OperationId;

const CASHBOXES: usize = 8;

fn three_pods() -> Description {
    Cluster::of_pods(3).and_proxies(2)
}

#[tokio::test]
async fn a_pod_killed_with_traffic_on_it_costs_no_request_with_redis() {
    let cluster = three_pods().owned_in(Ownership::Redis);
    a_pod_killed_with_traffic_on_it_costs_no_request(cluster).await;
}

#[tokio::test]
async fn a_pod_killed_with_traffic_on_it_costs_no_request_with_sql() {
    let cluster = three_pods().owned_in(Ownership::Sql);
    a_pod_killed_with_traffic_on_it_costs_no_request(cluster).await;
}

#[tokio::test]
async fn a_pod_killed_with_traffic_on_it_costs_no_request_in_postgres() {
    let cluster = three_pods().journaled_in(Journal::Postgres);
    a_pod_killed_with_traffic_on_it_costs_no_request(cluster).await;
}

/// Kills one pod after another, each started again like a ReplicaSet would, so that in the end every cashbox has
/// lost its pod.
async fn a_pod_killed_with_traffic_on_it_costs_no_request(cluster: Description) {
    let mut cluster = cluster.start().await;
    let cashboxes = cluster.activated(CASHBOXES).await;
    let traffic = Traffic::of(&cashboxes);
    for at in 0..cluster.pods.len() {
        traffic.signs_more(40).await;
        cluster.pods[at].kill();
        traffic.signs_more(40).await;
        cluster.pods[at].restart().await;
    }
    traffic.signs_more(40).await;
    nothing_failed_or_was_lost(&cluster, traffic, &cashboxes).await;
}

/// F13, one pod after another, as a rolling restart without surge.
#[tokio::test]
async fn pods_told_to_stop_one_after_another_cost_no_request() {
    let mut cluster = three_pods().start().await;
    let cashboxes = cluster.activated(CASHBOXES).await;
    let traffic = Traffic::of(&cashboxes);
    for at in 0..cluster.pods.len() {
        traffic.signs_more(40).await;
        cluster.pods[at].stop().await;
        traffic.signs_more(40).await;
        cluster.pods[at].restart().await;
    }
    nothing_failed_or_was_lost(&cluster, traffic, &cashboxes).await;
}

async fn nothing_failed_or_was_lost(cluster: &Cluster, traffic: Traffic, cashboxes: &[(Pos, Cashbox)]) {
    traffic.ends_without_failure().await;
    for (pos, cashbox) in cashboxes {
        let journals = assert_sound(pos).await;
        assert_eq!(journals.unfinished(), Vec::<&_>::new());
        SimulatedTse::of(cluster, cashbox).assert_accounted_for(&journals);
    }
}

/// F01.
#[tokio::test]
async fn an_idle_cashbox_of_a_killed_pod_is_served_by_another_pod_under_the_next_epoch() {
    let mut cluster = Cluster::of_pods(3).start().await;
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    let before = cluster.owner(&cashbox).await;
    cluster.pod(&before.pod).kill();
    pos.sign(&receipt::sale(&cashbox, "R-1")).await.receipt();
    let after = cluster.owner(&cashbox).await;
    assert_ne!(after.pod, before.pod);
    assert_eq!(after.epoch, before.epoch + 1);
    assert_sound(&pos).await;
}

/// F02: the TSE has signed, but the pod dies before it hears so. Whoever takes over finds the signature by its
/// identity; the client, who never noticed, gets the one receipt.
#[tokio::test]
async fn a_pod_killed_while_its_tse_answers_leaves_one_receipt() {
    for operation in ["start", "finish"] {
        let mut cluster = Cluster::of_pods(2).start().await;
        let cashbox = cluster.new_cashbox();
        let pos = cluster.pos(&cashbox);
        pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
        let owner = cluster.owner(&cashbox).await;
        let tse = SimulatedTse::of(&cluster, &cashbox);
        let signed_before = tse.signatures().len();
        tse.play(
            &json!([{ "operation": operation, "effect": "delay-answer", "delay_ms": 60_000, "times": 1 }]),
        );

        let id = OperationId::random();
        let asked = tokio::spawn({
            let (pos, sale) = (pos.clone(), receipt::sale(&cashbox, "R-1"));
            async move { pos.sign_as(id, &sale).await }
        });
        eventually("the TSE has signed", Duration::from_secs(30), async || {
            let last = tse.signatures().get(signed_before..)?.last()?.operation.clone();
            (last == operation).then_some(())
        })
        .await;
        tse.behave();
        cluster.pod(&owner.pod).kill();

        let answer = asked.await.unwrap();
        assert_eq!(answer.receipt()["ftReceiptIdentification"], "ft1#IT2");
        let again = pos.sign_as(id, &receipt::sale(&cashbox, "R-1")).await;
        assert_eq!(again.body, answer.body);
        let journals = assert_sound(&pos).await;
        assert_eq!(journals.signed("R-1").len(), 1);
        tse.assert_accounted_for(&journals);
    }
}

/// F16: the client's own proxy dies; it sends the operation again through the other one.
#[tokio::test]
async fn an_operation_cut_off_by_a_killed_proxy_is_found_through_the_other() {
    let mut cluster = Cluster::of_pods(2).and_proxies(2).start().await;
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    let tse = SimulatedTse::of(&cluster, &cashbox);
    let signed_before = tse.signatures().len();
    tse.play(&json!([{ "operation": "finish", "effect": "delay-answer", "delay_ms": 1_000, "times": 1 }]));

    let id = OperationId::random();
    let asked = tokio::spawn({
        let (pos, sale) = (pos.clone(), receipt::sale(&cashbox, "R-1"));
        async move { pos.try_sign(id, &sale).await }
    });
    eventually("the TSE has signed", Duration::from_secs(30), async || {
        (tse.signatures().len() == signed_before + 2).then_some(())
    })
    .await;
    cluster.proxies[0].kill();
    assert!(
        asked.await.unwrap().is_err(),
        "the proxy was killed before it answered"
    );

    let other = pos.at(&cluster.proxies[1].url());
    let answer = other.sign_as(id, &receipt::sale(&cashbox, "R-1")).await;
    answer.receipt();
    let journals = assert_sound(&other).await;
    assert_eq!(journals.signed("R-1").len(), 1);
    tse.assert_accounted_for(&journals);
}
