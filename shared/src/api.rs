//! What a POS sends and what it gets.

/// Why a request was not served, in one word that both sides know.
pub mod refusal;
