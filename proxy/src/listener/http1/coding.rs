//! How an answer's body is delimited towards this client, which may differ from how the pod did it.

use crate::message::answer::AnswerHead;
use crate::message::chunked;
use crate::message::field;
use crate::message::framing::Framing;
use crate::message::request::Version;

/// How an answer's body is delimited towards this client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// There is none.
    None,
    /// There is none, but it would be so long: the answer to HEAD.
    Declared(u64),
    /// By its length.
    Length(u64),
    /// By the chunked coding.
    Chunked,
    /// By the end of the connection.
    UntilClose,
}

impl Coding {
    pub(super) fn of(answer: &AnswerHead, version: Version) -> Self {
        match (answer.framing, answer.declared_length) {
            (Framing::Length(length), _) => Self::Length(length),
            (Framing::None, Some(length)) => Self::Declared(length),
            (Framing::None, None) if !answer.until_close => Self::None,
            // HTTP/1.0 knows no chunks (RFC 9112 section 6.1).
            _ if version == Version::Http10 => Self::UntilClose,
            _ => Self::Chunked,
        }
    }

    pub(super) fn write_field(self, out: &mut Vec<u8>) {
        match self {
            Self::Length(length) | Self::Declared(length) => {
                out.extend_from_slice(b"content-length: ");
                field::push_number(out, length);
                out.extend_from_slice(b"\r\n");
            }
            Self::Chunked => out.extend_from_slice(b"transfer-encoding: chunked\r\n"),
            Self::None | Self::UntilClose => {}
        }
    }

    pub(super) fn write_piece(self, out: &mut Vec<u8>, piece: &[u8]) {
        match self {
            Self::Chunked => chunked::push_chunk(out, piece),
            _ => out.extend_from_slice(piece),
        }
    }

    pub(super) fn write_end(self, out: &mut Vec<u8>) {
        if self == Self::Chunked {
            out.extend_from_slice(chunked::LAST_CHUNK);
        }
    }
}
