//! The wall clock of one pod is an hour wrong: who may sign does not depend on it, and what is signed keeps its order.

use std::time::{Duration, SystemTime};

use harness::cluster::{Cluster, Ownership};
use harness::history::journals::Journals;
use harness::scene::Scene;
use harness::verdict::run::Terms;
use serde_json::json;
use shared::sabotage::CLOCK_SKEW;

use crate::handover::relocate;

const HOUR_MS: i64 = 3_600_000;
/// Ticks, steps of 100 ns, in half an hour.
const HALF_AN_HOUR: i64 = 1_800 * 10_000_000;
/// Ticks from the year 1 to 1970.
const UNIX_EPOCH: i64 = 621_355_968_000_000_000;
const LEASE: Duration = Duration::from_secs(3);

#[tokio::test]
async fn a_pod_whose_clock_is_an_hour_wrong_keeps_its_leases_and_moments_never_go_back_with_redis() {
    a_pod_whose_clock_is_an_hour_wrong_keeps_its_leases_and_moments_never_go_back(Ownership::Redis).await;
}

#[tokio::test]
async fn a_pod_whose_clock_is_an_hour_wrong_keeps_its_leases_and_moments_never_go_back_with_sql() {
    a_pod_whose_clock_is_an_hour_wrong_keeps_its_leases_and_moments_never_go_back(Ownership::Sql).await;
}

/// F36. `pod-0` is right, `pod-1` an hour ahead, `pod-2` an hour behind.
async fn a_pod_whose_clock_is_an_hour_wrong_keeps_its_leases_and_moments_never_go_back(ownership: Ownership) {
    let cluster = Cluster::of_pods(3)
        .owned_in(ownership)
        .with("Byodc__Lease__Seconds", &LEASE.as_secs().to_string())
        .with("Byodc__Lease__RenewSeconds", "1")
        .with_in("pod-1", CLOCK_SKEW, &HOUR_MS.to_string())
        .with_in("pod-2", CLOCK_SKEW, &(-HOUR_MS).to_string());
    let mut scene = Scene::of(cluster, 4).await;
    let load = scene.load();
    scene.begun("F36 clocks an hour wrong");

    // Leases: each pod lives through two of them, and nothing is taken from any.
    let before = scene.owners().await;
    tokio::time::sleep(LEASE * 2).await;
    load.signs_more(40).await;
    assert_eq!(scene.owners().await, before, "a wrong clock moves nothing");

    // Moves in good order: to the pod ahead, to the one behind, to the one that is right, and to the one behind again.
    for to in ["pod-1", "pod-2", "pod-0", "pod-2"] {
        hold_in(&scene, 0, to).await;
        load.signs_more(20).await;
    }
    // A takeover: the pod ahead dies under load, with requests on it.
    hold_in(&scene, 1, "pod-1").await;
    load.signs_more(20).await;
    scene.cluster.pod("pod-1").kill();
    load.signs_more(40).await;
    scene.cluster.pod("pod-1").restart().await;
    load.stop().await;

    scene.assert_sound(Terms::unnoticed()).await;
    let journals = Journals::read(&scene.tills[0].0).await;
    let newest = journals.receipts.iter().map(|receipt| receipt.moment_ticks).max();
    assert!(
        newest.unwrap() > now() + HALF_AN_HOUR,
        "the clock of the pod ahead was in force"
    );
    let log = scene.cluster.pod("pod-2").log();
    assert!(log.contains("the wall clock is behind the newest row of the queue"));
}

/// Has an operator move a cashbox to a pod, unless it is there.
async fn hold_in(scene: &Scene, cashbox: usize, to: &str) {
    let owner = scene.owner(cashbox).await;
    if owner.pod == to {
        return;
    }
    let (_, moving) = &scene.tills[cashbox];
    let (status, moved) = relocate(&scene.cluster, &owner.pod, moving, json!({ "to": to })).await;
    assert_eq!((status, &moved["outcome"]), (200, &json!("moved")), "{moved}");
}

/// The machine's own time, in ticks.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    UNIX_EPOCH + i64::try_from(since.as_micros()).unwrap() * 10
}
