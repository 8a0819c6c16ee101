//! A pod falls silent (SIGSTOP) under load, and comes back later.

use std::time::Instant;

use super::orphans::first_answers;
use crate::audit::Audit;
use crate::figures::{Sorted, row};
use crate::options::Options;
use crate::stage::{Stage, pass};

const PODS: usize = 3;
/// Longer than a lease and a takeover, in seconds.
const SILENCE: u64 = 20;

/// Measures it and prints its row.
pub async fn run(options: &Options) {
    let (tills, per_second) = (options.either(60, 1000), options.either(60, 300));
    let mut stage = Stage::set(PODS, 1, tills).await;
    let load = stage.load(per_second);
    pass(options.either(2, 5)).await;
    let victim = &mut stage.cluster.pods[0];
    let name = victim.name().to_owned();
    let orphans = stage.tills_of(&name).await;
    let paused_at = Instant::now();
    stage.cluster.pods[0].process().pause();
    pass(SILENCE).await;
    stage.cluster.pods[0].process().resume();
    pass(options.either(2, 5)).await;
    let asked = load.end().await;
    let audit = Audit::of(&stage, &asked).await;
    let took = Sorted::of(first_answers(&asked, &orphans, paused_at));
    row(
        &format!("pod silent for {SILENCE} s, {tills} live cashboxes, {per_second} requests/s"),
        &format!(
            "{}; first answer elsewhere ({} cashboxes) {}",
            audit.shown(),
            took.len(),
            took.p50_p99()
        ),
        "0 duplicates, p99 ≤ 13 s",
    );
}
