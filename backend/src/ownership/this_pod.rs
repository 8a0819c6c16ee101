//! This pod as the others see it.

use shared::identity::Incarnation;
use shared::placement::pod::{PodRecord, PodState};
use tokio::sync::watch;

/// This pod's own record. Whoever changes it wakes the task that publishes it.
#[derive(Debug)]
pub struct ThisPod {
    record: watch::Sender<PodRecord>,
}

impl ThisPod {
    /// A pod that describes itself so.
    #[must_use]
    pub fn new(record: PodRecord) -> Self {
        Self {
            record: watch::Sender::new(record),
        }
    }

    /// The record as it is now.
    #[must_use]
    pub fn record(&self) -> PodRecord {
        self.record.borrow().clone()
    }

    /// Which start of the pod this is.
    #[must_use]
    pub fn incarnation(&self) -> Incarnation {
        self.record.borrow().id.incarnation
    }

    /// Whether it has begun to shut down.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.record.borrow().state == PodState::Draining
    }

    /// Takes no cashbox any more, from now on; published at once.
    pub fn drain(&self) {
        self.record
            .send_modify(|record| record.state = PodState::Draining);
    }

    /// Hosts so many cashboxes; published with the next renewal.
    pub fn host(&self, cashboxes: u32) {
        self.record.send_modify(|record| record.load = cashboxes);
    }

    /// Every change of the record.
    pub(super) fn changes(&self) -> watch::Receiver<PodRecord> {
        self.record.subscribe()
    }
}
