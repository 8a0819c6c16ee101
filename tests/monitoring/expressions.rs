//! Every expression is PromQL about metrics, labels and words that exist.

use harness::monitoring::catalogue::Catalogue;
use harness::monitoring::dashboards::dashboards;
use harness::monitoring::query::Query;
use harness::monitoring::rules::{alerts, recorded};
use harness::monitoring::runbooks::runbooks;

/// What is wrong with an expression, if anything.
fn fault(expr: &str, catalogue: &Catalogue) -> Option<String> {
    Query::read(expr).and_then(|query| query.labels(catalogue)).err()
}

#[test]
fn every_expression_of_rules_and_dashboards_and_runbooks_asks_for_what_exists() {
    let catalogue = Catalogue::of_everything();
    let of_alerts = alerts().into_iter().map(|alert| (alert.name, alert.expr));
    let of_records = recorded().into_iter().map(|rule| (rule.record, rule.expr));
    let of_dashboards = dashboards()
        .into_iter()
        .flat_map(|dashboard| dashboard.asked_of_prometheus("5m"));
    let of_runbooks = runbooks().into_iter().flat_map(|runbook| {
        let blocks = runbook.code("promql");
        blocks
            .into_iter()
            .map(move |block| (runbook.alert.clone(), block))
    });
    let every = of_alerts
        .chain(of_records)
        .chain(of_dashboards.map(|asked| (asked.place, asked.expr)))
        .chain(of_runbooks);
    let faults: Vec<_> = every
        .filter_map(|(place, expr)| Some(format!("{place}: {}", fault(&expr, &catalogue)?)))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn names_in_legends_and_texts_are_labels_of_their_series() {
    let catalogue = Catalogue::of_everything();
    let labels = |expr: &str| Query::read(expr).unwrap().labels(&catalogue).unwrap();
    for asked in dashboards()
        .iter()
        .flat_map(|dashboard| dashboard.asked_of_prometheus("5m"))
    {
        let known = labels(&asked.expr);
        for name in between(&asked.legend, "{{", "}}") {
            assert!(
                known.contains_key(name.trim()),
                "{}: {name} is none of {known:?}",
                asked.place
            );
        }
    }
    for alert in alerts() {
        let known = labels(&alert.expr);
        let texts = alert.annotations.values();
        for name in texts
            .flat_map(|text| text.split("$labels.").skip(1))
            .map(first_word)
        {
            assert!(
                known.contains_key(name),
                "{}: {name} is none of {known:?}",
                alert.name
            );
        }
    }
}

fn between<'a>(text: &'a str, begin: &'a str, end: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(begin)
        .skip(1)
        .filter_map(move |rest| Some(rest.split_once(end)?.0))
}

fn first_word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    &text[..end.unwrap_or(text.len())]
}

/// The test above is worth what it notices.
#[test]
fn what_does_not_exist_is_noticed() {
    let catalogue = Catalogue::of_everything();
    for (expr, said) in [
        ("sum(rate(byodc_claims_total[5m])", "unclosed"),
        ("byodc_claim_total", "there is no metric byodc_claim_total"),
        ("byodc_proxy_request_duration_seconds", "there is no metric"),
        ("byodc_claims_total{cause=\"takeover\"}", "has no label cause"),
        (
            "byodc_claims_total{reason=\"take-over\"}",
            "reason is never \"take-over\"",
        ),
        (
            "byodc_claims_total{reason=~\"takeover|none\"}",
            "reason is never \"none\"",
        ),
        ("byodc_claims_total{reason=~\"x.*\"}", "no reason matches"),
        ("sum by (state) (byodc_claims_total)", "grouped by state"),
        (
            "sum by (reason) (sum by (namespace) (byodc_claims_total))",
            "grouped by reason",
        ),
        ("sum without (state) (byodc_claims_total)", "no label state"),
        (
            "histogram_quantile(0.5, sum(rate(byodc_sign_duration_seconds_bucket[5m])))",
            "without le",
        ),
        ("byodc_cashboxes / byodc_draining", "different labels"),
        ("byodc_draining * on (state) byodc_build_info", "grouped by state"),
    ] {
        let fault = fault(expr, &catalogue).unwrap_or_else(|| panic!("nothing is wrong with {expr}"));
        assert!(fault.contains(said), "{expr}: {fault}");
    }
    assert_eq!(
        fault(
            "sum by (reason) (increase(byodc_claims_total{reason=~\"d.*\"}[5m])) > 1",
            &catalogue
        ),
        None
    );
}
