//! Asks the witnesses when a run is over.
//!
//! ```text
//! every cashbox serves? ─▶ database ─▶ unknown operations asked again, twice ─▶ database, export, logs, TSEs
//! ```

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde_json::Value;
use shared::identity::{CashBoxId, OperationId};

use super::dump::Dump;
use super::evidence::{self, Line};
use super::run::{CashboxRun, Probe, Reset, Run, Terms, unknown};
use super::unknown::ASKED_AGAIN;
use crate::cashbox::Cashbox;
use crate::client::{self, Pos};
use crate::cluster::Cluster;
use crate::faults::FaultLog;
use crate::history::Exchange;
use crate::history::journals::Journals;
use crate::receipt;
use crate::simulator::SimulatedTse;

/// How much longer than allowed a cashbox is asked whether it serves: to tell late from never.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two questions.
const PAUSE: Duration = Duration::from_millis(100);

/// Resets that clients made, by cashbox.
pub type Resets = HashMap<CashBoxId, Vec<Reset>>;

/// Collects everything that there is to know of a run, whose load has ended and whose last fault was healed just now.
pub async fn gather(
    cluster: &Cluster,
    cashboxes: &[(Pos, Cashbox)],
    terms: Terms,
    faults: &FaultLog,
    resets: &Resets,
) -> Run {
    let healed_at = Instant::now();
    let asked: Vec<Vec<Exchange>> = cashboxes
        .iter()
        .map(|(pos, _)| pos.history().exchanges())
        .collect();
    let probes = futures::future::join_all(
        cashboxes
            .iter()
            .map(|(pos, cashbox)| probe(cluster, pos, cashbox, healed_at, &terms)),
    );
    let probes = probes.await;
    let mut runs = Vec::new();
    for (((pos, cashbox), asked), probe) in cashboxes.iter().zip(asked).zip(probes) {
        let before = Dump::read(&cluster.journal_url(), cashbox.queue).await;
        ask_again(pos, &asked).await;
        runs.push(CashboxRun {
            cashbox: cashbox.id,
            queue: cashbox.queue,
            asked_again: pos.history().exchanges().split_off(asked.len()),
            asked,
            before,
            after: Dump::default(),
            exported: Journals::read(pos).await,
            resets: resets.get(&cashbox.id).cloned().unwrap_or_default(),
            evidence: Vec::new(),
            signatures: SimulatedTse::of(cluster, cashbox).signatures(),
            probe,
        });
    }
    let mut lines = evidence_of(cluster);
    for run in &mut runs {
        run.after = Dump::read(&cluster.journal_url(), run.queue).await;
        run.evidence = lines.remove(&run.cashbox).unwrap_or_default();
    }
    Run {
        terms,
        faults: faults.clone(),
        cashboxes: runs,
        waiting: waiting(cluster).await,
    }
}

/// Whether a cashbox serves. What is asked here belongs to what is judged, as every request.
async fn probe(cluster: &Cluster, pos: &Pos, cashbox: &Cashbox, healed_at: Instant, terms: &Terms) -> Probe {
    let (operation, zero) = (OperationId::random(), receipt::zero(cashbox, "probe"));
    let mut served_after = None;
    while served_after.is_none() && healed_at.elapsed() < terms.heal_within + PATIENCE {
        match pos.try_sign(operation, &zero).await {
            Ok(answer) if answer.status == 200 => served_after = Some(healed_at.elapsed()),
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
    Probe {
        served_after,
        owners: cluster.owners(cashbox).await,
    }
}

/// Asks for every operation whose outcome its client does not know, with the same content.
async fn ask_again(pos: &Pos, asked: &[Exchange]) {
    for operation in unknown(asked) {
        let exchange = asked.iter().find(|exchange| exchange.operation == operation);
        let content = &exchange.expect("what is unknown was asked").content;
        let receipt: Value = serde_json::from_str(content).unwrap();
        for _ in 0..ASKED_AGAIN {
            // What is lost here is recorded, and the judge sees it.
            let _ = pos.try_sign(operation, &receipt).await;
        }
    }
}

/// Every pod's lines, by cashbox, in order of time.
fn evidence_of(cluster: &Cluster) -> HashMap<CashBoxId, Vec<Line>> {
    let mut by_cashbox: HashMap<CashBoxId, Vec<Line>> = HashMap::new();
    for (_, log) in cluster.logs() {
        for line in evidence::lines(&log) {
            by_cashbox.entry(line.cashbox).or_default().push(line);
        }
    }
    for lines in by_cashbox.values_mut() {
        lines.sort_by_key(|line| line.at_us);
    }
    by_cashbox
}

/// How many requests wait in each proxy that answers.
async fn waiting(cluster: &Cluster) -> Vec<(String, u64)> {
    let mut waiting = Vec::new();
    for proxy in &cluster.proxies {
        let url = format!("{}/metrics", proxy.admin_url());
        let Ok(answer) = client::http().get(url).send().await else {
            continue;
        };
        let text = answer.text().await.unwrap_or_default();
        let gauge = text
            .lines()
            .find_map(|line| line.strip_prefix("byodc_proxy_waiting_requests "));
        waiting.push((
            proxy.url(),
            gauge.expect("a proxy tells how many wait").parse().unwrap(),
        ));
    }
    waiting
}
