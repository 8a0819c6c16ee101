//! Client of the configuration service (`fiscal-spec.md` 2.1): fetches a cashbox's document with the caller's id
//! and token, and gives it back checked.
//!
//! ```text
//! fetch → admission (refused lately? too many unknown ids?) → flight (one per cashbox and token)
//!       → client (deadline, retries) → CashboxConfiguration::read → sealed copy kept
//!                     └ unreachable, at a start only ─▶ the copy kept last, for the same token only
//! ```

/// Why there is no configuration.
pub mod error;

use std::sync::Arc;

use shared::clock::Ticks;

use crate::cashbox::configuration::CashboxConfiguration;

/// A checked configuration and where it came from.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The configuration.
    pub configuration: Arc<CashboxConfiguration>,
    /// Where it came from.
    pub source: Source,
}

/// Where a configuration came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The configuration service, just now.
    Service,
    /// The copy kept last, because the service was not reached.
    KeptCopy {
        /// When the copy was fetched.
        fetched_at: Ticks,
    },
}
