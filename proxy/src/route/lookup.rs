//! Asking the ownership store who owns a cashbox: one question at a time for each.
//!
//! The question runs on the runtime that the store belongs to, not on the thread that serves the request. A store
//! that does not answer in time is left alone for a moment: requests go on with what is known.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use shared::identity::CashBoxId;
use shared::ownership::store::{Owner, OwnershipStore};
use tokio::runtime::Handle;
use tokio::time::Instant;

/// How long a store that did not answer is left alone. Membership, which is read all the while, ends it earlier.
const LEFT_ALONE: Duration = Duration::from_secs(1);

/// What the store knows about a cashbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Its live owner.
    Owner(Box<Owner>),
    /// It has none.
    Nobody,
    /// The store did not say.
    Away,
}

type Flight = Shared<BoxFuture<'static, Found>>;

/// The way to the store.
pub struct Lookup {
    store: Arc<dyn OwnershipStore>,
    runtime: Handle,
    limit: Duration,
    flights: Arc<Mutex<HashMap<CashBoxId, Flight>>>,
    born: Instant,
    /// Milliseconds since `born` until which the store is left alone.
    away_until_ms: Arc<AtomicU64>,
    /// Whether it answered those who follow it.
    is_up: AtomicBool,
    /// Whether it ever did.
    was_up: AtomicBool,
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookup")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

impl Lookup {
    /// A way to `store`, whose answers must come within `limit`. The store's work runs on the current runtime.
    ///
    /// # Panics
    /// Outside of a runtime.
    #[must_use]
    pub fn new(store: Arc<dyn OwnershipStore>, limit: Duration) -> Self {
        Self {
            store,
            runtime: Handle::current(),
            limit,
            flights: Arc::default(),
            born: Instant::now(),
            away_until_ms: Arc::default(),
            is_up: AtomicBool::new(false),
            was_up: AtomicBool::new(false),
        }
    }

    /// The store itself, for those who follow it.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn OwnershipStore> {
        &self.store
    }

    /// How long the store may take.
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.limit
    }

    /// Who owns a cashbox. Callers that ask while the question is out share its answer.
    pub async fn owner(&self, cashbox: CashBoxId) -> Found {
        if self.now_ms() < self.away_until_ms.load(Ordering::Relaxed) {
            return Found::Away;
        }
        self.flight(cashbox).await
    }

    /// Notes whether the store answered somebody else.
    pub fn store_is_back(&self) {
        self.is_up.store(true, Ordering::Relaxed);
        self.was_up.store(true, Ordering::Relaxed);
        self.away_until_ms.store(0, Ordering::Relaxed);
    }

    /// Notes that the store did not answer: it is left alone for a moment.
    pub fn store_is_away(&self) {
        self.is_up.store(false, Ordering::Relaxed);
        let until = self.now_ms() + LEFT_ALONE.as_millis() as u64;
        self.away_until_ms.store(until, Ordering::Relaxed);
    }

    /// Whether the store answered when it was last asked by those who follow it.
    #[must_use]
    pub fn store_is_up(&self) -> bool {
        self.is_up.load(Ordering::Relaxed)
    }

    /// Whether it has answered them since the proxy started.
    #[must_use]
    pub fn store_was_up(&self) -> bool {
        self.was_up.load(Ordering::Relaxed)
    }

    fn now_ms(&self) -> u64 {
        self.born.elapsed().as_millis() as u64
    }

    fn flight(&self, cashbox: CashBoxId) -> Flight {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        let begin = || self.begin(cashbox);
        flights.entry(cashbox).or_insert_with(begin).clone()
    }

    fn begin(&self, cashbox: CashBoxId) -> Flight {
        let (store, flights, limit) = (Arc::clone(&self.store), Arc::clone(&self.flights), self.limit);
        let asked = self.runtime.spawn(async move {
            let answer = tokio::time::timeout(limit, store.owner(cashbox)).await;
            flights
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(&cashbox);
            answer
        });
        let (away_until_ms, born) = (Arc::clone(&self.away_until_ms), self.born);
        let found = async move {
            let problem: Box<dyn fmt::Display + Send> = match asked.await {
                Ok(Ok(Ok(Some(owner)))) => return Found::Owner(Box::new(owner)),
                Ok(Ok(Ok(None))) => return Found::Nobody,
                Ok(Ok(Err(error))) => Box::new(error),
                Ok(Err(too_long)) => Box::new(too_long),
                Err(stopped) => Box::new(stopped),
            };
            tracing::debug!(cashbox.id = %cashbox, error = %problem, "the ownership store could not be asked");
            let until = (born.elapsed() + LEFT_ALONE).as_millis() as u64;
            away_until_ms.store(until, Ordering::Relaxed);
            Found::Away
        };
        found.boxed().shared()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::store::{ScriptedStore, owner_of};

    const BOX: CashBoxId = CashBoxId::from_u128(7);

    #[tokio::test]
    async fn many_callers_share_one_question() {
        let store = ScriptedStore::new();
        store.hold();
        let lookup = Lookup::new(store.clone(), Duration::from_secs(60));
        store.owns(BOX, owner_of("byodc-0", ([127, 0, 0, 1], 1).into(), 3));
        let callers = futures::future::join_all((0..20).map(|_| lookup.owner(BOX)));
        let (found, ()) = tokio::join!(callers, async {
            store.asked(1).await;
            store.go_on();
        });
        assert!(found.iter().all(|found| matches!(found, Found::Owner(_))));
        assert_eq!(store.questions(), 1);
        lookup.owner(BOX).await;
        assert_eq!(store.questions(), 2, "a new caller asks anew");
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_is_silent_is_left_alone_for_a_moment() {
        let store = ScriptedStore::new();
        store.hold();
        let lookup = Lookup::new(store.clone(), Duration::from_millis(50));
        assert_eq!(lookup.owner(BOX).await, Found::Away);
        assert_eq!(lookup.owner(BOX).await, Found::Away);
        assert_eq!(store.questions(), 1);
        store.go_on();
        tokio::time::advance(LEFT_ALONE).await;
        assert_eq!(lookup.owner(BOX).await, Found::Nobody);
    }
}
