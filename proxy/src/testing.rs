//! What the tests of this crate stage: a store, pods and clients that do as they are told.

/// A store that answers when it is let.
pub mod store;
