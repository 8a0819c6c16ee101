//! What idle cashboxes occupy: the resident memory of one pod with few and with many.

use crate::figures::row;
use crate::options::Options;
use crate::stage::{Stage, pass, resident_bytes};

/// Measures it and prints its rows.
pub async fn run(options: &Options) {
    let (few, many) = (options.either(50, 2000), options.either(150, 10_000));
    let mut stage = Stage::empty(1, 1).await;
    stage.add_tills(few).await;
    pass(2).await;
    let with_few = resident_bytes(stage.cluster.pods[0].process().id());
    stage.add_tills(many - few).await;
    pass(2).await;
    let with_many = resident_bytes(stage.cluster.pods[0].process().id());
    let each = with_many.saturating_sub(with_few) / (many - few) as u64;
    row(
        &format!("memory per idle cashbox, from {few} to {many} in one pod"),
        &format!("{:.1} KiB", each as f64 / 1024.0),
        "≤ 8 KiB",
    );
    row(
        &format!("memory of a pod with {many} idle cashboxes"),
        &format!("{:.0} MiB", with_many as f64 / (1024.0 * 1024.0)),
        "published",
    );
}
