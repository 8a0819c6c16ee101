//! One try: send the request to a pod, read the head of its answer.
//!
//! Nothing is decided here. What became of the try is told as it was seen: not sent, lost, too late, answered.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use shared::header;
use shared::timings::LOOK_EVERY;
use shared::trace::context::{TRACE_PARENT, TRACE_STATE};
use shared::trace::span::Place;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::message::answer;
use crate::message::field;
use crate::pod_answer::PodAnswer;
use crate::pool::PodConnection;
use crate::route::peer::Peer;

use super::{Exchange, Tried};

/// A body up to this many bytes is sent together with its head.
const SENT_AT_ONCE_MAX: usize = 16_384;

impl Exchange<'_> {
    /// One try: send the request, read the head of the answer. In the trace it belongs to `place`.
    pub(super) async fn ask(&mut self, peer: &Arc<Peer>, place: &Place) -> Tried {
        let left = self.left();
        let Ok(mut connection) = self.connection(peer, left).await else {
            return Tried::NotSent;
        };
        self.write_head(left, place);
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
        let stream = self.connect(peer, limit).await?;
        PodConnection::new(stream, Arc::clone(peer))
    }

    /// Connects, unless that takes too long or turns out to be in vain: a machine that is gone does not even refuse.
    async fn connect(&mut self, peer: &Arc<Peer>, limit: Duration) -> io::Result<TcpStream> {
        let until = Instant::now() + limit;
        let connecting = TcpStream::connect(peer.address);
        tokio::pin!(connecting);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let look = self.work.patience.within(left.min(LOOK_EVERY), &mut connecting);
            match look.await {
                Ok(connected) => return connected,
                Err(_) if left <= LOOK_EVERY || self.is_superseded(peer) => {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                Err(_) => {}
            }
        }
    }

    fn is_superseded(&self, peer: &Peer) -> bool {
        let routes = &self.gateway.shared.routes;
        let superseded = |cashbox| routes.is_superseded(cashbox, peer);
        self.request.cashbox.is_some_and(superseded)
    }

    /// Writes the head anew: what the client said, then what is ours.
    fn write_head(&mut self, left: Duration, place: &Place) {
        let out = &mut self.work.outbound;
        out.clear();
        out.extend_from_slice(self.request.head.rendered());
        if !self.request.body.is_empty() || !matches!(self.request.head.method(), "GET" | "HEAD") {
            out.extend_from_slice(b"content-length: ");
            field::push_number(out, self.request.body.len() as u64);
            out.extend_from_slice(b"\r\n");
        }
        field::push_shown(out, header::OPERATION_ID, self.request.operation);
        if let Some(trace) = place.context() {
            field::push_shown(out, TRACE_PARENT, trace.parent);
            if let Some(state) = &trace.state {
                field::push_field(out, TRACE_STATE.as_bytes(), state.as_bytes());
            }
        }
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
                    self.record.errand().run_at_once(|| {
                        tracing::error!(pod.id = %written, operation.id = %self.request.operation, error = %broken,
                            "a pod's answer was withheld");
                    });
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
                Err(_) if self.is_superseded(&connection.peer) => return Some(Tried::Superseded),
                Err(_) => {}
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
            self.record.errand().run_at_once(|| {
                tracing::error!(
                    pod.id = %connection.peer.written,
                    operation.id = %self.request.operation,
                    status = head.status,
                    "an answer was for another request and is withheld"
                );
            });
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
}
