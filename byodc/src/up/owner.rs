//! Who owns a cashbox, as the proxy tells operators.

use std::time::Duration;

use anyhow::Context;
use serde_json::Value;
use shared::identity::CashBoxId;

use super::cluster::Part;
use super::readiness;
use super::supervisor::Supervisor;

/// How long the proxy may take to tell.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// The pod that owns a cashbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwningPod {
    /// Its name.
    pub name: String,
    /// The id of its process.
    pub pid: u32,
}

/// Asks the proxy which pod owns a cashbox.
///
/// # Errors
/// The proxy does not tell, or names none of our pods.
pub async fn of(supervisor: &Supervisor, cashbox: CashBoxId) -> anyhow::Result<OwningPod> {
    let url = format!(
        "http://{}/admin/v1/route/{cashbox}",
        supervisor.cluster.proxy.admin
    );
    let told = || format!("asking {url} who owns the cashbox");
    let answer = readiness::client(ANSWER_MAX)?
        .get(&url)
        .send()
        .await
        .with_context(told)?;
    let answer = answer.text().await.with_context(told)?;
    let pods = supervisor
        .standings()
        .into_iter()
        .filter(|(part, _)| Part::is_pod(part));
    let mut running = pods.filter_map(|(part, standing)| Some((part.name(), standing.process?.pid)));
    let owner = running.find(|(name, _)| names(&answer, name));
    let (name, pid) = owner.with_context(|| format!("{}: none of our pods is in {answer}", told()))?;
    Ok(OwningPod { name, pid })
}

/// Whether an answer about a route names a pod as the owner.
pub fn names(answer: &str, pod: &str) -> bool {
    let Ok(route) = serde_json::from_str::<Value>(answer) else {
        return false;
    };
    route["pod"]["name"].as_str().is_some_and(|owner| owner == pod)
}
