//! One suite of promises per seam, run against every implementation of it.

mod ownership;
mod journal;
