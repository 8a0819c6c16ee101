//! One line per request at its end, on both sides, under the same operation id: flat JSON with the fields that a
//! collector of logs is told of.

use std::time::Duration;

use harness::cashbox::Cashbox;
use harness::client::Pos;
use harness::cluster::Cluster;
use harness::eventually::eventually;
use harness::receipt;
use harness::simulator::SimulatedTse;
use serde_json::{Value, json};
use shared::identity::OperationId;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
/// A line is written behind the answer.
const WITHIN: Duration = Duration::from_secs(20);

/// The lines at the end of a request, of proxies and of pods.
struct Lines {
    proxies: Vec<Value>,
    pods: Vec<Value>,
}

/// Every line of every process must be one JSON object with the four fields that each has.
fn lines_of(cluster: &Cluster, operation: OperationId) -> Lines {
    let mut lines = Lines {
        proxies: Vec::new(),
        pods: Vec::new(),
    };
    for (name, log) in cluster.logs() {
        let side = match name.split('-').next() {
            Some("proxy") => &mut lines.proxies,
            Some("pod") => &mut lines.pods,
            _ => continue,
        };
        for text in log.lines() {
            let line: Value =
                serde_json::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}: {text}"));
            for field in ["timestamp", "level", "target"] {
                assert!(line[field].is_string(), "{name} has no {field}: {text}");
            }
            assert!(
                line["span"].is_null() && line["fields"].is_null(),
                "not flat: {text}"
            );
            if line["target"] == "request" && line["operation.id"] == operation.to_string() {
                side.push(line);
            }
        }
    }
    lines
}

/// The lines of an operation, once the proxy has written its own.
async fn of(cluster: &Cluster, operation: OperationId) -> Lines {
    eventually("the line of the proxy", WITHIN, async || {
        let lines = lines_of(cluster, operation);
        (!lines.proxies.is_empty() && !lines.pods.is_empty()).then_some(lines)
    })
    .await
}

async fn asked(pos: &Pos, document: &Value) -> (OperationId, u16) {
    let operation = OperationId::random();
    let status = pos.sign_as(operation, document).await.status;
    (operation, status)
}

fn assert_fields(line: &Value, status: u16) {
    assert_eq!(line["status"], status, "{line}");
    assert_eq!(line["trace.id"], TRACE, "{line}");
    assert!(line["duration_ms"].as_f64().is_some_and(|ms| ms > 0.0), "{line}");
    assert!(
        line["pod.id"].as_str().is_some_and(|pod| pod.starts_with("pod-")),
        "{line}"
    );
    assert_eq!(line["message"], "request", "{line}");
    assert!(
        line["timestamp"]
            .as_str()
            .unwrap()
            .parse::<jiff::Timestamp>()
            .is_ok(),
        "{line}"
    );
}

/// The receipt goes on without whoever asked for it, so only the line is looked at.
async fn assert_a_caller_who_leaves_has_a_line(cluster: &mut Cluster, cashbox: &Cashbox, owner: &str) {
    let slow = json!([{ "operation": "finish", "effect": "delay-answer", "delay_ms": 2_000, "times": 1 }]);
    SimulatedTse::of(cluster, cashbox).play(&slow);
    let (operation, direct) = (OperationId::random(), cluster.pod(owner).url());
    let (pos, sale) = (cluster.pos(cashbox).at(&direct), receipt::sale(cashbox, "R-gone"));
    let asking = pos.try_sign(operation, &sale);
    let left = tokio::time::timeout(Duration::from_millis(500), asking).await;
    assert!(left.is_err(), "the TSE was not slow: {left:?}");
    let line = eventually("the line of the pod", WITHIN, async || {
        lines_of(cluster, operation).pods.pop()
    })
    .await;
    assert_eq!(line["broke_off"], true, "{line}");
    assert!(
        line["status"].is_null() && line["cashbox.id"] == cashbox.id.to_string(),
        "{line}"
    );
}

#[tokio::test]
async fn each_request_ends_with_one_line_on_each_side() {
    let mut cluster = Cluster::of_pods(2)
        .with("Byodc__Log__Format", "json")
        .with("Logging__LogLevel__request", "Debug")
        .start()
        .await;
    let cashbox = cluster.new_cashbox();
    let pos = cluster
        .pos(&cashbox)
        .traced_under(&format!("00-{TRACE}-00f067aa0ba902b7-00"));
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();

    let (served, status) = asked(&pos, &receipt::sale(&cashbox, "R-1")).await;
    assert_eq!(status, 200);
    let lines = of(&cluster, served).await;
    assert_eq!((lines.proxies.len(), lines.pods.len()), (1, 1));
    let (proxy, pod) = (&lines.proxies[0], &lines.pods[0]);
    for line in [proxy, pod] {
        assert_fields(line, 200);
        assert_eq!(line["cashbox.id"], cashbox.id.to_string());
    }
    assert_eq!(
        (proxy["resends"].as_u64(), pod["epoch"].as_u64()),
        (Some(0), Some(1))
    );
    assert_eq!(proxy["pod.id"], pod["pod.id"]);

    let stranger = pos.with_token("planted-wrong-token");
    let (refused, status) = asked(&stranger, &receipt::sale(&cashbox, "R-2")).await;
    assert_eq!(status, 401);
    let lines = of(&cluster, refused).await;
    assert_eq!((lines.proxies.len(), lines.pods.len()), (1, 1));
    assert_fields(&lines.proxies[0], 401);
    assert_fields(&lines.pods[0], 401);

    let owner = cluster.owner(&cashbox).await;
    assert_a_caller_who_leaves_has_a_line(&mut cluster, &cashbox, &owner.pod).await;

    cluster.pod(&owner.pod).kill();
    let (resent, status) = asked(&pos, &receipt::sale(&cashbox, "R-3")).await;
    assert_eq!(status, 200);
    let lines = of(&cluster, resent).await;
    assert_eq!(lines.proxies.len(), 1);
    assert!(
        lines.proxies[0]["resends"].as_u64() >= Some(1),
        "{}",
        lines.proxies[0]
    );
    let (served, sent_away): (Vec<_>, Vec<_>) = lines.pods.iter().partition(|line| line["status"] == 200);
    assert_eq!(served.len(), 1, "{:?}", lines.pods);
    assert_eq!(served[0]["epoch"].as_u64(), Some(2));
    assert!(
        sent_away.iter().all(|line| line["refusal"].is_string()),
        "{sent_away:?}"
    );

    for (name, text) in cluster.logs() {
        for secret in [&*cashbox.token, "planted-wrong-token", "cbReceiptReference"] {
            assert!(!text.contains(secret), "{name} gives {secret:?} away");
        }
    }
}
