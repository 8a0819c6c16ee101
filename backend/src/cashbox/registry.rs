//! From a cashbox id to the running cashbox, starting it if absent.
//!
//! ```text
//! visit → live? ── yes → token accepted? ─ no → ask the configuration service once
//!           └ no → start (one flight per cashbox, so many at a time) → live
//! ```
//!
//! A slot is taken from the beginning of a start to the end of the release, so there is never a second instance of
//! a cashbox in a pod, and a new start never overtakes the release of the one before.

/// One place per cashbox: there is never a second instance.
mod slot;
/// One instance, from its start to the end of its release.
mod life;
/// What is here, for operators and for those who choose what to move.
mod listing;
/// Frees cashboxes that make no progress.
pub mod watchdog;
/// Gives everything away when the pod stops.
pub mod drain;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex};

use shared::api::refusal::Refusal;
use shared::identity::{CashBoxId, Epoch, Incarnation};
use shared::ownership::store::Owner;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::acceptance::Acceptance;
use super::command::{Caller, Description, Lent, Signed};
use super::error::CashboxError;
use super::handle::{CashboxHandle, Unanswered};
use super::mailbox::Posting;
use super::parts::Parts;
use super::setbacks::Setbacks;
use super::start::{self, Beginning, Places};
use slot::Slot;

/// How often one request looks for its cashbox: each time, an instance ended or another caller's start failed.
const LOOKS_MAX: usize = 8;

/// A request's wish to reach a cashbox.
#[derive(Debug, Clone)]
pub struct Visit {
    /// Which cashbox.
    pub cashbox: CashBoxId,
    /// Who asks.
    pub caller: Caller,
    /// An owner whose address refused the proxy's connection.
    pub suspect: Option<Incarnation>,
}

/// What a visit came to, and under which epoch.
#[derive(Debug)]
pub struct Asked<T> {
    /// The epoch of the instance that answered, if one did.
    pub epoch: Option<Epoch>,
    /// Its answer.
    pub outcome: Result<T, CashboxError>,
}

/// The cashboxes of a pod. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Registry {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    parts: Arc<Parts>,
    slots: Mutex<BTreeMap<CashBoxId, Slot>>,
    places: Arc<Places>,
    setbacks: Setbacks,
    /// When the watchdog looked last; none before its first look.
    looked_at: Mutex<Option<Instant>>,
    draining: CancellationToken,
    /// Where the cashboxes went that this pod handed over since it began to drain.
    departed: Mutex<BTreeMap<CashBoxId, Owner>>,
}

impl Registry {
    /// No cashboxes yet.
    #[must_use]
    pub fn new(parts: Arc<Parts>) -> Self {
        let places = Arc::new(Places::new(parts.config.starts_max));
        let draining = CancellationToken::new();
        Self {
            inner: Arc::new(Inner {
                parts,
                slots: Mutex::default(),
                places,
                setbacks: Setbacks::default(),
                looked_at: Mutex::default(),
                draining,
                departed: Mutex::default(),
            }),
        }
    }

    /// Signs a receipt.
    pub async fn sign(&self, visit: &Visit, posting: Posting) -> Asked<Signed> {
        self.ask(visit, |cashbox| {
            let posting = posting.clone();
            async move { cashbox.sign(posting).await }
        })
        .await
    }

    /// Resets a cashbox. One that is not running is started and reset like any other: its start may join an earlier
    /// fetch or fall back on the kept configuration, which is not what a reset promises.
    pub async fn reset(&self, visit: &Visit) -> Asked<()> {
        self.ask(visit, |cashbox| {
            let caller = visit.caller.clone();
            async move { cashbox.reset(caller).await }
        })
        .await
    }

    /// Accepts a stale journal on behalf of an operator, who is not asked for a token: the admin port is theirs.
    ///
    /// # Errors
    /// When another pod holds the cashbox, or nothing speaks against its journal.
    pub async fn accept_journal(
        &self,
        cashbox: CashBoxId,
        reason: &str,
    ) -> Result<Arc<Acceptance>, CashboxError> {
        let Some(Slot::Live(handle)) = self.slot(cashbox) else {
            return Err(match start::whereabouts(&self.inner.parts, cashbox).await {
                CashboxError::HeldByOther(owner) => CashboxError::HeldByOther(owner),
                _ => CashboxError::NotStale,
            });
        };
        handle
            .accept_journal(reason)
            .await
            .map_err(|unanswered| match unanswered {
                Unanswered::Error(error) => error,
                Unanswered::Gone => Refusal::Moving.into(),
            })
    }

    /// Where a queue stands.
    pub async fn describe(&self, visit: &Visit) -> Asked<Arc<Description>> {
        self.ask(visit, |cashbox| async move { cashbox.describe().await })
            .await
    }

    /// The way to the TSE.
    pub async fn lend(&self, visit: &Visit) -> Asked<Lent> {
        self.ask(visit, |cashbox| async move { cashbox.lend().await })
            .await
    }

    /// Makes sure that a cashbox runs and accepts the caller.
    pub async fn visit(&self, visit: &Visit) -> Asked<()> {
        self.ask(visit, |_| async { Ok(()) }).await
    }

    /// The running cashbox, once it accepts the caller.
    ///
    /// # Errors
    /// Why there is none for this caller.
    pub async fn find(&self, visit: &Visit) -> Result<CashboxHandle, CashboxError> {
        for _ in 0..LOOKS_MAX {
            if let Some(handle) = self.look(visit).await? {
                return Ok(handle);
            }
        }
        Err(Refusal::Moving.into())
    }

    async fn ask<T, F>(&self, visit: &Visit, question: impl Fn(CashboxHandle) -> F) -> Asked<T>
    where
        F: Future<Output = Result<T, Unanswered>>,
    {
        for _ in 0..LOOKS_MAX {
            let handle = match self.find(visit).await {
                Ok(handle) => handle,
                Err(error) => {
                    return Asked {
                        epoch: None,
                        outcome: Err(error),
                    };
                }
            };
            let epoch = Some(handle.epoch());
            match question(handle.clone()).await {
                Ok(answer) => {
                    self.inner.setbacks.served(visit.cashbox, Instant::now());
                    return Asked {
                        epoch,
                        outcome: Ok(answer),
                    };
                }
                Err(Unanswered::Error(error)) => {
                    return Asked {
                        epoch,
                        outcome: Err(error),
                    };
                }
                Err(Unanswered::Gone) => handle.ended().await,
            }
        }
        Asked {
            epoch: None,
            outcome: Err(Refusal::Moving.into()),
        }
    }

    /// One look: a handle, an error, or nothing where it is worth another look.
    async fn look(&self, visit: &Visit) -> Result<Option<CashboxHandle>, CashboxError> {
        match self.slot_or_start(visit)? {
            Slot::Live(handle) => self.check(&handle, visit).await.map(|()| Some(handle)),
            Slot::Starting(flight) => match flight.landed().await {
                Ok(handle) => self.check(&handle, visit).await.map(|()| Some(handle)),
                // Somebody else's token was refused: ours has not been shown yet.
                Err(CashboxError::Unauthorized) if flight.digest != visit.caller.digest => Ok(None),
                Err(error) => Err(error),
            },
        }
    }

    /// Lets a caller in whose token is the accepted one, or that the configuration service accepts.
    async fn check(&self, handle: &CashboxHandle, visit: &Visit) -> Result<(), CashboxError> {
        if handle.accepts(&visit.caller.digest) {
            return Ok(());
        }
        let fetched = self
            .inner
            .parts
            .configurations
            .fetch(visit.cashbox, &visit.caller.token)
            .await;
        fetched.map_err(|error| CashboxError::from(&error))?;
        tracing::info!(cashbox.id = %visit.cashbox, "the access token was rotated");
        handle.accept(visit.caller.digest);
        Ok(())
    }

    fn slot_or_start(&self, visit: &Visit) -> Result<Slot, CashboxError> {
        self.slot_or_begin(visit.cashbox, || Beginning::of(visit))
    }

    /// Follows hints that another pod has a newer epoch: the cashbox makes sure in the journal. Ends with the
    /// drain.
    pub async fn follow_hints(&self) {
        use tokio::sync::broadcast::error::RecvError;
        let mut hints = self.inner.parts.ownership.superseded();
        loop {
            let hint = tokio::select! {
                biased;
                () = self.inner.draining.cancelled() => return,
                hint = hints.recv() => hint,
            };
            match hint {
                Ok((cashbox, _)) => {
                    if let Some(Slot::Live(handle)) = self.slot(cashbox) {
                        handle.confirm();
                    }
                }
                // A lost hint costs nothing: the next write is fenced.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }

    pub(super) fn parts(&self) -> &Parts {
        &self.inner.parts
    }

    /// The running cashbox, whoever asks; one that starts is waited for.
    pub(super) async fn settled(&self, cashbox: CashBoxId) -> Option<CashboxHandle> {
        self.slot(cashbox)?.landed().await.ok()
    }
}

#[cfg(test)]
impl Registry {
    /// The running cashbox, whoever asks.
    pub(super) fn live(&self, cashbox: CashBoxId) -> Option<CashboxHandle> {
        match self.slot(cashbox)? {
            Slot::Live(handle) => Some(handle),
            Slot::Starting(_) => None,
        }
    }

    /// Whether the drain has begun.
    pub(super) fn is_draining(&self) -> bool {
        self.inner.draining.is_cancelled()
    }
}
