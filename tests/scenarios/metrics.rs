//! What proxies and pods say of themselves to scrapers, against the page that operators read.

use std::collections::{BTreeMap, BTreeSet};

use harness::client;
use harness::cluster::Cluster;
use harness::receipt;

/// The page with the table of all metrics.
const PAGE: &str = include_str!("../../helm/monitoring/README.md");
/// Something that can be found again wherever it gets to.
const PLANTED: &str = "planted-4711";

with_redis_and_with_sql!(
    every_metric_of_a_running_cluster_is_on_the_page_and_the_other_way_round,
    no_label_shows_what_a_client_sent
);

async fn every_metric_of_a_running_cluster_is_on_the_page_and_the_other_way_round(cluster: &Cluster) {
    cluster.activated(2).await;
    for (role, url) in scraped(cluster) {
        let said = Said::by(&url).await;
        let page: BTreeMap<_, _> = rows().filter(|(_, row)| row.roles.contains(&role)).collect();
        for (name, kind) in &said.kinds {
            let row = page
                .get(name.as_str())
                .unwrap_or_else(|| panic!("{url}: {name} is not on the page"));
            assert_eq!(row.kind, kind, "{url}: {name}");
        }
        for (name, row) in &page {
            assert!(
                row.only_at_times || said.kinds.contains_key(*name),
                "{url}: no {name}"
            );
        }
        for (name, label, word) in &said.labels {
            let row = &page[said.family(name)];
            let words = row
                .labels
                .get(label.as_str())
                .unwrap_or_else(|| panic!("{name}: {label}"));
            let is_build = label == "version";
            assert!(
                is_build || words.contains(word.as_str()),
                "{name}: {label}={word} is not on the page"
            );
        }
    }
}

/// In heads, paths and bodies, to a proxy and to a pod, well and badly.
async fn no_label_shows_what_a_client_sent(cluster: &Cluster) {
    let (pos, cashbox) = cluster.activated(1).await.remove(0);
    let pod = pos.at(&cluster.pods[0].url());
    for pos in [&pos, &pod] {
        pos.sign(&receipt::sale(&cashbox, PLANTED)).await;
        pos.with_token(PLANTED).echo(PLANTED).await;
        for path in ["/api/Echo", "/planted-4711", "/api/Journal?type=planted-4711"] {
            let _ = pos
                .post(path, None, format!("{{\"message\": \"{PLANTED}\"}}"))
                .await;
        }
    }
    let id = cashbox.id.to_string();
    for (_, url) in scraped(cluster) {
        let text = text(&url).await;
        for secret in [PLANTED, id.as_str(), &id.replace('-', "")] {
            assert!(!text.contains(secret), "{url} shows {secret}");
        }
    }
}

/// Every place that a scraper reads, with its role.
fn scraped(cluster: &Cluster) -> Vec<(&'static str, String)> {
    let proxies = cluster.proxies.iter().map(|proxy| ("proxy", proxy.admin_url()));
    let pods = cluster.pods.iter().map(|pod| ("backend", pod.admin_url()));
    proxies
        .chain(pods)
        .map(|(role, base)| (role, format!("{base}/metrics")))
        .collect()
}

async fn text(url: &str) -> String {
    let answer = client::http().get(url).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4");
    answer.text().await.unwrap()
}

/// A row of the page.
struct Row {
    kind: &'static str,
    labels: BTreeMap<&'static str, BTreeSet<&'static str>>,
    roles: Vec<&'static str>,
    only_at_times: bool,
}

fn rows() -> impl Iterator<Item = (&'static str, Row)> {
    let (_, table) = PAGE
        .split_once("<!-- metrics -->\n")
        .expect("the page has a table");
    let (table, _) = table.split_once("<!-- /metrics -->").expect("the table ends");
    table.lines().skip(2).map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let row = Row {
            kind: cells[2],
            labels: cells[3].split("; ").filter_map(label).collect(),
            roles: cells[4].split(", ").collect(),
            only_at_times: cells[5].contains("; only when "),
        };
        (cells[1].trim_matches('`'), row)
    })
}

fn label(text: &'static str) -> Option<(&'static str, BTreeSet<&'static str>)> {
    let (name, words) = text.split_once(": ")?;
    Some((name.trim_matches('`'), words.split(", ").collect()))
}

/// What one process says.
#[derive(Default)]
struct Said {
    /// By name.
    kinds: BTreeMap<String, String>,
    /// Name of the sample, label and word.
    labels: BTreeSet<(String, String, String)>,
}

impl Said {
    async fn by(url: &str) -> Self {
        let mut said = Self::default();
        for line in text(url).await.lines() {
            if let Some(typed) = line.strip_prefix("# TYPE ") {
                let (name, kind) = typed.split_once(' ').expect("a name and a type");
                said.kinds.insert(name.to_owned(), kind.to_owned());
            } else if let Some((name, rest)) = line.split_once('{') {
                let (labels, _) = rest.split_once('}').expect("labels end");
                for label in labels.split(',') {
                    let (label, word) = label.split_once('=').expect("a label has a value");
                    let sample = (
                        name.to_owned(),
                        label.to_owned(),
                        word.trim_matches('"').to_owned(),
                    );
                    said.labels.insert(sample);
                }
            }
        }
        // Every histogram's own label: the bounds of its buckets.
        said.labels.retain(|(_, label, _)| label != "le");
        said
    }

    /// The name under which a sample's type was told.
    fn family<'a>(&self, sample: &'a str) -> &'a str {
        let parts = ["_bucket", "_sum", "_count"];
        let stems = parts.iter().filter_map(|part| sample.strip_suffix(part));
        stems
            .into_iter()
            .find(|stem| self.kinds.contains_key(*stem))
            .unwrap_or(sample)
    }
}
