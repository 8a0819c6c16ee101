//! A pod is killed (`kill -9`) under load, one after another, each started again before the next.

use std::time::Instant;

use super::orphans::first_answers;
use crate::audit::Audit;
use crate::figures::{Sorted, row};
use crate::options::Options;
use crate::stage::{Stage, pass};

const PODS: usize = 3;

/// Measures it and prints its row.
pub async fn run(options: &Options) {
    let (tills, per_second) = (options.either(60, 1000), options.either(60, 300));
    let mut stage = Stage::set(PODS, 1, tills).await;
    let load = stage.load(per_second);
    let mut losses = Vec::new();
    for victim in 0..options.either(1, PODS) {
        pass(options.either(2, 5)).await;
        let name = stage.cluster.pods[victim].name().to_owned();
        let orphans = stage.tills_of(&name).await;
        losses.push((orphans, Instant::now()));
        stage.cluster.pods[victim].kill();
        pass(options.either(3, 10)).await;
        stage.cluster.pods[victim].restart().await;
    }
    let asked = load.end().await;
    let audit = Audit::of(&stage, &asked).await;
    let took = losses
        .iter()
        .flat_map(|(orphans, at)| first_answers(&asked, orphans, *at));
    let took = Sorted::of(took);
    row(
        &format!(
            "pod killed, {tills} live cashboxes, {per_second} requests/s: {} times",
            losses.len()
        ),
        &format!(
            "{}; first answer by a new owner ({} cashboxes) {}",
            audit.shown(),
            took.len(),
            took.p50_p99()
        ),
        "0 failed, 0 duplicates, p99 ≤ 1 s",
    );
}
