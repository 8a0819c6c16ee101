//! Every metric that exists, with its labels and the words that these can have: those of the roles' own registries,
//! those that the rules record, and the few that Prometheus makes itself.

use std::collections::{BTreeMap, BTreeSet};

use shared::figures::description::{Description, Kind};

use super::query::Query;
use super::rules;

/// What Prometheus, or whoever tells it what to scrape, adds to every series.
pub const TARGET_LABELS: [&str; 4] = ["namespace", "job", "instance", "pod"];

/// The labels of a series, and the words of those whose words are known.
pub type Labels = BTreeMap<String, Option<BTreeSet<String>>>;

/// Every metric that exists.
#[derive(Debug, Default)]
pub struct Catalogue(BTreeMap<String, Labels>);

impl Catalogue {
    /// Everything that the roles, the recording rules and Prometheus make.
    #[must_use]
    pub fn of_everything() -> Self {
        let mut catalogue = Self::default();
        let pods = backend::metrics::Metrics::new().descriptions();
        let proxies = proxy::metrics::Metrics::default().descriptions();
        for metric in pods.iter().chain(&proxies) {
            catalogue.add_metric(metric);
        }
        catalogue.add("up", &[]);
        catalogue.add("ALERTS", &["alertname", "alertstate", "severity"]);
        for rule in rules::recorded() {
            let query = Query::read(&rule.expr).unwrap_or_else(|fault| panic!("{}: {fault}", rule.record));
            let labels = query.labels(&catalogue);
            let labels = labels.unwrap_or_else(|fault| panic!("{}: {fault}", rule.record));
            catalogue.0.insert(rule.record, labels);
        }
        catalogue
    }

    /// The labels of a metric, or none if there is no such metric.
    #[must_use]
    pub fn labels(&self, metric: &str) -> Option<&Labels> {
        self.0.get(metric)
    }

    fn add_metric(&mut self, metric: &Description) {
        let labels = metric.labels.iter().map(|label| {
            // The version of a build is another one tomorrow.
            let words = label
                .says
                .is_none()
                .then(|| label.words.iter().map(ToString::to_string).collect());
            (label.name.to_owned(), words)
        });
        let labels: Labels = labels.chain(target_labels()).collect();
        match metric.kind {
            Kind::Counter | Kind::Gauge => self.insert(metric.name.to_owned(), labels),
            Kind::Histogram => {
                self.insert(format!("{}_sum", metric.name), labels.clone());
                self.insert(format!("{}_count", metric.name), labels.clone());
                let bound = [("le".to_owned(), None)];
                self.insert(
                    format!("{}_bucket", metric.name),
                    labels.into_iter().chain(bound).collect(),
                );
            }
        }
    }

    fn add(&mut self, metric: &str, labels: &[&str]) {
        let labels = labels.iter().map(|label| ((*label).to_owned(), None));
        self.insert(metric.to_owned(), labels.chain(target_labels()).collect());
    }

    /// Both roles have some metrics in common. Then a word of either is a word.
    fn insert(&mut self, metric: String, labels: Labels) {
        let known = self.0.entry(metric).or_default();
        for (label, words) in labels {
            match (known.get_mut(&label), words) {
                (Some(Some(known)), Some(words)) => known.extend(words),
                (Some(known), None) => *known = None,
                (Some(None), Some(_)) => {}
                (None, words) => drop(known.insert(label, words)),
            }
        }
    }
}

fn target_labels() -> impl Iterator<Item = (String, Option<BTreeSet<String>>)> {
    TARGET_LABELS.iter().map(|label| ((*label).to_owned(), None))
}
