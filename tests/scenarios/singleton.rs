//! A cashbox lives in one pod at a time, and every door leads there.

use std::collections::BTreeSet;

use futures::future::join_all;
use harness::client::Pos;
use harness::cluster::Cluster;
use harness::history::assert_sound;
use harness::receipt;
use harness::simulator::SimulatedTse;
use shared::header;

with_redis_and_with_sql!(
    one_pod_serves_a_cashbox_through_both_proxies,
    a_pod_that_does_not_own_a_cashbox_names_the_owner_and_touches_nothing,
    of_two_pods_asked_at_once_for_a_cold_cashbox_one_wins,
    cashboxes_are_spread_over_the_pods,
);

async fn one_pod_serves_a_cashbox_through_both_proxies(cluster: &Cluster) {
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    let mut served_by = BTreeSet::new();
    for at in 0..30 {
        let door = pos.at(&cluster.proxies[at % 2].url());
        door.sign(&receipt::sale(&cashbox, &format!("R-{at}")))
            .await
            .receipt();
        served_by.insert(cluster.owner(&cashbox).await);
    }
    assert_eq!(served_by.len(), 1, "{served_by:?}");
    let journals = assert_sound(&pos).await;
    assert_eq!(journals.receipts.len(), 31);
}

async fn a_pod_that_does_not_own_a_cashbox_names_the_owner_and_touches_nothing(cluster: &Cluster) {
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    let owner = cluster.owner(&cashbox).await;
    let before = assert_sound(&pos).await;
    let signed_before = SimulatedTse::of(cluster, &cashbox).signatures();

    for pod in cluster.pods.iter().filter(|pod| pod.name() != owner.pod) {
        let wrong = pos.at(&pod.url());
        for answer in [
            wrong.sign(&receipt::sale(&cashbox, "R-wrong")).await,
            wrong.echo("").await,
        ] {
            assert_eq!(answer.status, 421, "{answer:?}");
            let named = answer.header(header::OWNER_POD);
            assert!(named.starts_with(&format!("{}/", owner.pod)), "{named}");
            assert_eq!(answer.header(header::EPOCH), owner.epoch.to_string());
            let address = answer.header(header::OWNER_ADDRESS);
            let serves = pos.at(&format!("http://{address}")).echo("is it you?").await;
            assert_eq!((serves.status, serves.header(header::ANSWERED_POD)), (200, named));
        }
    }
    assert_eq!(assert_sound(&pos).await, before);
    assert_eq!(SimulatedTse::of(cluster, &cashbox).signatures(), signed_before);
}

/// F15. Both pods are asked directly, so that no proxy decides for them.
async fn of_two_pods_asked_at_once_for_a_cold_cashbox_one_wins(cluster: &Cluster) {
    for _ in 0..5 {
        let cashbox = cluster.new_cashbox();
        let pos = cluster.pos(&cashbox);
        let doors: Vec<Pos> = cluster
            .pods
            .iter()
            .take(2)
            .map(|pod| pos.at(&pod.url()))
            .collect();
        let answers = join_all(doors.iter().enumerate().map(|(at, door)| {
            let receipt = receipt::sale(&cashbox, &format!("R-{at}"));
            async move { door.sign(&receipt).await }
        }))
        .await;
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 421], "{answers:?}");
        let journals = assert_sound(&pos).await;
        assert_eq!(journals.receipts.len(), 1);
        let started = pos
            .journal(1)
            .await
            .iter()
            .filter(|row| row["Message"] == "Queue started")
            .count();
        assert!(started <= 1, "{started} pods opened the queue");
    }
}

async fn cashboxes_are_spread_over_the_pods(cluster: &Cluster) {
    let pods: BTreeSet<String> = cluster.pods.iter().map(|pod| pod.name().to_owned()).collect();
    let mut served_by = BTreeSet::new();
    // The cluster is shared: a pod that hosts many cashboxes of other tests is passed over until the others have as
    // many.
    for _ in 0..300 {
        let cashbox = cluster.new_cashbox();
        cluster.pos(&cashbox).echo("hello").await;
        served_by.insert(cluster.owner(&cashbox).await.pod);
        if served_by == pods {
            return;
        }
    }
    panic!("only {served_by:?} of {pods:?} were given a cashbox");
}
