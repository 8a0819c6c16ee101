//! What a client asks: its head, checked and written anew for the pod.
//!
//! Both front doors feed the same checks, field by field; HTTP/1.1 adds those of its framing. Promises: what
//! [`RequestHead::rendered`] holds is one request line and well-formed field lines, none of them internal or
//! hop-by-hop, none about framing, and none of ours twice.
//!
//! [`RequestHead::rendered`]: crate::message::request::RequestHead::rendered

use std::ops::Range;

use shared::trace::context::Incoming;
use thiserror::Error;

use crate::cashbox_id::{Identity, IdentityFault};

use super::field::{self, ConnectionOptions, Field};

/// The most fields a head may have.
const FIELDS_MAX: usize = 64;

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

/// How a request's body is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Framing {
    /// There is none.
    #[default]
    None,
    /// By its length in bytes.
    Length(u64),
    /// By the chunked coding.
    Chunked,
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

/// Reads a head in HTTP/1 from the front of what has come so far: its length in bytes, or `None` when it is not
/// complete yet.
///
/// # Errors
/// When it can never become a proper head.
pub fn parse(come: &[u8], head_bytes_max: usize, head: &mut RequestHead) -> Result<Option<usize>, Malformed> {
    let mut fields = [const { std::mem::MaybeUninit::uninit() }; FIELDS_MAX];
    let mut parsed = httparse::Request::new(&mut []);
    let length = match parsed.parse_with_uninit_headers(come, &mut fields) {
        Ok(httparse::Status::Complete(length)) if length <= head_bytes_max => length,
        Ok(httparse::Status::Partial) if come.len() < head_bytes_max => return Ok(None),
        Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(Malformed::HeadTooLong),
        Err(_) => return Err(Malformed::Syntax),
    };
    let version = match parsed.version {
        Some(0) => Version::Http10,
        _ => Version::Http11,
    };
    let (Some(method), Some(target)) = (parsed.method, parsed.path) else {
        return Err(Malformed::Syntax);
    };
    // httparse takes a bare LF as the end of a line; others do not, and that is how requests are smuggled.
    if has_bare_line_feed(&come[..length]) {
        return Err(Malformed::Syntax);
    }
    head.begin(method, target, version)?;
    let fields = &*parsed.headers;
    for field in fields {
        if !named_by_connection(fields, field) {
            head.field(field.name.as_bytes(), field.value)?;
        }
    }
    head.end()?;
    Ok(Some(length))
}

/// Whether a line ends without CR. Two counts without a branch are several times faster than looking at each end.
fn has_bare_line_feed(head: &[u8]) -> bool {
    let feeds = head.iter().filter(|byte| **byte == b'\n').count();
    let pairs = head.iter().zip(head.iter().skip(1));
    feeds
        != pairs
            .filter(|(one, two)| (**one == b'\r') & (**two == b'\n'))
            .count()
}

/// Whether a field ends here because `Connection` names it. Fields with a meaning of ours are kept: naming them is
/// refused when the head ends.
fn named_by_connection(fields: &[httparse::Header<'_>], field: &httparse::Header<'_>) -> bool {
    Field::of(field.name.as_bytes()).may_end_here()
        && fields
            .iter()
            .filter(|other| other.name.len() == 10 && other.name.eq_ignore_ascii_case("connection"))
            .any(|connection| field::is_named_by(connection.value, field.name.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(head: &str) -> Result<RequestHead, Malformed> {
        let mut request = RequestHead::default();
        parse(head.as_bytes(), 16_384, &mut request)
            .map(|length| assert_eq!(length, Some(head.len()), "{head:?}"))?;
        Ok(request)
    }

    #[test]
    fn a_head_is_written_anew_without_what_is_internal_or_about_the_connection() {
        let request = read(
            "POST /V0/sign?x=1 HTTP/1.1\r\nHost: pos\r\ncashboxid: 6F9619FF-8B86-D011-B42D-00C04FC964FF\r\n\
             Keep-Alive: 5\r\nX-BYODC-Owner-Pod: evil\r\nConnection: x-gone\r\nX-Gone: 1\r\nContent-Length: 3\r\n\
             x-kept: yes\r\n\r\n",
        )
        .unwrap();
        assert_eq!(
            std::str::from_utf8(request.rendered()).unwrap(),
            "POST /V0/sign?x=1 HTTP/1.1\r\nHost: pos\r\ncashboxid: 6F9619FF-8B86-D011-B42D-00C04FC964FF\r\n\
             x-kept: yes\r\n"
        );
        assert_eq!((request.method(), request.path()), ("POST", "/V0/sign"));
        assert_eq!(request.framing, Framing::Length(3));
        assert!(request.keeps_alive());
    }

    #[test]
    fn a_trace_is_read_and_not_passed_on_as_it_came() {
        const TRACE: &str = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n";
        let fields = |fields: &str| read(&format!("GET /x HTTP/1.1\r\nhost: pos\r\n{fields}\r\n")).unwrap();
        let request = fields(&format!("{TRACE}Tracestate: a=1\r\n"));
        assert_eq!(request.rendered(), b"GET /x HTTP/1.1\r\nhost: pos\r\n");
        assert_eq!(request.trace.context().unwrap().state.as_deref(), Some("a=1"));
        for dropped in [
            format!("{TRACE}{TRACE}"),
            format!("{TRACE}Connection: traceparent\r\n"),
            "traceparent: 1\r\n".to_owned(),
        ] {
            assert_eq!(fields(&dropped).trace.context(), None, "{dropped}");
        }
    }

    #[test]
    fn an_absolute_target_becomes_a_path() {
        let request = read("GET http://pos:80/api/version HTTP/1.1\r\nhost: pos\r\n\r\n").unwrap();
        assert_eq!(request.path(), "/api/version");
        for target in ["*", "pos:80", "ftp://pos/x", "http://pos"] {
            let head = format!("GET {target} HTTP/1.1\r\nhost: pos\r\n\r\n");
            assert_eq!(read(&head).err(), Some(Malformed::Target), "{target}");
        }
    }

    #[test]
    fn every_ambiguity_about_framing_is_refused() {
        use Malformed as M;
        for (fields, expected) in [
            (
                "content-length: 3\r\ntransfer-encoding: chunked",
                M::LengthAndCoding,
            ),
            (
                "transfer-encoding: chunked\r\ncontent-length: 3",
                M::LengthAndCoding,
            ),
            ("content-length: 3\r\ncontent-length: 3", M::Length),
            ("content-length: 3, 3", M::Length),
            ("content-length: +3", M::Length),
            ("content-length:", M::Length),
            ("transfer-encoding: gzip, chunked", M::Coding),
            (
                "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
                M::Coding,
            ),
            ("transfer-encoding: identity", M::Coding),
            ("upgrade: websocket", M::Upgrade),
            ("connection: upgrade", M::Upgrade),
            ("connection: close, cashboxid", M::ConnectionNamesOurs),
            ("connection: x-byodc-cashbox", M::ConnectionNamesOurs),
            ("host: other", M::Host),
            ("expect: wonders", M::Expectation),
            ("folded: a\r\n b", M::Syntax),
            ("space : a", M::Syntax),
            ("bare: a\nb: c", M::Syntax),
        ] {
            let head = format!("POST / HTTP/1.1\r\nhost: pos\r\n{fields}\r\n\r\n");
            assert_eq!(read(&head).err(), Some(expected), "{fields}");
        }
        let old = "POST / HTTP/1.0\r\nhost: pos\r\n";
        assert_eq!(read(&format!("{old}\r\n")).err(), Some(M::LengthMissing));
        let chunked = format!("{old}transfer-encoding: chunked\r\n\r\n");
        assert_eq!(read(&chunked).err(), Some(M::Coding));
        assert_eq!(read("GET / HTTP/1.1\r\n\r\n").err(), Some(M::Host));
    }

    #[test]
    fn a_head_that_is_too_long_is_refused_before_it_ends() {
        let long = format!("GET / HTTP/1.1\r\nhost: pos\r\nx: {}", "y".repeat(2000));
        let mut request = RequestHead::default();
        assert_eq!(
            parse(long.as_bytes(), 1024, &mut request),
            Err(Malformed::HeadTooLong)
        );
        let many = format!("GET / HTTP/1.1\r\nhost: pos\r\n{}\r\n", "x: y\r\n".repeat(64));
        assert_eq!(read(&many).err(), Some(Malformed::HeadTooLong));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(come in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&come, 200, &mut RequestHead::default());
        }

        #[test]
        fn what_is_written_for_the_pod_never_holds_more_fields_than_came_and_none_internal(
            names in prop::collection::vec("[A-Za-z-]{1,12}|x-byodc-[a-z]{1,5}|connection|te", 0..12),
            values in prop::collection::vec("[ -~]{0,20}", 12),
        ) {
            let fields: String =
                names.iter().zip(&values).map(|(name, value)| format!("{name}: {value}\r\n")).collect();
            let wire = format!("GET /x HTTP/1.1\r\nhost: pos\r\n{fields}\r\n");
            let mut request = RequestHead::default();
            if let Ok(Some(length)) = parse(wire.as_bytes(), 16_384, &mut request) {
                prop_assert_eq!(length, wire.len());
                let written = std::str::from_utf8(request.rendered()).unwrap();
                prop_assert!(written.lines().count() <= names.len() + 2);
                prop_assert!(!written.to_ascii_lowercase().contains("\nx-byodc-"));
            }
        }
    }
}
