//! As many pods again are added under load.

use crate::audit::Audit;
use crate::figures::row;
use crate::options::Options;
use crate::stage::{Stage, pass};

const PODS: usize = 3;

/// Measures it and prints its row.
pub async fn run(options: &Options) {
    let (tills, per_second) = (options.either(60, 1000), options.either(60, 300));
    let mut stage = Stage::set(PODS, 1, tills).await;
    let load = stage.load(per_second);
    pass(options.either(2, 5)).await;
    let before = stage.holders().await;
    for _ in 0..PODS {
        stage.cluster.add_pod().await;
    }
    pass(options.either(5, 20)).await;
    let after = stage.holders().await;
    let asked = load.end().await;
    let audit = Audit::of(&stage, &asked).await;
    let moved = before
        .iter()
        .filter(|(cashbox, held)| after.get(cashbox) != Some(held))
        .count();
    row(
        &format!(
            "scale {PODS} → {}, {tills} live cashboxes, {per_second} requests/s",
            2 * PODS
        ),
        &format!("{moved} of {} moved; {}", before.len(), audit.shown()),
        "0 moved",
    );
}
