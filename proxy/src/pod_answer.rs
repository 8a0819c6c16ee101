//! The rest of a pod's answer: its body, piece by piece, as it comes.
//!
//! A long answer (a journal) is never held whole. When its body breaks off, the client's connection is closed, so
//! that the POS cannot take a part for the whole.

use std::ops::Range;
use std::time::Duration;

use thiserror::Error;
use tokio::io::AsyncReadExt;

use crate::message::answer::AnswerHead;
use crate::message::chunked::{Decoder, Step};
use crate::message::framing::Framing;
use crate::message::patience::Patience;
use crate::pool::{PodConnection, Pool};

/// How much of a long body is asked for at once, in bytes.
const PIECE_BYTES: usize = 32_768;

/// The body broke off, or is not what its head announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the pod's answer broke off")]
pub struct BrokeOff;

/// An answer whose head has been read.
#[derive(Debug)]
pub struct PodAnswer {
    connection: PodConnection,
    /// How much of what has come is used up.
    used: usize,
    body: Body,
    keeps_alive: bool,
}

#[derive(Debug)]
enum Body {
    Length(u64),
    Chunked(Decoder),
    UntilClose,
    Ended,
}

impl PodAnswer {
    /// The answer whose head ends at `head_length` of what has come.
    #[must_use]
    pub fn new(connection: PodConnection, head_length: usize, head: &AnswerHead) -> Self {
        let body = match head.framing {
            Framing::Length(0) => Body::Ended,
            Framing::Length(length) => Body::Length(length),
            Framing::Chunked => Body::Chunked(Decoder::default()),
            Framing::None if head.until_close => Body::UntilClose,
            Framing::None => Body::Ended,
        };
        Self {
            connection,
            used: head_length,
            body,
            keeps_alive: head.keeps_alive,
        }
    }

    /// Bytes that a range of [`Self::next`] stands for.
    #[must_use]
    pub fn piece(&self, piece: Range<usize>) -> &[u8] {
        &self.connection.come[piece]
    }

    /// The next piece that has come already; `None` when more must be read, or the body has ended.
    ///
    /// # Errors
    /// When the body is not what its head announced.
    pub fn next_come(&mut self) -> Result<Option<Range<usize>>, BrokeOff> {
        let come = &self.connection.come[self.used..];
        let from = self.used;
        match &mut self.body {
            Body::Ended => Ok(None),
            _ if come.is_empty() => Ok(None),
            Body::UntilClose => {
                self.used += come.len();
                Ok(Some(from..self.used))
            }
            Body::Length(left) => {
                let length = usize::try_from(*left).map_or(come.len(), |left| left.min(come.len()));
                *left -= length as u64;
                if *left == 0 {
                    self.body = Body::Ended;
                }
                self.used += length;
                Ok(Some(from..self.used))
            }
            Body::Chunked(decoder) => {
                let (taken, step) = decoder.step(come).map_err(|_| BrokeOff)?;
                let found = match step {
                    Step::Data(data) => Some(from + taken - data.len()..from + taken),
                    Step::NeedMore => None,
                    Step::End => {
                        self.body = Body::Ended;
                        None
                    }
                };
                self.used += taken;
                Ok(found)
            }
        }
    }

    /// The next piece of the body; `None` when it has ended.
    ///
    /// # Errors
    /// When the body breaks off, or pauses for longer than `stall`.
    pub async fn next(
        &mut self,
        stall: Duration,
        patience: &mut Patience,
    ) -> Result<Option<Range<usize>>, BrokeOff> {
        loop {
            if let Some(piece) = self.next_come()? {
                return Ok(Some(piece));
            }
            if let Body::Ended = self.body {
                return Ok(None);
            }
            self.connection.come.drain(..self.used);
            self.used = 0;
            self.connection.come.reserve(PIECE_BYTES);
            let read = self.connection.stream.read_buf(&mut self.connection.come);
            match patience.within(stall, read).await {
                Ok(Ok(0)) if matches!(self.body, Body::UntilClose) => self.body = Body::Ended,
                Ok(Ok(0) | Err(_)) | Err(_) => return Err(BrokeOff),
                Ok(Ok(_)) => {}
            }
        }
    }

    /// Whether the whole body has been handed out.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        matches!(self.body, Body::Ended)
    }

    /// Passes over the rest of an answer that nobody will see. When all of it has come, as with every refusal of a
    /// pod, the connection stays good.
    pub fn discard(mut self, pool: &Pool) {
        while let Ok(Some(_)) = self.next_come() {}
        self.release(pool);
    }

    /// Gives the connection back to the pool if another request can use it.
    pub fn release(mut self, pool: &Pool) {
        if self.keeps_alive && self.has_ended() {
            self.connection.come.drain(..self.used);
            pool.put(self.connection);
        }
    }
}
