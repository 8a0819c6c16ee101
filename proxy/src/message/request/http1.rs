//! A request's head in the text of HTTP/1, read field by field into a [`RequestHead`].
//!
//! What the text itself may not do is refused here: other ends of lines, folded fields, more than fits.

use super::{Malformed, RequestHead, Version};
use crate::message::field::{self, Field};

/// The most fields a head may have.
const FIELDS_MAX: usize = 64;

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
