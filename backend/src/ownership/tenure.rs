//! The proof of a claim, without which nothing is written.

use shared::identity::pod::PodId;
use shared::identity::{CashBoxId, Epoch, QueueId};

/// What a pod holds after it claimed a queue in the journal database. Every write takes it, and the database
/// compares its epoch with the newest, so a tenure that has been superseded is worthless whatever its holder
/// believes. Only a journal store makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenure {
    cashbox: CashBoxId,
    queue: QueueId,
    epoch: Epoch,
    pod: PodId,
}

impl Tenure {
    /// For journal stores, after the database raised the epoch.
    pub(crate) fn granted(cashbox: CashBoxId, queue: QueueId, epoch: Epoch, pod: PodId) -> Self {
        Self {
            cashbox,
            queue,
            epoch,
            pod,
        }
    }

    /// The cashbox that was claimed.
    #[must_use]
    pub fn cashbox(&self) -> CashBoxId {
        self.cashbox
    }

    /// Its queue.
    #[must_use]
    pub fn queue(&self) -> QueueId {
        self.queue
    }

    /// The epoch of this claim.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Who claimed.
    #[must_use]
    pub fn pod(&self) -> &PodId {
        &self.pod
    }
}
