//! A TSE in software, for trying out and testing. No certified device: its certification id says so.

/// The TSE's key.
pub mod key;
