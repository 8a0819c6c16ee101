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

use std::io;
use std::sync::Arc;
use std::time::Duration;

use shared::api::refusal::Refusal;
use shared::header;
use shared::identity::{CashBoxId, Epoch, OperationId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use crate::gateway::{Gateway, Workspace};
use crate::message::answer::{self, AnswerHead};
use crate::message::field;
use crate::message::request::RequestHead;
use crate::pod_answer::PodAnswer;
use crate::pool::PodConnection;
use crate::reply::Refused;
use crate::request_record::RequestRecord;
use crate::retry::{Attempts, Outcome, Repeatable, Verdict};
use crate::route::Route;
use crate::route::peer::Peer;
use crate::waiting_room::Seat;

/// A body up to this many bytes is sent together with its head.
const SENT_AT_ONCE_MAX: usize = 16_384;
/// How often a request that waits for its answer looks whether it waits at the right pod.
const LOOK_EVERY: Duration = Duration::from_secs(1);

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
            let tried = match &peer {
                _ if self.left().is_zero() => Tried::TooLate { sent: false },
                Some(peer) => self.ask(peer).await,
                None => Tried::NoPod,
            };
            self.learn(peer.as_ref(), &tried);
            let verdict = self.attempts.decide(tried.outcome(&self.work.answer), repeatable);
            self.record.tried(&self.attempts, peer.as_deref());
            if let Tried::Answered(answer) = tried {
                if verdict == Verdict::Final {
                    return Ok(answer);
                }
                answer.discard(&self.gateway.pool);
            }
            match verdict {
                Verdict::TryOwner => named_owner = self.redirected(peer.as_ref()),
                Verdict::Again(reason) => self.gateway.shared.metrics.resent(reason),
                Verdict::Wait(reason) => self.wait(reason).await?,
                Verdict::GiveUp(refused) => return Err(refused),
                Verdict::Final => unreachable!("only an answer is final"),
            }
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

    /// One try: send the request, read the head of the answer.
    async fn ask(&mut self, peer: &Arc<Peer>) -> Tried {
        let left = self.left();
        let Ok(mut connection) = self.connection(peer, left).await else {
            return Tried::NotSent;
        };
        self.write_head(left);
        let sent = self.send(&mut connection).await;
        let tried = self.read_answer(connection).await;
        if sent.is_err() && !matches!(tried, Tried::Answered(_)) {
            return Tried::Lost;
        }
        tried
    }

    /// A connection from the pool, or a new one. A request that must not be sent twice gets a new one: the pod may
    /// be closing any other at this moment.
    async fn connection(&mut self, peer: &Arc<Peer>, left: Duration) -> io::Result<PodConnection> {
        if self.request.cashbox.is_some()
            && !self.distrusts_pool
            && let Some(connection) = self.gateway.pool.take(peer)
        {
            return Ok(connection);
        }
        let limit = self.gateway.shared.config.connect.min(left);
        PodConnection::open(Arc::clone(peer), limit, &mut self.work.patience).await
    }

    /// Writes the head anew: what the client said, then what is ours.
    fn write_head(&mut self, left: Duration) {
        let out = &mut self.work.outbound;
        out.clear();
        out.extend_from_slice(self.request.head.rendered());
        if !self.request.body.is_empty() || !matches!(self.request.head.method(), "GET" | "HEAD") {
            out.extend_from_slice(b"content-length: ");
            field::push_number(out, self.request.body.len() as u64);
            out.extend_from_slice(b"\r\n");
        }
        field::push_shown(out, header::OPERATION_ID, self.request.operation);
        out.extend_from_slice(header::DEADLINE_MS.as_bytes());
        out.extend_from_slice(b": ");
        field::push_number(out, u64::try_from(left.as_millis()).unwrap_or(u64::MAX));
        out.extend_from_slice(b"\r\n");
        if let Some(suspect) = self.attempts.suspect {
            field::push_shown(out, header::SUSPECT, suspect);
        }
        out.extend_from_slice(b"\r\n");
        if self.request.body.len() <= SENT_AT_ONCE_MAX {
            out.extend_from_slice(self.request.body);
        }
    }

    async fn send(&mut self, connection: &mut PodConnection) -> io::Result<()> {
        let work = &mut *self.work;
        let rest = match self.request.body.len() {
            ..=SENT_AT_ONCE_MAX => &[][..],
            _ => self.request.body,
        };
        let written = async {
            connection.stream.write_all(&work.outbound).await?;
            connection.stream.write_all(rest).await
        };
        let stall = self.gateway.shared.config.stall;
        work.patience.within(stall, written).await?
    }

    async fn read_answer(&mut self, mut connection: PodConnection) -> Tried {
        let to_head_request = self.request.head.method() == "HEAD";
        loop {
            let come = &connection.come[..];
            let written = &connection.peer.written;
            match answer::parse(come, to_head_request, written, &mut self.work.answer) {
                Ok(Some(length))
                    if (102..=199).contains(&self.work.answer.status) || self.work.answer.status == 100 =>
                {
                    connection.come.drain(..length);
                    continue;
                }
                Ok(Some(_)) if self.work.answer.status < 200 => return Tried::Broken,
                Ok(Some(length)) => return self.check(connection, length),
                Ok(None) => {}
                Err(broken) => {
                    tracing::error!(pod.id = %connection.peer.written, error = %broken, "a pod's answer was withheld");
                    return Tried::Broken;
                }
            }
            if let Some(ended) = self.read_more(&mut connection).await {
                return ended;
            }
        }
    }

    /// Reads what comes next. Says what became of the try when there will be no answer on this connection.
    async fn read_more(&mut self, connection: &mut PodConnection) -> Option<Tried> {
        loop {
            let left = self.left();
            if left.is_zero() {
                return Some(Tried::TooLate { sent: true });
            }
            connection.come.reserve(1024);
            let read = connection.stream.read_buf(&mut connection.come);
            match self.work.patience.within(left.min(LOOK_EVERY), read).await {
                Ok(Ok(0) | Err(_)) => return Some(Tried::Lost),
                Ok(Ok(_)) => return None,
                Err(_) => {
                    let routes = &self.gateway.shared.routes;
                    let superseded = |cashbox| routes.is_superseded(cashbox, &connection.peer);
                    if self.request.cashbox.is_some_and(superseded) {
                        return Some(Tried::Superseded);
                    }
                }
            }
        }
    }

    /// Checks that the answer is this request's.
    fn check(&mut self, connection: PodConnection, head_length: usize) -> Tried {
        let head = &mut self.work.answer;
        let notes = &head.notes;
        let other_cashbox = match notes.cashbox {
            Some(answered) => self.request.cashbox.is_some_and(|asked| asked != answered),
            // An answer that was served says for whom; a refusal may come from before that was known.
            None => self.request.cashbox.is_some() && head.status < 400,
        };
        let other_operation = notes
            .operation
            .is_some_and(|answered| answered != self.request.operation);
        if other_cashbox || other_operation {
            tracing::error!(
                pod.id = %connection.peer.written,
                operation.id = %self.request.operation,
                status = head.status,
                "an answer was for another request and is withheld"
            );
            return Tried::Crossed;
        }
        if notes.operation.is_none() && self.request.cashbox.is_some() {
            let operation = self.request.operation.to_string();
            field::push_field(
                &mut head.forwarded,
                header::OPERATION_ID.as_bytes(),
                operation.as_bytes(),
            );
        }
        Tried::Answered(PodAnswer::new(connection, head_length, head))
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
            (Tried::Lost | Tried::Crossed | Tried::Broken, _) => self.distrusts_pool = true,
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
        // The pod that was asked disowns the cashbox: what was remembered of it is refuted, not lowered.
        routes.table.forget(cashbox, asked);
        if let Some(epoch) = notes.epoch {
            routes.table.learn(cashbox, &owner, epoch);
        }
        Some(owner)
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

impl From<crate::message::patience::TooLong> for io::Error {
    fn from(too_long: crate::message::patience::TooLong) -> Self {
        Self::new(io::ErrorKind::TimedOut, too_long)
    }
}
