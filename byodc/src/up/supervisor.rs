//! All processes, kept running: a task for each part starts its process, and another one when that ends.

use std::sync::Arc;

use shared::shutdown::Shutdown;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::cluster::{Cluster, Part};
use standing::Standings;

/// The task that keeps one part running.
mod keeper;
/// How the parts stand.
pub mod standing;

/// All processes.
#[derive(Debug)]
pub struct Supervisor {
    /// What the parts share.
    pub cluster: Arc<Cluster>,
    standings: watch::Receiver<Standings>,
    keepers: Vec<(Part, CancellationToken, JoinHandle<()>)>,
}

impl Supervisor {
    /// Starts a process for each part of a cluster. The shutdown's hurry kills them.
    pub fn start(cluster: Cluster, shutdown: &Shutdown) -> Self {
        let cluster = Arc::new(cluster);
        let (board, standings) = watch::channel(Standings::new());
        let board = Arc::new(board);
        let keep = |part: Part| {
            let stop = CancellationToken::new();
            let keeper = keeper::Keeper {
                part: part.clone(),
                cluster: cluster.clone(),
                board: board.clone(),
                stop: stop.clone(),
                hurry: shutdown.hurry.clone(),
            };
            (part, stop, tokio::spawn(keeper.run()))
        };
        let keepers = cluster.parts().into_iter().map(keep).collect();
        Self {
            cluster,
            standings,
            keepers,
        }
    }

    /// How the parts stand now.
    pub fn standings(&self) -> Standings {
        self.standings.borrow().clone()
    }

    /// Follows how the parts stand.
    pub fn watch(&self) -> watch::Receiver<Standings> {
        self.standings.clone()
    }

    /// Ends everything: first the proxy, so that no request comes in, then the pods, then what they ask.
    pub async fn end(self) {
        let mut keepers = self.keepers;
        for stage in [Part::is_proxy, Part::is_pod, Part::is_config_service] {
            let (now, later): (Vec<_>, Vec<_>) = keepers.into_iter().partition(|(part, ..)| stage(part));
            keepers = later;
            now.iter().for_each(|(_, stop, _)| stop.cancel());
            for (part, _, task) in now {
                if let Err(error) = task.await {
                    eprintln!("{} was not seen to its end: {error}", part.name());
                }
            }
        }
    }
}
