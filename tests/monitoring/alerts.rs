//! Every alert fires when it should and is silent when it should be: promtool's unit tests in `alerts/`.

use std::collections::BTreeMap;
use std::process::Command;

use harness::monitoring::rules::{alerts, from_yaml};
use harness::monitoring::{files, tests_folder};
use serde_json::Value;

fn cases() -> Vec<(std::path::PathBuf, String)> {
    files(&tests_folder().join("monitoring/alerts"), ".test.yaml")
}

#[test]
fn every_alert_fires_and_is_silent_as_its_cases_say() {
    let running: Vec<_> = cases()
        .into_iter()
        .map(|(path, _)| {
            let mut test = Command::new("promtool");
            let test = test.args(["test", "rules"]).arg(&path);
            let output = test
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::piped())
                .spawn();
            (path, output.expect("promtool is installed by tests/run.sh"))
        })
        .collect();
    assert!(!running.is_empty());
    for (path, child) in running {
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {said}", path.display());
    }
}

#[test]
fn every_alert_has_a_case_that_fires_and_one_that_is_silent() {
    let mut seen: BTreeMap<String, [usize; 2]> = BTreeMap::new();
    for (path, text) in cases() {
        let file: Value = from_yaml(&text).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
        let moments = file["tests"].as_array().unwrap().iter();
        for moment in moments.flat_map(|test| test["alert_rule_test"].as_array().unwrap()) {
            let fires = !moment["exp_alerts"].as_array().unwrap().is_empty();
            let name = moment["alertname"].as_str().unwrap().to_owned();
            seen.entry(name).or_default()[usize::from(fires)] += 1;
        }
    }
    for alert in alerts() {
        let [silent, firing] = seen.remove(&alert.name).unwrap_or_default();
        assert!(
            silent > 0 && firing > 0,
            "{}: {silent} silent, {firing} firing",
            alert.name
        );
    }
    assert!(seen.is_empty(), "cases of alerts that do not exist: {seen:?}");
}
