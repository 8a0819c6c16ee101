//! What this pod holds, and whether the store knows.
//!
//! The store may lose what it knew, or be away when a cashbox is claimed; what is held here is put on record
//! again until it agrees. Other pods ask whether everything is on record: then a cashbox that the store does not
//! know is not held here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use shared::identity::{CashBoxId, Epoch};
use shared::ownership::store::Era;

/// Every cashbox this pod claimed and has not given up.
#[derive(Debug, Default)]
pub struct Held {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    cashboxes: BTreeMap<CashBoxId, Epoch>,
    /// Those among them that the store must be told of.
    missing: BTreeSet<CashBoxId>,
    /// The era of the store when it was last heard of.
    era: Option<Era>,
}

impl Held {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No step panics half way through a change, so the state behind a poisoned lock is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pod holds a cashbox now; the store does not know yet.
    pub fn insert(&self, cashbox: CashBoxId, epoch: Epoch) {
        let mut state = self.lock();
        state.cashboxes.insert(cashbox, epoch);
        state.missing.insert(cashbox);
    }

    /// The store, asked in `era`, has answered for this epoch of a cashbox. What it answered before it lost
    /// everything counts no more.
    pub fn settle(&self, cashbox: CashBoxId, epoch: Epoch, era: Option<Era>) {
        let mut state = self.lock();
        if state.era == era && state.cashboxes.get(&cashbox) == Some(&epoch) {
            state.missing.remove(&cashbox);
        }
    }

    /// The pod holds this epoch of a cashbox no more; a newer claim of its own stays.
    pub fn remove(&self, cashbox: CashBoxId, epoch: Epoch) {
        let mut state = self.lock();
        if state.cashboxes.get(&cashbox) == Some(&epoch) {
            state.cashboxes.remove(&cashbox);
            state.missing.remove(&cashbox);
        }
    }

    /// The epoch under which a cashbox is held.
    #[must_use]
    pub fn epoch(&self, cashbox: CashBoxId) -> Option<Epoch> {
        self.lock().cashboxes.get(&cashbox).copied()
    }

    /// The era of the store when it was last heard of.
    #[must_use]
    pub fn era(&self) -> Option<Era> {
        self.lock().era
    }

    /// The store is in this era. Answers whether that is another one than before: then all must be told again.
    pub fn enter(&self, era: Era) -> bool {
        let mut state = self.lock();
        let before = state.era.replace(era);
        if before == Some(era) {
            return false;
        }
        state.doubt_all();
        before.is_some()
    }

    /// The store may have lost what it knew of this pod: all must be told again. Answers how many.
    pub fn doubt_all(&self) -> usize {
        let mut state = self.lock();
        state.doubt_all();
        state.missing.len()
    }

    /// The era in which everything held is on record; `None` while something is not.
    #[must_use]
    pub fn recorded_in(&self) -> Option<Era> {
        let state = self.lock();
        state.era.filter(|_| state.missing.is_empty())
    }

    /// Up to `limit` that the store must be told of.
    #[must_use]
    pub fn missing(&self, limit: usize) -> Vec<(CashBoxId, Epoch)> {
        let state = self.lock();
        let missing = state.missing.iter().take(limit);
        missing
            .map(|cashbox| (*cashbox, state.cashboxes[cashbox]))
            .collect()
    }
}

impl State {
    fn doubt_all(&mut self) {
        self.missing = self.cashboxes.keys().copied().collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOX: CashBoxId = CashBoxId::from_u128(7);

    #[test]
    fn everything_is_on_record_only_once_the_store_of_this_era_was_told() {
        let held = Held::default();
        assert_eq!(held.recorded_in(), None, "the store was never heard of");
        assert!(!held.enter(Era(1)), "nothing was lost");
        assert_eq!(held.recorded_in(), Some(Era(1)));
        held.insert(BOX, Epoch(3));
        assert_eq!(held.recorded_in(), None);
        held.settle(BOX, Epoch(3), Some(Era(1)));
        assert_eq!(held.recorded_in(), Some(Era(1)));
        assert!(held.enter(Era(2)));
        held.settle(BOX, Epoch(3), Some(Era(1)));
        assert_eq!(
            (held.recorded_in(), held.missing(9)),
            (None, vec![(BOX, Epoch(3))]),
            "an answer from before the loss"
        );
        held.settle(BOX, Epoch(3), Some(Era(2)));
        assert_eq!(held.recorded_in(), Some(Era(2)));
    }

    #[test]
    fn an_answer_for_an_older_claim_settles_nothing() {
        let held = Held::default();
        held.insert(BOX, Epoch(3));
        held.insert(BOX, Epoch(4));
        held.settle(BOX, Epoch(3), None);
        assert_eq!(held.missing(9), [(BOX, Epoch(4))]);
        held.remove(BOX, Epoch(3));
        assert_eq!(held.epoch(BOX), Some(Epoch(4)));
    }
}
