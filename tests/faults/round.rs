//! One round: start, load, faults as planned, heal, verdict.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use harness::cluster::{Cluster, Journal};
use harness::deployment::Progress;
use harness::load::{Load, Told};
use harness::scene::Scene;
use harness::verdict::Report;
use harness::verdict::run::Terms;

use crate::plan::Plan;
use crate::stage::{Stage, Undo};

/// How many cashboxes are under load.
const CASHBOXES: usize = 50;
/// Between two receipts of a POS.
const PAUSE: Duration = Duration::from_millis(300);
/// Between two looks of the supervisors.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long it may take after the last fault until everything runs again.
const SETTLES_WITHIN: Duration = Duration::from_secs(120);
/// How long the proxies let a client wait.
const DEADLINE: Duration = Duration::from_secs(20);

/// What a round came to.
pub struct Played {
    /// The verdict.
    pub report: Report,
    /// What the clients saw.
    pub told: Told,
    /// Where logs, journal and TSEs lie; kept when an invariant was broken.
    pub evidence: PathBuf,
}

/// Plays a round.
pub async fn play(plan: &Plan) -> Played {
    let mut stage = Stage::new(Scene::of(description(plan), CASHBOXES).await, plan);
    let load = Load::on(&stage.scene.tills, &stage.proxies.endpoints(), PAUSE);
    inject(&mut stage, plan).await;
    heal(&mut stage).await;
    load.signs_more(2 * CASHBOXES as u64).await;
    let told = load.stop().await;
    let report = stage.scene.judged(terms()).await;
    let folder = stage.scene.cluster.folder().to_owned();
    let evidence = match report.violations.is_empty() && told.failed.is_empty() {
        true => folder,
        false => keep(&folder, plan.seed),
    };
    assert!(told.failed.is_empty(), "refused for good: {told:?}");
    Played {
        report,
        told,
        evidence,
    }
}

fn description(plan: &Plan) -> harness::cluster::Description {
    let cluster = Cluster::of_pods(plan.pods)
        .and_proxies(2)
        .owned_in(plan.ownership)
        .journaled_in(plan.journal)
        .with_relays()
        .with("Byodc__Lease__Seconds", "4")
        .with("Byodc__Lease__RenewSeconds", "1")
        .with("Byodc__Proxy__DeadlineMs", &DEADLINE.as_millis().to_string())
        .with("Byodc__Journal__TimeoutMs", "5000")
        .with("Byodc__ConfigurationService__TimeoutSeconds", "5")
        .with(
            "Byodc__Configuration__Key",
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        );
    match plan.journal {
        Journal::Sqlite => cluster,
        Journal::MariaDb | Journal::Postgres => cluster.in_a_server_of_its_own(),
    }
}

fn terms() -> Terms {
    Terms {
        deadline: DEADLINE + Duration::from_secs(10),
        // A pod that is paused between its last look at the claim and the call begins it under an old epoch, as much
        // later as the longest pause.
        stale_tse_window: Duration::from_secs(10),
        heal_within: Duration::from_secs(30),
        ..Terms::noticed()
    }
}

/// Begins and ends every fault when it is due, while the supervisors work.
async fn inject(stage: &mut Stage, plan: &Plan) {
    let (began, mut to_come) = (Instant::now(), plan.episodes.clone());
    let mut to_end: Vec<(Duration, Undo)> = Vec::new();
    while !to_come.is_empty() || !to_end.is_empty() {
        let now = began.elapsed();
        if let Some(at) = to_come.iter().position(|episode| episode.at <= now) {
            let episode = to_come.remove(at);
            let undo = stage.begin(&episode).await;
            to_end.push((began.elapsed() + episode.lasts, undo));
        }
        if let Some(at) = to_end.iter().position(|(until, _)| *until <= now) {
            let (_, undo) = to_end.remove(at);
            stage.end(undo).await;
        }
        stage.reconcile().await;
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Waits until every rule has fired and everything runs again.
async fn heal(stage: &mut Stage) {
    let began = Instant::now();
    while stage.reconcile().await != Progress::Settled || !stage.scene.has_fired_every_rule() {
        assert!(
            began.elapsed() < SETTLES_WITHIN,
            "not everything runs again after {SETTLES_WITHIN:?}, or a planned fault never happened"
        );
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Copies the evidence to where the end of this process does not remove it.
fn keep(folder: &std::path::Path, seed: u64) -> PathBuf {
    let kept = std::env::temp_dir().join(format!("byodc-faults-seed-{seed}"));
    let copied = std::process::Command::new("cp")
        .arg("-rT")
        .args([folder, &kept])
        .status();
    assert!(
        copied.is_ok_and(|status| status.success()),
        "cannot keep {}",
        folder.display()
    );
    kept
}
