//! What all processes share, and what outlives them: the store of ownership, the journal, the TSEs, the documents.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use backend::journal::in_memory::InMemoryJournal;
use futures::FutureExt as _;
use shared::identity::ScuId;
use shared::ownership::in_memory::InMemoryStore;
use shared::ownership::store::{OwnershipEvent, OwnershipStore as _};
use tokio::runtime::{Builder, EnterGuard, Runtime};
use tokio::sync::broadcast;

use crate::cashbox::Cashbox;
use crate::tse::Tse;

/// What all processes share.
pub struct World {
    /// Moves the leases of the store.
    clock: Runtime,
    clock_ms: u64,
    owners: InMemoryStore,
    changes: broadcast::Receiver<OwnershipEvent>,
    /// The journal database.
    pub journal: InMemoryJournal,
    /// The TSEs.
    pub tses: BTreeMap<ScuId, Tse>,
    /// What there is to serve.
    pub cashboxes: Vec<Cashbox>,
}

impl World {
    /// A world in which nothing has happened yet.
    pub fn new(cashboxes: Vec<Cashbox>) -> Self {
        let clock = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build();
        let owners = InMemoryStore::new();
        Self {
            clock: clock.expect("a runtime without I/O needs nothing that could be missing"),
            clock_ms: 0,
            changes: owners.events(),
            owners,
            journal: InMemoryJournal::default(),
            tses: cashboxes
                .iter()
                .map(|cashbox| (cashbox.scu, Tse::default()))
                .collect(),
            cashboxes,
        }
    }

    /// The store of ownership, at a moment. The guard holds its clock for as long as the store is asked.
    pub fn owners(&mut self, now_ms: u64) -> (EnterGuard<'_>, &InMemoryStore) {
        let passed = Duration::from_millis(now_ms.saturating_sub(self.clock_ms));
        self.clock_ms = self.clock_ms.max(now_ms);
        self.clock.block_on(tokio::time::advance(passed));
        (self.clock.enter(), &self.owners)
    }

    /// What the store has announced since this was asked last.
    pub fn announced(&mut self) -> Vec<OwnershipEvent> {
        std::iter::from_fn(|| self.changes.try_recv().ok()).collect()
    }
}

/// The answer of something in memory, which never waits.
pub fn at_once<T>(answer: impl Future<Output = T>) -> T {
    answer.now_or_never().expect("what is in memory answers at once")
}
