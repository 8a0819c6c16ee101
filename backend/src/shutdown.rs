//! The order in which a pod stops, written once.
//!
//! ```text
//! not ready → record says draining → each cashbox: its running receipt ends, another pod takes it
//!           → listeners close → record withdrawn → journal closed
//! ```
//!
//! Cashboxes go to pods of the newest generation first, so that a rolling restart moves each once; where no pod takes
//! one, it is released.
//!
//! While it drains the pod answers: a proxy that comes late is told to go elsewhere. When the time is up, or a second
//! signal comes, the rest is left to takeover: the record is withdrawn, so nobody waits for a lease.

use std::sync::Arc;
use std::time::Duration;

use shared::env::{Faults, Setting, Settings};
use shared::shutdown::Shutdown;
use shared::timings::CONNECTIONS_END;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::cashbox::registry::drain::pace::Pace;
use crate::http::Pod;

/// How long a drain may take.
pub const DRAIN_SECONDS: Setting = Setting::plain(
    "Byodc__Drain__Seconds",
    "120",
    "how long a pod that is told to stop finishes receipts and hands its cashboxes to other pods, 1 to 3600; what is \
     left then is taken over by them",
);
/// How many cashboxes are handed over at once at the most: the drain goes gently while it has time (`pace.rs`).
pub const RELEASES_MAX: Setting = Setting::plain(
    "Byodc__Drain__ReleasesMax",
    "16",
    "how many cashboxes at most are handed over or released at the same time while the pod stops, 1 to 4096; one while \
     that is fast enough",
);

/// Every setting of this part.
pub const SETTINGS: &[Setting] = &[DRAIN_SECONDS, RELEASES_MAX];

/// How a pod stops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `Byodc__Drain__Seconds`.
    pub budget: Duration,
    /// `Byodc__Drain__ReleasesMax`.
    pub releases_max: usize,
}

impl Config {
    /// Reads how a pod stops.
    pub fn read(settings: &Settings, faults: &mut Faults) -> Self {
        let releases_max = settings.number(&RELEASES_MAX, 1..=4096, faults);
        Self {
            budget: Duration::from_secs(settings.number(&DRAIN_SECONDS, 1..=3600, faults)),
            releases_max: usize::try_from(releases_max).expect("4096 fits into usize"),
        }
    }
}

/// The parts of a pod that run until they are told to stop.
#[derive(Debug)]
pub struct Running {
    /// What is stopped.
    pub pod: Arc<Pod>,
    /// The listeners, which end after `close_listeners`.
    pub listeners: JoinSet<std::io::Result<()>>,
    /// Tells the listeners to take nothing more and to end.
    pub close_listeners: CancellationToken,
    /// The renewal of the pod's record, which ends after `stop_renewal`.
    pub renewal: JoinSet<()>,
    /// Tells the renewal to end.
    pub stop_renewal: CancellationToken,
}

/// Stops a pod.
pub async fn stop(config: &Config, shutdown: &Shutdown, mut running: Running) {
    let pod = running.pod.clone();
    pod.draining.cancel();
    pod.metrics.drain_began(jiff::Timestamp::now().as_second());
    pod.ownership.pod().drain();
    #[cfg(feature = "sabotage")]
    if shared::sabotage::mutant(shared::sabotage::Mutant::ReleasedBeforeDrain) {
        pod.ownership.release_everything().await;
    }
    tracing::info!(pod.id = %pod.id, cashboxes = pod.registry.len(), "the pod drains");
    let pace = Pace::within(config.budget, config.releases_max);
    tokio::select! {
        () = pod.registry.drain(&pace) => tracing::info!("every cashbox has left"),
        () = tokio::time::sleep(config.budget) => {
            tracing::warn!(cashboxes = pod.registry.len(), "the time to drain is up: the rest is left to takeover");
        }
        () = shutdown.hurry.cancelled() => {
            tracing::warn!(cashboxes = pod.registry.len(), "told to hurry: the rest is left to takeover");
        }
    }
    running.close_listeners.cancel();
    let closed = async { while running.listeners.join_next().await.is_some() {} };
    if tokio::time::timeout(CONNECTIONS_END, closed).await.is_err() {
        tracing::info!("connections that did not end are cut");
        running.listeners.shutdown().await;
    }
    running.stop_renewal.cancel();
    while running.renewal.join_next().await.is_some() {}
    pod.ownership.leave().await;
    pod.journal.close().await;
    tracing::info!(pod.id = %pod.id, "the pod has stopped");
}
