//! Where a cashbox without an owner should live.
//!
//! The ring only proposes: who owns a cashbox is decided by the first valid claim. A wrong proposal costs one
//! redirect.

/// A pod as the others see it.
pub mod pod;
