//! When everything serves, or why it does not.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use reqwest::Client;

use super::child;
use super::cluster::Part;
use super::supervisor::Supervisor;
use super::supervisor::standing::Standings;

/// How long everything may take to serve: migrations of a large database take their time.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long one question may take.
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// How often is asked.
const PERIOD: Duration = Duration::from_millis(50);
/// How often a process may end before everything serves: a port lost to somebody else is found on the second try.
const ENDS_MAX: u32 = 3;

/// A client for processes of this machine, whatever outgoing proxy it uses otherwise.
///
/// # Errors
/// The client cannot be made.
pub fn client(answer_max: Duration) -> anyhow::Result<Client> {
    Client::builder()
        .no_proxy()
        .timeout(answer_max)
        .build()
        .context("making an HTTP client")
}

/// Waits until every part is ready.
///
/// # Errors
/// A process ends again and again, or something takes too long. The message has the end of the log in question.
pub async fn wait(supervisor: &Supervisor) -> anyhow::Result<()> {
    let client = client(ANSWER_MAX)?;
    let began = Instant::now();
    for part in supervisor.cluster.parts() {
        while !is_ready(&client, &supervisor.standings(), &part).await {
            give_up_on_ends(supervisor)?;
            if began.elapsed() > PATIENCE {
                bail!(
                    "{} is not ready after {PATIENCE:?}{}",
                    part.name(),
                    log_of(supervisor, &part)
                );
            }
            tokio::time::sleep(PERIOD).await;
        }
    }
    Ok(())
}

async fn is_ready(client: &Client, standings: &Standings, part: &Part) -> bool {
    let Some(process) = standings.get(part).and_then(|standing| standing.process) else {
        return false;
    };
    let url = format!("http://{}/health/ready", process.addresses.admin);
    client
        .get(url)
        .send()
        .await
        .is_ok_and(|answer| answer.status().is_success())
}

fn give_up_on_ends(supervisor: &Supervisor) -> anyhow::Result<()> {
    for (part, standing) in supervisor.standings() {
        let Some(end) = standing.last_end else { continue };
        if end.is_lasting() || standing.ended >= ENDS_MAX {
            bail!(
                "{} does not start: it {end}{}",
                part.name(),
                log_of(supervisor, &part)
            );
        }
    }
    Ok(())
}

fn log_of(supervisor: &Supervisor, part: &Part) -> String {
    let log = supervisor.cluster.log(part);
    format!(". The end of {}:\n{}", log.display(), child::end_of_log(&log))
}
