//! All pods are replaced under load, as `kubectl rollout restart` does: surge, SIGTERM, grace.

use std::time::Instant;

use harness::deployment::{Deployment, Strategy};

use crate::audit::Audit;
use crate::figures::{Sorted, row, shown};
use crate::load::Asked;
use crate::options::Options;
use crate::stage::{Stage, pass};

/// Measures it and prints its row.
pub async fn run(options: &Options) {
    let pods = options.either(2, 5);
    let (tills, per_second) = (options.either(60, 5000), options.either(60, 500));
    let mut stage = Stage::set(pods, 1, tills).await;
    let load = stage.load(per_second);
    pass(options.either(3, 20)).await;
    let before = stage.holders().await;
    let rolls_from = Instant::now();
    let mut deployment = Deployment::of(&stage.cluster.pods, stage.cluster.template(), Strategy::default());
    deployment.roll();
    deployment.settle(&mut stage.cluster.pods).await;
    let rolled_in = rolls_from.elapsed();
    pass(options.either(2, 5)).await;
    let after = stage.holders().await;
    let asked = load.end().await;
    let audit = Audit::of(&stage, &asked).await;
    let (calm, rolling): (Vec<&Asked>, Vec<&Asked>) =
        asked.iter().partition(|asked| asked.ended < rolls_from);
    let took = |asked: Vec<&Asked>| Sorted::of(asked.into_iter().map(Asked::took));
    let (calm, rolling) = (took(calm), took(rolling));
    let added = rolling.percentile(99).zip(calm.percentile(99));
    let moves: Vec<u64> = before
        .iter()
        .filter_map(|(cashbox, held)| Some(after.get(cashbox)?.epoch - held.epoch))
        .collect();
    row(
        &format!("rolling restart of {pods} pods, {tills} live cashboxes, {per_second} requests/s"),
        &format!(
            "{}; moves per cashbox {:.2}, at most {}; p99 {} → {} (added {}); {:.0} s, {} killed",
            audit.shown(),
            moves.iter().sum::<u64>() as f64 / moves.len().max(1) as f64,
            moves.iter().max().unwrap_or(&0),
            shown(calm.percentile(99)),
            shown(rolling.percentile(99)),
            shown(added.map(|(rolling, calm)| rolling.saturating_sub(calm))),
            rolled_in.as_secs_f64(),
            deployment.deeds().killed,
        ),
        "0, 0, 0; ≤ 1; added ≤ 300 ms",
    );
}
