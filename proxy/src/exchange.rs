//! Ask the pod, again if need be: the one place where it is seen that a receipt is sent twice.
//!
//! ```text
//! find a pod → ask it → learn from what happened → decide ─ final ──────────→ the answer
//!      ↑                                             ├─ try the owner named ─┐
//!      ├───────── again, or after a wait ────────────┤                       │
//!      │                                             └─ give up ─→ refusal   │
//!      └─────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! Bounded by the request's deadline. Every try carries the same operation id.

/// One try: send the request to a pod, read the head of its answer.
mod ask;

use std::sync::Arc;
use std::time::Duration;

use shared::api::refusal::Refusal;
use shared::identity::{CashBoxId, Epoch, OperationId};
use shared::sabotage::{self, Mutant};
use shared::trace::record::Kind;
use shared::trace::span::Span;
use tokio::time::Instant;

use crate::gateway::{Gateway, Workspace};
use crate::message::answer::AnswerHead;
use crate::message::request::RequestHead;
use crate::pod_answer::PodAnswer;
use crate::reply::Refused;
use crate::request_record::RequestRecord;
use crate::retry::{Attempts, Outcome, Repeatable, Verdict};
use crate::route::Route;
use crate::route::peer::Peer;
use crate::waiting_room::Seat;

/// How often a new connection may end without an answer before its pod is suspected.
const HANG_UPS_MAX: u32 = 2;

/// A request, read whole, that a pod is to answer.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Its head.
    pub head: &'a RequestHead,
    /// Its body.
    pub body: &'a [u8],
    /// The cashbox it concerns; none for the paths that need none.
    pub cashbox: Option<CashBoxId>,
    /// Its identity across all tries.
    pub operation: OperationId,
}

/// What one try came to.
enum Tried {
    Answered(PodAnswer),
    Crossed,
    Broken,
    NotSent,
    Lost,
    Superseded,
    NoPod,
    TooLate { sent: bool },
}

impl Tried {
    /// What it came to, in one word.
    fn word(&self) -> &'static str {
        match self {
            Self::Answered(_) => "answered",
            Self::Crossed => "crossed",
            Self::Broken => "broken",
            Self::NotSent => "not_sent",
            Self::Lost => "lost",
            Self::Superseded => "superseded",
            Self::NoPod => "no_pod_ready",
            Self::TooLate { .. } => "too_late",
        }
    }

    fn outcome<'a>(&self, head: &'a AnswerHead) -> Outcome<'a> {
        match self {
            Self::Answered(_) => Outcome::Answered(head.status, &head.notes),
            Self::Crossed => Outcome::Crossed,
            Self::Broken => Outcome::Broken,
            Self::NotSent => Outcome::NotSent,
            Self::Lost => Outcome::Lost,
            Self::Superseded => Outcome::Superseded,
            Self::NoPod => Outcome::NoPod,
            Self::TooLate { sent } => Outcome::TooLate { sent: *sent },
        }
    }
}

/// One request's way through the pods.
pub struct Exchange<'a> {
    gateway: &'a Gateway,
    request: Request<'a>,
    work: &'a mut Workspace,
    record: &'a mut RequestRecord,
    attempts: Attempts,
    deadline: Instant,
    /// Whether a connection of the pool failed, so that only new ones are used from now on.
    distrusts_pool: bool,
    /// The epoch under which the pod asked is known to own the cashbox.
    known_epoch: Option<Epoch>,
    /// How often a connection that was made for this request ended without an answer.
    hung_up: u32,
    /// Since when other pods say that the owner lives, although it cannot be reached from here.
    unreachable_since: Option<Instant>,
    /// Its place in the waiting room, from its first wait to its end.
    seat: Option<Seat>,
}

impl<'a> Exchange<'a> {
    /// An exchange that has not begun.
    pub fn new(
        gateway: &'a Gateway,
        request: Request<'a>,
        work: &'a mut Workspace,
        record: &'a mut RequestRecord,
    ) -> Self {
        Self {
            deadline: record.began() + gateway.shared.config.deadline,
            gateway,
            request,
            work,
            record,
            attempts: Attempts::default(),
            distrusts_pool: false,
            known_epoch: None,
            hung_up: 0,
            unreachable_since: None,
            seat: None,
        }
    }

    /// Asks until there is an answer for the POS. The answer's head is in the workspace.
    ///
    /// # Errors
    /// When there will be no answer of a pod.
    pub async fn run(mut self) -> Result<PodAnswer, Refused> {
        let repeatable = match self.request.cashbox {
            Some(_) => Repeatable::ByOperationId,
            None => Repeatable::OnlyUnsent,
        };
        let mut named_owner = None;
        loop {
            let peer = match named_owner.take() {
                Some(owner) => Some(owner),
                None => self.find().await,
            };
            let attempt = self.record.span.place().child("attempt", Kind::Client);
            let tried = match &peer {
                _ if self.left().is_zero() => Tried::TooLate { sent: false },
                Some(peer) => self.ask(peer, attempt.place()).await,
                None => Tried::NoPod,
            };
            self.learn(peer.as_ref(), &tried);
            let verdict = self.attempts.decide(tried.outcome(&self.work.answer), repeatable);
            self.record.tried(&self.attempts, peer.as_deref());
            self.tell_of(attempt, peer.as_deref(), &tried, verdict);
            if let Tried::Answered(answer) = tried {
                if verdict == Verdict::Final {
                    return Ok(answer);
                }
                answer.discard(&self.gateway.pool);
            }
            match verdict {
                Verdict::TryOwner => {
                    named_owner = self.redirected(peer.as_ref());
                    if self.is_suspect(named_owner.as_ref()) {
                        self.wait_for_a_way().await?;
                    }
                }
                Verdict::Again(reason) => self.gateway.shared.metrics.resent(reason),
                Verdict::Wait(reason) => self.wait(reason).await?,
                Verdict::GiveUp(refused) => return Err(refused),
                Verdict::Final => unreachable!("only an answer is final"),
            }
            if sabotage::mutant(Mutant::BlindResend) {
                self.request.operation = OperationId::random();
            }
        }
    }

    /// Ends a try's span with what it came to and why the request is sent again, if it is.
    fn tell_of(&self, mut attempt: Span, peer: Option<&Peer>, tried: &Tried, verdict: Verdict) {
        if !attempt.is_recorded() {
            return;
        }
        attempt.note("outcome", tried.word());
        if let Some(peer) = peer {
            attempt.note_shown("pod.id", &peer.written);
            attempt.note_shown("server.address", peer.address);
        }
        match tried {
            Tried::Answered(_) => attempt.note("http.response.status_code", self.work.answer.status),
            Tried::NoPod => {}
            _ => attempt.fail(tried.word()),
        }
        if let Some(reason) = verdict.sends_again() {
            attempt.note("resend.reason", reason);
        }
    }

    fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    async fn find(&mut self) -> Option<Arc<Peer>> {
        let routes = &self.gateway.shared.routes;
        let Some(cashbox) = self.request.cashbox else {
            return routes.membership.load().any();
        };
        let route = routes.find(cashbox, self.attempts.suspect).await;
        self.gateway.shared.metrics.routed(&route);
        self.known_epoch = None;
        match route {
            Route::Owner { peer, epoch, .. } => {
                self.known_epoch = Some(epoch);
                Some(peer)
            }
            Route::Candidate(peer) => Some(peer),
            Route::NoPodReady => None,
        }
    }

    /// Remembers what a try shows about the pod and about who owns the cashbox.
    fn learn(&mut self, peer: Option<&Arc<Peer>>, tried: &Tried) {
        let routes = &self.gateway.shared.routes;
        let forget = |peer: &Peer| {
            if let Some(cashbox) = self.request.cashbox {
                routes.table.forget(cashbox, peer);
            }
        };
        match (tried, peer) {
            (Tried::Answered(_), Some(peer)) => {
                peer.answered();
                let notes = &self.work.answer.notes;
                if notes.draining || notes.refusal == Some(Refusal::Draining) {
                    peer.drains();
                }
                match (notes.refusal, self.request.cashbox, notes.epoch) {
                    (Some(Refusal::Draining | Refusal::Moving | Refusal::HeldByOther), ..) => forget(peer),
                    // Nearly always: the pod that was known, under the epoch that was known.
                    (None, _, epoch) if epoch == self.known_epoch && notes.pod.is_none() => {}
                    (None, Some(cashbox), Some(epoch)) if self.work.answer.status != 421 => {
                        routes.served(cashbox, peer, notes.pod.as_deref(), epoch);
                    }
                    _ => {}
                }
            }
            (Tried::NotSent, Some(peer)) => {
                peer.refused();
                forget(peer);
                self.attempts.suspect = peer.incarnation;
            }
            (Tried::Superseded, Some(peer)) if peer.is_gone() => {
                forget(peer);
                self.attempts.suspect = peer.incarnation;
            }
            (Tried::Lost, Some(peer)) => {
                if self.distrusts_pool {
                    self.hung_up += 1;
                }
                if self.hung_up >= HANG_UPS_MAX {
                    // Something accepts connections there and ends them: another pod finds out whether the owner lives.
                    peer.refused();
                    forget(peer);
                    self.attempts.suspect = peer.incarnation;
                }
                self.distrusts_pool = true;
            }
            (Tried::Crossed | Tried::Broken, _) => self.distrusts_pool = true,
            // Better the suspect than nobody.
            (Tried::NoPod, _) => self.attempts.suspect = None,
            _ => {}
        }
    }

    /// The pod that a 421 names, learned as the owner.
    fn redirected(&mut self, asked: Option<&Arc<Peer>>) -> Option<Arc<Peer>> {
        let notes = &self.work.answer.notes;
        let (owner, address) = (notes.owner.as_ref()?, notes.owner_address?);
        let (cashbox, asked) = (self.request.cashbox?, asked?);
        let routes = &self.gateway.shared.routes;
        self.gateway.shared.metrics.redirected();
        self.known_epoch = None;
        let owner = routes.peers.meet(owner, address);
        owner.is_vouched_for();
        // The pod that was asked disowns the cashbox: what was remembered of it is refuted, not lowered.
        routes.table.forget(cashbox, asked);
        if let Some(epoch) = notes.epoch {
            routes.table.learn(cashbox, &owner, epoch);
        }
        Some(owner)
    }

    fn is_suspect(&self, owner: Option<&Arc<Peer>>) -> bool {
        let start = owner.and_then(|owner| owner.incarnation);
        start.is_some() && start == self.attempts.suspect
    }

    /// Other pods reach the owner and this proxy does not. It keeps its cashboxes: the way may be there again in a
    /// moment, and its lease decides if it is not. Past the time in which it would have been succeeded, the POS is
    /// better served by another proxy.
    async fn wait_for_a_way(&mut self) -> Result<(), Refused> {
        let since = *self.unreachable_since.get_or_insert_with(Instant::now);
        let patience = self.gateway.shared.config.lease.takeover_without_evidence();
        if since.elapsed() < patience {
            return self.wait("owner_unreachable").await;
        }
        Err(match self.attempts.maybe_received {
            true => Refused::OutcomeUnknown,
            false => Refused::OwnerUnreachable,
        })
    }

    /// Waits for the cashbox to settle.
    async fn wait(&mut self, reason: &'static str) -> Result<(), Refused> {
        let shared = &self.gateway.shared;
        shared.metrics.resent(reason);
        let left = self.left();
        let wait = self.attempts.take_wait().min(left);
        // Requests without a cashbox do not wait: their verdict is never `Wait`.
        let cashbox = self.request.cashbox.ok_or(Refused::NoPodReady)?;
        let seat = match self.seat.take() {
            Some(seat) => seat,
            None => shared
                .waiting_room
                .enter(cashbox)
                .map_err(Refused::WaitingRoomFull)?,
        };
        self.seat.insert(seat).wait(wait).await;
        Ok(())
    }
}
