//! What a POS sends and what it gets: the wire types of the fiscal interface (`fiscal-spec.md` 1.5 to 1.12).
//!
//! Reading is liberal: member names in any letter case, unknown members ignored, numbers in strings, missing
//! lists empty. Nothing goes through a double: amounts keep their digits and scale, cases all 64 bits. What
//! cannot be read is refused with the path of the member, never with its value.
//!
//! Writing is exact: one writer, two shapes. [`writing::Shape::Original`] is also the canonical JSON that is
//! stored and hashed (3.5).
//!
//! [`writing::Shape::Original`]: crate::api::writing::Shape::Original

/// What a POS sends to have a receipt signed.
pub mod receipt_request;
/// One line of a receipt: goods or services.
pub mod charge_item;
/// One payment of a receipt.
pub mod pay_item;
/// What the POS gets back.
pub mod receipt_response;
/// One thing to print or keep: a signature, a QR code, a note.
pub mod signature_item;
/// Are you there; with an empty message: start anew.
pub mod echo;
/// Which journal to export, and which part.
pub mod journal;
/// Objects as they arrive: members found in any letter case, errors that name them.
pub mod reading;
/// Texts, also when sent as numbers.
pub mod text;
/// 64-bit integers, exactly.
pub mod number;
/// Amounts with the scale they were sent with.
pub mod decimal;
/// Dates as POS systems write them.
pub mod moment;
/// The two shapes of what is answered and stored.
pub mod writing;
/// Why a request was not served, in one word that both sides know.
pub mod refusal;
