//! A cluster under measurement.

use std::time::{Duration, Instant};

use harness::cashbox::Cashbox;
use harness::client::{self, Pos};
use harness::cluster::{Cluster, Journal, Ownership};
use harness::database::{DatabaseServer, Durability, Server};
use harness::receipt;
use tokio::sync::OnceCell;

use super::load;
use super::measure::Round;

/// Whether receipts of different cashboxes are committed together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    /// Together.
    Grouped,
    /// Each alone.
    Alone,
}

impl Grouping {
    /// For the table.
    pub fn words(self) -> &'static str {
        match self {
            Self::Grouped => "grouped",
            Self::Alone => "each alone",
        }
    }

    fn group_max(self) -> &'static str {
        match self {
            Self::Grouped => "256",
            Self::Alone => "1",
        }
    }
}

/// Database servers that wait for the disk, as in production; started when first needed.
#[derive(Default)]
pub struct Databases {
    maria_db: OnceCell<DatabaseServer>,
    postgres: OnceCell<DatabaseServer>,
}

impl Databases {
    async fn fresh_database(&self, journal: Journal) -> Option<String> {
        let (kept, server) = match journal {
            Journal::Sqlite => return None,
            Journal::MariaDb => (&self.maria_db, Server::MariaDb),
            Journal::Postgres => (&self.postgres, Server::Postgres),
        };
        let start = || DatabaseServer::start(server, Durability::Durable);
        Some(kept.get_or_init(start).await.fresh_database().await)
    }
}

/// One cluster with cashboxes that are ready to sign.
pub struct Candidate {
    /// Its database.
    pub journal: Journal,
    /// How it commits.
    pub grouping: Grouping,
    cluster: Cluster,
    cashboxes: Vec<Cashbox>,
    /// How many rounds it has had: references are not used twice.
    rounds: usize,
}

impl Candidate {
    /// Starts it and activates its cashboxes.
    pub async fn start(
        databases: &Databases,
        journal: Journal,
        grouping: Grouping,
        pods: usize,
        cashboxes: usize,
    ) -> Self {
        let mut description = Cluster::of_pods(pods)
            .owned_in(Ownership::Redis)
            .journaled_in(Journal::Sqlite)
            .with("Byodc__Journal__GroupMax", grouping.group_max())
            .with("Logging__LogLevel__Default", "Warning");
        if let Some(url) = databases.fresh_database(journal).await {
            description = description.with("Byodc__Journal__Url", &url);
        }
        let cluster = description.start().await;
        let cashboxes: Vec<Cashbox> = (0..cashboxes).map(|_| cluster.new_cashbox()).collect();
        for some in cashboxes.chunks(16) {
            futures::future::join_all(some.iter().map(|cashbox| activate(cluster.pos(cashbox), cashbox)))
                .await;
        }
        Self {
            journal,
            grouping,
            cluster,
            cashboxes,
            rounds: 0,
        }
    }

    /// Lets every cashbox sign without pause for a while.
    pub async fn measure(&mut self, duration: Duration) -> Round {
        self.rounds += 1;
        let before = self.counters().await;
        let begun = Instant::now();
        let address = self.cluster.proxies[0].address();
        let latencies = load::run(address, &self.cashboxes, self.rounds, duration).await;
        let elapsed = begun.elapsed();
        let after = self.counters().await;
        Round {
            latencies,
            elapsed,
            commits: after.commits - before.commits,
            pods_us: after.pods_us - before.pods_us,
            proxy_us: after.proxy_us - before.proxy_us,
        }
    }

    async fn counters(&mut self) -> Counters {
        let mut counters = Counters::default();
        for pod in &mut self.cluster.pods {
            counters.commits += commits(&pod.admin_url()).await;
            counters.pods_us += cpu_us(pod.process().id());
        }
        counters.proxy_us = cpu_us(self.cluster.proxies[0].process().id());
        counters
    }
}

#[derive(Default)]
struct Counters {
    commits: f64,
    pods_us: f64,
    proxy_us: f64,
}

async fn activate(pos: Pos, cashbox: &Cashbox) {
    pos.sign(&receipt::initial_operation(cashbox)).await.receipt();
}

/// How many transactions a pod has committed: each batch is one.
async fn commits(admin_url: &str) -> f64 {
    const NAME: &str = "byodc_journal_batch_size_count";
    let answer = client::http().get(format!("{admin_url}/metrics")).send().await;
    let text = answer
        .expect("the pod answers")
        .text()
        .await
        .expect("metrics are text");
    let counts = text.lines().filter(|line| line.starts_with(NAME));
    let counts: Vec<f64> = counts
        .filter_map(|line| line.rsplit(' ').next()?.parse().ok())
        .collect();
    assert!(!counts.is_empty(), "the pod does not say {NAME}");
    counts.iter().sum()
}

/// The CPU time a process has used, from the scheduler's accounting.
fn cpu_us(pid: u32) -> f64 {
    // The kernel gives user and system time in hundredths of a second, whatever its own clock.
    const TICK_US: f64 = 10_000.0;
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process runs");
    let (_, fields) = stat.rsplit_once(')').expect("the name ends with a parenthesis");
    let ticks = |at: usize| {
        fields
            .split_whitespace()
            .nth(at)
            .and_then(|field| field.parse::<f64>().ok())
    };
    (ticks(11).expect("user time") + ticks(12).expect("system time")) * TICK_US
}
