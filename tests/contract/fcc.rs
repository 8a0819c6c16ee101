//! What the unit for an FCC promises, against an FCC that is true to its protocol (`fiscal-spec.md` 6.2).

/// A unit and its FCC.
mod stand;
/// Clients, limits, what the TSE says of itself.
mod tse;
/// Tokens, passwords, and that none of them is shown.
mod secrets;
/// Receipts.
mod transactions;
/// Answers that are lost, and pods that die.
mod lost;
/// The TSE's whole log.
mod exports;
