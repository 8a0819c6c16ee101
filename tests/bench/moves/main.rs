//! What it costs when cashboxes change hands: kills, pauses, planned moves, rolling restarts, lost stores; and what
//! starting and keeping many of them takes.
//!
//! ```text
//! options → for each part: stage (a cluster, activated tills) → load (open loop) + what happens → audit → a row
//! ```
//!
//! The load asks at a fixed rate whatever the answers do, so a pause shows in every request that was due in it. Each
//! row says what was asked and how many of it failed; the audit then counts the receipts of every chain.

use options::Options;
use part::Part;

/// What the command line says.
mod options;
/// A cluster, and tills that are ready to sign.
mod stage;
/// Requests at a fixed rate.
mod load;
/// One HTTP exchange, by hand.
mod exchange;
/// Whether the chains hold what was answered.
mod audit;
/// Counting connections on their way to the configuration service.
mod relay;
/// Percentiles, and how they are printed.
mod figures;
/// One figure of the table each.
mod part;

fn main() {
    let options = Options::read();
    // The load gets along with one thread; the machine is for those who are measured.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(run(&options));
}

async fn run(options: &Options) {
    println!("| figure | measured | goal |");
    println!("|---|---|---|");
    for part in Part::ALL {
        if options.wants(part) {
            part.run(options).await;
        }
    }
}
