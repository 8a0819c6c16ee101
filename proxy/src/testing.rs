//! What the tests of this crate stage: a store, pods and clients that do as they are told.

/// A store that answers when it is let.
pub mod store;
/// A pod that answers what the test says.
pub mod pod;
/// A proxy between them.
pub mod stage;
