//! Who owns it: from a cashbox to the pod to ask.
//!
//! ```text
//! table ──known──────────────────────────→ Owner
//!   └─unknown→ store ──owned─────────────→ Owner
//!                └─nobody, or away→ ring → Candidate, or NoPodReady
//! ```
//!
//! A route is only a proposal: the pod asked knows better and says so (421), and the answer is learned.

/// A pod as the proxy knows it.
pub mod peer;
/// The routes that are known.
pub mod table;
/// Asking the ownership store, once per cashbox at a time.
pub mod lookup;
/// Which pods there are, and which of them is proposed for a cashbox without an owner.
pub mod candidate;
/// Follows the store: changes of ownership as they happen, and the pods every second.
pub mod watch;

use std::sync::Arc;

use arc_swap::ArcSwap;
use shared::identity::pod::PodId;
use shared::identity::{CashBoxId, Epoch, Incarnation};

use candidate::Membership;
use lookup::{Found, Lookup};
use peer::{Peer, Peers};
use table::Table;

/// Whom to ask for a cashbox, and how that is known.
#[derive(Debug, Clone)]
pub enum Route {
    /// The pod that is known to own it.
    Owner {
        /// Which pod.
        peer: Arc<Peer>,
        /// Under which epoch.
        epoch: Epoch,
        /// How it is known.
        source: Source,
    },
    /// Nobody is known to own it; this pod is proposed.
    Candidate(Arc<Peer>),
    /// Nobody is known to own it, and no pod takes cashboxes.
    NoPodReady,
}

/// How an owner is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// It was known already.
    Table,
    /// The store was asked.
    Store,
}

impl Route {
    /// How the route came about, in one word: the reason in metrics and in the admin API.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Owner {
                source: Source::Table,
                ..
            } => "table",
            Self::Owner {
                source: Source::Store,
                ..
            } => "store",
            Self::Candidate(_) => "candidate",
            Self::NoPodReady => "no_pod_ready",
        }
    }
}

/// Everything the proxy knows about who owns what.
#[derive(Debug)]
pub struct Routes {
    /// The routes that are known.
    pub table: Table,
    /// Every pod that was heard of.
    pub peers: Peers,
    /// The way to the store.
    pub lookup: Lookup,
    /// The pods that take cashboxes, as last read.
    pub membership: ArcSwap<Membership>,
}

impl Routes {
    /// Knows nothing yet, and remembers at most `routes_max` owners.
    #[must_use]
    pub fn new(lookup: Lookup, routes_max: usize) -> Self {
        Self {
            table: Table::new(routes_max),
            peers: Peers::default(),
            lookup,
            membership: ArcSwap::default(),
        }
    }

    /// Whom to ask for a cashbox. `suspect` is a start of a pod that the request has just found unreachable: it is
    /// not proposed, whatever table and store say.
    pub async fn find(&self, cashbox: CashBoxId, suspect: Option<Incarnation>) -> Route {
        let usable = |peer: &Peer| suspect.is_none() || peer.incarnation != suspect;
        if let Some(known) = self.table.get(cashbox) {
            if !known.peer.is_gone() && usable(&known.peer) {
                return Route::Owner {
                    peer: known.peer,
                    epoch: known.epoch,
                    source: Source::Table,
                };
            }
            self.table.forget(cashbox, &known.peer);
        }
        if let Found::Owner(owner) = self.lookup.owner(cashbox).await {
            let peer = self.peers.meet(&owner.pod.id, owner.pod.address);
            if usable(&peer) {
                self.table.learn(cashbox, &peer, owner.epoch);
                return Route::Owner {
                    peer,
                    epoch: owner.epoch,
                    source: Source::Store,
                };
            }
        }
        match self.membership.load().candidate(cashbox, suspect) {
            Some(peer) => Route::Candidate(peer),
            None => Route::NoPodReady,
        }
    }

    /// Learns from an answer: this pod serves the cashbox under this epoch.
    pub fn served(&self, cashbox: CashBoxId, asked: &Arc<Peer>, pod: Option<&str>, epoch: Epoch) {
        match pod.and_then(|pod| pod.parse::<PodId>().ok()) {
            // Somebody else answers at that address: a new start of the pod.
            Some(id) => {
                let peer = self.peers.meet(&id, asked.address);
                self.table.learn(cashbox, &peer, epoch);
            }
            None => self.table.learn(cashbox, asked, epoch),
        }
    }

    /// Whether a request that waits at `asked` should rather go elsewhere: the pod is gone, or the cashbox is
    /// known to live in another pod by now.
    #[must_use]
    pub fn is_superseded(&self, cashbox: CashBoxId, asked: &Peer) -> bool {
        asked.is_gone()
            || self
                .table
                .get(cashbox)
                .is_some_and(|known| !known.peer.is_same_start(asked))
    }
}
