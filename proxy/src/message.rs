//! HTTP messages as this proxy understands them.
//!
//! A head is parsed, checked and written anew; nothing of a client's framing is ever passed through, so there is
//! nothing for smuggled requests to ride on. What is unusual is refused, with a reason that names the rule.

/// Header fields: which ones mean something here.
pub mod field;
/// Where a body ends.
pub mod framing;
/// What a client asks: its head, checked.
pub mod request;
/// What a pod answers: its head, checked.
pub mod answer;
/// The chunked coding, both ways (RFC 9112 section 7.1).
pub mod chunked;
/// A pause that is too long, noticed cheaply.
pub mod patience;
