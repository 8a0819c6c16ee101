//! The network fails between two parts and nowhere else: nothing changes hands needlessly, nothing is signed twice.

use std::time::{Duration, Instant};

use harness::cluster::links::Target;
use harness::cluster::{Cluster, Description, Journal};
use harness::eventually::eventually;
use harness::fault_proxy::Line;
use harness::receipt;
use harness::scene::Scene;
use harness::verdict::run::Terms;
use shared::identity::OperationId;

/// Leases short enough that a test outlasts them.
fn short_leases(cluster: Description) -> Description {
    cluster
        .with("Byodc__Lease__Seconds", "3")
        .with("Byodc__Lease__RenewSeconds", "1")
}

/// Longer than a short lease, by as much as it takes for everybody to see that it ran out.
const OUTLASTS_A_LEASE: Duration = Duration::from_secs(6);

/// F18.
#[tokio::test]
async fn a_proxy_that_is_cut_from_the_owner_alone_makes_nobody_take_over() {
    let scene = Scene::of(Cluster::of_pods(2).and_proxies(2).with_relays(), 1).await;
    let owner = scene.owner(0).await;
    let cashbox = scene.tills[0].1.clone();
    let way = scene.cluster.link("proxy-0", Target::Pod(&owner.pod));
    way.cut();
    scene.begun("F18 proxy cut from the owner");
    let waiting = tokio::spawn({
        let (pos, sale) = (scene.pos(0, 0), receipt::sale(&cashbox, "R-waits"));
        async move { pos.sign(&sale).await }
    });
    for at in 0..30 {
        let sale = receipt::sale(&cashbox, &format!("R-{at}"));
        scene.pos(0, 1).sign(&sale).await.receipt();
    }
    assert_eq!(scene.owner(0).await, owner);
    way.heal();
    waiting.await.unwrap().receipt();
    assert_eq!(scene.owner(0).await, owner);
    scene.assert_sound(Terms::unnoticed()).await;
}

/// F19.
#[tokio::test]
async fn an_owner_that_is_cut_from_redis_serves_on_and_nobody_else_commits() {
    let cluster = short_leases(Cluster::of_pods(3).and_proxies(2).with_relays());
    let scene = Scene::of(cluster, 6).await;
    let before = scene.owners().await;
    let load = scene.load();
    let way = scene.cluster.link(&before[0].pod, Target::Redis);
    way.lose();
    scene.begun("F19 owner cut from Redis");
    outlast_a_lease(&load).await;
    assert_eq!(scene.owners().await, before, "it moved for no reason");
    way.heal();
    load.signs_more(50).await;
    let told = load.stop().await;
    assert!(told.failed.is_empty() && told.resent == 0, "{told:?}");
    assert_eq!(scene.owners().await, before);
    scene.assert_sound(Terms::unnoticed()).await;
}

/// F27.
#[tokio::test]
async fn a_redis_that_stalls_longer_than_a_lease_moves_nothing() {
    let scene = Scene::of(short_leases(Cluster::of_pods(3).and_proxies(2)), 6).await;
    let before = scene.owners().await;
    let load = scene.load();
    let redis = scene.cluster.redis.as_ref().unwrap();
    redis.pause();
    scene.begun("F27 Redis stalls");
    outlast_a_lease(&load).await;
    redis.resume();
    load.signs_more(50).await;
    let told = load.stop().await;
    assert!(told.failed.is_empty() && told.resent == 0, "{told:?}");
    assert_eq!(scene.owners().await, before, "it moved for no reason");
    scene.assert_sound(Terms::unnoticed()).await;
}

/// F17: one proxy sees no change of membership any more, while an owner dies and another pod comes.
#[tokio::test]
async fn proxies_that_disagree_on_membership_lead_to_one_owner() {
    let cluster = short_leases(Cluster::of_pods(3).and_proxies(2).with_relays());
    let mut scene = Scene::of(cluster, 6).await;
    let before = scene.owners().await;
    let load = scene.load();
    scene.cluster.link("proxy-0", Target::Redis).lose();
    scene.begun("F17 a proxy with a stale view");
    scene.cluster.add_pod().await;
    scene.cluster.pod(&before[0].pod).kill();
    scene.begun("F01 owner killed");
    outlast_a_lease(&load).await;
    scene.cluster.heal();
    load.signs_more(50).await;
    let told = load.stop().await;
    assert!(told.failed.is_empty() && told.resent == 0, "{told:?}");
    for (before_it, now) in before.iter().zip(scene.owners().await) {
        let moves = u64::from(before_it.pod == before[0].pod);
        assert_eq!(now.epoch, before_it.epoch + moves, "{before_it:?} {now:?}");
    }
    scene.assert_sound(Terms::unnoticed()).await;
}

/// F22: the pod signs, its answer is lost on the way, and the client asks through the other proxy.
#[tokio::test]
async fn an_answer_lost_on_the_way_is_found_by_its_operation_id() {
    let scene = Scene::of(Cluster::of_pods(2).and_proxies(2).with_relays(), 1).await;
    let owner = scene.owner(0).await;
    let signed_before = scene.tse(0).signatures().len();
    let way = scene.cluster.link("proxy-0", Target::Pod(&owner.pod));
    way.back(Line::Lost);
    scene.begun("F22 answers lost");
    let (id, sale) = (OperationId::random(), receipt::sale(&scene.tills[0].1, "R-1"));
    let asked = tokio::spawn({
        let (pos, sale) = (scene.pos(0, 0), sale.clone());
        async move { pos.sign_as(id, &sale).await }
    });
    eventually("the TSE has signed", Duration::from_secs(30), async || {
        (scene.tse(0).signatures().len() == signed_before + 2).then_some(())
    })
    .await;
    let found = scene.pos(0, 1).sign_as(id, &sale).await;
    found.receipt();
    way.heal();
    let late = asked.await.unwrap();
    assert_eq!((late.status, &late.body), (200, &found.body));
    assert_eq!(scene.owner(0).await, owner);
    scene.assert_sound(Terms::unnoticed()).await;
}

/// F23.
#[tokio::test]
async fn slow_ways_everywhere_make_nobody_take_over() {
    let cluster = Cluster::of_pods(2).and_proxies(2).journaled_in(Journal::Postgres);
    let scene = Scene::of(cluster.with_relays(), 3).await;
    let before = scene.owners().await;
    let cluster = &scene.cluster;
    let mut ways = vec![cluster.way(Target::Redis), cluster.way(Target::Database)];
    for pod in &cluster.pods {
        ways.extend([
            cluster.way(Target::Pod(pod.name())),
            cluster.way(Target::Peer(pod.name())),
        ]);
    }
    for way in &ways {
        way.there(Line::Wavering(Duration::ZERO, Duration::from_millis(200)));
        way.back(Line::Wavering(Duration::ZERO, Duration::from_millis(200)));
    }
    scene.begun("F23 delay everywhere");
    let load = scene.load();
    load.signs_more(30).await;
    assert_eq!(scene.owners().await, before, "it moved for no reason");
    cluster.heal();
    let told = load.stop().await;
    assert!(told.failed.is_empty() && told.resent == 0, "{told:?}");
    assert_eq!(scene.owners().await, before);
    scene.assert_sound(Terms::unnoticed()).await;
}

/// Signs on until every lease that is not renewed has run out.
async fn outlast_a_lease(load: &harness::load::Load) {
    let began = Instant::now();
    while began.elapsed() < OUTLASTS_A_LEASE {
        load.signs_more(20).await;
    }
}
