//! How a queue's journal stands to what its TSE has signed: what was reported, and whether it may be continued.
//!
//! Kept beside the queue and not in it: a database that was restored to an older state holds the older account,
//! and the mark that it is stale goes with it when the right database is put back.

use shared::clock::Ticks;
use shared::identity::{Epoch, ScuId};

use super::entry::ActionJournalRow;

/// The account of one queue. The default is a queue about which nothing had to be written yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// The TSE that [`Self::reported_through`] counts of; none before the first report.
    pub scu: Option<ScuId>,
    /// Signatures of that TSE which no receipt shows are in the action journal up to this signature counter.
    pub reported_through: u64,
    /// Why the journal must not be continued until an operator accepts it; none while all is well.
    pub stale: Option<Staleness>,
    /// When an operator last accepted a stale journal: what a pod remembers of the time before does not count.
    pub accepted_at: Option<Ticks>,
}

/// A journal that is older than what somebody else remembers of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staleness {
    /// When that was found.
    pub found_at: Ticks,
    /// What shows it, in words for an operator; no receipt contents, no secrets.
    pub evidence: String,
}

/// A change of the account, with what the action journal says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountUpdate {
    /// The account from now on.
    pub account: Account,
    /// Rows of the action journal that explain it, in order.
    pub actions: Vec<ActionJournalRow>,
    /// Raises the queue's epoch to at least this one, so that the next claim gets a higher one. The tenure that
    /// writes it is fenced by its own write then.
    pub raise_epoch_to: Option<Epoch>,
}

impl Account {
    /// Up to which signature counter of this TSE everything is reported; 0 for a TSE not reported on yet.
    #[must_use]
    pub fn reported_through(&self, scu: Option<ScuId>) -> u64 {
        if self.scu == scu { self.reported_through } else { 0 }
    }
}
