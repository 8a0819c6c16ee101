//! Every metric of every role as a Markdown table, as `helm/monitoring/README.md` shows it.
//!
//! Taken from what the roles register when they start: a metric that is added there is a row here.

use shared::figures::description::{Description, Label};

use crate::role::Role;

/// Every metric, in the order in which a request meets the roles; of two roles, where both have it.
pub fn table() -> String {
    let mut rows: Vec<(Description, Vec<&'static str>)> = Vec::new();
    for (role, figures) in roles() {
        for figure in figures {
            match rows.iter_mut().find(|(known, _)| known.name == figure.name) {
                Some((_, roles)) => roles.push(role.word()),
                None => rows.push((figure, vec![role.word()])),
            }
        }
    }
    let mut table = "| metric | type | labels | read from | meaning |\n|---|---|---|---|---|\n".to_owned();
    for (figure, roles) in rows {
        table += &row(&figure, &roles.join(", "));
    }
    table
}

/// What each role counts. The configuration service counts nothing.
fn roles() -> [(Role, Vec<Description>); 2] {
    [
        (Role::Proxy, proxy::metrics::Metrics::default().descriptions()),
        (Role::Backend, backend::metrics::Metrics::new().descriptions()),
    ]
}

fn row(figure: &Description, roles: &str) -> String {
    let labels: Vec<_> = figure.labels.iter().map(label).collect();
    let meaning = match figure.only_when {
        None => figure.meaning.to_owned(),
        Some(when) => format!("{}; only when {when}", figure.meaning),
    };
    let (name, kind, labels) = (figure.name, figure.kind.word(), labels.join("; "));
    format!("| `{name}` | {kind} | {labels} | {roles} | {meaning} |\n")
}

/// A label with every value that it can have.
fn label(label: &Label) -> String {
    match label.says {
        Some(says) => format!("`{}`: {says}", label.name),
        None => format!("`{}`: {}", label.name, label.words.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use shared::figures::description::Kind;

    use super::*;

    fn all() -> impl Iterator<Item = Description> {
        roles().into_iter().flat_map(|(_, figures)| figures)
    }

    #[test]
    fn the_page_on_monitoring_shows_every_metric_as_it_is() {
        // Asked when the test runs: a build that was kept from another checkout would name that one's page.
        let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap();
        let page = Path::new(&package).join("../helm/monitoring/README.md");
        let page = std::fs::read_to_string(page).unwrap();
        let (_, after) = page.split_once("<!-- metrics -->\n").unwrap();
        let (shown, _) = after.split_once("<!-- /metrics -->").unwrap();
        assert!(
            shown == table(),
            "helm/monitoring/README.md is behind: put what `byodc metrics table` prints between its metrics markers"
        );
    }

    #[test]
    fn names_follow_the_conventions_of_prometheus() {
        for figure in all() {
            let name = figure.name;
            let stem = name.strip_suffix("_total");
            assert!(
                name.starts_with("byodc_") || name.starts_with("process_"),
                "{name}"
            );
            let letters = |c: char| c.is_ascii_lowercase() || c == '_';
            assert!(name.chars().all(letters), "{name}");
            assert_eq!(stem.is_some(), figure.kind == Kind::Counter, "{name}");
            // Prometheus itself adds these to a histogram's name, and `_total` says the same for counters.
            for taken in ["_count", "_sum", "_bucket"] {
                assert!(!stem.unwrap_or(name).ends_with(taken), "{name}");
            }
        }
    }

    #[test]
    fn figures_are_in_base_units() {
        let scaled = [
            "milli", "micro", "_ms", "minutes", "hours", "kilo", "mega", "_kb", "_mb", "percent",
        ];
        for Description { name, kind, .. } in all() {
            assert!(scaled.iter().all(|unit| !name.contains(unit)), "{name}");
            for unit in ["seconds", "bytes"] {
                let stem = name.strip_suffix("_total").unwrap_or(name);
                assert!(
                    !name.contains(unit) || stem.ends_with(unit),
                    "{name} says its unit at its end"
                );
            }
            // What is measured over time is a time, but for the size of a batch.
            let is_time = name.ends_with("_seconds");
            assert!(
                kind != Kind::Histogram || is_time || name == "byodc_journal_batch_size",
                "{name}"
            );
        }
    }

    #[test]
    fn no_label_tells_one_cashbox_or_caller_from_another() {
        for Description { name, labels, .. } in all() {
            for label in labels {
                let about = [
                    "cashbox",
                    "queue",
                    "operation",
                    "pod",
                    "client",
                    "address",
                    "path",
                    "token",
                    "id",
                ];
                assert!(
                    about.iter().all(|word| !label.name.contains(word)),
                    "{name}: {}",
                    label.name
                );
                assert!((1..=32).contains(&label.words.len()), "{name}: {}", label.name);
            }
        }
    }

    #[test]
    fn a_metric_of_two_roles_means_the_same_in_both() {
        let [(_, proxy), (_, backend)] = roles();
        for figure in &proxy {
            let same = backend.iter().find(|other| other.name == figure.name);
            assert!(same.is_none_or(|other| other == figure), "{}", figure.name);
            assert_eq!(
                same.is_none(),
                figure.name.starts_with("byodc_proxy_"),
                "{}",
                figure.name
            );
        }
    }
}
