//! Redis is killed under load, stays away for a while, and comes back empty.

use crate::audit::Audit;
use crate::figures::{Sorted, row};
use crate::options::Options;
use crate::stage::{Stage, pass};

const PODS: usize = 3;

/// Measures it and prints its row.
pub async fn run(options: &Options) {
    let (tills, per_second) = (options.either(60, 1000), options.either(60, 300));
    let away = options.either(5, 15);
    let mut stage = Stage::set(PODS, 1, tills).await;
    let load = stage.load(per_second);
    pass(options.either(2, 5)).await;
    let before = stage.holders().await;
    stage.redis().kill();
    pass(away).await;
    stage.redis().restart_empty().await;
    pass(options.either(5, 20)).await;
    let after = stage.holders().await;
    let asked = load.end().await;
    let audit = Audit::of(&stage, &asked).await;
    let claimed = before
        .iter()
        .filter(|(cashbox, held)| after.get(cashbox) != Some(held))
        .count();
    let took = Sorted::of(asked.iter().map(|asked| asked.took()));
    row(
        &format!("Redis lost for {away} s and back empty, {tills} live cashboxes, {per_second} requests/s"),
        &format!("{}; {claimed} claimed anew; {}", audit.shown(), took.p50_p99()),
        "0 forks, 0 failed",
    );
}
