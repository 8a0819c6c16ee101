//! Random combinations of faults against real processes, judged round by round (F53).
//!
//! ```text
//! seed ─▶ plan: a cluster, a schedule of faults ─▶ load + faults ─▶ heal ─▶ every cashbox serves? ─▶ verdict
//! ```
//!
//! `bash tests/faults.sh --minutes 30 --seed 7` runs rounds with the seeds 7, 8, 9 … until the time is over or a round
//! breaks an invariant; its evidence is then kept, and `--seed <its seed> --rounds 1` plays the same schedule again.
//! Without arguments, as `cargo test` runs it, one short round is the smoke test.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod arguments;
mod kind;
mod plan;
mod round;
mod stage;
mod tally;

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::time::Instant;

use arguments::{Arguments, QUICK_ROUND};
use futures::FutureExt;
use plan::Plan;
use tally::Tally;

#[tokio::main]
async fn main() -> ExitCode {
    let Some(arguments) = Arguments::read(std::env::args().skip(1)) else {
        return ExitCode::SUCCESS;
    };
    let began = Instant::now();
    let mut tally = Tally::default();
    for number in 0_u64.. {
        if number >= arguments.rounds || (number > 0 && began.elapsed() >= arguments.lasts) {
            break;
        }
        let plan = Plan::of(arguments.seed + number, arguments.length);
        println!("{plan}");
        let (what, evidence) = match AssertUnwindSafe(round::play(&plan)).catch_unwind().await {
            Ok(played) if played.report.violations.is_empty() => {
                println!("seed {}: sound\n", plan.seed);
                tally.add(&plan, &played);
                continue;
            }
            Ok(played) => (played.report.to_string(), Some(played.evidence)),
            Err(_) => ("the round panicked, as shown above".to_owned(), None),
        };
        println!("seed {}: {what}", plan.seed);
        if let Some(evidence) = evidence {
            println!("the evidence is kept in {}", evidence.display());
        }
        // The length of a round is part of what its seed stands for.
        let quick = if arguments.length == QUICK_ROUND {
            " --quick"
        } else {
            ""
        };
        println!(
            "again: bash tests/faults.sh --seed {} --rounds 1{quick}",
            plan.seed
        );
        println!("{tally}");
        return ExitCode::FAILURE;
    }
    println!("{tally}");
    ExitCode::SUCCESS
}
