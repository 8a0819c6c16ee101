//! The seams of a pod, each a question on its wire: what the real stores and services are in production.

/// The clock on the wall.
pub mod clock;
/// The configuration service.
pub mod documents;
/// The journal database.
pub mod journal;
/// The store of ownership.
pub mod owners;
/// Other pods.
pub mod peers;
/// The TSE.
pub mod scu;
/// Pods that cashboxes are handed to.
pub mod successors;
