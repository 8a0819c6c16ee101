//! The signature creation unit: what a queue asks of a TSE (`fiscal-spec.md` chapter 5).
//!
//! Every call that changes the TSE carries a [`TransactionIdentity`] that was made durable before the call. A unit
//! must be idempotent by it: the same step asked twice gives the same signature, never a second one. That is
//! how a pod settles what another pod had begun when it died.
//!
//! [`TransactionIdentity`]: crate::scu::types::TransactionIdentity

/// What is asked and answered.
pub mod types;
/// Which unit a cashbox uses, as its configuration names it.
pub mod package;
/// From a package name to a unit.
pub mod connect;
/// A TSE to which there is no way.
pub mod absent;
/// Bounds how long and how often a unit is asked.
pub mod deadline;
/// Whether the claim is still the newest, confirmed where that is not known.
pub mod standing;
/// Asks only while the claim stands.
pub mod confirmed;
/// The way to a TSE that is asked over HTTP.
pub mod http_client;
/// A TSE behind an FCC.
pub mod fcc;
/// TSEs of fiskaly.
pub mod fiskaly;
/// A TSE in software, for trying out and testing.
pub mod simulator;
/// How often units were asked.
pub mod metrics;

use std::fmt::Debug;

use async_trait::async_trait;
use thiserror::Error;

use types::{
    ExportChunk, ExportEnd, ExportScope, ExportSession, FinishTransaction, FinishedTransaction, Interrupted,
    SignedStep, StartTransaction, StartedTransaction, TransactionIdentity, TransactionTrace, TseInfo,
    TseState, UpdateTransaction, UpdatedTransaction,
};

/// Why a unit did not do what was asked. "Failed" and "unknown whether it happened" are never the same.
#[derive(Debug, Error)]
pub enum ScuError {
    /// The TSE answered and refused; nothing was signed. The text is the unit's own and may be journaled.
    #[error("{message}")]
    Rejected {
        /// Why, in the TSE's words.
        message: String,
    },
    /// The TSE was not reached; nothing was signed.
    #[error("{message}")]
    Unreachable {
        /// What was tried.
        message: String,
    },
    /// The request was sent and no answer came: it may have been signed. To be settled by its identity.
    #[error("{message}")]
    OutcomeUnknown {
        /// What was tried.
        message: String,
    },
}

impl ScuError {
    /// Whether the TSE may have signed although no answer came.
    #[must_use]
    pub fn may_have_signed(&self) -> bool {
        matches!(self, Self::OutcomeUnknown { .. })
    }
}

/// A signature creation unit, in the process or behind a vendor's service.
#[async_trait]
pub trait Scu: Send + Sync + Debug {
    /// Starts a transaction.
    async fn start_transaction(&self, start: StartTransaction) -> Result<StartedTransaction, ScuError>;
    /// Updates a started transaction.
    async fn update_transaction(&self, update: UpdateTransaction) -> Result<UpdatedTransaction, ScuError>;
    /// Finishes a started transaction.
    async fn finish_transaction(&self, finish: FinishTransaction) -> Result<FinishedTransaction, ScuError>;
    /// What the TSE holds under an identity: the steps it has signed. Used to settle interrupted receipts.
    async fn trace(&self, identity: TransactionIdentity) -> Result<TransactionTrace, ScuError>;
    /// The newest signatures that the TSE has made for a client, newest first, at most `limit`: what a journal is
    /// compared with before it is continued. A client that never signed has none.
    async fn last_steps(&self, client_id: &str, limit: usize) -> Result<Vec<SignedStep>, ScuError>;
    /// Whether the TSE tells by a transaction's identity what it has signed for it. Where it does not, [`Scu::recall`] is
    /// asked before an interrupted receipt is worked on again.
    fn keeps_identities(&self) -> bool {
        true
    }
    /// What the TSE has signed for an interrupted receipt, found by its time; the unit goes on with it when the receipt is
    /// worked on again. A unit that keeps identities finds nothing: it recognises each call.
    async fn recall(&self, interrupted: Interrupted) -> Result<Vec<SignedStep>, ScuError> {
        let _ = interrupted;
        Ok(Vec::new())
    }
    /// What the TSE says of itself.
    async fn tse_info(&self) -> Result<TseInfo, ScuError>;
    /// Moves the TSE through its life; answers the state it is in now.
    async fn set_tse_state(&self, state: TseState) -> Result<TseState, ScuError>;
    /// Makes a client known; answers all clients.
    async fn register_client(&self, client_id: &str) -> Result<Vec<String>, ScuError>;
    /// Forgets a client; answers the rest.
    async fn unregister_client(&self, client_id: &str) -> Result<Vec<String>, ScuError>;
    /// Sets the TSE's clock.
    async fn set_tse_time(&self) -> Result<(), ScuError>;
    /// Runs the TSE's self test.
    async fn self_test(&self) -> Result<(), ScuError>;
    /// Begins an export of the TSE's log.
    async fn start_export(&self, scope: ExportScope) -> Result<ExportSession, ScuError>;
    /// The next part of an export.
    async fn export_data(&self, token: &str, chunk_bytes_max: usize) -> Result<ExportChunk, ScuError>;
    /// Ends an export, by the checksum of what was received.
    async fn end_export(&self, token: &str, sha256_base64: &str, erase: bool) -> Result<ExportEnd, ScuError>;
    /// Answers the same text.
    async fn echo(&self, message: &str) -> Result<String, ScuError>;
}
