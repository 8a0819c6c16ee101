//! What a cashbox carries while nobody asks it for anything.

use crate::cashbox::actor::Actor;

/// The size of the future that a function makes.
fn future_bytes<A, F: Future>(_: impl FnOnce(A) -> F) -> usize {
    size_of::<F>()
}

#[test]
fn an_idle_cashbox_carries_no_space_for_a_receipt() {
    // What a receipt needs lives in a box of its own while it is signed (`progress.rs`).
    assert!(future_bytes(Actor::live) <= 1024, "{}", future_bytes(Actor::live));
    assert!(size_of::<Actor>() <= 2048, "{}", size_of::<Actor>());
}
