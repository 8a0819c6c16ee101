//! One at a time: the task that alone touches a cashbox's state.
//!
//! ```text
//! next ─ Sign → receipt.rs │ Reset → reset.rs │ Describe, Confirm ──→ next …
//!   ├─ Leave with a successor → handover/passing.rs: it claims, then tell who waits where it is
//!   └─ Leave, idle, fenced, given up, panicked → end: close the mailbox, give the ownership back, tell who waits
//! ```
//!
//! Whoever waits is told after the ownership was given back, so that a repetition finds the next owner.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt as _;
use shared::api::refusal::Refusal;
use shared::clock::Ticks;
use shared::identity::{QueueId, ScuId};
use shared::ownership::store::Owner;
use shared::sabotage;
use shared::trace::current;
use tokio::time::Instant;

use super::books::Books;
use super::command::{Command, Description, Lent, Promise, Reset, Sign, Signed};
use super::error::CashboxError;
use super::handle::{CashboxHandle, Shared};
use super::handover::{HandoverOrder, HandoverOutcome};
use super::lifecycle::Event;
use super::mailbox::{Departure, Next, answer_all};
use super::parts::Parts;
use super::rest::AtTheTse;
use super::start;
use super::trouble::Trouble;
use super::units::Units;
use crate::evidence;
use crate::journal::JournalError;
use crate::journal::history::{ChangeKind, OwnershipChange};
use crate::ownership::tenure::Tenure;
use crate::queue::engine::QueueEngine;
use crate::queue::failed_mode;
use crate::scu::deadline::Deadline;

/// Why a cashbox whose journal was accepted is given back.
const ACCEPTED: &str = "journal accepted";

/// A running cashbox.
#[derive(Debug)]
pub struct Actor {
    pub(super) shared: Arc<Shared>,
    pub(super) parts: Arc<Parts>,
    pub(super) tenure: Tenure,
    pub(super) engine: QueueEngine,
    /// The way to the TSE in use: one of `units`.
    pub(super) scu: Arc<Deadline>,
    pub(super) units: Units,
    /// The SCU that `scu` is the way to.
    pub(super) in_use: Option<ScuId>,
    /// How the journal stands to what the TSE has signed.
    pub(super) books: Books,
    pub(super) cashbox_time_stamp: Ticks,
    /// The queue of the last configuration read: another one than the tenure's ends this instance.
    pub(super) configured_queue: QueueId,
}

/// Why a cashbox stops running here.
#[derive(Debug)]
enum End {
    /// Nobody used it for a while.
    Idle,
    /// The pod stops, and no other takes it.
    Draining,
    /// Another pod is ready to take it.
    HandOver(Box<HandoverOrder>),
    /// Its configuration names another queue: the next start claims that one.
    OtherQueue,
    /// An operator accepted its journal: the next start finds nothing against it.
    JournalAccepted,
    /// A newer claim exists.
    Lost,
    /// It cannot go on; the next start may.
    GaveUp(CashboxError),
    /// A bug.
    Panicked,
}

/// Whom to tell once everything has been given back.
#[derive(Debug)]
pub struct Farewell {
    shared: Arc<Shared>,
    waiting: Vec<Command>,
    error: CashboxError,
    panicked: bool,
    /// Who asked for a handover, and what it came to.
    handover: Option<(Promise<HandoverOutcome>, HandoverOutcome)>,
}

impl Farewell {
    /// Of an instance that was cut off by somebody else: nothing is taken any more.
    pub(super) fn of_abandoned(shared: Arc<Shared>, error: CashboxError) -> Self {
        let waiting = shared.mailbox.close();
        Self {
            shared,
            waiting,
            error,
            panicked: false,
            handover: None,
        }
    }

    /// The same, when a panic was the end.
    pub(super) fn after_panic(self) -> Self {
        Self {
            panicked: true,
            ..self
        }
    }

    /// Whether a panic was the end.
    #[must_use]
    pub fn panicked(&self) -> bool {
        self.panicked
    }

    /// The pod that the cashbox was handed to, if one has it now.
    #[must_use]
    pub fn new_owner(&self) -> Option<&Owner> {
        match &self.error {
            CashboxError::HeldByOther(owner) => Some(owner),
            _ => None,
        }
    }

    /// Tells everybody who waits, and those who look for the cashbox that it is gone.
    pub fn tell(self) {
        if let Some((answer, outcome)) = self.handover {
            answer.keep(Ok(outcome));
        }
        answer_all(self.waiting, &self.error);
        self.shared.mailbox.abandon(&self.error);
        self.shared.ended.cancel();
    }
}

impl Actor {
    /// What everybody else holds of it.
    #[must_use]
    pub fn handle(&self) -> CashboxHandle {
        CashboxHandle::new(self.shared.clone())
    }

    /// Serves until something ends it, and gives the ownership back.
    pub async fn live(mut self: Box<Self>) -> Farewell {
        let served = AssertUnwindSafe(self.serve()).catch_unwind().await;
        let (end, unanswered) = served.unwrap_or((End::Panicked, None));
        let status = self.shared.status.clone();
        status.progress().watch(self.end(end, unanswered)).await
    }

    /// Answers why it ended, and the command that is still without an answer.
    async fn serve(&mut self) -> (End, Option<Command>) {
        loop {
            self.shared
                .status
                .failed_mode(failed_mode::is_on(self.engine.state()));
            if let Err(end) = self.look_again().await {
                return (end, None);
            }
            match self.next().await {
                Some(Next::Do(command)) => {
                    let status = self.shared.status.clone();
                    let performed = status.progress().watch(self.perform(&command)).await;
                    if let Err(end) = performed {
                        return (end, Some(command));
                    }
                    self.shared.mailbox.done();
                }
                Some(Next::Leave(Departure::Release)) => return (End::Draining, None),
                Some(Next::Leave(Departure::HandOver(order))) => return (End::HandOver(order), None),
                None if self.look_again_at().is_some_and(|due| due <= Instant::now()) => {}
                None if self.may_sleep() => return (End::Idle, None),
                None => {}
            }
        }
    }

    /// What to do next; nothing when nobody asked for a while, or when it is time to look for late signatures.
    async fn next(&self) -> Option<Next> {
        self.shared.rest.calm(self.at_the_tse());
        let next = self.shared.mailbox.next();
        let look = self.look_again_at();
        let look = look.map(|due| due.saturating_duration_since(Instant::now()));
        match self.parts.config.idle_after.into_iter().chain(look).min() {
            Some(wait) => tokio::time::timeout(wait, next).await.ok(),
            None => Some(next.await),
        }
    }

    /// Looks for late signatures when it is time.
    async fn look_again(&mut self) -> Result<(), End> {
        if self.look_again_at().is_none_or(|due| due > Instant::now()) {
            return Ok(());
        }
        match self.look_for_late_signatures().await {
            Ok(()) => Ok(()),
            Err(Trouble::Fenced) => Err(End::Lost),
            Err(trouble) => Err(End::GaveUp(trouble.told())),
        }
    }

    /// An idle cashbox leaves memory, but never with a transaction open at the TSE.
    fn may_sleep(&self) -> bool {
        self.at_the_tse() == AtTheTse::Nothing && self.shared.mailbox.close_if_empty()
    }

    fn at_the_tse(&self) -> AtTheTse {
        if self.engine.state().open_transactions.is_empty() {
            AtTheTse::Nothing
        } else {
            AtTheTse::Open
        }
    }

    async fn perform(&mut self, command: &Command) -> Result<(), End> {
        self.shared.rest.wake();
        match command {
            Command::Sign(sign) => {
                sabotage::point("in-cashbox", self.shared.cashbox).await;
                let signed = current::within(sign.trace.clone(), self.sign_unless_stale(sign)).await;
                told(signed, |outcome| sign.answer.keep(outcome))
            }
            Command::Reset(reset) => {
                let reloaded = self.reset_unless_stale(reset).await;
                told(reloaded, |outcome| reset.answer.keep(outcome.map(|_| ())))?;
                self.same_queue()
            }
            Command::Describe(describe) => {
                describe.answer.keep(Ok(Arc::new(self.description())));
                Ok(())
            }
            Command::Lend(lend) => {
                lend.answer.keep(self.lent());
                Ok(())
            }
            Command::Accept(accept) => {
                let accepted = self.accept_journal(&accept.reason).await;
                let ends = accepted.is_ok();
                told(accepted, |outcome| accept.answer.keep(outcome.map(Arc::new)))?;
                if ends { Err(End::JournalAccepted) } else { Ok(()) }
            }
            Command::Confirm => match self.parts.journal.confirm(&self.tenure).await {
                Err(JournalError::Fenced { .. }) => {
                    evidence::fenced(&self.tenure, "confirm");
                    Err(End::Lost)
                }
                // Only a certain answer counts here; everything else shows at the next write.
                _ => Ok(()),
            },
        }
    }

    async fn sign_unless_stale(&mut self, sign: &Sign) -> Result<Signed, Trouble> {
        self.refuse_if_stale().await?;
        let signed = self.sign(sign).await;
        self.stopped_if_stale(signed).await
    }

    async fn reset_unless_stale(&mut self, reset: &Reset) -> Result<(), Trouble> {
        self.refuse_if_stale().await?;
        let reloaded = self.reset(reset).await;
        let reloaded = self.stopped_if_stale(reloaded).await;
        if !self.is_stale() {
            self.shared.status.on(Event::Reloaded);
        }
        reloaded
    }

    /// A stale cashbox refuses everything; unless the right database was put back meanwhile, which shows in its claim.
    async fn refuse_if_stale(&self) -> Result<(), Trouble> {
        if !self.is_stale() {
            return Ok(());
        }
        let confirmed = self.parts.journal.confirm(&self.tenure).await;
        confirmed.map_err(|error| Trouble::of_read(&error))?;
        Err(Trouble::Answer(Refusal::StaleJournal.into()))
    }

    /// Stops the cashbox if its journal was found stale just now.
    async fn stopped_if_stale<T>(&mut self, outcome: Result<T, Trouble>) -> Result<T, Trouble> {
        let Err(Trouble::Stale(evidence)) = outcome else {
            return outcome;
        };
        let stopped = self.stop_as_stale(evidence).await;
        stopped.map_err(Trouble::with_an_open_intent)?;
        Err(Trouble::Answer(Refusal::StaleJournal.into()))
    }

    /// After a reset: whether the configuration still names the queue that was claimed.
    fn same_queue(&self) -> Result<(), End> {
        if self.configured_queue == self.tenure.queue() {
            Ok(())
        } else {
            Err(End::OtherQueue)
        }
    }

    /// A queue between two SCUs has none (4.11).
    fn lent(&self) -> Result<Lent, CashboxError> {
        let state = self.engine.state();
        match state.queue_de.scu {
            Some(_) => Ok(Lent {
                queue: state.queue.queue,
                unit: self.scu.clone(),
            }),
            None => Err(CashboxError::Rejected {
                message: "The queue is not connected to a signature creation unit.".to_owned(),
            }),
        }
    }

    fn description(&self) -> Description {
        let state = self.engine.state();
        Description {
            cashbox_time_stamp: self.cashbox_time_stamp,
            queue: state.queue.clone(),
            queue_de: state.queue_de.clone(),
            scus: state.scus.clone(),
        }
    }

    async fn end(self: Box<Self>, end: End, unanswered: Option<Command>) -> Farewell {
        let chain = &self.engine.state().queue;
        self.parts.acknowledged.remember(chain, self.parts.clock.now());
        let mut waiting: Vec<_> = unanswered.into_iter().collect();
        waiting.extend(self.shared.mailbox.close());
        let panicked = matches!(end, End::Panicked);
        let mut handover = None;
        let error = match end {
            End::Idle => self.leave("idle", Refusal::Moving.into()).await,
            End::Draining => self.leave("draining", Refusal::Draining.into()).await,
            End::HandOver(order) => {
                let passed = self.pass_on(&order).await;
                handover = Some((order.answer, passed.outcome));
                passed.redirect
            }
            End::OtherQueue => self.leave("other queue", Refusal::Moving.into()).await,
            End::JournalAccepted => self.leave(ACCEPTED, Refusal::Moving.into()).await,
            End::Lost => self.lose().await,
            End::GaveUp(error) => self.give_up(error).await,
            End::Panicked => self.give_up(Refusal::Moving.into()).await,
        };
        Farewell {
            shared: self.shared.clone(),
            waiting,
            error,
            panicked,
            handover,
        }
    }

    async fn leave(&self, reason: &'static str, error: CashboxError) -> CashboxError {
        self.shared.status.on(Event::LeaveAsked);
        self.release(reason).await;
        self.shared.status.on(Event::Left);
        error
    }

    async fn give_up(&self, error: CashboxError) -> CashboxError {
        self.shared.status.on(Event::Broke);
        self.release("given up").await;
        error
    }

    async fn release(&self, reason: &'static str) {
        let (cashbox, epoch) = (self.shared.cashbox, self.shared.epoch);
        evidence::release(&self.tenure, reason);
        let now = self.parts.clock.now();
        let change = OwnershipChange::ending(&self.tenure, ChangeKind::Release, reason, now);
        self.parts.note(change);
        self.parts.ownership.release(cashbox, epoch).await;
        if self.is_stale() || reason == ACCEPTED {
            // Where the ownership store knows a higher epoch, there was only a reservation to give back.
            self.parts.ownership.release_reservation(cashbox).await;
        }
    }

    async fn lose(&self) -> CashboxError {
        let (cashbox, epoch) = (self.shared.cashbox, self.shared.epoch);
        self.shared.status.on(Event::Fenced);
        self.parts.metrics.fenced.inc();
        self.parts.ownership.lost(cashbox, epoch);
        start::lost(&self.parts, &self.tenure, "fenced").await
    }
}

/// Gives the answer if there is one. Where the cashbox ends, it is given after the end.
fn told<T>(outcome: Result<T, Trouble>, answer: impl FnOnce(Result<T, CashboxError>)) -> Result<(), End> {
    match outcome {
        Ok(value) => answer(Ok(value)),
        Err(Trouble::Answer(error)) => answer(Err(error)),
        Err(Trouble::Fenced) => return Err(End::Lost),
        Err(Trouble::GiveUp(error)) => return Err(End::GaveUp(error)),
        Err(stale @ Trouble::Stale(_)) => answer(Err(stale.told())),
    }
    Ok(())
}
