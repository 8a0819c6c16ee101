//! What is here, for operators and for those who choose what to move.

use std::time::Duration;

use shared::identity::CashBoxId;

use super::Registry;
use super::slot::Slot;
use crate::cashbox::status::Hosted;

impl Registry {
    /// A part of the hosted cashboxes in order of id, and where the next part begins.
    #[must_use]
    pub fn hosted(&self, after: Option<CashBoxId>, limit: usize) -> (Vec<Hosted>, Option<CashBoxId>) {
        let slots = self.slots();
        let mut ids: Vec<_> = slots
            .keys()
            .filter(|id| after.is_none_or(|after| **id > after))
            .copied()
            .collect();
        ids.sort_unstable();
        let next = (ids.len() > limit).then(|| ids[limit - 1]);
        ids.truncate(limit);
        let rows = ids.iter().map(|id| match &slots[id] {
            Slot::Starting(flight) => flight.status.hosted(0),
            Slot::Live(handle) => handle.hosted(),
        });
        (rows.collect(), next)
    }

    /// The cashboxes for which nobody has asked at least this long, those that have rested longest first. None of
    /// them has a transaction open at the TSE.
    #[must_use]
    pub fn resting(&self, at_least: Duration) -> Vec<CashBoxId> {
        let slots = self.slots();
        let rested = slots.iter().filter_map(|(id, slot)| match slot {
            Slot::Live(handle) => Some((handle.rested()?, *id)),
            Slot::Starting(_) => None,
        });
        let mut resting: Vec<_> = rested.filter(|(rested, _)| *rested >= at_least).collect();
        drop(slots);
        resting.sort_unstable_by(|a, b| b.cmp(a));
        resting.into_iter().map(|(_, id)| id).collect()
    }

    /// Whether nobody has asked for a cashbox at least this long.
    #[must_use]
    pub fn rests(&self, cashbox: CashBoxId, at_least: Duration) -> bool {
        match self.slot(cashbox) {
            Some(Slot::Live(handle)) => handle.rested().is_some_and(|rested| rested >= at_least),
            _ => false,
        }
    }

    /// How many cashboxes are here, starting and ending ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots().len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
