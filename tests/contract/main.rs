//! One suite of promises per seam, run against every implementation of it.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod ownership;
mod journal;
