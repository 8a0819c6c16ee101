//! The adapter of fiskaly against a server that keeps the vendor's rules and breaks on demand (`fiscal-spec.md` 6.1).

/// A unit and the server that it asks.
mod stand;
/// Start and finish, repeated by whomever.
mod transactions;
/// What a failure means, and what is tried again.
mod failures;
/// Clients, states, and what the TSS says of itself.
mod management;
/// The TSS's log.
mod exports;
/// Credentials are nowhere to be seen.
mod secrets;
