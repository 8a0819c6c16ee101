//! The second generation of the interface: `/v2/sign`, `/v2/echo`, `/v2/journal` (`fiscal-spec.md` appendix A).
//!
//! ```text
//! headers (x-cashbox-id, …) and body ─ request → receipt of the first generation ─→ the same registry, engine, journals
//! ```
//!
//! Nothing below knows of it: what is stored and hashed is the receipt as the first generation writes it. Answers have
//! the interface's own letter case and no `null`; a new operation is 201, one that exists 200, another content under
//! its id 409. What the German market cannot express is refused by name, never left out.

/// What kind of receipt.
pub mod receipt_case;
/// What kind of line.
pub mod charge_item_case;
/// What kind of payment.
pub mod pay_item_case;
/// Country, version and flags, which all cases share.
pub mod case_word;
/// The body of a request, as one of the first generation.
pub mod request;
/// Sign a receipt.
pub mod sign;
/// Answer the same text, or reset.
pub mod echo;
/// Stream a journal.
pub mod journal;
