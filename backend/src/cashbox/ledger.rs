//! The journal's side of a comparison with the TSE: looks up what the TSE's signatures name.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use shared::identity::{QueueId, QueueItemId};

use crate::journal::{JournalError, JournalStore};
use crate::queue::account::{self, Findings};
use crate::scu::types::SignedStep;
use crate::scu::{Scu, ScuError};

/// How many of the TSE's newest signatures are looked at. A receipt takes two, and a journal that is too old shows
/// in the newest one already; the others are there for signatures that came late.
const STEPS: usize = 16;

/// What a queue's journal holds, as far as its TSE can contradict it.
#[derive(Debug, Clone)]
pub(super) struct Ledger {
    pub(super) journal: Arc<dyn JournalStore>,
    pub(super) queue: QueueId,
    /// The queue's name at the TSE.
    pub(super) client_id: String,
    /// Transactions on record as open.
    pub(super) open: BTreeSet<u64>,
    /// Signatures up to this counter were reported by an earlier tenure.
    pub(super) reported_through: u64,
}

/// What the TSE showed, and what the journal says to it.
#[derive(Debug)]
pub(super) struct Compared {
    /// Newest first.
    pub(super) steps: Vec<SignedStep>,
    /// What is wrong, without what an earlier tenure has reported.
    pub(super) findings: Findings,
}

/// Why nothing could be compared.
#[derive(Debug)]
pub(super) enum Unread {
    /// The TSE did not show its signatures.
    Tse(ScuError),
    /// The journal could not be read.
    Journal(JournalError),
}

impl Ledger {
    /// Asks the TSE for its newest signatures and judges them.
    pub(super) async fn compare(&self, unit: &dyn Scu) -> Result<Compared, Unread> {
        let steps = unit.last_steps(&self.client_id, STEPS).await;
        let steps = steps.map_err(Unread::Tse)?;
        let mut findings = self.judge(&steps).await.map_err(Unread::Journal)?;
        let is_new = |step: &SignedStep| step.counter > self.reported_through;
        findings.unknown.retain(is_new);
        findings.orphans.retain(is_new);
        Ok(Compared { steps, findings })
    }

    /// Judges signatures, reported before or not.
    pub(super) async fn judge(&self, steps: &[SignedStep]) -> Result<Findings, JournalError> {
        let named: BTreeSet<QueueItemId> = steps.iter().map(|step| step.identity.item).collect();
        let named: Vec<QueueItemId> = named.into_iter().collect();
        let found = self.journal.find_items(self.queue, &named).await?;
        let items: HashMap<_, _> = found.into_iter().map(|item| (item.item.item, item)).collect();
        Ok(account::compare(steps, &items, &self.open))
    }
}
