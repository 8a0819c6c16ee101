//! Giving up one cashbox, or leaving altogether.
//!
//! A release that does not arrive costs little: the record still names this pod, which answers for it or is buried.

use shared::identity::{CashBoxId, Epoch};

use super::Ownership;

impl Ownership {
    /// Gives up a reservation that led to no claim. What another reserved or claimed since is not touched.
    pub async fn release_reservation(&self, cashbox: CashBoxId) {
        self.tell_released(cashbox, None).await;
    }

    /// Gives up a cashbox that was held under an epoch. Its actor must have stopped: from here on another pod may
    /// claim it.
    pub async fn release(&self, cashbox: CashBoxId, epoch: Epoch) {
        self.held.remove(cashbox, epoch);
        self.tell_released(cashbox, Some(epoch)).await;
    }

    /// Notes that a cashbox was lost to a newer claim: nothing is announced, the new owner does that.
    pub fn lost(&self, cashbox: CashBoxId, epoch: Epoch) {
        self.held.remove(cashbox, epoch);
    }

    /// The mutant's way: every record is given away, whatever still runs under it.
    #[cfg(feature = "sabotage")]
    pub async fn release_everything(&self) {
        self.held.doubt_all();
        for (cashbox, epoch) in self.held.missing(usize::MAX) {
            self.release(cashbox, epoch).await;
        }
    }

    /// Removes this pod's record, the last step of a shutdown: whatever it still held is free at once. The task of
    /// [`Ownership::keep_renewed`] must have ended, or it would write the record again.
    pub async fn leave(&self) {
        let pod = self.pod().record().id;
        if let Err(error) = self.parts.store.bury(pod.incarnation).await {
            tracing::warn!(pod.id = %pod, error = &error as &dyn std::error::Error, "the pod's record stays until its lease runs out");
        }
    }

    async fn tell_released(&self, cashbox: CashBoxId, epoch: Option<Epoch>) {
        let by = self.pod().incarnation();
        if let Err(error) = self.parts.store.release(cashbox, by, epoch).await {
            tracing::warn!(cashbox.id = %cashbox, error = &error as &dyn std::error::Error, "a cashbox that was given up is still on record as this pod's");
        }
    }
}
