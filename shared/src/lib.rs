//! What a proxy and a pod must agree on, in the order a request meets it.
//!
//! Proxy and pods are built apart and never call each other's code. Whatever both must read the same way
//! stands here, or it does not exist: how a cashbox is named, which header carries what, how a receipt looks
//! on the wire, where a cashbox should live, and who owns it.

/// Who is who: cashboxes, queues, operations, pods. Made by parsing at the edge.
pub mod identity;
/// The names of the headers between POS, proxy and pod.
pub mod header;
/// What a POS sends and gets: the wire types of the fiscal interface.
pub mod api;
/// Where a cashbox without an owner should live.
pub mod placement;
/// Who owns a cashbox: the quick record that may be lost. The true one is the journal database's epoch.
pub mod ownership;
/// Wall time as the journal counts it, behind a seam.
pub mod clock;
/// Settings from the environment, every fault reported at once, secrets shown as dots.
pub mod env;
/// Who reaches what beside the requests of POS systems.
pub mod access;
/// Every time that must fit another, and the check that they do.
pub mod timings;
/// What a role counts, and its description.
pub mod figures;
/// Logs: one shape for every role.
pub mod telemetry;
/// Distributed traces: where a request belongs, in headers, logs and spans.
pub mod trace;
/// Breaking things on purpose, for tests; not in a build that is meant to serve.
pub mod sabotage;
/// The signal to stop, as a value.
pub mod shutdown;
