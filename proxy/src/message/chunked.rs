//! The chunked coding, both ways (RFC 9112 section 7.1).
//!
//! ```text
//! Size ─LF→ Data ─all of it→ DataEnd ─CRLF→ Size
//!   └─LF after 0→ Trailer ─empty line→ Done
//! ```
//!
//! Read strictly: lines end in CRLF, sizes are plain hexadecimal, extensions and trailers are bounded and dropped.

use thiserror::Error;

/// The longest size line with its extensions, in bytes.
const LINE_BYTES_MAX: u32 = 256;
/// The longest trailer section, in bytes.
const TRAILER_BYTES_MAX: u32 = 4096;

/// Why a chunked body cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the chunked coding is broken")]
pub struct BrokenChunks;

/// What one step found at the front of its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// Bytes of the body.
    Data(&'a [u8]),
    /// Nothing more until further input comes.
    NeedMore,
    /// The body has ended; what follows belongs to the next message.
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Size {
        size: u64,
        digits: u8,
        part: SizePart,
        line_bytes: u32,
    },
    Data {
        left: u64,
    },
    DataEnd {
        cr: bool,
    },
    Trailer {
        line_empty: bool,
        cr: bool,
        bytes: u32,
    },
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SizePart {
    Digits,
    Extension,
    LineFeed,
}

/// Reads a chunked body piece by piece, as its bytes come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoder(State);

impl Default for Decoder {
    fn default() -> Self {
        Self(SIZE)
    }
}

const SIZE: State = State::Size {
    size: 0,
    digits: 0,
    part: SizePart::Digits,
    line_bytes: 0,
};

impl Decoder {
    /// Takes from the front of `input` and says how many bytes it took and what it found.
    ///
    /// # Errors
    /// When the input breaks the coding. The connection cannot be used any further.
    pub fn step<'a>(&mut self, input: &'a [u8]) -> Result<(usize, Step<'a>), BrokenChunks> {
        for (taken, byte) in input.iter().enumerate() {
            match self.0 {
                State::Done => return Ok((taken, Step::End)),
                State::Data { left } => {
                    let rest = &input[taken..];
                    let length = usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
                    self.0 = match left - length as u64 {
                        0 => State::DataEnd { cr: false },
                        left => State::Data { left },
                    };
                    return Ok((taken + length, Step::Data(&rest[..length])));
                }
                state => self.0 = next(state, *byte)?,
            }
        }
        let found = match self.0 {
            State::Done => Step::End,
            _ => Step::NeedMore,
        };
        Ok((input.len(), found))
    }
}

/// What one byte outside of the data does.
fn next(state: State, byte: u8) -> Result<State, BrokenChunks> {
    match state {
        State::Size {
            size,
            digits,
            part,
            line_bytes,
        } if line_bytes < LINE_BYTES_MAX => next_in_size(size, digits, part, line_bytes + 1, byte),
        State::DataEnd { cr: false } if byte == b'\r' => Ok(State::DataEnd { cr: true }),
        State::DataEnd { cr: true } if byte == b'\n' => Ok(SIZE),
        State::Trailer {
            line_empty,
            cr,
            bytes,
        } if bytes < TRAILER_BYTES_MAX => next_in_trailer(line_empty, cr, bytes + 1, byte),
        _ => Err(BrokenChunks),
    }
}

fn next_in_size(
    size: u64,
    digits: u8,
    part: SizePart,
    line_bytes: u32,
    byte: u8,
) -> Result<State, BrokenChunks> {
    let within = |size, digits, part| State::Size {
        size,
        digits,
        part,
        line_bytes,
    };
    match (part, byte) {
        (SizePart::Digits, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') if digits < 15 => {
            let digit = char::from(byte).to_digit(16).expect("it is a hexadecimal digit");
            Ok(within(size * 16 + u64::from(digit), digits + 1, part))
        }
        (_, _) if digits == 0 => Err(BrokenChunks),
        (SizePart::Digits | SizePart::Extension, b'\r') => Ok(within(size, digits, SizePart::LineFeed)),
        (SizePart::Digits, b';') => Ok(within(size, digits, SizePart::Extension)),
        (SizePart::Extension, b'\t' | b' '..=b'~') => Ok(within(size, digits, part)),
        (SizePart::LineFeed, b'\n') if size == 0 => Ok(State::Trailer {
            line_empty: true,
            cr: false,
            bytes: 0,
        }),
        (SizePart::LineFeed, b'\n') => Ok(State::Data { left: size }),
        _ => Err(BrokenChunks),
    }
}

fn next_in_trailer(line_empty: bool, cr: bool, bytes: u32, byte: u8) -> Result<State, BrokenChunks> {
    let within = |line_empty, cr| State::Trailer {
        line_empty,
        cr,
        bytes,
    };
    match (cr, byte) {
        (true, b'\n') if line_empty => Ok(State::Done),
        (true, b'\n') => Ok(within(true, false)),
        (true, _) | (false, b'\n' | 0) => Err(BrokenChunks),
        (false, b'\r') => Ok(within(line_empty, true)),
        (false, _) => Ok(within(false, false)),
    }
}

/// Writes one chunk.
pub fn push_chunk(out: &mut Vec<u8>, data: &[u8]) {
    if data.is_empty() {
        return; // an empty chunk would end the body
    }
    out.extend_from_slice(format!("{:x}\r\n", data.len()).as_bytes());
    out.extend_from_slice(data);
    out.extend_from_slice(b"\r\n");
}

/// Ends a chunked body.
pub const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Feeds the decoder `wire` in pieces; gives the body and how much of the wire it took.
    fn decode(wire: &[u8], piece: usize) -> Result<Option<(Vec<u8>, usize)>, BrokenChunks> {
        let (mut decoder, mut body, mut at) = (Decoder::default(), Vec::new(), 0);
        while at < wire.len() {
            let end = (at + piece).min(wire.len());
            let (taken, step) = decoder.step(&wire[at..end])?;
            at += taken;
            match step {
                Step::Data(data) => body.extend_from_slice(data),
                Step::NeedMore => {}
                Step::End => return Ok(Some((body, at))),
            }
        }
        Ok(None)
    }

    /// The same coding read at once, without extensions: what the decoder must agree with.
    fn model(wire: &str) -> Option<Vec<u8>> {
        let (mut rest, mut body) = (wire, Vec::new());
        loop {
            let (line, after) = rest.split_once("\r\n")?;
            let size = usize::from_str_radix(line, 16).ok()?;
            if size == 0 {
                return after.split("\r\n").any(str::is_empty).then_some(body);
            }
            body.extend_from_slice(after.get(..size)?.as_bytes());
            rest = after.get(size..)?.strip_prefix("\r\n")?;
        }
    }

    #[test]
    fn extensions_and_trailers_are_dropped_and_the_next_message_is_left() {
        let wire = b"3;a=b\r\nabc\r\n0\r\nx-trailer: 1\r\n\r\nGET /";
        assert_eq!(decode(wire, 4).unwrap(), Some((b"abc".to_vec(), wire.len() - 5)));
    }

    #[test]
    fn what_two_parsers_could_read_differently_is_broken() {
        for wire in [
            &b"3\nabc\r\n0\r\n\r\n"[..],
            b"3 \r\nabc\r\n0\r\n\r\n",
            b"+3\r\nabc\r\n0\r\n\r\n",
            b"0x3\r\nabc\r\n0\r\n\r\n",
            b"3\r\nabcd\r\n0\r\n\r\n",
            b"\r\n",
            b"ffffffffffffffff\r\n",
            b"0\r\nx: 1\n\r\n",
        ] {
            assert_eq!(decode(wire, 1), Err(BrokenChunks), "{}", wire.escape_ascii());
        }
        let endless = [&b"1;"[..], &[b'x'; 500]].concat();
        assert_eq!(decode(&endless, 7), Err(BrokenChunks));
    }

    proptest! {
        #[test]
        fn a_body_survives_the_coding_however_it_is_cut(
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8),
            piece in 1usize..50,
        ) {
            let mut wire = Vec::new();
            chunks.iter().for_each(|chunk| push_chunk(&mut wire, chunk));
            wire.extend_from_slice(LAST_CHUNK);
            prop_assert_eq!(decode(&wire, piece).unwrap(), Some((chunks.concat(), wire.len())));
        }

        #[test]
        fn it_never_panics_and_accepts_no_more_than_the_model(wire in "[0-3a;\r\n ]{0,40}", piece in 1usize..9) {
            if let Ok(Some((body, taken))) = decode(wire.as_bytes(), piece) && !wire.contains(';') {
                prop_assert_eq!(model(&wire[..taken]), Some(body));
            }
        }
    }
}
