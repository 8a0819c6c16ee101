//! Receipts per second at the journal: intents and entries of 256 queues, durable, grouped and one by one.
//!
//! `cargo bench -p harness --bench journal [-- seconds [database ...]]`, databases: sqlite, mariadb, postgres.
//! Rounds of both kinds alternate, so that a machine that is busy for a while harms both alike; medians count.
#![expect(clippy::unwrap_used, reason = "a measurement stops at the first surprise")]

#[path = "../../contract/journal/till.rs"]
#[expect(dead_code, reason = "the contract suite uses the rest of it")]
mod till;

use std::sync::Arc;
use std::time::{Duration, Instant};

use backend::journal::config::JournalConfig;
use backend::journal::metrics::JournalMetrics;
use backend::journal::{JournalStore, connect};
use futures::future::join_all;
use harness::database::{DatabaseServer, Durability, Server};
use shared::identity::QueueId;
use tempfile::TempDir;
use till::Till;

const QUEUES: usize = 256;
const ROUNDS: usize = 3;
/// A request and an answer as POS systems send and get them (`performance.md`).
const REQUEST_BYTES: usize = 1200;
const RESPONSE_BYTES: usize = 1500;

fn main() {
    let given: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let seconds = given.iter().find_map(|word| word.parse().ok()).unwrap_or(5.0);
    let asked = |name: &str| {
        let named = given
            .iter()
            .any(|word| ["sqlite", "mariadb", "postgres"].contains(&word.as_str()));
        !named || given.iter().any(|word| word == name)
    };
    let round = Duration::from_secs_f64(seconds);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        println!("{QUEUES} queues, {ROUNDS} rounds of {seconds} s, durable; median of receipts/s");
        println!(
            "{:<10} {:>9} {:>11} {:>16} {:>14}",
            "database", "GroupMax", "receipts/s", "commits/receipt", "commit mean ms"
        );
        if asked("sqlite") {
            let folder = TempDir::new_in(std::env::current_dir().unwrap()).unwrap();
            let url = format!("sqlite://{}", folder.path().join("journal.db").display());
            compare("sqlite", &url, round).await;
        }
        for (name, server) in [("mariadb", Server::MariaDb), ("postgres", Server::Postgres)] {
            if asked(name) {
                let server = DatabaseServer::start(server, Durability::Durable).await;
                compare(name, &server.fresh_database().await, round).await;
            }
        }
    });
}

/// What one round measured.
struct Measured {
    receipts_per_second: f64,
    commits_per_receipt: f64,
    commit_ms: f64,
}

async fn compare(database: &str, url: &str, round: Duration) {
    let mut grouped = Vec::new();
    let mut alone = Vec::new();
    for _ in 0..ROUNDS {
        grouped.push(measure(url, 256, round).await);
        alone.push(measure(url, 1, round).await);
    }
    for (group_max, mut rounds) in [(256, grouped), (1, alone)] {
        rounds.sort_by(|a, b| a.receipts_per_second.total_cmp(&b.receipts_per_second));
        let median = &rounds[ROUNDS / 2];
        println!(
            "{database:<10} {group_max:>9} {:>11.0} {:>16.3} {:>14.2}",
            median.receipts_per_second, median.commits_per_receipt, median.commit_ms
        );
    }
}

async fn measure(url: &str, group_max: usize, round: Duration) -> Measured {
    let mut config = JournalConfig::of(url.parse().unwrap());
    config.group_max = group_max;
    if let Ok(writers) = std::env::var("Byodc__Journal__Writers") {
        config.writers = writers.parse().unwrap();
    }
    config.timeout = Duration::from_secs(60);
    let metrics = JournalMetrics::default();
    let store = connect(&config, &metrics).await.unwrap();
    let tills = join_all((0..QUEUES).map(|_| Till::start(&store, QueueId::random()))).await;
    let commits = || metrics.commit_duration_seconds.get_sample_count();
    let (commits_before, seconds_before) = (commits(), metrics.commit_duration_seconds.get_sample_sum());
    let begun = Instant::now();
    let signing = tills
        .into_iter()
        .map(|till| tokio::spawn(sign_until(till, begun + round)));
    let receipts: u64 = join_all(signing).await.into_iter().map(Result::unwrap).sum();
    let elapsed = begun.elapsed().as_secs_f64();
    let commits = (commits() - commits_before) as f64;
    let commit_seconds = metrics.commit_duration_seconds.get_sample_sum() - seconds_before;
    store.close().await;
    Measured {
        receipts_per_second: receipts as f64 / elapsed,
        commits_per_receipt: commits / receipts as f64,
        commit_ms: commit_seconds / commits * 1000.0,
    }
}

async fn sign_until(mut till: Till, end: Instant) -> u64 {
    let store: Arc<dyn JournalStore> = Arc::clone(&till.store);
    let mut receipts = 0;
    while Instant::now() < end {
        let mut intent = till.intent();
        intent.item.request = "r".repeat(REQUEST_BYTES);
        store.begin(&till.tenure, intent.clone()).await.unwrap();
        till.queue.queued_row = intent.item.row;
        let mut entry = till.entry(&intent);
        entry.item.response = Some("a".repeat(RESPONSE_BYTES));
        till.append(entry).await.unwrap();
        receipts += 1;
    }
    receipts
}
