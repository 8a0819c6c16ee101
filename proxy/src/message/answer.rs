//! What a pod answers: its head, checked, split into what is for the POS and what is for the proxy.

use std::net::SocketAddr;

use shared::api::refusal::Refusal;
use shared::header;
use shared::identity::pod::PodId;
use shared::identity::{CashBoxId, Epoch, OperationId};
use thiserror::Error;

use super::field::{self, ConnectionOptions, Field};
use super::framing::Framing;

/// The most fields an answer may have.
const FIELDS_MAX: usize = 96;
/// How long an answer's head may be, in bytes.
const HEAD_BYTES_MAX: usize = 65_536;

/// A pod's answer is not HTTP as we speak it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the pod's answer is broken: {0}")]
pub struct BrokenAnswer(pub &'static str);

/// An answer's head. Kept by the client's connection and filled anew for each answer.
#[derive(Debug)]
pub struct AnswerHead {
    /// The status.
    pub status: u16,
    /// The field lines that go on to the POS: no internal ones, nothing about framing or the connection.
    pub forwarded: Vec<u8>,
    /// How its body is delimited; `None` in HTTP/1 means by the end of the connection when `until_close`.
    pub framing: Framing,
    /// Whether the body ends with the connection.
    pub until_close: bool,
    /// A length to declare though no body comes: the answer to HEAD.
    pub declared_length: Option<u64>,
    /// Whether the connection can be used again.
    pub keeps_alive: bool,
    /// What the pod says to the proxy.
    pub notes: Notes,
}

/// What a pod says to the proxy in its internal fields. One that cannot be read counts as not given.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Notes {
    /// The cashbox that answered.
    pub cashbox: Option<CashBoxId>,
    /// The operation that is answered.
    pub operation: Option<OperationId>,
    /// The pod that answered, as it writes itself.
    pub pod: Option<Box<str>>,
    /// Under which epoch; on 421 the owner's.
    pub epoch: Option<Epoch>,
    /// Why the request was refused.
    pub refusal: Option<Refusal>,
    /// On 421: who owns the cashbox.
    pub owner: Option<PodId>,
    /// On 421: where the owner takes requests.
    pub owner_address: Option<SocketAddr>,
    /// The pod is shutting down.
    pub draining: bool,
}

impl Default for AnswerHead {
    fn default() -> Self {
        Self {
            status: 0,
            forwarded: Vec::new(),
            framing: Framing::None,
            until_close: false,
            declared_length: None,
            keeps_alive: false,
            notes: Notes::default(),
        }
    }
}

/// Reads an answer's head from the front of what has come so far: its length in bytes, or `None` when it is not
/// complete yet. `expected_pod` is who was asked, as the pod writes itself.
///
/// # Errors
/// When it is not a proper answer.
pub fn parse(
    come: &[u8],
    to_head_request: bool,
    expected_pod: &str,
    head: &mut AnswerHead,
) -> Result<Option<usize>, BrokenAnswer> {
    let mut fields = [const { std::mem::MaybeUninit::uninit() }; FIELDS_MAX];
    let mut parsed = httparse::Response::new(&mut []);
    let length = match httparse::ParserConfig::default().parse_response_with_uninit_headers(
        &mut parsed,
        come,
        &mut fields,
    ) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) if come.len() < HEAD_BYTES_MAX => return Ok(None),
        Ok(httparse::Status::Partial) => return Err(BrokenAnswer("its head is too long")),
        Err(_) => return Err(BrokenAnswer("its head is not HTTP")),
    };
    head.begin(parsed.code.unwrap_or(0));
    let mut connection = ConnectionOptions::default();
    for field in &*parsed.headers {
        head.field(field.name, field.value, expected_pod, &mut connection)?;
    }
    let persistent = parsed.version == Some(1) || connection.keep_alive;
    head.end(to_head_request, persistent && !connection.close);
    Ok(Some(length))
}

impl AnswerHead {
    fn begin(&mut self, status: u16) {
        let forwarded = std::mem::take(&mut self.forwarded);
        *self = Self {
            status,
            forwarded,
            ..Self::default()
        };
        self.forwarded.clear();
    }

    fn field(
        &mut self,
        name: &str,
        value: &[u8],
        expected_pod: &str,
        connection: &mut ConnectionOptions,
    ) -> Result<(), BrokenAnswer> {
        match Field::of(name.as_bytes()) {
            Field::ContentLength => {
                let length = field::content_length(value).ok_or(BrokenAnswer("its length is no number"))?;
                match self.framing {
                    Framing::None => self.framing = Framing::Length(length),
                    _ => return Err(BrokenAnswer("it is delimited twice")),
                }
            }
            Field::TransferEncoding => {
                if !value.eq_ignore_ascii_case(b"chunked") || self.framing != Framing::None {
                    return Err(BrokenAnswer("its transfer coding is not understood"));
                }
                self.framing = Framing::Chunked;
            }
            Field::Connection => connection.read(value),
            Field::HopByHop | Field::Upgrade => {}
            Field::Internal => self.notes.read(name, value, expected_pod),
            other => {
                if other == Field::OperationId {
                    self.notes.operation = parsed(value);
                }
                field::push_field(&mut self.forwarded, name.as_bytes(), value);
            }
        }
        Ok(())
    }

    /// Settles how the body is delimited (RFC 9112 section 6.3).
    fn end(&mut self, to_head_request: bool, persistent: bool) {
        self.keeps_alive = persistent;
        let bodiless = to_head_request || matches!(self.status, 100..=199 | 204 | 304);
        if bodiless {
            if let Framing::Length(length) = self.framing
                && self.status != 204
            {
                self.declared_length = Some(length);
            }
            self.framing = Framing::None;
        } else if self.framing == Framing::None {
            self.until_close = true;
            self.keeps_alive = false;
        }
    }
}

impl Notes {
    fn read(&mut self, name: &str, value: &[u8], expected_pod: &str) {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if is(header::ANSWERED_CASHBOX) {
            self.cashbox = parsed(value);
        } else if is(header::ANSWERED_POD) {
            // Nearly always the pod that was asked; then nothing needs to be kept.
            if value != expected_pod.as_bytes() {
                self.pod = std::str::from_utf8(value).ok().map(Box::from);
            }
        } else if is(header::EPOCH) {
            self.epoch = parsed::<u64>(value).map(Epoch);
        } else if is(header::REFUSAL) {
            self.refusal = std::str::from_utf8(value).ok().and_then(Refusal::from_word);
        } else if is(header::OWNER_POD) {
            self.owner = parsed(value);
        } else if is(header::OWNER_ADDRESS) {
            self.owner_address = parsed(value);
        } else if is(header::DRAINING) {
            self.draining = true;
        }
    }
}

fn parsed<T: std::str::FromStr>(value: &[u8]) -> Option<T> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(answer: &str, to_head_request: bool) -> Result<AnswerHead, BrokenAnswer> {
        let mut head = AnswerHead::default();
        parse(answer.as_bytes(), to_head_request, "byodc-0/a", &mut head)?.expect("the head is complete");
        Ok(head)
    }

    #[test]
    fn what_is_for_the_proxy_does_not_reach_the_pos() {
        let head = read(
            "HTTP/1.1 421 Misdirected Request\r\nContent-Type: text/plain\r\nX-Byodc-Epoch: 7\r\n\
             x-byodc-owner-pod: byodc-1/6f9619ff-8b86-d011-b42d-00c04fc964ff\r\n\
             x-byodc-owner-address: 10.0.0.7:80\r\nx-byodc-refusal: held-by-other\r\nx-byodc-whatever: 1\r\n\
             content-length: 0\r\nConnection: close\r\nRetry-After: 1\r\n\r\n",
            false,
        )
        .unwrap();
        assert_eq!(head.forwarded, b"Content-Type: text/plain\r\nRetry-After: 1\r\n");
        assert_eq!(head.notes.epoch, Some(Epoch(7)));
        assert_eq!(head.notes.refusal, Some(Refusal::HeldByOther));
        assert_eq!(head.notes.owner_address, Some("10.0.0.7:80".parse().unwrap()));
        assert!(head.notes.owner.is_some() && !head.keeps_alive);
    }

    #[test]
    fn the_body_ends_as_the_head_says() {
        let cases = [
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n",
                false,
                Framing::Length(5),
                false,
            ),
            (
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
                false,
                Framing::Chunked,
                false,
            ),
            ("HTTP/1.1 200 OK\r\n\r\n", false, Framing::None, true),
            ("HTTP/1.1 204 No Content\r\n\r\n", false, Framing::None, false),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n",
                true,
                Framing::None,
                false,
            ),
        ];
        for (answer, to_head_request, framing, until_close) in cases {
            let head = read(answer, to_head_request).unwrap();
            assert_eq!(
                (head.framing, head.until_close),
                (framing, until_close),
                "{answer}"
            );
            assert_eq!(head.keeps_alive, !until_close);
        }
    }

    #[test]
    fn an_answer_that_is_delimited_twice_is_broken() {
        for fields in [
            "content-length: 5\r\ncontent-length: 5",
            "content-length: 5\r\ntransfer-encoding: chunked",
            "transfer-encoding: chunked\r\ncontent-length: 5",
            "transfer-encoding: gzip",
            "content-length: many",
        ] {
            assert!(
                read(&format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n"), false).is_err(),
                "{fields}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(come in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&come, false, "", &mut AnswerHead::default());
        }
    }
}
