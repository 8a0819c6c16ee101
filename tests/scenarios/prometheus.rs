//! A real Prometheus scrapes a real cluster: it evaluates every rule and answers every dashboard.

use std::time::Duration;

use harness::cluster::Cluster;
use harness::eventually::eventually;
use harness::monitoring::dashboards::{Asked, dashboards};
use harness::prometheus::Prometheus;
use harness::traffic::Traffic;
use serde_json::{Value, json};

use crate::handover::relocate;

/// Figures follow what they count by a scrape, an evaluation and a busy machine.
const SOON: Duration = Duration::from_secs(60);

/// Panels whose questions find no series in a cluster where nothing fails, without TLS and without a memory limit.
const MAY_BE_EMPTY: [&str; 3] = [
    "byodc / Proxy: Certificate ends in",
    "byodc / Fleet: Memory of the limit",
    "byodc / TSE: Calls that were not answered, by kind",
];

/// What a cluster that signs and has handed a cashbox over must show as a figure above zero.
const ABOVE_ZERO: [&str; 12] = [
    "byodc / Fleet: Requests",
    "byodc / Fleet: Receipt, p95",
    "byodc / Fleet: Pods that take cashboxes",
    "byodc / Fleet: Cashboxes",
    "byodc / Fleet: Ownership store",
    "byodc / Fleet: Memory",
    "byodc / Fleet: Writes per commit",
    "byodc / Placement and handover: Claims, 1 h",
    "byodc / Placement and handover: Pause of a handover, p99",
    "byodc / Proxy: Answer, p99",
    "byodc / Proxy: Known routes",
    "byodc / TSE: A receipt's signing, p95",
];

#[tokio::test]
async fn prometheus_evaluates_every_rule_and_answers_every_dashboard() {
    let cluster = Cluster::of_pods(2).start().await;
    let prometheus = Prometheus::of(&cluster).await;
    let cashboxes = cluster.activated(6).await;
    let traffic = Traffic::of(&cashboxes);
    let (_, cashbox) = &cashboxes[0];
    let owner = cluster.owner(cashbox).await.pod;
    let (status, moved) = relocate(&cluster, &owner, cashbox, json!({})).await;
    assert_eq!((status, &moved["outcome"]), (200, &json!("moved")), "{moved}");
    traffic.signs_more(20).await;

    let asked: Vec<Asked> = dashboards()
        .iter()
        .flat_map(|board| board.asked_of_prometheus("30s"))
        .collect();
    for place in ABOVE_ZERO {
        let asked = asked.iter().find(|asked| asked.place == place);
        let asked = asked.unwrap_or_else(|| panic!("no panel is called {place}"));
        eventually(&format!("{place} shows something"), SOON, async || {
            let series = prometheus.query(&asked.expr).await.ok()?;
            series.iter().any(|series| value(series) > 0.0).then_some(())
        })
        .await;
    }
    for asked in &asked {
        let series = prometheus.query(&asked.expr).await;
        let series = series.unwrap_or_else(|fault| panic!("{}: {fault}", asked.place));
        let may_be_empty = MAY_BE_EMPTY.contains(&asked.place.as_str());
        assert!(
            may_be_empty || !series.is_empty(),
            "{} finds nothing: {}",
            asked.place,
            asked.expr
        );
    }
    nothing_is_wrong_with(&prometheus.evaluated_rules().await);
    traffic.ends_without_failure().await;
}

fn nothing_is_wrong_with(rules: &[Value]) {
    for rule in rules {
        let name = &rule["name"];
        assert_eq!(rule["health"], "ok", "{name}: {}", rule["lastError"]);
        // A handover, a scrape that came late: nothing of it is worth an alert.
        assert_ne!(rule["state"], "firing", "{name} fires: {}", rule["alerts"]);
    }
}

/// `[time, "value"]`, of a series or of a plain number.
fn value(series: &Value) -> f64 {
    let at_and_value = if series.is_array() {
        series
    } else {
        &series["value"]
    };
    at_and_value[1].as_str().unwrap().parse().unwrap()
}

/// The dashboard of one cashbox asks the logs: what it filters by must stand in their lines.
#[tokio::test]
async fn log_lines_carry_what_the_dashboard_of_one_cashbox_asks_for() {
    let cluster = Cluster::of_pods(1)
        .with("Byodc__Log__Format", "json")
        .start()
        .await;
    let cashboxes = cluster.activated(1).await;
    let id = cashboxes[0].1.id.to_string();
    let log = cluster.pods[0].log();
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let about: Vec<Value> = lines.filter(|line| line["cashbox.id"] == id.as_str()).collect();
    assert!(
        about.iter().any(|line| line["message"] == "cashbox claimed"),
        "{about:?}"
    );
    let request = about.iter().find(|line| line["message"] == "request");
    let request = request.unwrap_or_else(|| panic!("no line about a request in {about:?}"));
    assert!(
        request["level"].is_string() && request["pod.id"].is_string(),
        "{request}"
    );
    assert!(
        request["status"].is_number() && request["duration_ms"].is_number(),
        "{request}"
    );

    // Loki writes a dot in a name as an underscore.
    let known = request
        .as_object()
        .unwrap()
        .keys()
        .map(|name| name.replace('.', "_"));
    let known: Vec<String> = known.collect();
    for board in &dashboards() {
        for (panel, target) in board.targets("loki") {
            for name in filtered_by(&target.expr) {
                assert!(
                    known.contains(&name),
                    "{}: no line has {name}, but {known:?}",
                    panel.title
                );
            }
        }
    }
}

/// The names that stand between `|` and a comparison, or after `unwrap`.
fn filtered_by(expr: &str) -> Vec<String> {
    let stages = expr.split('|').skip(1).map(str::trim_start);
    let name = |stage: &str| {
        let stage = stage.strip_prefix("unwrap ").unwrap_or(stage);
        let end = stage.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
        let (name, rest) = stage.split_at(end);
        let compared = rest.trim_start().starts_with(['=', '!', '>', '<', '[']);
        (!name.is_empty() && compared).then(|| name.to_owned())
    };
    stages.filter_map(name).collect()
}
