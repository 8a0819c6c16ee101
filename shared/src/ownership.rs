//! Who owns a cashbox, as everybody can ask quickly.
//!
//! This is the fast record of two. It may be lost, stale or wrong, and no receipt depends on it: the journal
//! database's epoch alone decides who may write. It exists so that proxies find the owner and pods do not
//! contend for a cashbox.
//!
//! ```text
//! (unowned) ─reserve→ reserved ─confirm(epoch)→ owned ─release→ (unowned)
//!                        │                        │
//!                        └── pod record gone ─────┴──→ (unowned), its last epoch remembered
//! ```
//!
//! Rules every store keeps, proven by one contract suite over all of them:
//! * a record is valid only while its pod's record lives; nothing else needs renewal;
//! * a reservation or ownership of a live pod is never overwritten by another's reservation;
//! * a confirmed epoch is only replaced by a higher one, whoever asks;
//! * release and withdraw by a pod that is no longer the holder change nothing.

/// The seam: what every store of ownership offers.
pub mod store;
