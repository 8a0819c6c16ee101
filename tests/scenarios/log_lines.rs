//! Lines that are written on the way through a pod name the cashbox and the trace that they belong to, however deep
//! they are written: in the task of a start, in the queue's cases, behind the answer of an export.

use std::time::Duration;

use harness::cluster::Cluster;
use harness::eventually::eventually;
use harness::receipt;
use serde_json::{Value, json};

const START: &str = "11111111111111111111111111111111";
const SALE: &str = "22222222222222222222222222222222";
const EXPORT: &str = "33333333333333333333333333333333";
const RECEIPTS: i64 = 2;
/// An export's line is written behind the answer.
const WITHIN: Duration = Duration::from_secs(20);

fn parent(trace: &str) -> String {
    format!("00-{trace}-00f067aa0ba902b7-00")
}

/// What the pods have written.
fn lines(cluster: &Cluster) -> Vec<Value> {
    let pods = cluster
        .logs()
        .into_iter()
        .filter(|(name, _)| name.starts_with("pod"));
    pods.flat_map(|(_, text)| {
        let lines = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("a line of JSON"));
        lines.collect::<Vec<Value>>()
    })
    .collect()
}

/// The one line with this message, once it is there.
async fn saying(cluster: &Cluster, message: &str) -> Value {
    eventually(message, WITHIN, async || {
        lines(cluster).into_iter().find(|line| line["message"] == message)
    })
    .await
}

#[tokio::test]
async fn every_line_names_the_cashbox_and_the_trace_it_belongs_to() {
    let cluster = Cluster::of_pods(1)
        .with("Byodc__Log__Format", "json")
        .with("Logging__LogLevel__backend", "Debug")
        .start()
        .await;
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    let start = receipt::initial_operation(&cashbox);
    pos.traced_under(&parent(START)).sign(&start).await.receipt();
    let mut unequal = receipt::sale(&cashbox, "R-1");
    unequal["cbPayItems"][0]["Amount"] = json!(2.70);
    pos.traced_under(&parent(SALE)).sign(&unequal).await.receipt();
    pos.traced_under(&parent(EXPORT)).journal(RECEIPTS).await;

    let unequal = "the charge items and the pay items of a receipt add up to different sums";
    for (message, trace) in [
        ("cashbox claimed", START),
        (unequal, SALE),
        ("an export has ended", EXPORT),
    ] {
        let line = saying(&cluster, message).await;
        assert_eq!(line["trace.id"], trace, "{line}");
        assert_eq!(line["cashbox.id"], cashbox.id.to_string(), "{line}");
    }
    for line in lines(&cluster) {
        let of_a_cashbox = ["queue.id", "queue_item.id", "scu.id", "cashbox.id"];
        if of_a_cashbox.iter().any(|field| !line[field].is_null()) {
            assert_eq!(line["cashbox.id"], cashbox.id.to_string(), "{line}");
            // Everything that this cashbox ever did was asked for under a trace.
            assert!(line["trace.id"].is_string(), "{line}");
        }
    }
    // A twin of a field would be read as either.
    for (name, text) in cluster.logs() {
        for field in ["\"cashbox.id\":", "\"trace.id\":"] {
            let twice = text.lines().find(|line| line.matches(field).count() > 1);
            assert_eq!(twice, None, "{name} says {field} twice");
        }
    }
}
