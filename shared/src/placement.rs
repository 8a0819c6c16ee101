//! Where a cashbox without an owner should live.
//!
//! The ring only proposes: who owns a cashbox is decided by the first valid claim. A wrong proposal costs one
//! redirect.

/// A pod as the others see it.
pub mod pod;
/// Which pod a cashbox without an owner is offered to.
pub mod ring;
/// Which pods there are, as last heard.
pub mod membership;
