//! A traced receipt is one tree, from the POS's own span to the commit; a collector that is gone costs nothing.

use std::time::Duration;

use harness::cashbox::Cashbox;
use harness::client::{self, Pos};
use harness::cluster::Cluster;
use harness::collector::{Collector, Taken};
use harness::eventually::eventually;
use harness::receipt;

const ACTIVATION: &str = "11111111111111111111111111111111";
const SALE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const POS: &str = "00f067aa0ba902b7";
/// What the collector asks for: a secret of the settings.
const KEY: (&str, &str) = ("x-collector-key", "planted-collector-key");
/// Spans are sent once a second.
const WITHIN: Duration = Duration::from_secs(30);

fn parent(trace: &str) -> String {
    format!("00-{trace}-{POS}-01")
}

async fn cluster(collector: &Collector) -> Cluster {
    Cluster::of_pods(1)
        .with("Byodc__Otlp__Endpoint", &collector.url())
        .with("Byodc__Otlp__Headers", &format!("{}={}", KEY.0, KEY.1))
        // Only what the caller records is recorded.
        .with("Byodc__Otlp__SampleRatio", "0")
        .start()
        .await
}

/// The spans of a trace, once the proxy's, which ends last, is there.
async fn whole(collector: &Collector, trace: &str) -> Vec<Taken> {
    let what = "the spans of a request";
    let has = |spans: &[Taken], name: &str| spans.iter().any(|span| span.name == name);
    eventually(what, WITHIN, async || {
        let spans = collector.spans_of(trace);
        (has(&spans, "proxy") && has(&spans, "sign")).then_some(spans)
    })
    .await
}

fn only<'a>(spans: &'a [Taken], name: &str) -> &'a Taken {
    let mut named = spans.iter().filter(|span| span.name == name);
    let found = named
        .next()
        .unwrap_or_else(|| panic!("no span {name}: {spans:#?}"));
    assert_eq!(named.next(), None, "two spans {name}");
    found
}

/// Asserts that each of these spans is the parent of the next one.
fn assert_line_of(spans: &[Taken], names: &[&str]) {
    for two in names.windows(2) {
        let (above, below) = (only(spans, two[0]), only(spans, two[1]));
        assert_eq!(below.parent, above.span, "{} is not below {}", two[1], two[0]);
        assert!(
            below.lasted.0 <= below.lasted.1,
            "{below:?} ends before it begins"
        );
    }
}

#[tokio::test]
async fn a_traced_receipt_is_one_tree_from_the_pos_to_the_commit() {
    let collector = Collector::start(KEY).await;
    let cluster = cluster(&collector).await;
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    let activation = receipt::initial_operation(&cashbox);
    pos.traced_under(&parent(ACTIVATION))
        .sign(&activation)
        .await
        .receipt();
    let sold = pos
        .traced_under(&parent(SALE))
        .sign(&receipt::sale(&cashbox, "R-1"))
        .await;
    sold.receipt();
    // Nobody traces this one, and the ratio does not will it either.
    pos.sign(&receipt::sale(&cashbox, "R-2")).await.receipt();

    let spans = whole(&collector, SALE).await;
    assert_eq!(only(&spans, "proxy").parent, POS);
    assert_line_of(&spans, &["proxy", "attempt", "sign", "mailbox"]);
    for step in ["intent", "process", "commit"] {
        assert_line_of(&spans, &["sign", step]);
    }
    let process = only(&spans, "process");
    let calls: Vec<_> = spans.iter().filter(|span| span.name == "tse").collect();
    assert!(!calls.is_empty(), "{spans:#?}");
    for call in &calls {
        assert_eq!(call.parent, process.span);
        assert_eq!(call.facts["tse.outcome"], "answered");
    }
    let sign = only(&spans, "sign");
    assert_eq!(sign.facts["cashbox.id"], cashbox.id.to_string());
    assert_eq!(sign.facts["operation.id"], sold.header("x-operation-id"));
    assert_eq!(sign.resource["service.name"], "byodc-backend");
    assert_eq!(sign.resource["k8s.pod.name"], "pod-0");
    assert_eq!(only(&spans, "proxy").resource["service.name"], "byodc-proxy");

    let start = whole(&collector, ACTIVATION).await;
    for step in ["acquire", "configuration", "claim", "recover"] {
        assert_line_of(&start, &["sign", "start", step]);
    }
    let shown = format!("{spans:?}{start:?}");
    assert!(
        !shown.contains(&cashbox.token) && !shown.contains("cbReceiptReference"),
        "{shown}"
    );
    let logs = cluster.logs();
    assert!(logs.iter().all(|(_, text)| !text.contains(KEY.1)));
    let told = |line: &str| line.contains("configuration asked for") && line.contains(ACTIVATION);
    let told = logs.iter().any(|(_, text)| text.lines().any(told));
    assert!(told, "the configuration service was not told of the trace");
}

#[tokio::test]
async fn a_collector_that_is_gone_costs_no_receipt_and_is_said_once() {
    let collector = Collector::start(KEY).await;
    let cluster = cluster(&collector).await;
    drop(collector);
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox).traced_under(&parent(SALE));
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    for admin in [cluster.pods[0].admin_url(), cluster.proxies[0].admin_url()] {
        // Two batches, so that a second warning would have been written.
        let first = dropped_beyond(&admin, 0, &pos, &cashbox).await;
        dropped_beyond(&admin, first, &pos, &cashbox).await;
    }
    for (name, log) in cluster.logs() {
        let said = log.matches("the collector takes no spans").count();
        assert_eq!(
            said,
            usize::from(name.starts_with("pod") || name.starts_with("proxy")),
            "{name}"
        );
    }
}

/// Signs until more spans than this were dropped there; answers how many.
async fn dropped_beyond(admin: &str, before: u64, pos: &Pos, cashbox: &Cashbox) -> u64 {
    eventually("dropped spans are counted", WITHIN, async || {
        pos.sign(&receipt::sale(cashbox, "R-1")).await.receipt();
        let answer = client::http()
            .get(format!("{admin}/metrics"))
            .send()
            .await
            .unwrap();
        let text = answer.text().await.unwrap();
        let line = text
            .lines()
            .find(|line| line.starts_with("byodc_otlp_dropped_spans_total"))?;
        let dropped: u64 = line.split_once(' ')?.1.parse().unwrap();
        (dropped > before).then_some(dropped)
    })
    .await
}
