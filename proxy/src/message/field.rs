//! Header fields: which ones mean something here, and how their values are read.

use shared::header;
use shared::trace::context::{TRACE_PARENT, TRACE_STATE};

/// What a field's name means to the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// `Host`.
    Host,
    /// `Content-Length`.
    ContentLength,
    /// `Transfer-Encoding`.
    TransferEncoding,
    /// `Connection`.
    Connection,
    /// Concerns one connection only and is never passed on (RFC 9110 section 7.6.1).
    HopByHop,
    /// `Upgrade`.
    Upgrade,
    /// `Expect`.
    Expect,
    /// The cashbox, first spelling.
    CashboxId,
    /// The cashbox, second spelling.
    CashboxIdV2,
    /// The cashbox's token, first spelling.
    AccessToken,
    /// The cashbox's token, second spelling.
    AccessTokenV2,
    /// The operation id.
    OperationId,
    /// Where the request belongs in a trace.
    TraceParent,
    /// What others remember of the trace.
    TraceState,
    /// Between proxy and pod only: `x-byodc-…`.
    Internal,
    /// Anything else: passed on as it is.
    Other,
}

impl Field {
    /// What a name means. Letter case does not matter.
    #[must_use]
    pub fn of(name: &[u8]) -> Self {
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        // The length decides almost always; few names are ever compared.
        match name.len() {
            2 if is("te") => Self::HopByHop,
            4 if is("host") => Self::Host,
            6 if is("expect") => Self::Expect,
            7 if is("upgrade") => Self::Upgrade,
            7 if is("trailer") => Self::HopByHop,
            9 if is(header::CASHBOX_ID) => Self::CashboxId,
            10 if is("connection") => Self::Connection,
            10 if is("keep-alive") => Self::HopByHop,
            10 if is(TRACE_STATE) => Self::TraceState,
            11 if is(header::ACCESS_TOKEN) => Self::AccessToken,
            11 if is(TRACE_PARENT) => Self::TraceParent,
            12 if is(header::CASHBOX_ID_V2) => Self::CashboxIdV2,
            14 if is("content-length") => Self::ContentLength,
            14 if is(header::OPERATION_ID) => Self::OperationId,
            14 if is("http2-settings") => Self::HopByHop,
            16 if is("proxy-connection") => Self::HopByHop,
            17 if is("transfer-encoding") => Self::TransferEncoding,
            21 if is(header::ACCESS_TOKEN_V2) => Self::AccessTokenV2,
            9.. if has_internal_prefix(name) => Self::Internal,
            _ => Self::Other,
        }
    }

    /// Whether a client's `Connection` may keep it here: nothing that we decide by, and nothing about the message.
    #[must_use]
    pub fn may_end_here(self) -> bool {
        matches!(self, Self::Other | Self::TraceParent | Self::TraceState)
    }
}

fn has_internal_prefix(name: &[u8]) -> bool {
    let prefix = header::INTERNAL_PREFIX.as_bytes();
    name.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// What `Connection` asks for (RFC 9110 section 7.6.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ConnectionOptions {
    /// `close`.
    pub close: bool,
    /// `keep-alive`.
    pub keep_alive: bool,
    /// It names a field that only the proxy may remove, or that would change what the message means.
    pub names_ours: bool,
    /// `upgrade`.
    pub upgrade: bool,
}

impl ConnectionOptions {
    /// Reads one `Connection` field and adds what it asks for.
    pub fn read(&mut self, value: &[u8]) {
        for option in list(value) {
            match Field::of(option) {
                _ if option.eq_ignore_ascii_case(b"close") => self.close = true,
                Field::HopByHop => self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive"),
                Field::Upgrade => self.upgrade = true,
                field if field.may_end_here() => {}
                _ => self.names_ours = true,
            }
        }
    }
}

/// Whether `Connection` fields name this field: it then ends here (RFC 9110 section 7.6.1).
#[must_use]
pub fn is_named_by(connection: &[u8], name: &[u8]) -> bool {
    list(connection).any(|option| option.eq_ignore_ascii_case(name))
}

/// The members of a comma-separated list (RFC 9110 section 5.6.1).
fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value
        .split(|byte| *byte == b',')
        .map(<[u8]>::trim_ascii)
        .filter(|member| !member.is_empty())
}

/// Reads a `Content-Length`: digits only, as RFC 9110 section 8.6 writes it. Lists of equal values, which that
/// section tolerates, are refused with everything else that two parties could read differently.
#[must_use]
pub fn content_length(value: &[u8]) -> Option<u64> {
    let digits = !value.is_empty() && value.len() <= 18 && value.iter().all(u8::is_ascii_digit);
    digits.then(|| {
        value
            .iter()
            .fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'))
    })
}

/// Writes a number in decimal.
pub fn push_number(out: &mut Vec<u8>, number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = number;
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(rest % 10).expect("a digit is below ten");
        rest /= 10;
        if rest == 0 {
            return out.extend_from_slice(&digits[at..]);
        }
    }
}

/// Writes one field line.
pub fn push_field(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// Writes one field line whose value is shown, without a text in between.
pub fn push_shown(out: &mut Vec<u8>, name: &str, value: impl std::fmt::Display) {
    use std::io::Write;
    write!(out, "{name}: {value}\r\n").expect("memory takes every write");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn letter_case_does_not_hide_a_field() {
        assert_eq!(Field::of(b"CASHBOXID"), Field::CashboxId);
        assert_eq!(Field::of(b"X-Byodc-Suspect"), Field::Internal);
        assert_eq!(Field::of(b"x-byodc-"), Field::Other);
        assert_eq!(Field::of(b"Transfer-Encoding"), Field::TransferEncoding);
    }

    #[test]
    fn connection_may_not_name_what_is_ours() {
        for named in [
            "cashboxid",
            "X-Operation-Id",
            "x-byodc-owner-pod",
            "Content-Length",
            "host",
        ] {
            let mut options = ConnectionOptions::default();
            options.read(format!("keep-alive, {named}").as_bytes());
            assert!(options.names_ours && options.keep_alive, "{named}");
        }
    }

    proptest! {
        #[test]
        fn numbers_are_read_back_as_written(number in 0u64..1_000_000_000_000_000_000) {
            let mut text = Vec::new();
            push_number(&mut text, number);
            prop_assert_eq!(std::str::from_utf8(&text).unwrap(), number.to_string());
            prop_assert_eq!(content_length(&text), Some(number));
        }

        #[test]
        fn a_length_is_digits_or_refused(value in "[-+0-9 ,x]{0,22}") {
            let digits = !value.is_empty() && value.len() <= 18 && value.bytes().all(|b| b.is_ascii_digit());
            prop_assert_eq!(content_length(value.as_bytes()), digits.then(|| value.parse().unwrap()));
        }
    }
}
