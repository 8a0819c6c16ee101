//! A pod as the proxy knows it: where it is, and whether it can be asked.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use shared::identity::Incarnation;
use shared::identity::pod::{PodId, PodName};
use shared::placement::pod::PodState;
use tokio::time::Instant;

/// How long a pod that refused a connection is passed over when a cashbox without an owner is placed.
const AVOIDED_FOR: Duration = Duration::from_secs(5);

const READY: u8 = 0;
const DRAINING: u8 = 1;
const GONE: u8 = 2;

/// One start of a pod. Shared by routes, pools and membership; only its state changes.
#[derive(Debug)]
pub struct Peer {
    /// Its stable name.
    pub name: PodName,
    /// Which start of it; unknown for pods that only configuration or DNS names.
    pub incarnation: Option<Incarnation>,
    /// `name/incarnation`, as the pod writes itself; empty when the start is unknown.
    pub written: Box<str>,
    /// Where it takes requests.
    pub address: SocketAddr,
    state: AtomicU8,
    /// Milliseconds since `born` plus one; 0: never.
    refused_at: AtomicU64,
    missing_since: AtomicU64,
    born: Instant,
}

impl Peer {
    fn new(name: PodName, incarnation: Option<Incarnation>, address: SocketAddr) -> Self {
        let written = incarnation.map_or_else(String::new, |start| format!("{name}/{start}"));
        Self {
            name,
            incarnation,
            written: written.into(),
            address,
            state: AtomicU8::new(READY),
            refused_at: AtomicU64::new(0),
            missing_since: AtomicU64::new(0),
            born: Instant::now(),
        }
    }

    /// Whether it takes cashboxes, as far as is known.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.state.load(Ordering::Relaxed) == READY
    }

    /// Whether it has been missing from the store for so long that its process must be gone.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.state.load(Ordering::Relaxed) == GONE
    }

    /// Its state in one word.
    #[must_use]
    pub fn state_word(&self) -> &'static str {
        match self.state.load(Ordering::Relaxed) {
            READY => "ready",
            DRAINING => "draining",
            _ => "gone",
        }
    }

    /// Whether both are the same start of the same pod. An unknown start is taken for any.
    #[must_use]
    pub fn is_same_start(&self, other: &Self) -> bool {
        match (self.incarnation, other.incarnation) {
            (Some(one), Some(other)) => one == other,
            _ => self.address == other.address,
        }
    }

    /// Notes that the pod said it is draining.
    pub fn drains(&self) {
        let _ = self
            .state
            .compare_exchange(READY, DRAINING, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Notes that the store knows the pod, in this state.
    pub fn is_known(&self, state: PodState) {
        self.missing_since.store(0, Ordering::Relaxed);
        match state {
            // Draining is for good: the store may not have heard of it yet.
            PodState::Ready => {
                let _ = self
                    .state
                    .compare_exchange(GONE, READY, Ordering::Relaxed, Ordering::Relaxed);
            }
            PodState::Draining => self.state.store(DRAINING, Ordering::Relaxed),
        }
    }

    /// Notes that another pod says that it lives, whatever the store knows.
    pub fn is_vouched_for(&self) {
        self.missing_since.store(0, Ordering::Relaxed);
        let _ = self
            .state
            .compare_exchange(GONE, READY, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Notes that the store does not know the pod, or not any more. Missing for `limit`, it counts as gone.
    pub fn is_missing(&self, limit: Duration) {
        let now = self.now_ms();
        let since = match self
            .missing_since
            .compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed)
        {
            Ok(_) => now,
            Err(since) => since,
        };
        if now - since >= to_ms(limit) {
            self.state.store(GONE, Ordering::Relaxed);
        }
    }

    /// Notes that the pod's address refused a connection.
    pub fn refused(&self) {
        self.refused_at.store(self.now_ms(), Ordering::Relaxed);
    }

    /// Notes that the pod answered.
    pub fn answered(&self) {
        // Written only when it changes anything: the line is shared by all threads.
        if self.refused_at.load(Ordering::Relaxed) != 0 {
            self.refused_at.store(0, Ordering::Relaxed);
        }
    }

    /// Whether the pod refused a connection a moment ago.
    #[must_use]
    pub fn is_avoided(&self) -> bool {
        let refused_at = self.refused_at.load(Ordering::Relaxed);
        refused_at != 0 && self.now_ms() - refused_at < to_ms(AVOIDED_FOR)
    }

    fn now_ms(&self) -> u64 {
        to_ms(self.born.elapsed()) + 1
    }
}

fn to_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Every pod that was heard of, each start once.
#[derive(Debug, Default)]
pub struct Peers {
    known: Mutex<HashMap<Start, Arc<Peer>>>,
}

/// What tells two starts apart: the incarnation, and for pods of unknown start the address.
type Start = (Option<Incarnation>, SocketAddr);

impl Peers {
    /// The pod of this id at this address.
    pub fn meet(&self, id: &PodId, address: SocketAddr) -> Arc<Peer> {
        self.entry(&id.name, Some(id.incarnation), address)
    }

    /// The pod that is only known by its name and address.
    pub fn meet_unknown_start(&self, name: &PodName, address: SocketAddr) -> Arc<Peer> {
        self.entry(name, None, address)
    }

    fn entry(&self, name: &PodName, start: Option<Incarnation>, address: SocketAddr) -> Arc<Peer> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = known.entry((start, address));
        Arc::clone(entry.or_insert_with(|| Arc::new(Peer::new(name.clone(), start, address))))
    }

    /// Notes which pods the store knows, by asking `is_known` of each; forgets those that are gone and that
    /// nothing refers to any more. A pod that is missing for `limit` is gone.
    pub fn compare(&self, limit: Duration, is_known: impl Fn(&Peer) -> bool) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, peer| {
            if peer.incarnation.is_some() && !is_known(peer) {
                peer.is_missing(limit);
            }
            !(peer.is_gone() && Arc::strong_count(peer) == 1)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    fn peer() -> Arc<Peer> {
        let id = PodId {
            name: "byodc-0".parse().unwrap(),
            incarnation: Incarnation::random(),
        };
        Peers::default().meet(&id, "127.0.0.1:80".parse().unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn a_pod_is_gone_only_after_it_was_missing_for_a_while() {
        let peer = peer();
        peer.is_missing(LIMIT);
        assert!(peer.is_ready());
        tokio::time::advance(LIMIT).await;
        peer.is_missing(LIMIT);
        assert!(peer.is_gone());
        peer.is_known(PodState::Ready);
        assert!(peer.is_ready());
    }

    #[tokio::test(start_paused = true)]
    async fn a_pod_that_says_it_drains_is_believed_before_the_store() {
        let peer = peer();
        peer.drains();
        peer.is_known(PodState::Ready);
        assert_eq!(peer.state_word(), "draining");
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_forgotten_after_a_while_or_an_answer() {
        let peer = peer();
        peer.refused();
        assert!(peer.is_avoided());
        tokio::time::advance(AVOIDED_FOR).await;
        assert!(!peer.is_avoided());
        peer.refused();
        peer.answered();
        assert!(!peer.is_avoided());
    }
}
