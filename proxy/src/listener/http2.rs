//! The front door for HTTP/2: one task per stream, on pingora's session.
//!
//! A stream's head goes through the same checks as one in HTTP/1.1, and leaves as HTTP/1.1 towards the pod.

use std::sync::Arc;

use bytes::Bytes;
use pingora_core::protocols::http::v2::server::{self, H2Accept, HttpSession};
use pingora_core::protocols::{Digest, Stream};
use pingora_http::ResponseHeader;

use crate::config::Config;
use crate::gateway::{Gateway, Workspace};
use crate::message::patience::Patience;
use crate::message::request::{Malformed, RequestHead, Version};
use crate::pod_answer::PodAnswer;
use crate::reply::{OwnAnswer, Refused};
use crate::request_record::RequestRecord;

use super::client::{After, Client};

/// How many streams a client may have open at once.
const STREAMS_MAX: u32 = 256;
/// How many streams of one connection may be refused before it is closed.
const REJECTED_MAX: u32 = 32;

/// One stream whose head has been read.
pub struct Http2 {
    session: HttpSession,
    /// The head.
    pub head: RequestHead,
    /// The body, once it has been read.
    pub body: Vec<u8>,
}

/// Serves a connection until either side ends it.
pub async fn serve(stream: Stream, gateway: &Arc<Gateway>) {
    let digest = Arc::new(Digest {
        ssl_digest: stream.get_ssl_digest(),
        timing_digest: stream.get_timing_digest(),
        proxy_digest: None,
        socket_digest: stream.get_socket_digest(),
    });
    let mut options = server::default_h2_options();
    options.max_concurrent_streams(STREAMS_MAX);
    options.max_header_list_size(u32::try_from(gateway.shared.config.head_bytes_max).unwrap_or(u32::MAX));
    let Ok(mut connection) = server::handshake(stream, Some(options)).await else {
        return;
    };
    let (mut draining, mut rejected) = (false, 0);
    let running = Arc::new(());
    loop {
        let accepted = tokio::select! {
            biased;
            () = gateway.shared.drain.cancelled(), if !draining => {
                connection.graceful_shutdown();
                draining = true;
                continue;
            }
            accepted = HttpSession::from_h2_conn(&mut connection, Arc::clone(&digest)) => accepted,
            () = tokio::time::sleep(gateway.shared.config.idle), if Arc::strong_count(&running) == 1 => {
                if draining {
                    return; // it was told and does not go
                }
                connection.graceful_shutdown();
                draining = true;
                continue;
            }
        };
        match accepted {
            Ok(Some(H2Accept::Session(session))) => {
                let (gateway, running) = (Arc::clone(gateway), Arc::clone(&running));
                tokio::spawn(async move {
                    serve_stream(session, &gateway).await;
                    drop(running);
                });
            }
            Ok(Some(H2Accept::Rejected)) if rejected < REJECTED_MAX => rejected += 1,
            Ok(Some(H2Accept::Rejected) | None) | Err(_) => return,
        }
    }
}

async fn serve_stream(session: HttpSession, gateway: &Gateway) {
    let mut client = Http2 {
        session,
        head: RequestHead::default(),
        body: Vec::new(),
    };
    let mut work = Workspace::default();
    match client.read_head() {
        Ok(()) => gateway.serve(&mut Client::Http2(&mut client), &mut work).await,
        Err(malformed) => {
            gateway
                .refuse_malformed(malformed, &mut Client::Http2(&mut client), &mut work)
                .await
        }
    };
}

impl Http2 {
    fn read_head(&mut self) -> Result<(), Malformed> {
        let asked = self.session.req_header();
        let target = std::str::from_utf8(asked.raw_path()).map_err(|_| Malformed::Target)?;
        self.head.begin(asked.method.as_str(), target, Version::Http2)?;
        for (name, value) in &asked.headers {
            // The length is known when the body has been read; `Host` is written from the authority below.
            if *name != http::header::CONTENT_LENGTH && *name != http::header::HOST {
                self.head.field(name.as_str().as_bytes(), value.as_bytes())?;
            }
        }
        let named = asked.headers.get(http::header::HOST).map(|host| host.as_bytes());
        let authority = asked
            .uri
            .authority()
            .map(|authority| authority.as_str().as_bytes());
        let host = authority.or(named).ok_or(Malformed::Host)?;
        self.head.field(b"host", host)?;
        self.head.end()
    }

    /// Reads the body whole.
    ///
    /// # Errors
    /// When it is too long or too slow.
    pub async fn read_body(&mut self, config: &Config, patience: &mut Patience) -> Result<(), Refused> {
        let (session, body) = (&mut self.session, &mut self.body);
        let read = async {
            while let Ok(Some(piece)) = session.read_body_bytes().await {
                if body.len() + piece.len() > config.body_bytes_max {
                    return Err(Refused::BodyTooLong);
                }
                body.extend_from_slice(&piece);
            }
            // A stream that was reset is not at its end.
            match session.is_body_done() {
                true => Ok(()),
                false => Err(Refused::BodyTooSlow),
            }
        };
        patience
            .within(config.stall, read)
            .await
            .map_err(|_| Refused::BodyTooSlow)?
    }

    /// Sends an answer of the proxy's own.
    pub async fn send_own(&mut self, answer: &OwnAnswer) -> After {
        let length = Some(answer.body.len() as u64);
        if let Some(header) = header(answer.status, &answer.fields, length) {
            let body = Bytes::copy_from_slice(&answer.body);
            // A client that is gone by now needs no answer.
            let _ = async {
                self.session.write_response_header(Box::new(header), false)?;
                self.session.write_body(body, true).await
            }
            .await;
        }
        After::NextRequest
    }

    /// Sends a pod's answer, its body as it comes. One that breaks off leaves the stream unfinished, which the
    /// client sees as a reset.
    pub async fn send_pods(
        &mut self,
        mut answer: PodAnswer,
        gateway: &Gateway,
        work: &mut Workspace,
        record: &mut RequestRecord,
    ) -> After {
        let head = &work.answer;
        let Some(header) = header(head.status, &head.forwarded, head.declared_length) else {
            record.broke_off();
            return After::Close;
        };
        let stall = gateway.shared.config.stall;
        self.session.write_timeout = Some(stall);
        if self
            .session
            .write_response_header(Box::new(header), false)
            .is_err()
        {
            return After::Close;
        }
        loop {
            match answer.next(stall, &mut work.patience).await {
                Ok(Some(piece)) => {
                    let piece = Bytes::copy_from_slice(answer.piece(piece));
                    if self.session.write_body(piece, answer.has_ended()).await.is_err() {
                        return After::Close;
                    }
                }
                Ok(None) => break,
                Err(_) => {
                    record.broke_off();
                    return After::Close;
                }
            }
        }
        let _ = self.session.finish();
        answer.release(&gateway.pool);
        After::NextRequest
    }
}

/// An answer's head from field lines; `None` when they cannot be said in HTTP/2.
fn header(status: u16, lines: &[u8], length: Option<u64>) -> Option<ResponseHeader> {
    let mut header = ResponseHeader::build(status, None).ok()?;
    for line in lines.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue; // behind the last line
        };
        let name = std::str::from_utf8(&line[..colon]).ok()?.to_ascii_lowercase();
        header
            .append_header(name, line[colon + 1..].trim_ascii_start())
            .ok()?;
    }
    if let Some(length) = length {
        header
            .insert_header(http::header::CONTENT_LENGTH, length.to_string())
            .ok()?;
    }
    Some(header)
}
