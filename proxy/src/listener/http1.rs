//! The front door for HTTP/1.1 (and 1.0): one connection, one request after another.
//!
//! The next request's head is read only after the answer to the one before was sent, so answers keep the order of
//! requests even when a client sends several at once (RFC 9112 section 9.3.2).

/// Reading a request's body.
mod body;
/// How an answer's body is delimited towards this client.
mod coding;

use std::io;
use std::pin::Pin;
use std::time::Duration;

use pingora_core::protocols::Stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::WaitForCancellationFutureOwned;

use crate::config::Config;
use crate::gateway::{Gateway, Workspace};
use crate::message::field;
use crate::message::patience::Patience;
use crate::message::request::{self, Malformed, RequestHead, Version};
use crate::pod_answer::PodAnswer;
use crate::reply::{OwnAnswer, phrase};
use crate::request_record::RequestRecord;

use super::client::{After, Client};
use coding::Coding;

/// The memory a connection begins with, in bytes: enough for a common receipt.
const BUFFER_BYTES: usize = 4096;
/// What a long request may leave behind, in bytes.
const BUFFER_BYTES_KEPT: usize = 65_536;
/// An answer's piece up to this many bytes is sent together with what precedes it.
const SENT_AT_ONCE_MAX: usize = 16_384;
/// How the connection of a client that speaks HTTP/2 from the start begins (RFC 9113 section 3.4).
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How long, and for how many bytes, a client may go on sending after it was refused. Closing at once would make
/// its system throw our answer away.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES_MAX: usize = 8 << 20;

/// A client's connection.
pub struct Http1 {
    stream: Stream,
    /// What has come and is not used yet: the request being served, and perhaps the beginning of the next.
    come: Vec<u8>,
    /// The head of the request being served.
    pub head: RequestHead,
    head_bytes: usize,
    /// How much of `come` belongs to the request being served.
    request_bytes: usize,
    /// The body, when it had to be decoded.
    decoded: Vec<u8>,
    /// Whether something of the request has not been read.
    leftover: bool,
}

/// What the wait for a request came to.
enum Next {
    Request,
    Http2,
    Malformed(Malformed),
    Ended,
}

/// How a client's connection ended.
pub enum Ended {
    /// It is over.
    Closed,
    /// The client speaks HTTP/2: the connection, and what has been read from it.
    SpeaksHttp2(Stream, Vec<u8>),
}

/// Serves a connection until either side ends it.
pub async fn serve(stream: Stream, gateway: &Gateway) -> Ended {
    let mut client = Http1::new(stream);
    let mut work = Workspace::default();
    let mut closing = Box::pin(gateway.shared.closing.clone().cancelled_owned());
    loop {
        let after = match client
            .next(&gateway.shared.config, &mut work.patience, &mut closing)
            .await
        {
            Next::Request => gateway.serve(&mut Client::Http1(&mut client), &mut work).await,
            Next::Malformed(malformed) => {
                gateway
                    .refuse_malformed(malformed, &mut Client::Http1(&mut client), &mut work)
                    .await
            }
            Next::Http2 => return Ended::SpeaksHttp2(client.stream, client.come),
            Next::Ended => return Ended::Closed,
        };
        match after {
            After::NextRequest => client.forget_request(),
            After::Close => {
                client.close(&mut work.patience).await;
                return Ended::Closed;
            }
        }
    }
}

impl Http1 {
    fn new(stream: Stream) -> Self {
        Self {
            stream,
            come: Vec::with_capacity(BUFFER_BYTES),
            head: RequestHead::default(),
            head_bytes: 0,
            request_bytes: 0,
            decoded: Vec::new(),
            leftover: false,
        }
    }

    /// Waits for the next request and reads its head.
    async fn next(
        &mut self,
        config: &Config,
        patience: &mut Patience,
        closing: &mut Pin<Box<WaitForCancellationFutureOwned>>,
    ) -> Next {
        let mut limit = config.idle;
        loop {
            if !self.come.is_empty() {
                if self.come.starts_with(b"PRI * HTTP/2.0") && self.come.len() >= HTTP2_PREFACE.len() {
                    return match self.come.starts_with(HTTP2_PREFACE) {
                        true => Next::Http2,
                        false => Next::Malformed(Malformed::Syntax),
                    };
                }
                self.leftover = true;
                match request::http1::parse(&self.come, config.head_bytes_max, &mut self.head) {
                    Ok(Some(length)) => {
                        self.head_bytes = length;
                        return Next::Request;
                    }
                    Ok(None) => limit = config.stall,
                    Err(malformed) => return Next::Malformed(malformed),
                }
            }
            self.come.reserve(1024);
            let idle = self.come.is_empty();
            let read = self.stream.read_buf(&mut self.come);
            let read = async {
                tokio::select! {
                    biased;
                    read = read => read,
                    () = closing.as_mut(), if idle => Ok(0),
                }
            };
            match patience.within(limit, read).await {
                Ok(Ok(0) | Err(_)) => return Next::Ended,
                Ok(Ok(_)) => {}
                // A client that began a request is told; one that was idle finds the connection closed.
                Err(_) if idle => return Next::Ended,
                Err(_) => return Next::Malformed(Malformed::Syntax),
            }
        }
    }

    /// Sends an answer of the proxy's own.
    pub async fn send_own(
        &mut self,
        answer: &OwnAnswer,
        after: After,
        gateway: &Gateway,
        work: &mut Workspace,
    ) -> After {
        let after = self.after(after, gateway);
        self.write_status(answer.status, after, &mut work.outbound);
        work.outbound.extend_from_slice(&answer.fields);
        work.outbound.extend_from_slice(b"content-length: ");
        field::push_number(&mut work.outbound, answer.body.len() as u64);
        work.outbound.extend_from_slice(b"\r\n\r\n");
        if self.head.method() != "HEAD" {
            work.outbound.extend_from_slice(&answer.body);
        }
        self.written(after, gateway, work).await
    }

    /// Sends a pod's answer: in the common case, when all of it has come, with one write.
    pub async fn send_pods(
        &mut self,
        mut answer: PodAnswer,
        gateway: &Gateway,
        work: &mut Workspace,
        record: &mut RequestRecord,
    ) -> After {
        let coding = Coding::of(&work.answer, self.head.version);
        let after = match coding {
            Coding::UntilClose => After::Close,
            _ => self.after(After::NextRequest, gateway),
        };
        self.write_status(work.answer.status, after, &mut work.outbound);
        work.outbound.extend_from_slice(&work.answer.forwarded);
        coding.write_field(&mut work.outbound);
        work.outbound.extend_from_slice(b"\r\n");
        let stall = gateway.shared.config.stall;
        loop {
            let piece = match answer.next_come() {
                Ok(None) if !answer.has_ended() => {
                    // What there is goes out before we wait for more.
                    if self.written(after, gateway, work).await == After::Close && after != After::Close {
                        return After::Close;
                    }
                    work.outbound.clear();
                    answer.next(stall, &mut work.patience).await
                }
                piece => piece,
            };
            match piece {
                Ok(Some(piece)) => coding.write_piece(&mut work.outbound, answer.piece(piece)),
                Ok(None) => break,
                Err(_) => {
                    record.broke_off();
                    return After::Close;
                }
            }
            if work.outbound.len() > SENT_AT_ONCE_MAX {
                if self.written(after, gateway, work).await == After::Close && after != After::Close {
                    return After::Close;
                }
                work.outbound.clear();
            }
        }
        coding.write_end(&mut work.outbound);
        answer.release(&gateway.pool);
        self.written(after, gateway, work).await
    }

    /// Whether the connection goes on, for all that this side knows.
    fn after(&self, after: After, gateway: &Gateway) -> After {
        if self.leftover || !self.head.keeps_alive() || gateway.shared.drain.is_cancelled() {
            return After::Close;
        }
        after
    }

    fn write_status(&self, status: u16, after: After, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(b"HTTP/1.1 ");
        field::push_number(out, u64::from(status));
        out.push(b' ');
        out.extend_from_slice(phrase(status).as_bytes());
        out.extend_from_slice(b"\r\n");
        match (after, self.head.version) {
            (After::Close, _) => out.extend_from_slice(b"connection: close\r\n"),
            (After::NextRequest, Version::Http10) => out.extend_from_slice(b"connection: keep-alive\r\n"),
            (After::NextRequest, _) => {}
        }
    }

    /// Writes what is outbound. A client that does not take it ends its connection.
    async fn written(&mut self, after: After, gateway: &Gateway, work: &mut Workspace) -> After {
        if work.outbound.is_empty() {
            return after;
        }
        let write = async {
            self.stream.write_all(&work.outbound).await?;
            self.stream.flush().await
        };
        match work.patience.within(gateway.shared.config.stall, write).await {
            Ok(Ok(())) => after,
            _ => After::Close,
        }
    }

    /// Makes room for the next request, of which something may have come already.
    fn forget_request(&mut self) {
        self.come.drain(..self.request_bytes);
        self.request_bytes = 0;
        self.head.forget();
        for buffer in [&mut self.come, &mut self.decoded] {
            if buffer.capacity() > BUFFER_BYTES_KEPT && buffer.len() <= BUFFER_BYTES {
                buffer.shrink_to(BUFFER_BYTES);
            }
        }
    }

    /// Closes the connection so that the client sees the answer even when it is still sending.
    async fn close(&mut self, patience: &mut Patience) {
        let goodbye: io::Result<()> = self.stream.shutdown().await;
        if goodbye.is_err() || !self.leftover {
            return;
        }
        let listen_on = async {
            let mut heard = 0;
            while heard < LINGER_BYTES_MAX {
                self.come.clear();
                self.come.reserve(BUFFER_BYTES);
                match self.stream.read_buf(&mut self.come).await {
                    Ok(0) | Err(_) => return,
                    Ok(read) => heard += read,
                }
            }
        };
        // Whoever goes on after that finds the connection reset.
        let _ = patience.within(LINGER, listen_on).await;
    }
}
