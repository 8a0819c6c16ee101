//! Redis may be lost entirely: no fork, no loss, no duplicate; running cashboxes keep running.

use harness::cluster::Cluster;
use harness::history::assert_sound;
use harness::receipt;
use harness::simulator::SimulatedTse;
use harness::traffic::Traffic;

/// F25.
#[tokio::test]
async fn running_cashboxes_sign_on_while_redis_is_away_and_after_it_came_back_empty() {
    let mut cluster = Cluster::of_pods(3).and_proxies(2).start().await;
    let mut cashboxes = Vec::new();
    for at in 0..4 {
        let cashbox = cluster.new_cashbox();
        let pos = cluster.pos(&cashbox).at(&cluster.proxies[at % 2].url());
        pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
        let owner = cluster.owner(&cashbox).await;
        cashboxes.push((pos, cashbox, owner));
    }
    let clients: Vec<_> = cashboxes
        .iter()
        .map(|(pos, cashbox, _)| (pos.clone(), cashbox.clone()))
        .collect();
    let traffic = Traffic::of(&clients);
    traffic.signs_more(40).await;
    cluster.redis.as_mut().unwrap().kill();
    traffic.signs_more(200).await;
    cluster.redis.as_mut().unwrap().restart_empty().await;
    traffic.signs_more(200).await;
    traffic.ends_without_failure().await;
    for (pos, cashbox, owner) in &cashboxes {
        assert_eq!(&cluster.owner(cashbox).await, owner, "it moved for no reason");
        let journals = assert_sound(pos).await;
        SimulatedTse::of(&cluster, cashbox).assert_accounted_for(&journals);
    }
}

/// F25, at its worst: Redis is empty, the proxies know no route, and every cashbox is asked for before its owner can
/// have put it on record again. Pods that are asked find out from each other; nothing moves.
#[tokio::test]
async fn cashboxes_asked_for_the_moment_redis_is_back_empty_stay_where_they_are() {
    let mut cluster = Cluster::of_pods(3).and_proxies(2).start().await;
    let mut cashboxes = Vec::new();
    for at in 0..24 {
        let cashbox = cluster.new_cashbox();
        let pos = cluster.pos(&cashbox).at(&cluster.proxies[at % 2].url());
        pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
        let owner = cluster.owner(&cashbox).await;
        cashboxes.push((pos, cashbox, owner));
    }
    for _ in 0..3 {
        for proxy in &mut cluster.proxies {
            proxy.kill();
        }
        cluster.redis.as_mut().unwrap().restart_empty().await;
        for proxy in &mut cluster.proxies {
            proxy.relaunch();
        }
        for proxy in &mut cluster.proxies {
            proxy.ready().await;
        }
        let asked = cashboxes.iter().map(|(pos, cashbox, _)| async move {
            pos.sign(&receipt::sale(cashbox, "lost")).await.receipt();
        });
        futures::future::join_all(asked).await;
    }
    for (pos, cashbox, owner) in &cashboxes {
        assert_eq!(&cluster.owner(cashbox).await, owner, "it moved for no reason");
        assert_sound(pos).await;
    }
}

#[tokio::test]
async fn a_cold_cashbox_is_claimed_in_the_database_while_redis_is_away() {
    let mut cluster = Cluster::of_pods(2).start().await;
    // A request before, so that the proxy has seen the pods.
    let warm = cluster.new_cashbox();
    cluster.pos(&warm).echo("hello").await;
    cluster.redis.as_mut().unwrap().kill();
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    pos.sign(&receipt::sale(&cashbox, "R-1")).await.receipt();
    assert_sound(&pos).await;
}
