//! All proxies are replaced under load. Clients hear a second late that one is going, as in Kubernetes.

use harness::deployment::{Deployment, Strategy};

use crate::audit::Audit;
use crate::figures::{Sorted, row};
use crate::options::Options;
use crate::stage::{Doors, Stage, pass};

const PROXIES: usize = 2;

/// Measures it and prints its row.
pub async fn run(options: &Options) {
    let (tills, per_second) = (options.either(60, 1000), options.either(60, 500));
    let mut stage = Stage::set(2, PROXIES, tills).await;
    let template = stage.cluster.template();
    let mut deployment = Deployment::of(&stage.cluster.proxies, template, Strategy::default());
    stage.doors = Doors(deployment.endpoints());
    let load = stage.load(per_second);
    pass(options.either(2, 5)).await;
    deployment.roll();
    deployment.settle(&mut stage.cluster.proxies).await;
    pass(options.either(2, 5)).await;
    let asked = load.end().await;
    let audit = Audit::of(&stage, &asked).await;
    let took = Sorted::of(asked.iter().map(|asked| asked.took()));
    row(
        &format!("rolling restart of {PROXIES} proxies, {per_second} requests/s"),
        &format!(
            "{}; {}; {} killed",
            audit.shown(),
            took.p50_p99(),
            deployment.deeds().killed
        ),
        "0 failed",
    );
}
