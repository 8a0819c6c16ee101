//! A pod that dies with many cashboxes, or falls silent: how soon others serve them, and what that costs.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::future::join_all;
use harness::cluster::Cluster;
use harness::eventually::eventually;
use harness::history::assert_sound;
use harness::receipt;

/// How many cashboxes the dead pod has at least a third of.
const CASHBOXES: usize = 120;
/// How long anything may take that happens by itself.
const SOON: Duration = Duration::from_secs(60);

/// F01 for many at once: every cashbox is asked for at the same moment, and none of the requests fails. What the pods
/// did is counted by themselves: each cashbox is taken over once, and the dead pod is buried by few.
#[tokio::test]
async fn a_pod_that_dies_with_many_cashboxes_is_succeeded_for_all_of_them_at_once() {
    let mut cluster = Cluster::of_pods(3).and_proxies(2).start().await;
    let cashboxes = cluster.activated(CASHBOXES).await;
    let victim = cluster.owner(&cashboxes[0].1).await.pod;
    let mut orphaned = Vec::new();
    for (pos, cashbox) in &cashboxes {
        if cluster.owner(cashbox).await.pod == victim {
            orphaned.push((pos.clone(), cashbox.clone()));
        }
    }
    cluster.pod(&victim).kill();
    let killed = Instant::now();
    let first_answers = orphaned.iter().map(|(pos, cashbox)| async move {
        pos.sign(&receipt::sale(cashbox, "after")).await.receipt();
        killed.elapsed()
    });
    let mut first_answers = join_all(first_answers).await;
    first_answers.sort_unstable();
    println!(
        "{} cashboxes of a killed pod answered elsewhere after p50 {:?}, p99 {:?}",
        first_answers.len(),
        first_answers[first_answers.len() / 2],
        first_answers[first_answers.len() * 99 / 100]
    );
    let taken_over = metric(&cluster, "byodc_takeover_duration_seconds_count").await;
    assert_eq!(taken_over, orphaned.len(), "each once");
    let burials = cluster
        .logs()
        .iter()
        .map(|(_, log)| log.matches("a pod is gone").count())
        .sum::<usize>();
    println!("{burials} requests found the pod dead before all knew");
    for (pos, cashbox) in orphaned.iter().step_by(10) {
        assert_sound(pos).await;
        assert_ne!(cluster.owner(cashbox).await.pod, victim);
    }
}

/// F05 and F06: a pod that is stopped for less than its lease keeps its cashbox; one that is stopped for longer is
/// succeeded when its lease is over, and what it does afterwards is fenced.
#[tokio::test]
async fn a_silent_pod_is_succeeded_after_its_lease_and_not_before() {
    let mut cluster = Cluster::of_pods(2)
        .with("Byodc__Lease__Seconds", "6")
        .with("Byodc__Lease__RenewSeconds", "1")
        .start()
        .await;
    let (pos, cashbox) = cluster.activated(1).await.remove(0);
    let before = cluster.owner(&cashbox).await;

    cluster.pod(&before.pod).process().pause();
    let asked = tokio::spawn({
        let (pos, sale) = (pos.clone(), receipt::sale(&cashbox, "short"));
        async move { pos.sign(&sale).await }
    });
    tokio::time::sleep(Duration::from_secs(2)).await;
    cluster.pod(&before.pod).process().resume();
    asked.await.unwrap().receipt();
    assert_eq!(
        cluster.owner(&cashbox).await,
        before,
        "a short pause moves nothing"
    );

    cluster.pod(&before.pod).process().pause();
    let stopped = Instant::now();
    pos.sign(&receipt::sale(&cashbox, "long")).await.receipt();
    println!(
        "after a lease of 6 s another pod answered in {:?}",
        stopped.elapsed()
    );
    let after = cluster.owner(&cashbox).await;
    assert_eq!(after.epoch, before.epoch + 1);
    cluster.pod(&before.pod).process().resume();
    eventually(
        "the pod that was stopped gives the cashbox up",
        SOON,
        async || (cluster.owners(&cashbox).await == [after.clone()]).then_some(()),
    )
    .await;
    assert_sound(&pos).await;
}

/// A figure of all living pods together.
async fn metric(cluster: &Cluster, name: &str) -> usize {
    let mut sum = 0;
    for pod in &cluster.pods {
        let url = format!("{}/metrics", pod.admin_url());
        let Ok(answer) = harness::client::http().get(url).send().await else {
            continue;
        };
        let text = answer.text().await.unwrap();
        let figures: BTreeMap<_, _> = text.lines().filter_map(|line| line.rsplit_once(' ')).collect();
        sum += figures.get(name).map_or(0, |figure| figure.parse().unwrap());
    }
    sum
}
