//! Signed receipts per second, end to end: POS → proxy → pods → simulated TSE → durable journal.
//!
//! Per database two clusters stand side by side, one that commits the receipts of many cashboxes together and one
//! that commits each alone. They are measured in short rounds, one after the other, again and again, so that what
//! else happens on the machine meets both; medians are printed. Everything, load and database included, runs on
//! this machine.

use std::time::Duration;

use harness::cluster::Journal;

use candidate::{Candidate, Databases, Grouping};
use measure::{Summary, summary};

/// A cluster under measurement.
mod candidate;
/// The load: every cashbox signs without pause.
mod load;
/// What a round is boiled down to.
mod measure;

/// What the command line says.
struct Options {
    rounds: usize,
    round: Duration,
    cashboxes: usize,
    pods: usize,
    databases: Vec<Journal>,
}

fn main() {
    let options = options();
    // The load gets along with one thread; the machine is for those who are measured.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(run(&options));
}

async fn run(options: &Options) {
    println!(
        "| journal | commits | receipts/s | p50 ms | p99 ms | commits per receipt | CPU µs per receipt: pods | proxy |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let databases = Databases::default();
    for &journal in &options.databases {
        let mut candidates = Vec::new();
        for grouping in [Grouping::Grouped, Grouping::Alone] {
            candidates
                .push(Candidate::start(&databases, journal, grouping, options.pods, options.cashboxes).await);
        }
        let mut rounds = vec![Vec::new(); candidates.len()];
        for at in 0..=options.rounds {
            for (candidate, rounds) in candidates.iter_mut().zip(&mut rounds) {
                let round = candidate.measure(options.round).await;
                // The first one warms up.
                if at > 0 {
                    rounds.push(round);
                }
            }
        }
        for (candidate, rounds) in candidates.iter().zip(rounds) {
            print(candidate, &summary(rounds));
        }
    }
}

fn print(candidate: &Candidate, figures: &Summary) {
    println!(
        "| {:?} | {} | {:.0} | {:.1} | {:.1} | {:.2} | {:.0} | {:.0} |",
        candidate.journal,
        candidate.grouping.words(),
        figures.receipts_per_second,
        figures.p50_ms,
        figures.p99_ms,
        figures.commits_per_receipt,
        figures.pods_us,
        figures.proxy_us,
    );
}

/// Reads the command line. `cargo bench` adds `--bench`.
fn options() -> Options {
    let mut options = Options {
        rounds: 5,
        round: Duration::from_secs(5),
        cashboxes: 256,
        pods: 2,
        databases: vec![Journal::Sqlite, Journal::MariaDb, Journal::Postgres],
    };
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(name) = arguments.next() {
        let value = arguments.next().unwrap_or_else(|| panic!("{name} needs a value"));
        let number = || {
            value
                .parse()
                .unwrap_or_else(|_| panic!("{name} takes a number, not {value:?}"))
        };
        match name.as_str() {
            "--rounds" => options.rounds = number(),
            "--seconds" => options.round = Duration::from_secs(number() as u64),
            "--cashboxes" => options.cashboxes = number(),
            "--pods" => options.pods = number(),
            "--databases" => options.databases = value.split(',').map(database).collect(),
            _ => panic!("{name} is unknown: --rounds, --seconds, --cashboxes, --pods, --databases"),
        }
    }
    options
}

fn database(name: &str) -> Journal {
    match name {
        "sqlite" => Journal::Sqlite,
        "mariadb" => Journal::MariaDb,
        "postgres" => Journal::Postgres,
        _ => panic!("{name:?} is no database: sqlite, mariadb, postgres"),
    }
}
