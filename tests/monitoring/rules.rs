//! Rules follow the conventions that the chart, the runbooks and whoever is woken by them rely on.

use std::collections::BTreeSet;
use std::process::Command;

use harness::monitoring::rules::{alerts, groups, recorded};
use harness::monitoring::{files, folder};

#[test]
fn promtool_reads_every_file_of_rules() {
    let paths = files(&folder().join("rules"), ".yaml")
        .into_iter()
        .map(|(path, _)| path);
    let output = Command::new("promtool")
        .args(["check", "rules"])
        .args(paths)
        .output();
    let output = output.expect("promtool is installed by tests/run.sh");
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

#[test]
fn every_alert_says_how_severe_it_is_and_what_to_read() {
    for alert in alerts() {
        let name = &alert.name;
        assert!(
            is_camel_case(name.strip_prefix("Byodc").unwrap_or_default()),
            "{name}"
        );
        let severities: Vec<_> = alert
            .labels
            .iter()
            .map(|(label, word)| (label.as_str(), word.as_str()))
            .collect();
        assert!(
            matches!(severities[..], [("severity", "warning" | "critical")]),
            "{name} has the labels {severities:?}"
        );
        assert!(is_duration(&alert.lasting), "{name} lasts {:?}", alert.lasting);
        let said: Vec<_> = alert.annotations.keys().map(String::as_str).collect();
        assert_eq!(said, ["description", "runbook", "summary"], "{name}");
        assert_eq!(alert.annotations["runbook"], format!("runbooks/{name}.md"));
        let summary = &alert.annotations["summary"];
        assert!(
            !summary.contains("{{"),
            "{name}: a summary is the same for all of its alerts: {summary}"
        );
        assert!(
            !summary.ends_with('.') && alert.annotations["description"].ends_with('.'),
            "{name}"
        );
    }
}

#[test]
fn recorded_series_are_named_by_level_metric_and_operation() {
    for rule in recorded() {
        let parts: Vec<_> = rule.record.split(':').collect();
        assert!(
            matches!(parts[..], ["namespace" | "instance", metric, operation]
                if metric.starts_with("byodc_") && !operation.is_empty()),
            "{}",
            rule.record
        );
    }
}

#[test]
fn no_name_is_given_twice() {
    let groups = groups();
    let names: Vec<_> = groups.iter().map(|group| group.name.clone()).collect();
    let series = recorded().into_iter().map(|rule| rule.record);
    let alerts = alerts().into_iter().map(|alert| alert.name);
    let all: Vec<_> = names.into_iter().chain(series).chain(alerts).collect();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{all:?}");
    for group in groups {
        assert!(
            group.interval.as_deref().is_none_or(is_duration),
            "{}",
            group.name
        );
    }
}

fn is_camel_case(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_uppercase()) && word.chars().all(|c| c.is_ascii_alphanumeric())
}

/// `30s`, `5m`, `1h`: one number and one unit.
fn is_duration(text: &str) -> bool {
    let number = text.strip_suffix(['s', 'm', 'h']);
    number.is_some_and(|number| number.parse::<u32>().is_ok())
}
