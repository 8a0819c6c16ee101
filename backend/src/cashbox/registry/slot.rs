//! One place per cashbox, from the beginning of a start to the end of the release.
//!
//! ```text
//! (none) ─ slot_or_begin ─▶ Starting ─ go_live ─▶ Live ─ remove, after the release ─▶ (none)
//!                              └ failed: remove ─▶ (none)
//! ```

use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard};

use shared::api::refusal::Refusal;
use shared::identity::CashBoxId;
use shared::trace::current;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Registry;
use crate::cashbox::command::Promise;
use crate::cashbox::error::CashboxError;
use crate::cashbox::handle::CashboxHandle;
use crate::cashbox::start::Beginning;
use crate::cashbox::status::Status;
use crate::cashbox::token::TokenDigest;

/// What is at a cashbox's place.
#[derive(Debug, Clone)]
pub(in crate::cashbox) enum Slot {
    Starting(Arc<Flight>),
    Live(CashboxHandle),
}

/// A start under way. Whoever wants the same cashbox waits for it.
#[derive(Debug)]
pub(in crate::cashbox) struct Flight {
    /// Whose token the start shows: its refusal says nothing about another's.
    pub(super) digest: TokenDigest,
    pub(super) status: Arc<Status>,
    pub(super) landed: Promise<CashboxHandle>,
    /// Cancelled by the watchdog when the start makes no progress.
    pub(super) stuck: CancellationToken,
}

impl Registry {
    pub(super) fn slot(&self, cashbox: CashBoxId) -> Option<Slot> {
        self.slots().get(&cashbox).cloned()
    }

    /// The cashbox as it is here, or its start.
    pub(in crate::cashbox) fn slot_or_begin(
        &self,
        cashbox: CashBoxId,
        begin: impl FnOnce() -> Beginning,
    ) -> Result<Slot, CashboxError> {
        let mut slots = self.slots();
        if let Some(slot) = slots.get(&cashbox) {
            return Ok(slot.clone());
        }
        if self.inner.draining.is_cancelled() {
            return Err(self.departed(cashbox));
        }
        if slots.len() >= self.inner.parts.config.hosted_max {
            return Err(Refusal::PodFull.into());
        }
        self.inner.setbacks.may_start(cashbox, Instant::now())?;
        let beginning = begin();
        let flight = Arc::new(Flight {
            digest: beginning.accepted,
            status: Arc::new(Status::loading(cashbox, self.inner.parts.metrics.clone())),
            landed: Promise::new(),
            stuck: CancellationToken::new(),
        });
        slots.insert(cashbox, Slot::Starting(flight.clone()));
        self.count(&slots);
        // A task of its own: the client going away does not leave a cashbox half started.
        let starting = current::about(cashbox, self.clone().start(beginning, flight.clone()));
        tokio::spawn(current::carried(starting));
        Ok(Slot::Starting(flight))
    }

    /// Clears the slot of an instance, unless another one has it since.
    pub(super) fn remove(&self, cashbox: CashBoxId, status: &Arc<Status>) {
        let mut slots = self.slots();
        if slots
            .get(&cashbox)
            .is_some_and(|slot| Arc::ptr_eq(slot.status(), status))
        {
            slots.remove(&cashbox);
        }
        self.count(&slots);
    }

    fn count(&self, slots: &BTreeMap<CashBoxId, Slot>) {
        let load = u32::try_from(slots.len()).unwrap_or(u32::MAX);
        self.inner.parts.ownership.pod().host(load);
    }

    pub(super) fn slots(&self) -> MutexGuard<'_, BTreeMap<CashBoxId, Slot>> {
        self.inner
            .slots
            .lock()
            .expect("nothing panics while it holds this lock")
    }
}

impl Slot {
    pub(super) fn status(&self) -> &Arc<Status> {
        match self {
            Self::Starting(flight) => &flight.status,
            Self::Live(handle) => handle.status(),
        }
    }

    /// The running cashbox, now or when its start has ended.
    pub(in crate::cashbox) async fn landed(self) -> Result<CashboxHandle, CashboxError> {
        match self {
            Self::Live(handle) => Ok(handle),
            Self::Starting(flight) => flight.landed().await,
        }
    }
}

impl Flight {
    pub(super) async fn landed(&self) -> Result<CashboxHandle, CashboxError> {
        self.landed.ticket().wait().await
    }
}
