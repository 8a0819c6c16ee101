//! A real Prometheus with our rules, which scrapes a cluster every second.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::client;
use crate::cluster::Cluster;
use crate::eventually::eventually;
use crate::monitoring::{files, folder, name_of};
use crate::ports::free_port;
use crate::process::Process;
use crate::reaper;

/// How long it may take to start, and to scrape or compute something for the first time.
const SOON: Duration = Duration::from_secs(60);

/// A `prometheus` on a free port of the loopback address.
#[derive(Debug)]
pub struct Prometheus {
    url: String,
    http: reqwest::Client,
    process: Process,
}

impl Prometheus {
    /// Starts one that scrapes all pods and proxies of a cluster, and waits until it has done so.
    pub async fn of(cluster: &Cluster) -> Self {
        let (port, folder) = (free_port(), reaper::temporary_folder("prometheus"));
        copy_rules(&folder);
        std::fs::write(folder.join("prometheus.yml"), configuration(cluster)).unwrap();
        let mut command = Command::new("prometheus");
        command
            .arg(format!(
                "--config.file={}",
                folder.join("prometheus.yml").display()
            ))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"));
        let mut prometheus = Self {
            url: format!("http://127.0.0.1:{port}"),
            http: client::http(),
            process: Process::start("prometheus", &mut command, &folder.join("prometheus.log")),
        };
        let targets = cluster.pods.len() + cluster.proxies.len();
        prometheus.has_scraped(targets).await;
        prometheus
    }

    /// What an expression comes to now: series with labels and value.
    ///
    /// # Errors
    /// What Prometheus says is wrong with it.
    pub async fn query(&self, expr: &str) -> Result<Vec<Value>, String> {
        let answer = self.ask("query", &[("query", expr)]).await;
        let Some(answer) = answer else {
            return Err("no answer".to_owned());
        };
        match (answer["status"].as_str(), answer["data"]["resultType"].as_str()) {
            (Some("success"), Some("vector")) => Ok(answer["data"]["result"].as_array().unwrap().clone()),
            // `[time, value]`
            (Some("success"), Some("scalar")) => Ok(vec![answer["data"]["result"].clone()]),
            _ => Err(answer.to_string()),
        }
    }

    /// The rules as it has loaded them, with the state of each, once all have been evaluated.
    pub async fn evaluated_rules(&self) -> Vec<Value> {
        eventually("every rule has been evaluated", SOON, async || {
            let answer = self.ask("rules", &[]).await?;
            let groups = answer["data"]["groups"].as_array()?.iter();
            let rules: Vec<Value> = groups
                .flat_map(|group| group["rules"].as_array().unwrap().clone())
                .collect();
            let all = rules.iter().all(|rule| rule["health"] != "unknown");
            (all && !rules.is_empty()).then_some(rules)
        })
        .await
    }

    async fn has_scraped(&mut self, targets: usize) {
        eventually("Prometheus has scraped every target", SOON, async || {
            self.process.assert_running();
            let up = self.query("up == 1").await.ok()?;
            (up.len() == targets).then_some(())
        })
        .await;
    }

    async fn ask(&self, what: &str, parameters: &[(&str, &str)]) -> Option<Value> {
        let url = format!("{}/api/v1/{what}", self.url);
        let url = reqwest::Url::parse_with_params(&url, parameters).unwrap();
        self.http.get(url).send().await.ok()?.json().await.ok()
    }
}

/// Two jobs, called as the chart's monitors call them.
fn configuration(cluster: &Cluster) -> String {
    let addresses = |urls: Vec<String>| {
        let addresses = urls
            .iter()
            .map(|url| url.trim_start_matches("http://").to_owned());
        addresses.collect::<Vec<_>>().join(", ")
    };
    let pods = addresses(cluster.pods.iter().map(|pod| pod.admin_url()).collect());
    let proxies = addresses(cluster.proxies.iter().map(|proxy| proxy.admin_url()).collect());
    format!(
        "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\n\
         rule_files: [rules/*.yaml]\n\
         scrape_configs:\n\
         - {{job_name: byodc, static_configs: [{{targets: [{pods}]}}]}}\n\
         - {{job_name: byodc-proxy, static_configs: [{{targets: [{proxies}]}}]}}\n"
    )
}

/// The rules as they are delivered, except that groups with an interval of their own are evaluated every second, too.
fn copy_rules(to: &Path) {
    std::fs::create_dir(to.join("rules")).unwrap();
    for (path, text) in files(&folder().join("rules"), ".yaml") {
        let lines = text.lines().filter(|line| !line.starts_with("    interval: "));
        let text: Vec<&str> = lines.collect();
        std::fs::write(to.join("rules").join(name_of(&path)), text.join("\n")).unwrap();
    }
}
