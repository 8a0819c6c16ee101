//! Who held a cashbox when, under which epoch and why: every change can be read back from any pod.

use std::time::Duration;

use harness::cashbox::Cashbox;
use harness::cluster::Cluster;
use harness::eventually::eventually;
use harness::history::assert_sound;
use harness::receipt;
use serde_json::Value;

const SEEN_WITHIN: Duration = Duration::from_secs(60);
/// With a key in common a draining pod hands its cashboxes over.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A row as this scenario compares it: pods by their stable names.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Change {
    kind: String,
    from: Option<String>,
    to: Option<String>,
    epoch: u64,
    reason: String,
}

fn change(kind: &str, from: Option<&str>, to: Option<&str>, epoch: u64, reason: &str) -> Change {
    Change {
        kind: kind.to_owned(),
        from: from.map(str::to_owned),
        to: to.map(str::to_owned),
        epoch,
        reason: reason.to_owned(),
    }
}

/// From old to new, asked of a pod.
async fn history(cluster: &Cluster, pod: &str, cashbox: &Cashbox) -> Vec<Change> {
    let newest_first = cluster.ownership_history(pod, cashbox).await;
    newest_first.iter().rev().map(read).collect()
}

fn read(row: &Value) -> Change {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let name = |value: &Value| {
        value
            .as_str()
            .map(|pod| pod.split_once('/').unwrap().0.to_owned())
    };
    assert!(text(&row["at"]).is_some(), "{row}");
    Change {
        kind: text(&row["kind"]).unwrap(),
        from: name(&row["from"]),
        to: name(&row["to"]),
        epoch: row["epoch"].as_u64().unwrap(),
        reason: text(&row["reason"]).unwrap(),
    }
}

/// First owner → killed, taken over → drained → stopped for longer than its lease, taken over, continued.
#[tokio::test]
async fn every_change_of_a_cashboxs_owner_can_be_read_back_with_epoch_and_reason() {
    let mut cluster = Cluster::of_pods(3)
        .with("Byodc__Lease__Seconds", "3")
        .with("Byodc__Lease__RenewSeconds", "1")
        .with("Byodc__Configuration__Key", KEY)
        .start()
        .await;
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    let mut owners = Vec::new();
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    owners.push(cluster.owner(&cashbox).await.pod);

    cluster.pod(&owners[0]).kill();
    pos.sign(&receipt::sale(&cashbox, "R-1")).await.receipt();
    owners.push(cluster.owner(&cashbox).await.pod);
    cluster.pod(&owners[0]).restart().await;

    cluster.pod(&owners[1]).stop().await;
    pos.sign(&receipt::sale(&cashbox, "R-2")).await.receipt();
    owners.push(cluster.owner(&cashbox).await.pod);
    cluster.pod(&owners[1]).restart().await;

    cluster.pod(&owners[2]).process().pause();
    pos.sign(&receipt::sale(&cashbox, "R-3")).await.receipt();
    owners.push(cluster.owner(&cashbox).await.pod);
    cluster.pod(&owners[2]).process().resume();

    let asked = cluster.another_pod(&owners[3]).name().to_owned();
    let [first, second, third, fourth] = [0, 1, 2, 3].map(|at| Some(owners[at].as_str()));
    let fenced = change("fence", third, fourth, 3, "fenced");
    let rows = eventually("the loser has noticed", SEEN_WITHIN, async || {
        Some(history(&cluster, &asked, &cashbox).await).filter(|rows| rows.contains(&fenced))
    })
    .await;
    let (claims, ends): (Vec<Change>, Vec<Change>) = rows.into_iter().partition(|row| row.kind == "claim");
    assert_eq!(
        claims,
        [
            change("claim", None, first, 1, "reserved"),
            change("claim", first, second, 2, "takeover"),
            change("claim", second, third, 3, "handover"),
            change("claim", third, fourth, 4, "takeover"),
        ]
    );
    // A killed pod writes nothing: its end is the next claim.
    assert_eq!(ends, [change("handover", second, third, 2, "drain"), fenced]);
    assert_sound(&pos).await;
}
