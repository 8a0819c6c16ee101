//! Who runs where, for scripts and tests: `run.json`. It appears when everything serves, follows every change, and goes
//! with `up`. A pod that is being started again is not in it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Serialize;
use shared::identity::CashBoxId;

use super::cluster::{Cluster, Part};
use super::data_dir::write_whole;
use super::examples::Cashbox;
use super::supervisor::Supervisor;
use super::supervisor::standing::{Process, Standings};

/// What the file holds.
#[derive(Debug, Serialize)]
struct Content<'a> {
    proxy: ProxyEntry,
    pods: Vec<PodEntry>,
    config_service: UrlEntry,
    cashboxes: &'a [CashboxEntry],
}

#[derive(Debug, Serialize)]
struct ProxyEntry {
    /// None while it is being started again.
    pid: Option<u32>,
    url: String,
    admin_url: String,
}

#[derive(Debug, Serialize)]
struct PodEntry {
    name: String,
    pid: u32,
    url: String,
    admin_url: String,
}

#[derive(Debug, Serialize)]
struct UrlEntry {
    url: String,
}

#[derive(Debug, Serialize)]
struct CashboxEntry {
    id: CashBoxId,
    accesstoken: String,
}

/// The file and what in it stays the same.
#[derive(Debug)]
pub struct RunFile {
    path: PathBuf,
    cashboxes: Vec<CashboxEntry>,
}

impl RunFile {
    /// A file that is not written yet.
    pub fn new(path: PathBuf, cashboxes: &[Cashbox]) -> Self {
        let entry = |cashbox: &Cashbox| CashboxEntry {
            id: cashbox.id,
            accesstoken: cashbox.token.clone(),
        };
        Self {
            path,
            cashboxes: cashboxes.iter().map(entry).collect(),
        }
    }

    /// Writes how the parts stand now, then every change of it. Ends with an error only.
    ///
    /// # Errors
    /// The file cannot be written.
    pub async fn follow(&self, supervisor: &Supervisor) -> anyhow::Result<()> {
        let mut changes = supervisor.watch();
        loop {
            let standings = changes.borrow_and_update().clone();
            self.write(&supervisor.cluster, &standings)?;
            changes.changed().await.context("the supervisor has ended")?;
        }
    }

    /// Writes how the parts stand. Readers see the old content or the new, never a half.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, cluster: &Cluster, standings: &Standings) -> anyhow::Result<()> {
        let text = serde_json::to_vec_pretty(&self.content(cluster, standings)).context("writing JSON")?;
        write_whole(&self.path, &text).with_context(|| format!("writing {}", self.path.display()))
    }

    fn content(&self, cluster: &Cluster, standings: &Standings) -> Content<'_> {
        let process = |part: &Part| standings.get(part).and_then(|standing| standing.process);
        let pods = cluster.parts().into_iter().filter(Part::is_pod);
        Content {
            proxy: ProxyEntry {
                pid: process(&Part::Proxy).map(|process| process.pid),
                url: format!("http://{}", cluster.proxy.main),
                admin_url: format!("http://{}", cluster.proxy.admin),
            },
            pods: pods
                .filter_map(|pod| Some(pod_entry(&pod, process(&pod)?)))
                .collect(),
            config_service: UrlEntry {
                url: format!("http://{}", cluster.config_service),
            },
            cashboxes: &self.cashboxes,
        }
    }
}

fn pod_entry(pod: &Part, process: Process) -> PodEntry {
    PodEntry {
        name: pod.name(),
        pid: process.pid,
        url: format!("http://{}", process.addresses.main),
        admin_url: format!("http://{}", process.addresses.admin),
    }
}

/// Removes the file: nothing runs any more. That there is none is fine.
pub fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        eprintln!("removing {}: {error}", path.display());
    }
}
