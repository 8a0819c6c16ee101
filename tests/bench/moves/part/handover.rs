//! Cashboxes are moved by an operator, one after another, while their tills sign without pause.

use std::sync::Arc;
use std::time::{Duration, Instant};

use harness::client;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::audit::Audit;
use crate::exchange::Pool;
use crate::figures::{Sorted, row};
use crate::load::{Asked, sign};
use crate::options::Options;
use crate::stage::Stage;

const PODS: usize = 3;
/// For how long a till signs before and after its move.
const BESIDE: Duration = Duration::from_millis(100);

/// Measures it and prints its row.
pub async fn run(options: &Options) {
    let tills = options.either(10, 300);
    let stage = Arc::new(Stage::set(PODS, 1, tills).await);
    let (mut pauses, mut pods_say, mut asked) = (Vec::new(), Vec::new(), Vec::new());
    let mut outcomes: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    for till in 0..tills {
        let stop = CancellationToken::new();
        let signing = tokio::spawn(sign_on(stage.clone(), till, stop.clone()));
        tokio::time::sleep(BESIDE).await;
        let moved = relocate(&stage, till).await;
        tokio::time::sleep(BESIDE).await;
        stop.cancel();
        let signed = signing.await.expect("the till does not panic");
        let outcome = moved["outcome"].as_str().unwrap_or("no outcome").to_owned();
        *outcomes.entry(outcome).or_default() += 1;
        pauses.extend(longest_gap(&signed));
        pods_say.extend(
            moved["pauseMs"]
                .as_f64()
                .map(|ms| Duration::from_secs_f64(ms / 1000.0)),
        );
        asked.extend(signed);
    }
    let audit = Audit::of(&stage, &asked).await;
    let (pauses, pods_say) = (Sorted::of(pauses), Sorted::of(pods_say));
    row(
        &format!("planned handover of {tills} cashboxes, each signing without pause"),
        &format!(
            "pause {}; longest wait between two receipts {}; {outcomes:?}; {}",
            pods_say.p50_p99(),
            pauses.p50_p99(),
            audit.shown()
        ),
        "p99 ≤ 50 ms",
    );
}

/// Signs one receipt after another.
async fn sign_on(stage: Arc<Stage>, till: usize, stop: CancellationToken) -> Vec<Asked> {
    let (pool, mut asked) = (Pool::default(), Vec::new());
    while !stop.is_cancelled() {
        let at = asked.len();
        asked.push(sign(&pool, &stage.doors, &stage.tills, till, at, Instant::now()).await);
    }
    asked
}

/// Asks the pod that holds a till's cashbox to give it to another.
async fn relocate(stage: &Stage, till: usize) -> Value {
    let cashbox = &stage.tills[till].cashbox;
    let owner = stage.cluster.owner(cashbox).await;
    let pods = &stage.cluster.pods;
    let owner = pods
        .iter()
        .find(|pod| pod.name() == owner.pod)
        .expect("a pod of the cluster");
    let url = format!("{}/admin/v1/cashboxes/{}/move", owner.admin_url(), cashbox.id);
    let answer = client::http().post(url).send().await.expect("the owner answers");
    answer.json().await.expect("a move is answered in JSON")
}

/// The longest time from one receipt to the next.
fn longest_gap(asked: &[Asked]) -> Option<Duration> {
    asked.windows(2).map(|pair| pair[1].ended - pair[0].ended).max()
}
