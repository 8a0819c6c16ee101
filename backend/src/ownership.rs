//! May this pod serve a cashbox, and under which epoch.

/// The proof of a claim, without which nothing is written.
pub mod tenure;
