//! Exports of a journal in memory, read back by eyes that share no code with what wrote them.

/// A till that writes its receipts into a journal.
mod till;
/// An archive taken apart again, and what must hold in every one.
pub(crate) mod opened;
/// A day with every kind of receipt, against files that were looked through.
mod day;
/// Which receipts and closings a range has, and what cannot be exported.
mod ranges;
/// Random days.
mod random;
