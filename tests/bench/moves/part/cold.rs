//! Every pod was killed; all are started again, and every cashbox is asked for at once.

use std::time::{Duration, Instant};

use futures::{StreamExt as _, stream};

use crate::audit::Audit;
use crate::exchange::Pool;
use crate::figures::{Sorted, row, shown};
use crate::load::sign;
use crate::options::Options;
use crate::stage::Stage;

const PODS: usize = 3;
/// Requests on their way at a time: a process may have no more sockets than twice as many.
const AT_ONCE: usize = 5000;

/// Measures it and prints its rows.
pub async fn run(options: &Options) {
    let tills = options.either(100, 10_000);
    let mut stage = Stage::set(PODS, 1, tills).await;
    for pod in &mut stage.cluster.pods {
        pod.kill();
    }
    for pod in &mut stage.cluster.pods {
        pod.restart().await;
    }
    stage.relay.reset();
    let (pool, began) = (Pool::default(), Instant::now());
    let requests = (0..tills).map(|till| sign(&pool, &stage.doors, &stage.tills, till, till, began));
    let asked: Vec<_> = stream::iter(requests).buffer_unordered(AT_ONCE).collect().await;
    let (peak, loads) = stage.relay.counted();
    let audit = Audit::of(&stage, &asked).await;
    let took = Sorted::of(asked.iter().map(|asked| asked.took()));
    let until_99 = took.percentile(99).unwrap_or(Duration::ZERO).as_secs_f64();
    row(
        &format!("cold start of {tills} cashboxes in {PODS} pods, {AT_ONCE} requests at a time"),
        &format!(
            "50 % after {}, 99 % after {}; {}; {loads} configurations loaded, at most {peak} at a time",
            shown(took.percentile(50)),
            shown(took.percentile(99)),
            audit.shown()
        ),
        "cap of 64 per pod kept",
    );
    row(
        "claims, each with its configuration, start and first receipt",
        &format!("{:.0} per second", tills as f64 * 0.99 / until_99),
        "published",
    );
}
