//! From a cashbox id to the running cashbox, starting it if absent.
//!
//! ```text
//! visit → live? ── yes → token accepted? ─ no → ask the configuration service once
//!           └ no → start (one flight per cashbox, so many at a time) → live
//! ```
//!
//! A slot is taken from the beginning of a start to the end of the release, so there is never a second instance of
//! a cashbox in a pod, and a new start never overtakes the release of the one before.

/// Frees cashboxes that make no progress.
pub mod watchdog;

use std::collections::BTreeMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures::{FutureExt as _, StreamExt as _, stream};
use shared::api::refusal::Refusal;
use shared::identity::{CashBoxId, Epoch, Incarnation};
use shared::ownership::store::Owner;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::acceptance::Acceptance;
use super::actor::{Actor, Farewell};
use super::command::{Answer, Caller, Description, Promise};
use super::error::CashboxError;
use super::handle::{CashboxHandle, Unanswered};
use super::handover::{HandoverOutcome, HandoverReason};
use super::mailbox::Posting;
use super::parts::Parts;
use super::prepared::PreparedCashboxes;
use super::setbacks::{Cause, Setbacks};
use super::start::{self, Beginning, Places};
use super::status::{Hosted, Status};
use super::token::TokenDigest;
use crate::ownership::handover::HandoverTarget;

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
    /// What others mean to hand to this pod.
    prepared: PreparedCashboxes,
    /// Where the cashboxes went that this pod handed over since it began to drain.
    departed: Mutex<BTreeMap<CashBoxId, Owner>>,
}

#[derive(Debug, Clone)]
pub(super) enum Slot {
    Starting(Arc<Flight>),
    Live(CashboxHandle),
}

/// A start under way. Whoever wants the same cashbox waits for it.
#[derive(Debug)]
pub(super) struct Flight {
    /// Whose token the start shows: its refusal says nothing about another's.
    digest: TokenDigest,
    status: Arc<Status>,
    landed: Promise<CashboxHandle>,
    /// Cancelled by the watchdog when the start makes no progress.
    stuck: CancellationToken,
}

impl Slot {
    fn status(&self) -> &Arc<Status> {
        match self {
            Self::Starting(flight) => &flight.status,
            Self::Live(handle) => handle.status(),
        }
    }
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
                prepared: PreparedCashboxes::default(),
                departed: Mutex::default(),
            }),
        }
    }

    /// Signs a receipt.
    pub async fn sign(&self, visit: &Visit, posting: Posting) -> Asked<Answer> {
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

    fn slot(&self, cashbox: CashBoxId) -> Option<Slot> {
        self.slots().get(&cashbox).cloned()
    }

    fn slot_or_start(&self, visit: &Visit) -> Result<Slot, CashboxError> {
        self.slot_or_begin(visit.cashbox, || Beginning::of(visit))
    }

    /// The cashbox as it is here, or its start.
    pub(super) fn slot_or_begin(
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
        tokio::spawn(self.clone().start(beginning, flight.clone()));
        Ok(Slot::Starting(flight))
    }

    /// What a pod that drains says of a cashbox that it has not: where it went, if it was here.
    fn departed(&self, cashbox: CashBoxId) -> CashboxError {
        match self.departures().get(&cashbox) {
            Some(owner) => CashboxError::HeldByOther(Box::new(owner.clone())),
            None => {
                self.give_up_expecting(cashbox);
                Refusal::Draining.into()
            }
        }
    }

    /// A cashbox may have been handed here without being started: the pods that may take it now would otherwise be
    /// told that this one holds it, until it ends.
    fn give_up_expecting(&self, cashbox: CashBoxId) {
        let parts = self.inner.parts.clone();
        tokio::spawn(async move { parts.ownership.release_reservation(cashbox).await });
    }

    async fn start(self, beginning: Beginning, flight: Arc<Flight>) {
        let began = Instant::now();
        let cashbox = beginning.cashbox;
        let started = self.try_start(beginning, &flight).await;
        let metrics = &self.inner.parts.metrics;
        match started {
            Ok(actor) => {
                metrics.loads.with_label_values(&["ok"]).inc();
                metrics.load_seconds.observe(began.elapsed().as_secs_f64());
                self.go_live(cashbox, actor, &flight);
            }
            Err(error) => {
                metrics.loads.with_label_values(&[word(&error)]).inc();
                self.remove(cashbox, &flight.status);
                flight.landed.keep(Err(error));
            }
        }
    }

    /// Starts in a task of its own, so that neither a panic nor a wedge takes those along who wait for it. They are
    /// told to ask again, after everything that the start had was given back.
    async fn try_start(&self, beginning: Beginning, flight: &Flight) -> Result<Box<Actor>, CashboxError> {
        let cashbox = beginning.cashbox;
        let (parts, places) = (self.inner.parts.clone(), self.inner.places.clone());
        let mut task = tokio::spawn(start::start(parts, places, beginning, flight.status.clone()));
        let cause = tokio::select! {
            biased;
            ended = &mut task => match ended {
                Ok(started) => return started,
                Err(_) => Cause::Panicked,
            },
            () = flight.stuck.cancelled() => Cause::Stuck,
        };
        task.abort();
        self.broke_down(cashbox, cause, "starting");
        let tenure = flight.status.abandon().and_then(|abandoned| abandoned.tenure);
        self.give_back(cashbox, tenure.as_ref()).await;
        Err(Refusal::Moving.into())
    }

    fn go_live(&self, cashbox: CashBoxId, actor: Box<Actor>, flight: &Flight) {
        let handle = actor.handle();
        self.slots().insert(cashbox, Slot::Live(handle.clone()));
        flight.landed.keep(Ok(handle.clone()));
        let registry = self.clone();
        let life = tokio::spawn(registry.see_off(handle.clone(), actor));
        handle.runs_as(life.abort_handle());
    }

    /// Lets a cashbox live, and clears its slot when it has ended.
    async fn see_off(self, handle: CashboxHandle, actor: Box<Actor>) {
        let cashbox = handle.cashbox();
        let farewell = match AssertUnwindSafe(actor.live()).catch_unwind().await {
            Ok(farewell) => farewell,
            Err(_) => self.panicked_leaving(&handle).await,
        };
        if farewell.panicked() {
            self.broke_down(cashbox, Cause::Panicked, "serving");
        }
        self.note_departure(cashbox, farewell.new_owner());
        self.remove(cashbox, handle.status());
        farewell.tell();
    }

    /// After a panic in the release itself: what is left is given back as that of an instance that hangs.
    async fn panicked_leaving(&self, handle: &CashboxHandle) -> Farewell {
        // Not the handle's: that would end this very task.
        let tenure = handle.status().abandon().and_then(|abandoned| abandoned.tenure);
        self.give_back(handle.cashbox(), tenure.as_ref()).await;
        handle.farewell(Refusal::Moving.into()).after_panic()
    }

    /// Counts a panic or a wedge, says so once, and lets the next start of the cashbox wait if it was not the first.
    fn broke_down(&self, cashbox: CashBoxId, cause: Cause, doing: &'static str) {
        let metrics = &self.inner.parts.metrics;
        match cause {
            Cause::Panicked => metrics.panics.inc(),
            Cause::Stuck => metrics.freed.with_label_values(&[doing]).inc(),
        }
        let pause = self.inner.setbacks.note(cashbox, cause, Instant::now());
        tracing::error!(cashbox.id = %cashbox, ?cause, doing, pause_ms = pause.as_millis(),
            "a cashbox broke down: it is given up and starts anew");
    }

    /// While the pod drains, requests that come late are told where the cashbox went. As many are remembered as were
    /// hosted, until the pod ends.
    fn note_departure(&self, cashbox: CashBoxId, to: Option<&Owner>) {
        if let Some(owner) = to.filter(|_| self.inner.draining.is_cancelled()) {
            self.departures().insert(cashbox, owner.clone());
        }
    }

    fn departures(&self) -> MutexGuard<'_, BTreeMap<CashBoxId, Owner>> {
        self.inner
            .departed
            .lock()
            .expect("nothing panics while it holds this lock")
    }

    pub(super) fn parts(&self) -> &Parts {
        &self.inner.parts
    }

    pub(super) fn prepared(&self) -> &PreparedCashboxes {
        &self.inner.prepared
    }

    /// The running cashbox, whoever asks; one that starts is waited for.
    pub(super) async fn settled(&self, cashbox: CashBoxId) -> Option<CashboxHandle> {
        self.slot(cashbox)?.landed().await.ok()
    }

    /// Clears the slot of an instance, unless another one has it since.
    fn remove(&self, cashbox: CashBoxId, status: &Arc<Status>) {
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

    fn slots(&self) -> MutexGuard<'_, BTreeMap<CashBoxId, Slot>> {
        self.inner
            .slots
            .lock()
            .expect("nothing panics while it holds this lock")
    }
}

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

    /// Starts nothing any more, and hands everything that runs to other pods, so many at a time and each once. What no
    /// pod takes is given back.
    pub async fn drain(&self, at_once: usize) {
        self.inner.draining.cancel();
        if !self.is_empty() {
            self.inner.parts.ownership.look_around().await;
        }
        loop {
            let slots: Vec<_> = self.slots().values().cloned().collect();
            if slots.is_empty() {
                return;
            }
            let departing = stream::iter(slots).for_each_concurrent(at_once, |slot| self.depart(slot));
            departing.await;
        }
    }

    async fn depart(&self, slot: Slot) {
        let Ok(handle) = slot.landed().await else {
            return;
        };
        let moving = self.hand_over_live(&handle, &HandoverTarget::Any, HandoverReason::Drain);
        if moving.await == HandoverOutcome::NoSuccessor {
            handle.ask_to_leave();
        }
        handle.ended().await;
    }
}

impl Slot {
    /// The running cashbox, now or when its start has ended.
    pub(super) async fn landed(self) -> Result<CashboxHandle, CashboxError> {
        match self {
            Self::Live(handle) => Ok(handle),
            Self::Starting(flight) => flight.landed().await,
        }
    }
}

impl Flight {
    async fn landed(&self) -> Result<CashboxHandle, CashboxError> {
        self.landed.ticket().wait().await
    }
}

/// How a start ended, in one word for the metrics.
fn word(error: &CashboxError) -> &'static str {
    match error {
        CashboxError::Unauthorized => "unauthorized",
        CashboxError::Configuration { .. } => "configuration",
        CashboxError::NotStale
        | CashboxError::OtherContent
        | CashboxError::Rejected { .. }
        | CashboxError::Broken => "broken",
        CashboxError::HeldByOther(_) | CashboxError::Refused(_) => {
            error.refusal().map_or("refused", Refusal::word)
        }
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
