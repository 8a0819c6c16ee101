//! Rolling restarts and scaling under load, by a supervisor that imitates a Deployment: nobody notices.

use std::time::Duration;

use harness::cluster::{Cluster, Journal, Ownership};
use harness::deployment::{Deployment, Strategy};
use harness::load::Load;
use harness::scene::Scene;
use harness::verdict::run::Terms;

const CASHBOXES: usize = 10;
/// Between two receipts of a POS: slow enough that the processes which start beside it get their turn.
const PAUSE: Duration = Duration::from_millis(50);

#[tokio::test]
async fn a_rolling_restart_of_pods_and_proxies_costs_no_request_with_redis() {
    let cluster = Cluster::of_pods(3).and_proxies(2);
    a_rolling_restart_of_pods_and_proxies_costs_no_request(Scene::of(cluster, CASHBOXES).await).await;
}

#[tokio::test]
async fn a_rolling_restart_of_pods_and_proxies_costs_no_request_with_sql() {
    let cluster = Cluster::of_pods(3).and_proxies(2).owned_in(Ownership::Sql);
    a_rolling_restart_of_pods_and_proxies_costs_no_request(Scene::of(cluster, CASHBOXES).await).await;
}

#[tokio::test]
async fn a_rolling_restart_of_pods_and_proxies_costs_no_request_in_maria_db() {
    let cluster = Cluster::of_pods(3).and_proxies(2).journaled_in(Journal::MariaDb);
    a_rolling_restart_of_pods_and_proxies_costs_no_request(Scene::of(cluster, CASHBOXES).await).await;
}

/// F13. Clients know the proxies by a list that lags by a second.
async fn a_rolling_restart_of_pods_and_proxies_costs_no_request(mut scene: Scene) {
    let template = scene.cluster.template();
    let mut pods = Deployment::of(&scene.cluster.pods, template.clone(), Strategy::default());
    let mut proxies = Deployment::of(&scene.cluster.proxies, template, Strategy::default());
    let before = scene.owners().await;
    let load = Load::on(&scene.tills, &proxies.endpoints(), PAUSE);
    load.signs_more(50).await;
    scene.begun("F13 rolling restart of pods");
    pods.roll();
    pods.settle(&mut scene.cluster.pods).await;
    let between = scene.owners().await;
    scene.begun("F13 rolling restart of proxies");
    proxies.roll();
    proxies.settle(&mut scene.cluster.proxies).await;
    load.signs_more(50).await;
    let told = load.stop().await;
    assert!(told.failed.is_empty() && told.resent == 0, "{told:?}");
    for (deployment, replicas) in [(&pods, 3), (&proxies, 2)] {
        let deeds = deployment.deeds();
        assert_eq!(
            (deeds.stopped, deeds.killed, deeds.fewest_left),
            (replicas, 0, replicas)
        );
    }
    for (before, after) in before.iter().zip(&between) {
        assert_eq!(
            after.epoch,
            before.epoch + 1,
            "it moved more than once: {before:?} {after:?}"
        );
    }
    assert_eq!(scene.owners().await, between, "a proxy moved a cashbox");
    scene.assert_sound(Terms::unnoticed()).await;
}

/// Every pod is told to stop in the same moment, as by `kubectl delete pods --all`; others start in their places.
#[tokio::test]
async fn all_pods_told_to_stop_at_once_cost_no_request() {
    let mut scene = Scene::of(Cluster::of_pods(3).and_proxies(2), CASHBOXES).await;
    let at_once = Strategy {
        unavailable: 3,
        ..Strategy::default()
    };
    let mut pods = Deployment::of(&scene.cluster.pods, scene.cluster.template(), at_once);
    let before = scene.owners().await;
    let load = Load::on(&scene.tills, &scene.doors(), PAUSE);
    load.signs_more(50).await;
    scene.begun("all pods told to stop");
    pods.roll();
    pods.settle(&mut scene.cluster.pods).await;
    load.signs_more(50).await;
    let told = load.stop().await;
    assert!(told.failed.is_empty() && told.resent == 0, "{told:?}");
    assert_eq!(
        (
            pods.deeds().stopped,
            pods.deeds().killed,
            pods.deeds().fewest_left
        ),
        (3, 0, 0)
    );
    // The first may have handed one over before the signal reached the second, and that before it reached the third.
    for (before, after) in before.iter().zip(&scene.owners().await) {
        assert!(
            (1..=3).contains(&(after.epoch - before.epoch)),
            "{before:?} {after:?}"
        );
    }
    scene.assert_sound(Terms::unnoticed()).await;
}

/// F14.
#[tokio::test]
async fn scaling_out_moves_no_live_cashbox_and_scaling_in_moves_only_those_of_the_victims() {
    let mut scene = Scene::of(Cluster::of_pods(2).and_proxies(2), CASHBOXES).await;
    let template = scene.cluster.template();
    let mut pods = Deployment::of(&scene.cluster.pods, template, Strategy::default());
    let before = scene.owners().await;
    let load = Load::on(&scene.tills, &scene.doors(), PAUSE);
    scene.begun("F14 scaled out");
    pods.scale(5);
    pods.settle(&mut scene.cluster.pods).await;
    load.signs_more(50).await;
    assert_eq!(scene.owners().await, before, "a live cashbox moved");

    // The newest go first, so that only cold pods would be victims; a roll gives every pod some of the load.
    pods.roll();
    pods.settle(&mut scene.cluster.pods).await;
    let rolled = scene.owners().await;
    scene.begun("F14 scaled in");
    pods.scale(2);
    pods.settle(&mut scene.cluster.pods).await;
    load.signs_more(50).await;
    let told = load.stop().await;
    assert!(told.failed.is_empty() && told.resent == 0, "{told:?}");
    let survivors: Vec<String> = scene
        .cluster
        .pods
        .iter()
        .map(|pod| pod.name().to_owned())
        .collect();
    for (rolled, now) in rolled.iter().zip(&scene.owners().await) {
        match survivors.contains(&rolled.pod) {
            true => assert_eq!(now, rolled, "it moved although its pod stayed"),
            // Three victims hear of it one after the other: the first may hand over to the second, and that to the third.
            false => {
                assert!(
                    (1..=3).contains(&(now.epoch - rolled.epoch)),
                    "{rolled:?} {now:?}"
                );
                assert!(survivors.contains(&now.pod), "{now:?}");
            }
        }
    }
    scene.assert_sound(Terms::unnoticed()).await;
}
