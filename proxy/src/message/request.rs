//! What a client asks: its head, checked and written anew for the pod.
//!
//! Both front doors feed the same checks, field by field; the text of HTTP/1 has rules of its own ([`http1`]).
//! Promises: what [`RequestHead::rendered`] holds is one request line and well-formed field lines, none of them
//! internal or hop-by-hop, none about framing, and none of ours twice.
//!
//! [`http1`]: crate::message::request::http1
//! [`RequestHead::rendered`]: crate::message::request::RequestHead::rendered

/// A head in the text of HTTP/1.
pub mod http1;

use std::ops::Range;

use shared::trace::context::Incoming;
use thiserror::Error;

use crate::cashbox_id::{Identity, IdentityFault};

use super::field::{self, ConnectionOptions, Field};
use super::framing::Framing;

/// Why a request cannot be understood. The connection it came on is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[allow(missing_docs, reason = "each variant's text says what it is")]
pub enum Malformed {
    #[error("the request's head is not HTTP")]
    Syntax,
    #[error("the request's head is too long, or has too many fields")]
    HeadTooLong,
    #[error("the request's target is not a path")]
    Target,
    #[error("the request must name its host once")]
    Host,
    #[error("the request's length is not one plain number")]
    Length,
    #[error("only the transfer coding \"chunked\" is understood, alone, and only in HTTP/1.1")]
    Coding,
    #[error("the request gives both a length and a transfer coding")]
    LengthAndCoding,
    #[error("the request does not say how long its body is")]
    LengthMissing,
    #[error("the chunked body is broken")]
    Chunks,
    #[error("changing the protocol of a connection is not supported")]
    Upgrade,
    #[error("Connection may not name this field")]
    ConnectionNamesOurs,
    #[error("only the expectation \"100-continue\" is understood")]
    Expectation,
    #[error("{0}")]
    Identity(#[from] IdentityFault),
}

/// The version of HTTP a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Version {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    #[default]
    Http11,
    /// HTTP/2.
    Http2,
}

/// A request's head. Kept by its connection and filled anew for each request, so that no memory is asked for.
#[derive(Debug, Default)]
pub struct RequestHead {
    rendered: Vec<u8>,
    method: Range<usize>,
    path: Range<usize>,
    connection: ConnectionOptions,
    /// How the body is delimited.
    pub framing: Framing,
    /// The client's version of HTTP.
    pub version: Version,
    /// Whether the client waits for `100 Continue` before it sends its body.
    pub expects_continue: bool,
    /// What the head says about whose request it is.
    pub identity: Identity,
    /// What the head says about the trace it belongs to.
    pub trace: Incoming,
    hosts: u32,
}

impl RequestHead {
    /// The request line and the fields that go to a pod, without the empty line.
    #[must_use]
    pub fn rendered(&self) -> &[u8] {
        &self.rendered
    }

    /// The method, as the client wrote it.
    #[must_use]
    pub fn method(&self) -> &str {
        std::str::from_utf8(&self.rendered[self.method.clone()]).unwrap_or("?")
    }

    /// The path without its query.
    #[must_use]
    pub fn path(&self) -> &str {
        std::str::from_utf8(&self.rendered[self.path.clone()]).unwrap_or("?")
    }

    /// Whether the client's connection stays open after the answer.
    #[must_use]
    pub fn keeps_alive(&self) -> bool {
        match self.version {
            Version::Http10 => self.connection.keep_alive && !self.connection.close,
            Version::Http11 => !self.connection.close,
            Version::Http2 => true,
        }
    }

    /// Forgets the request that was served, so that nothing of it shows when the next one cannot be read.
    pub fn forget(&mut self) {
        self.rendered.clear();
        (self.method, self.path) = (0..0, 0..0);
        self.connection = ConnectionOptions::default();
        self.framing = Framing::None;
        self.version = Version::default();
        self.expects_continue = false;
        self.identity = Identity::default();
        self.trace.forget();
        self.hosts = 0;
    }

    /// Begins a new head with its first line.
    ///
    /// # Errors
    /// When the target is neither a path nor an absolute address (RFC 9112 section 3.2).
    pub fn begin(&mut self, method: &str, target: &str, version: Version) -> Result<(), Malformed> {
        self.forget();
        self.version = version;
        let target = origin_form(target).ok_or(Malformed::Target)?;
        self.rendered.extend_from_slice(method.as_bytes());
        self.method = 0..method.len();
        self.rendered.push(b' ');
        let path_begins = self.rendered.len();
        let path_length = target.find('?').unwrap_or(target.len());
        self.path = path_begins..path_begins + path_length;
        self.rendered.extend_from_slice(target.as_bytes());
        self.rendered.extend_from_slice(b" HTTP/1.1\r\n");
        Ok(())
    }

    /// Takes the next field: remembers what it means, and writes it down if it goes on to a pod.
    ///
    /// # Errors
    /// When the field breaks a rule.
    pub fn field(&mut self, name: &[u8], value: &[u8]) -> Result<(), Malformed> {
        let field = Field::of(name);
        match field {
            Field::Host => self.hosts += 1,
            Field::ContentLength => return self.length(value),
            Field::TransferEncoding => return self.coding(value),
            Field::Connection => {
                self.connection.read(value);
                return Ok(());
            }
            Field::Upgrade => return Err(Malformed::Upgrade),
            Field::Expect => return self.expectation(value),
            Field::HopByHop | Field::Internal => return Ok(()),
            Field::CashboxId | Field::CashboxIdV2 | Field::AccessToken | Field::AccessTokenV2 => {
                self.identity.see(field, value)?;
            }
            // Written anew for the pod, in one spelling.
            Field::OperationId => return Ok(self.identity.see(field, value)?),
            Field::TraceParent => {
                self.trace.parent(value);
                return Ok(());
            }
            Field::TraceState => {
                self.trace.state(value);
                return Ok(());
            }
            Field::Other => {}
        }
        field::push_field(&mut self.rendered, name, value);
        Ok(())
    }

    fn length(&mut self, value: &[u8]) -> Result<(), Malformed> {
        let length = field::content_length(value).ok_or(Malformed::Length)?;
        match self.framing {
            Framing::None => self.framing = Framing::Length(length),
            Framing::Length(_) => return Err(Malformed::Length),
            Framing::Chunked => return Err(Malformed::LengthAndCoding),
        }
        Ok(())
    }

    fn coding(&mut self, value: &[u8]) -> Result<(), Malformed> {
        if let Framing::Length(_) = self.framing {
            return Err(Malformed::LengthAndCoding);
        }
        let understood = value.eq_ignore_ascii_case(b"chunked")
            && self.version == Version::Http11
            && self.framing == Framing::None;
        self.framing = Framing::Chunked;
        understood.then_some(()).ok_or(Malformed::Coding)
    }

    fn expectation(&mut self, value: &[u8]) -> Result<(), Malformed> {
        self.expects_continue = value.eq_ignore_ascii_case(b"100-continue");
        self.expects_continue.then_some(()).ok_or(Malformed::Expectation)
    }

    /// Checks what only the whole head can show.
    ///
    /// # Errors
    /// When the head breaks a rule.
    pub fn end(&mut self) -> Result<(), Malformed> {
        if self.connection.upgrade {
            return Err(Malformed::Upgrade);
        }
        if self.connection.names_ours {
            return Err(Malformed::ConnectionNamesOurs);
        }
        // RFC 9112 section 3.2: exactly one in HTTP/1.1.
        if self.hosts > 1 || (self.version == Version::Http11 && self.hosts == 0) {
            return Err(Malformed::Host);
        }
        // RFC 1945 section 7.2.2: an HTTP/1.0 request with a body must give its length.
        if self.version == Version::Http10
            && self.framing == Framing::None
            && matches!(self.method(), "POST" | "PUT" | "PATCH")
        {
            return Err(Malformed::LengthMissing);
        }
        Ok(self.identity.end()?)
    }
}

/// The path and query of a target in origin form or absolute form.
fn origin_form(target: &str) -> Option<&str> {
    if target.starts_with('/') {
        return Some(target);
    }
    let scheme_ends = target.find("://")?;
    let scheme = &target[..scheme_ends];
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return None;
    }
    let authority = &target[scheme_ends + 3..];
    authority.find('/').map(|path| &authority[path..])
}

#[cfg(test)]
mod tests;
