//! What this pod holds, and whether the store knows.
//!
//! The store may lose what it knew, or be away when a cashbox is claimed; what is held here is put on record
//! again until it agrees.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use shared::identity::{CashBoxId, Epoch};

/// Every cashbox this pod claimed and has not given up.
#[derive(Debug, Default)]
pub struct Held {
    cashboxes: Mutex<BTreeMap<CashBoxId, Holding>>,
}

#[derive(Debug, Clone, Copy)]
struct Holding {
    epoch: Epoch,
    record: Record,
}

/// Whether the store knows of a holding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Record {
    /// It was told and agreed, or it knows better.
    Settled,
    /// It must be told.
    Missing,
}

impl Held {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<CashBoxId, Holding>> {
        // Every change is one insertion or removal, so the map behind a poisoned lock is whole.
        self.cashboxes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pod holds a cashbox now; the store does not know yet.
    pub fn insert(&self, cashbox: CashBoxId, epoch: Epoch) {
        let record = Record::Missing;
        self.lock().insert(cashbox, Holding { epoch, record });
    }

    /// The store has answered for this epoch of a cashbox.
    pub fn settle(&self, cashbox: CashBoxId, epoch: Epoch) {
        if let Some(holding) = self.lock().get_mut(&cashbox)
            && holding.epoch == epoch
        {
            holding.record = Record::Settled;
        }
    }

    /// The pod holds this epoch of a cashbox no more; a newer claim of its own stays.
    pub fn remove(&self, cashbox: CashBoxId, epoch: Epoch) {
        let mut cashboxes = self.lock();
        if cashboxes
            .get(&cashbox)
            .is_some_and(|holding| holding.epoch == epoch)
        {
            cashboxes.remove(&cashbox);
        }
    }

    /// The epoch under which a cashbox is held.
    #[must_use]
    pub fn epoch(&self, cashbox: CashBoxId) -> Option<Epoch> {
        Some(self.lock().get(&cashbox)?.epoch)
    }

    /// The store may have lost everything: all must be told again.
    pub fn doubt_all(&self) {
        for holding in self.lock().values_mut() {
            holding.record = Record::Missing;
        }
    }

    /// Up to `limit` that the store must be told of.
    #[must_use]
    pub fn missing(&self, limit: usize) -> Vec<(CashBoxId, Epoch)> {
        let cashboxes = self.lock();
        let missing = cashboxes
            .iter()
            .filter(|(_, holding)| holding.record == Record::Missing);
        missing
            .take(limit)
            .map(|(cashbox, holding)| (*cashbox, holding.epoch))
            .collect()
    }
}
