//! The routes that are known: cashbox → pod and epoch.
//!
//! Read for every request, written when a cashbox moves. An epoch is never lowered; what turned out wrong is
//! forgotten instead.

use std::sync::Arc;

use papaya::Operation;
use shared::identity::{CashBoxId, Epoch};

use super::peer::Peer;

/// A cashbox's owner as it is known. Small: there are as many as there are cashboxes.
#[derive(Debug, Clone)]
pub struct Known {
    /// The pod.
    pub peer: Arc<Peer>,
    /// The epoch of its claim.
    pub epoch: Epoch,
}

/// The routes that are known, at most a given number.
#[derive(Debug)]
pub struct Table {
    routes: papaya::HashMap<CashBoxId, Known>,
    routes_max: usize,
}

impl Table {
    /// An empty table for at most so many routes.
    #[must_use]
    pub fn new(routes_max: usize) -> Self {
        Self {
            routes: papaya::HashMap::new(),
            routes_max,
        }
    }

    /// The owner of a cashbox, if it is known.
    #[must_use]
    pub fn get(&self, cashbox: CashBoxId) -> Option<Known> {
        self.routes.pin().get(&cashbox).cloned()
    }

    /// Remembers an owner, unless a higher epoch is known already.
    pub fn learn(&self, cashbox: CashBoxId, peer: &Arc<Peer>, epoch: Epoch) {
        let routes = self.routes.pin();
        let has_room = routes.len() < self.routes_max;
        routes.compute(cashbox, |entry| match entry {
            Some((_, known)) if known.epoch > epoch => Operation::Abort(()),
            Some((_, known)) if known.epoch == epoch && Arc::ptr_eq(&known.peer, peer) => {
                Operation::Abort(())
            }
            None if !has_room => Operation::Abort(()),
            _ => Operation::Insert(Known {
                peer: Arc::clone(peer),
                epoch,
            }),
        });
    }

    /// Forgets that `peer` owns the cashbox: it did not answer, or said that it does not.
    pub fn forget(&self, cashbox: CashBoxId, peer: &Peer) {
        self.remove_if(cashbox, |known| known.peer.is_same_start(peer));
    }

    /// Forgets a cashbox that was released under this epoch.
    pub fn release(&self, cashbox: CashBoxId, epoch: Epoch) {
        self.remove_if(cashbox, |known| known.epoch <= epoch);
    }

    fn remove_if(&self, cashbox: CashBoxId, condition: impl Fn(&Known) -> bool) {
        self.routes.pin().compute(cashbox, |entry| match entry {
            Some((_, known)) if condition(known) => Operation::Remove,
            _ => Operation::<Known, ()>::Abort(()),
        });
    }

    /// Forgets every route to a pod that is gone.
    pub fn sweep(&self) {
        self.routes.pin().retain(|_, known| !known.peer.is_gone());
    }

    /// How many routes are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.routes.pin().len()
    }

    /// Whether no route is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::peer::Peers;
    use proptest::prelude::*;
    use shared::identity::Incarnation;
    use shared::identity::pod::PodId;

    fn peers(count: u16) -> Vec<Arc<Peer>> {
        let peers = Peers::default();
        let id = |n: u16| PodId {
            name: format!("byodc-{n}").parse().unwrap(),
            incarnation: Incarnation::from_u128(n.into()),
        };
        (1..=count)
            .map(|n| peers.meet(&id(n), ([127, 0, 0, 1], n).into()))
            .collect()
    }

    const BOX: CashBoxId = CashBoxId::from_u128(7);

    #[test]
    fn a_full_table_remembers_no_more_but_still_follows_what_it_knows() {
        let (table, peers) = (Table::new(1), peers(2));
        table.learn(BOX, &peers[0], Epoch(1));
        table.learn(CashBoxId::from_u128(8), &peers[0], Epoch(1));
        table.learn(BOX, &peers[1], Epoch(2));
        assert_eq!(table.len(), 1);
        assert_eq!(table.get(BOX).unwrap().epoch, Epoch(2));
    }

    #[test]
    fn only_the_pod_that_is_remembered_can_be_forgotten() {
        let (table, peers) = (Table::new(9), peers(2));
        table.learn(BOX, &peers[0], Epoch(3));
        table.forget(BOX, &peers[1]);
        table.release(BOX, Epoch(2));
        assert!(table.get(BOX).is_some());
        table.forget(BOX, &peers[0]);
        assert!(table.get(BOX).is_none());
    }

    proptest! {
        #[test]
        fn whatever_is_learned_in_whatever_order_an_epoch_is_never_lowered(
            learned in prop::collection::vec((0usize..3, 0u64..6), 1..30),
        ) {
            let (table, peers) = (Table::new(9), peers(3));
            let mut highest = 0;
            for (peer, epoch) in learned {
                table.learn(BOX, &peers[peer], Epoch(epoch));
                highest = highest.max(epoch);
                prop_assert_eq!(table.get(BOX).unwrap().epoch, Epoch(highest));
            }
        }
    }
}
