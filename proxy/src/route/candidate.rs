//! Which pods there are, and which of them is proposed for a cashbox without an owner.
//!
//! Normally the store knows the pods. While it is away, the last ones it named are kept, and those that
//! configuration or DNS names are added; so they are while it names none at all. After the store lost everything,
//! the pods that it named before stay until they have had time to come back.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use shared::identity::pod::{PodId, PodName};
use shared::identity::{CashBoxId, Incarnation};
use shared::placement::pod::{PodRecord, PodState};
use shared::placement::ring::Ring;

use super::peer::{Peer, Peers};

/// The pods as last read, and the ring of those that take cashboxes.
#[derive(Debug, Default)]
pub struct Membership {
    records: Vec<PodRecord>,
    /// How many of them the store names; the others are only expected to be there.
    on_record: usize,
    peers: HashMap<Incarnation, Arc<Peer>>,
    ring: Ring,
}

impl Membership {
    /// The pods that the store named.
    #[must_use]
    pub fn of(records: Vec<PodRecord>, known: &Peers) -> Self {
        let mut peers = HashMap::new();
        for record in &records {
            let peer = known.meet(&record.id, record.address);
            peer.is_known(record.state);
            peers.insert(record.id.incarnation, peer);
        }
        Self {
            ring: Ring::of(&records),
            on_record: records.len(),
            records,
            peers,
        }
    }

    /// The same pods, and those of an earlier reading that are not known to be gone.
    #[must_use]
    pub fn and_earlier(&self, earlier: &Self) -> Self {
        let (mut records, mut peers) = (self.records.clone(), self.peers.clone());
        for (record, peer) in earlier.pods() {
            let is_here = peers.contains_key(&record.id.incarnation);
            if !is_here && !peer.is_gone() && peer.incarnation.is_some() {
                peers.insert(record.id.incarnation, Arc::clone(peer));
                records.push(record.clone());
            }
        }
        Self {
            ring: Ring::of(&records),
            on_record: self.on_record,
            records,
            peers,
        }
    }

    /// The same pods, and those that are named without the store, where no pod is known at their address.
    #[must_use]
    pub fn and_named(&self, named: &[(PodName, SocketAddr)], known: &Peers) -> Self {
        let (mut records, mut peers) = (self.records.clone(), self.peers.clone());
        for (name, address) in named {
            if records.iter().any(|record| record.address == *address) {
                continue;
            }
            let record = record_of(name, *address, records.len());
            peers.insert(record.id.incarnation, known.meet_unknown_start(name, *address));
            records.push(record);
        }
        Self {
            ring: Ring::of(&records),
            on_record: self.on_record,
            records,
            peers,
        }
    }

    /// Whether the store names exactly these pods, in these states, with these loads, and no others are expected.
    #[must_use]
    pub fn is(&self, records: &[PodRecord]) -> bool {
        self.records == records && self.on_record == records.len() && !records.is_empty()
    }

    /// Whether both are made of the same starts of pods.
    #[must_use]
    pub fn has_the_pods_of(&self, other: &Self) -> bool {
        let starts = |membership: &Self| {
            membership
                .records
                .iter()
                .map(|record| record.id.clone())
                .collect::<Vec<_>>()
        };
        starts(self) == starts(other)
    }

    /// The pod proposed for a cashbox without an owner: the first of the ring that can be expected to answer.
    /// When none can, the first that is not the suspect; `None` only when there is no ready pod at all.
    #[must_use]
    pub fn candidate(&self, cashbox: CashBoxId, suspect: Option<Incarnation>) -> Option<Arc<Peer>> {
        let excluded: &[Incarnation] = suspect.as_slice();
        let mut fallback = None;
        for record in self.ring.candidates(cashbox, excluded) {
            let peer = &self.peers[&record.id.incarnation];
            if peer.is_ready() && !peer.is_avoided() {
                return Some(Arc::clone(peer));
            }
            fallback = fallback.or(Some(peer));
        }
        fallback.cloned()
    }

    /// Any pod that can be expected to answer, for requests that concern no cashbox.
    #[must_use]
    pub fn any(&self) -> Option<Arc<Peer>> {
        self.candidate(CashBoxId::from_u128(rand::random()), None)
    }

    /// How many pods take cashboxes.
    #[must_use]
    pub fn ring_members(&self) -> usize {
        self.ring.len()
    }

    /// The generation that cashboxes are proposed to first.
    #[must_use]
    pub fn generation(&self) -> Option<&str> {
        self.ring.newest_generation()
    }

    /// Every pod, in order of name.
    pub fn pods(&self) -> impl Iterator<Item = (&PodRecord, &Arc<Peer>)> {
        self.records
            .iter()
            .map(|record| (record, &self.peers[&record.id.incarnation]))
    }

    /// Whether the store names a start of a pod.
    #[must_use]
    pub fn is_on_record(&self, incarnation: Incarnation) -> bool {
        let on_record = self.records.iter().take(self.on_record);
        on_record
            .into_iter()
            .any(|record| record.id.incarnation == incarnation)
    }
}

/// A record for the ring, of a pod whose start is unknown. Its incarnation is a mere number that never leaves this
/// proxy: real ones are random in all 128 bits.
fn record_of(name: &PodName, address: SocketAddr, number: usize) -> PodRecord {
    PodRecord {
        id: PodId {
            name: name.clone(),
            incarnation: Incarnation::from_u128(number as u128),
        },
        address,
        admin_address: address,
        version: String::new(),
        generation: String::new(),
        started_at_ms: 0,
        state: PodState::Ready,
        load: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::store::record;

    const BOX: CashBoxId = CashBoxId::from_u128(7);

    fn three() -> (Membership, Peers) {
        let peers = Peers::default();
        let records = (0..3).map(|n| record(&format!("byodc-{n}"), ([127, 0, 0, 1], 80 + n).into()));
        (Membership::of(records.collect(), &peers), peers)
    }

    #[tokio::test]
    async fn a_pod_that_refused_is_passed_over_until_all_did() {
        let (pods, _) = three();
        let first = pods.candidate(BOX, None).unwrap();
        first.refused();
        let second = pods.candidate(BOX, None).unwrap();
        assert!(!second.is_same_start(&first));
        for (_, peer) in pods.pods() {
            peer.refused();
        }
        assert!(pods.candidate(BOX, None).unwrap().is_same_start(&first));
        let other = pods.candidate(BOX, first.incarnation).unwrap();
        assert!(!other.is_same_start(&first), "the suspect is never proposed");
    }

    #[tokio::test]
    async fn named_pods_are_added_where_the_store_named_none() {
        let (pods, peers) = three();
        let named = [
            ("byodc-0".parse().unwrap(), ([127, 0, 0, 1], 80).into()),
            ("byodc-9".parse().unwrap(), ([127, 0, 0, 1], 89).into()),
        ];
        let pods = pods.and_named(&named, &peers);
        assert_eq!(pods.ring_members(), 4);
        assert_eq!(pods.and_named(&named, &peers).ring_members(), 4, "only once");
    }
}
