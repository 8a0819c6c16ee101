//! Planned moves: a pod that is told to stop, and an operator who moves a cashbox, cost no request.

use std::time::{Duration, Instant};

use harness::cashbox::Cashbox;
use harness::client::{self, Pos};
use harness::cluster::{Cluster, Journal, Owner, Ownership};
use harness::deployment::{Deployment, Strategy};
use harness::eventually::eventually;
use harness::history::assert_sound;
use harness::receipt;
use harness::sabotage::Sabotage;
use harness::simulator::SimulatedTse;
use harness::traffic::Traffic;
use serde_json::{Value, json};

const CASHBOXES: usize = 12;
/// Longer than a drain of so few cashboxes may take on a busy machine, and far less than its budget.
const SOON: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_pod_told_to_stop_hands_each_cashbox_over_once_with_redis() {
    let cluster = Cluster::of_pods(3).and_proxies(2).owned_in(Ownership::Redis);
    a_pod_told_to_stop_hands_each_cashbox_over_once(cluster.start().await).await;
}

#[tokio::test]
async fn a_pod_told_to_stop_hands_each_cashbox_over_once_with_sql() {
    let cluster = Cluster::of_pods(3).and_proxies(2).owned_in(Ownership::Sql);
    a_pod_told_to_stop_hands_each_cashbox_over_once(cluster.journaled_in(Journal::Postgres).start().await)
        .await;
}

/// F11 with few cashboxes.
async fn a_pod_told_to_stop_hands_each_cashbox_over_once(mut cluster: Cluster) {
    let cashboxes = cluster.activated(CASHBOXES).await;
    let before = owners(&cluster, &cashboxes).await;
    let traffic = Traffic::of(&cashboxes);
    traffic.signs_more(40).await;
    let stopped = before[0].pod.clone();
    cluster.pod(&stopped).stop().await;
    let after = owners(&cluster, &cashboxes).await;
    traffic.signs_more(40).await;
    traffic.ends_without_failure().await;
    for (at, (pos, cashbox)) in cashboxes.iter().enumerate() {
        let (before, after) = (&before[at], &after[at]);
        if before.pod == stopped {
            assert_eq!(after.epoch, before.epoch + 1, "moved once");
            let history = cluster.ownership_history(&after.pod, cashbox).await;
            let words = |row: &Value| (row["kind"].clone(), row["reason"].clone());
            let latest: Vec<_> = history.iter().take(2).map(words).collect();
            for expected in [("claim", "handover"), ("handover", "drain")] {
                let expected = (expected.0.into(), expected.1.into());
                assert!(latest.contains(&expected), "{history:?}");
            }
        } else {
            assert_eq!(before, after, "a pod that goes on keeps its cashboxes");
        }
        let journals = assert_sound(pos).await;
        SimulatedTse::of(&cluster, cashbox).assert_accounted_for(&journals);
    }
}

/// The pods are replaced by as many of a new generation, one after another.
#[tokio::test]
async fn a_rolling_restart_moves_each_cashbox_once() {
    let mut cluster = Cluster::of_pods(3).and_proxies(2).start().await;
    let cashboxes = cluster.activated(CASHBOXES).await;
    let before = owners(&cluster, &cashboxes).await;
    let traffic = Traffic::of(&cashboxes);
    let mut deployment = Deployment::of(&cluster.pods, cluster.template(), Strategy::default());
    deployment.roll();
    deployment.settle(&mut cluster.pods).await;
    traffic.signs_more(40).await;
    traffic.ends_without_failure().await;
    let after = owners(&cluster, &cashboxes).await;
    for (at, (pos, _)) in cashboxes.iter().enumerate() {
        assert_eq!(
            after[at].epoch,
            before[at].epoch + 1,
            "{:?} {:?}",
            before[at],
            after[at]
        );
        assert_sound(pos).await;
    }
}

/// F12: the drain is slow, and the process is killed in the middle of it.
#[tokio::test]
async fn a_pod_killed_while_it_hands_over_costs_no_request() {
    let sabotage = Sabotage::new();
    let cluster = Cluster::of_pods(3)
        .and_proxies(2)
        .with("Byodc__Drain__ReleasesMax", "1");
    let mut cluster = sabotage.witnessed(cluster).start().await;
    let cashboxes = cluster.activated(CASHBOXES).await;
    let before = owners(&cluster, &cashboxes).await;
    let stopped = before[0].pod.clone();
    let hosted: Vec<_> = (0..CASHBOXES).filter(|at| before[*at].pod == stopped).collect();
    let traffic = Traffic::of(&cashboxes);
    traffic.signs_more(40).await;
    // The last of its cashboxes hangs between freeze and take; those before it have moved by then.
    sabotage.play(&[json!({
        "id": "f12", "point": "handover-frozen", "action": "delay", "delay_ms": 300, "times": hosted.len(),
        "pod": stopped,
    })]);
    cluster.pod(&stopped).process().terminate();
    eventually("the second handover has begun", SOON, async || {
        (sabotage.firings("f12") >= hosted.len().min(2)).then_some(())
    })
    .await;
    cluster.pod(&stopped).kill();
    traffic.signs_more(80).await;
    traffic.ends_without_failure().await;
    for (pos, cashbox) in &cashboxes {
        pos.sign(&receipt::sale(cashbox, "LAST")).await.receipt();
        assert_ne!(cluster.owner(cashbox).await.pod, stopped);
        let journals = assert_sound(pos).await;
        SimulatedTse::of(&cluster, cashbox).assert_accounted_for(&journals);
    }
}

#[tokio::test]
async fn an_operator_moves_a_cashbox_there_and_back_under_load() {
    let cluster = Cluster::of_pods(2).and_proxies(2).start().await;
    let cashboxes = cluster.activated(CASHBOXES).await;
    let traffic = Traffic::of(&cashboxes);
    traffic.signs_more(20).await;
    let (_, cashbox) = &cashboxes[0];
    let mut pauses = Vec::new();
    for _ in 0..20 {
        let owner = cluster.owner(cashbox).await;
        let other = cluster.pods.iter().find(|pod| pod.name() != owner.pod).unwrap();
        let (status, moved) = relocate(&cluster, &owner.pod, cashbox, json!({ "to": other.name() })).await;
        assert_eq!((status, &moved["outcome"]), (200, &json!("moved")), "{moved}");
        assert_eq!(moved["epoch"], owner.epoch + 1);
        pauses.push(moved["pauseMs"].as_f64().expect("a pause"));
        assert_eq!(cluster.owner(cashbox).await.pod, other.name());
        let (status, _) = relocate(&cluster, &owner.pod, cashbox, Value::Null).await;
        assert_eq!(status, 404, "it is not there any more");
    }
    pauses.sort_by(f64::total_cmp);
    println!("pauses in ms, from short to long: {pauses:.1?}");
    traffic.ends_without_failure().await;
    let owner = cluster.owner(cashbox).await;
    let (status, refused) = relocate(&cluster, &owner.pod, cashbox, json!({ "to": "nobody" })).await;
    assert_eq!((status, &refused["outcome"]), (409, &json!("no-successor")));
    assert_eq!(cluster.owner(cashbox).await, owner, "nothing has changed");
    for (pos, _) in &cashboxes {
        assert_sound(pos).await;
    }
}

#[tokio::test]
async fn the_last_pod_releases_what_nobody_takes_and_ends_as_soon_as_it_is_empty() {
    let mut cluster = Cluster::of_pods(1).start().await;
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    let before = cluster.owner(&cashbox).await;
    let began = Instant::now();
    cluster.pods[0].stop().await;
    assert!(began.elapsed() < SOON, "far less than the budget of a drain");
    cluster.pods[0].restart().await;
    pos.sign(&receipt::sale(&cashbox, "R-1")).await.receipt();
    assert_eq!(cluster.owner(&cashbox).await.epoch, before.epoch + 1);
    let history = cluster.ownership_history("pod-0", &cashbox).await;
    assert!(history.iter().any(|row| row["kind"] == "release"), "{history:?}");
    assert_sound(&pos).await;
}

async fn owners(cluster: &Cluster, cashboxes: &[(Pos, Cashbox)]) -> Vec<Owner> {
    let mut owners = Vec::new();
    for (_, cashbox) in cashboxes {
        owners.push(cluster.owner(cashbox).await);
    }
    owners
}

fn admin_url(cluster: &Cluster, pod: &str) -> String {
    let pod = cluster.pods.iter().find(|at| at.name() == pod);
    pod.expect("the pod runs").admin_url()
}

/// Asks a pod to move a cashbox.
pub(crate) async fn relocate(cluster: &Cluster, pod: &str, cashbox: &Cashbox, body: Value) -> (u16, Value) {
    let url = format!(
        "{}/admin/v1/cashboxes/{}/move",
        admin_url(cluster, pod),
        cashbox.id
    );
    let mut asked = client::http().post(url);
    if !body.is_null() {
        asked = asked.json(&body);
    }
    let answer = asked.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}
