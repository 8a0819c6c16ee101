//! Our proxy beside HAProxy, nginx and no proxy at all, on the work of a POS.
//!
//! A receipt of 1.2 KB with one of 10 000 cashbox ids over keep-alive HTTP/1.1, an answer of 1.5 KB. The contender
//! has core 0 and one thread; load generator and four stub pods share core 1. Contenders take turns in short
//! rounds, medians are taken, and what counts is CPU time per request from the scheduler's accounting.
//!
//! One program in several roles, so that each is a process of its own: `measure` (this one starts the others),
//! `proxy` (ours), `pods`, `load`, and `table` (how much memory a route takes).

/// What is sent and answered.
mod work;
/// The role `pods`: four pods that answer at once.
mod pods;
/// The role `load`: clients that send the next request when they have their answer.
mod load;
/// The role `proxy`: ours, with owners for every cashbox.
mod ours;
/// Processes that are measured: started, watched, ended.
mod contender;
/// The role `measure`: rounds, medians, tables.
mod measure;

use anyhow::{Context, bail};

// What the released binary runs with.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let given: Vec<&str> = given.iter().map(String::as_str).collect();
    match given[..] {
        ["measure", rounds] => measure::run(rounds.parse().context("how many rounds?")?),
        ["pods"] => pods::run(),
        ["proxy", port, cashboxes] => ours::run(port.parse()?, cashboxes.parse()?),
        ["table", cashboxes] => ours::table(cashboxes.parse()?),
        ["load", ports, connections, millis] => load::run(ports, connections.parse()?, millis.parse()?),
        _ => bail!("usage: bench-proxy measure ROUNDS"),
    }
}
