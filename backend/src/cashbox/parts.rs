//! What cashboxes are made of: given to each, shared by all.

use std::fmt;
use std::sync::Arc;

use shared::clock::Clock;
use shared::identity::pod::PodId;
use shared::ownership::store::OwnershipStore;
use tokio::sync::Semaphore;

use super::acknowledged::Acknowledged;
use super::configuration::CashboxConfiguration;
use super::error::CashboxError;
use super::metrics::Metrics;
use super::prepared::PreparedCashboxes;
use super::units::Units;
use super::{Config, place};
use crate::config_service::ConfigurationService;
use crate::journal::JournalStore;
use crate::journal::history::{ChangeKind, OwnershipChange};
use crate::ownership::Ownership;
use crate::ownership::handover::Successors;
use crate::scu::deadline::Deadline;
use crate::scu::package::ScuPackage;

/// What cashboxes are made of.
#[derive(Debug)]
pub struct Parts {
    /// How many, and for how long.
    pub config: Config,
    /// Who may serve what.
    pub ownership: Arc<Ownership>,
    /// Who owns what, as everybody sees it: asked for the way to a new owner.
    pub owners: Arc<dyn OwnershipStore>,
    /// The way to pods that cashboxes are handed to.
    pub successors: Arc<dyn Successors>,
    /// What others mean to hand to this pod.
    pub prepared: PreparedCashboxes,
    /// What is permanent.
    pub journal: Arc<dyn JournalStore>,
    /// What a cashbox is.
    pub configurations: ConfigurationService,
    /// The way to a TSE.
    pub scus: Scus,
    /// What this pod has acknowledged of queues that ran here.
    pub acknowledged: Acknowledged,
    /// Places for exports that become rows ([`super::export::ROWS_AT_ONCE`]).
    pub packing: Semaphore,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

impl Parts {
    /// Whether a configuration can be served here; answers its ways to the TSEs, and tells the journal where the queue is
    /// kept.
    ///
    /// # Errors
    /// When it names a TSE or a database that this version cannot use.
    pub(super) fn usable(&self, configuration: &CashboxConfiguration) -> Result<Units, CashboxError> {
        let place = place::of(configuration, self.config.own_databases)?;
        let placed = self.journal.place(configuration.queue, &place);
        placed.map_err(|error| CashboxError::Configuration {
            detail: error.to_string(),
        })?;
        let packages = configuration.scus.iter();
        packages
            .map(|package| Ok((package.scu, self.scus.connect(package)?)))
            .collect()
    }
}

impl Parts {
    /// Says that a cashbox's ownership changed, in one line of the log and one row of the history. Claims have
    /// theirs already.
    pub(super) fn note(&self, change: OwnershipChange) {
        let (cashbox, epoch, reason) = (change.cashbox, change.epoch, &*change.reason);
        let (from, to) = (shown(change.from.as_ref()), shown(change.to.as_ref()));
        match change.kind {
            ChangeKind::Claim => {
                tracing::info!(cashbox.id = %cashbox, from, to, epoch = epoch.0, reason, "cashbox claimed")
            }
            ChangeKind::Handover => {
                tracing::info!(cashbox.id = %cashbox, from, to, epoch = epoch.0, reason, "cashbox handed over");
            }
            ChangeKind::Release => {
                tracing::info!(cashbox.id = %cashbox, from, to, epoch = epoch.0, reason, "cashbox released")
            }
            ChangeKind::Fence => {
                tracing::warn!(cashbox.id = %cashbox, from, to, epoch = epoch.0, reason, "cashbox lost")
            }
            ChangeKind::Stale => {
                tracing::error!(cashbox.id = %cashbox, from, to, epoch = epoch.0, reason, "cashbox stopped: its journal is stale");
            }
        }
        self.journal.note_change(change);
    }
}

/// A pod in a log line; nobody is a dash.
pub(super) fn shown(pod: Option<&PodId>) -> String {
    pod.map_or_else(|| "-".to_owned(), ToString::to_string)
}

/// The way to a TSE: makes a unit of what a configuration names, or says why there is none.
pub struct Scus(Box<Connect>);

type Connect = dyn Fn(&ScuPackage) -> Result<Arc<Deadline>, CashboxError> + Send + Sync;

impl Scus {
    /// Units are made by this function. It does not call them: a cashbox starts while its TSE is away.
    pub fn new(
        connect: impl Fn(&ScuPackage) -> Result<Arc<Deadline>, CashboxError> + Send + Sync + 'static,
    ) -> Self {
        Self(Box::new(connect))
    }

    /// The unit that a configuration names.
    ///
    /// # Errors
    /// When it names one that this version does not have.
    pub fn connect(&self, package: &ScuPackage) -> Result<Arc<Deadline>, CashboxError> {
        (self.0)(package)
    }
}

impl fmt::Debug for Scus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scus")
    }
}
