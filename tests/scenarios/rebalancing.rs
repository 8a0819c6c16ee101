//! F14, up: pods that are added take what is new, and nothing that is live.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use harness::cashbox::Cashbox;
use harness::client::Pos;
use harness::cluster::{Cluster, Description, Owner};
use harness::eventually::eventually;
use harness::history::assert_sound;
use harness::receipt;
use harness::traffic::Traffic;
use serde_json::Value;

const LIVE: usize = 6;
const IDLE: usize = 30;
const MOVED_WITHIN: Duration = Duration::from_secs(120);
/// Pods that hand over share a key, or the successor would load a cashbox only when it is asked for.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A cluster of three with live and idle cashboxes.
struct Scaled {
    cluster: Cluster,
    live: Vec<(Pos, Cashbox)>,
    idle: Vec<(Pos, Cashbox)>,
}

impl Scaled {
    async fn from(description: Description) -> Self {
        let cluster = description.with("Byodc__Configuration__Key", KEY).start().await;
        let (live, idle) = (cluster.activated(LIVE).await, cluster.activated(IDLE).await);
        Self { cluster, live, idle }
    }

    async fn double(&mut self) {
        for _ in 0..3 {
            self.cluster.add_pod().await;
        }
    }

    /// The owner of each; one that changes hands at this moment may have none.
    async fn owners(&self, cashboxes: &[(Pos, Cashbox)]) -> Vec<Vec<Owner>> {
        let mut owners = Vec::new();
        for (_, cashbox) in cashboxes {
            owners.push(self.cluster.owners(cashbox).await);
        }
        owners
    }

    /// How many cashboxes the added pods have.
    async fn moved(&self) -> usize {
        let owners = self.owners(&self.idle).await.concat();
        let added = ["pod-3", "pod-4", "pod-5"];
        owners
            .iter()
            .filter(|owner| added.contains(&owner.pod.as_str()))
            .count()
    }

    async fn changes(&self, cashbox: &Cashbox) -> Vec<Value> {
        self.cluster.ownership_history("pod-0", cashbox).await
    }
}

#[tokio::test]
async fn nothing_moves_to_pods_that_are_added_unless_it_is_asked_for() {
    let mut scaled = Scaled::from(Cluster::of_pods(3)).await;
    let before = (
        scaled.owners(&scaled.live).await,
        scaled.owners(&scaled.idle).await,
    );
    let traffic = Traffic::of(&scaled.live);
    scaled.double().await;
    traffic.signs_more(300).await;
    traffic.ends_without_failure().await;
    let after = (
        scaled.owners(&scaled.live).await,
        scaled.owners(&scaled.idle).await,
    );
    assert_eq!(after, before);
}

#[tokio::test]
async fn idle_cashboxes_move_slowly_to_added_pods_and_live_ones_stay() {
    let description = Cluster::of_pods(3)
        .with("Byodc__Rebalance__PerMinute", "60")
        .with("Byodc__Rebalance__IdleSeconds", "10");
    let mut scaled = Scaled::from(description).await;
    let live_before = scaled.owners(&scaled.live).await;
    let traffic = Traffic::of(&scaled.live);
    let began = Instant::now();
    scaled.double().await;
    eventually("idle cashboxes move", MOVED_WITHIN, async || {
        (scaled.moved().await >= 6).then_some(())
    })
    .await;
    let live_after = scaled.owners(&scaled.live).await;
    traffic.ends_without_failure().await;

    let mut given_by: BTreeMap<String, u64> = BTreeMap::new();
    for (pos, cashbox) in &scaled.idle {
        let changes = scaled.changes(cashbox).await;
        let handovers: Vec<&Value> = changes.iter().filter(|row| row["kind"] == "handover").collect();
        assert!(handovers.len() <= 1, "moved more than once: {changes:?}");
        for handover in handovers {
            assert_eq!(handover["reason"], "rebalance");
            *given_by.entry(handover["from"].to_string()).or_default() += 1;
        }
        pos.sign(&receipt::sale(cashbox, "R-1")).await.receipt();
        assert_sound(pos).await;
    }
    // One a second and pod, and one in the first.
    let allowed = began.elapsed().as_secs() + 1;
    assert!(given_by.values().all(|given| *given <= allowed), "{given_by:?}");
    assert_eq!(live_after, live_before);
}
