//! What this pod made ready for cashboxes that others mean to hand to it: bounded in number and time, in memory only.
//!
//! Whoever is taken from here is taken by a handover alone: a request that comes earlier starts the cashbox the usual
//! way, since the owner may still take a new configuration. Its claim says nevertheless that it follows a handover.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use shared::identity::CashBoxId;
use tokio::time::Instant;

use super::configuration::CashboxConfiguration;
use super::token::TokenDigest;
use super::units::Units;

/// How many cashboxes may be ready at a time: more than any number of draining pods hands over at once.
const PREPARED_MAX: usize = 4096;
/// How long one stays ready. The owner may finish a receipt in between; a later take reads its configuration again.
const PREPARED_FOR: Duration = Duration::from_secs(60);

/// All that a start needs besides the claim.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    pub(super) configuration: Arc<CashboxConfiguration>,
    pub(super) units: Units,
    /// The token that the owner accepted last.
    pub(super) accepted: TokenDigest,
}

/// The cashboxes that are ready.
#[derive(Debug, Default)]
pub struct PreparedCashboxes(Mutex<HashMap<CashBoxId, (Prepared, Instant)>>);

impl PreparedCashboxes {
    /// Keeps one; answers whether there was room.
    pub(super) fn keep(&self, cashbox: CashBoxId, prepared: Prepared) -> bool {
        let mut ready = self.lock();
        let now = Instant::now();
        if ready.len() >= PREPARED_MAX {
            ready.retain(|_, (_, until)| *until > now);
        }
        let has_room = ready.len() < PREPARED_MAX || ready.contains_key(&cashbox);
        if has_room {
            ready.insert(cashbox, (prepared, now + PREPARED_FOR));
        }
        has_room
    }

    /// One that is ready.
    pub(super) fn of(&self, cashbox: CashBoxId) -> Option<Prepared> {
        let ready = self.lock();
        let (prepared, until) = ready.get(&cashbox)?;
        (*until > Instant::now()).then(|| prepared.clone())
    }

    /// Whether one is ready: its owner means to hand it to this pod.
    pub(super) fn expects(&self, cashbox: CashBoxId) -> bool {
        self.of(cashbox).is_some()
    }

    /// Its handover is over.
    pub(super) fn forget(&self, cashbox: CashBoxId) {
        self.lock().remove(&cashbox);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CashBoxId, (Prepared, Instant)>> {
        // Every change is one insertion or removal, so the map behind a poisoned lock is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
