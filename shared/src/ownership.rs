//! Who owns a cashbox, as everybody can ask quickly.
//!
//! This is the fast record of two. It may be lost, stale or wrong, and no receipt depends on it: the journal
//! database's epoch alone decides who may write. It exists so that proxies find the owner and pods do not
//! contend for a cashbox.
//!
//! ```text
//! (unowned) ─reserve→ reserved ─confirm(epoch)→ owned ─release→ (unowned)
//!                        ▲                        │
//!                        ├───── hand_over ────────┤
//!                        └── pod record gone ─────┴──→ (unowned), its last epoch remembered
//! ```
//!
//! Rules every store keeps, proven by one contract suite over all of them:
//! * a record is valid only while its pod's record lives; nothing else needs renewal;
//! * a reservation or ownership of a live pod is never overwritten by another's reservation;
//! * a confirmed epoch is only replaced by a higher one, whoever asks;
//! * the owner alone hands its cashbox over, to a live pod, which then holds a reservation;
//! * release and withdraw by a pod that is no longer the holder change nothing.

/// Where the record is kept, and how long a pod's lease lasts: settings.
pub mod config;
/// The seam: what every store of ownership offers.
pub mod store;
/// What may follow what for one cashbox: the rules above, as pure functions.
pub mod transition;
/// The record in this process: for a pod that runs alone, and for tests.
pub mod in_memory;
/// The record in a Redis.
pub mod redis;
/// The record in a database.
pub mod sql;

mod first_renewals;
mod message;

use std::sync::Arc;

use thiserror::Error;

use config::{OwnershipConfig, Place};
use in_memory::InMemoryStore;
use redis::RedisStore;
use sql::SqlStore;
use store::OwnershipStore;

/// Gives the store that the settings name. Nothing is connected yet: a store that is away shows in the first
/// call, not here, so that a process starts without it.
///
/// # Errors
/// When the address can be read but not used, for example because a certificate cannot be loaded.
pub fn connect(config: &OwnershipConfig) -> Result<Arc<dyn OwnershipStore>, ConnectError> {
    Ok(match &config.place {
        Place::Alone => Arc::new(InMemoryStore::new()),
        Place::Redis(connection) => {
            for notice in &connection.notices {
                tracing::info!("{notice}");
            }
            Arc::new(RedisStore::new(connection, &config.channel)?)
        }
        Place::Database(address) => Arc::new(SqlStore::new(address)),
    })
}

/// Why a store cannot be made of the settings.
#[derive(Debug, Error)]
#[error("the ownership store cannot be set up: {detail}")]
pub struct ConnectError {
    /// What is wrong, without secrets.
    pub detail: String,
}
