//! Every alert has a runbook that says what somebody who was woken needs.

use std::collections::BTreeSet;

use harness::monitoring::rules::alerts;
use harness::monitoring::runbooks::{HEADINGS, runbooks};
use harness::monitoring::{files, folder, name_of};

#[test]
fn every_alert_has_a_runbook_and_every_runbook_an_alert() {
    let alerts: BTreeSet<_> = alerts().into_iter().map(|alert| alert.name).collect();
    let runbooks: BTreeSet<_> = runbooks().into_iter().map(|runbook| runbook.alert).collect();
    assert_eq!(alerts, runbooks);
}

#[test]
fn every_runbook_says_what_it_means_what_to_look_at_what_to_do_and_how_to_know_it_is_over() {
    for runbook in runbooks() {
        let name = &runbook.alert;
        assert!(runbook.text.starts_with(&format!("# {name}\n")), "{name}");
        let chapters = runbook.chapters();
        let headings: Vec<_> = chapters.iter().map(|(heading, _)| *heading).collect();
        assert_eq!(headings, HEADINGS, "{name}");
        for (heading, text) in &chapters {
            assert!(text.trim().len() > 80, "{name}: {heading} says next to nothing");
        }
        let [.., (_, over)] = chapters.as_slice() else {
            panic!("{name}")
        };
        assert!(
            over.contains("```promql"),
            "{name}: nothing to ask Prometheus whether it is over"
        );
        assert!(!runbook.code("sh").is_empty(), "{name} names no command");
    }
}

#[test]
fn links_between_runbooks_lead_somewhere() {
    let there: BTreeSet<_> = files(&folder().join("runbooks"), ".md")
        .iter()
        .map(|(path, _)| name_of(path))
        .collect();
    for runbook in runbooks() {
        for link in runbook
            .text
            .split("](")
            .skip(1)
            .filter_map(|rest| Some(rest.split_once(')')?.0))
        {
            let file = link.split('#').next().unwrap();
            assert!(
                there.contains(file) || file == "../README.md",
                "{}: {link}",
                runbook.alert
            );
        }
    }
}
