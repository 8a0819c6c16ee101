//! TSEs of fiskaly (SIGN DE v2) as the original's package `FiskalyCertified` uses them (`fiscal-spec.md` 6.1).
//!
//! ```text
//! start   PUT tx/{id of the identity}?tx_revision=1 ─ answered ─────────────▶ started
//!                                                   └ refused ─ GET tx/{id} ─ there ─▶ started before
//! update  never sent: fiskaly signs nothing for it
//! finish  PUT tx/{number}?tx_revision=latest+1 ─ answered ──────────────────▶ finished
//!                                              └ refused ─ GET tx/{number} ─ finished under this identity ─▶ finished before
//! ```
//!
//! A transaction's id is made of its [`TransactionIdentity`], so that whoever repeats a start, after whatever crash,
//! sends the same request; a finish leaves its identity in the transaction's metadata. Nothing else of a transaction is
//! kept by this process: another pod finds it as it is.
//!
//! Cashboxes that name the same TSS share one [`Tss`](crate::scu::fiskaly::tss::Tss): its token, clients and revisions.

/// What a package sets.
pub mod settings;
/// Names: of transactions and clients, and the marks that identities leave.
pub mod names;
/// What fiskaly writes.
pub mod wire;
/// The key to everything, reused until it is nearly over.
pub mod token;
/// One call with its retries, and what its failure means.
pub mod call;
/// Start, finish, and what became of them.
pub mod transaction;
/// The newest signatures.
pub mod history;
/// Who may sign at a TSS.
pub mod clients;
/// What only an administrator may do.
pub mod admin;
/// What a TSS says of itself, and its life.
pub mod tss_state;
/// Exports of the TSS's log.
pub mod export;
/// One TSS, shared by the cashboxes that name it.
pub mod tss;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use shared::clock::Ticks;
use tokio::time::Instant;

use super::types::{
    ExportChunk, ExportEnd, ExportScope, ExportSession, FinishTransaction, FinishedTransaction, SignedStep,
    StartTransaction, StartedTransaction, TransactionIdentity, TransactionTrace, TseInfo, TseState,
    UpdateTransaction, UpdatedTransaction,
};
use super::{Scu, ScuError};
use call::Call;
use tss::Tss;

/// A unit that asks fiskaly.
#[derive(Debug)]
pub struct Fiskaly {
    tss: Arc<Tss>,
    /// The longest that the caller waits for one answer: a retry that would come later is not begun.
    one_try: Duration,
}

impl Fiskaly {
    /// Asks for `tss`, each time no longer than `one_try`.
    #[must_use]
    pub fn new(tss: Arc<Tss>, one_try: Duration) -> Self {
        Self { tss, one_try }
    }

    fn call(&self) -> Call<'_> {
        // A little less than the caller waits: what is known by then still reaches it.
        Call::new(&self.tss, Instant::now() + self.one_try * 19 / 20)
    }
}

#[async_trait]
impl Scu for Fiskaly {
    async fn start_transaction(&self, start: StartTransaction) -> Result<StartedTransaction, ScuError> {
        self.call().start(start).await
    }

    /// fiskaly is not asked: nothing is signed, and the answer has neither type, data nor signature (6.1).
    async fn update_transaction(&self, update: UpdateTransaction) -> Result<UpdatedTransaction, ScuError> {
        Ok(UpdatedTransaction {
            transaction_number: update.transaction_number,
            time: Ticks::from_timestamp(Timestamp::UNIX_EPOCH),
            serial_number: String::new(),
            client_id: update.client_id,
            process_type: None,
            process_data_base64: None,
            signature: None,
        })
    }

    async fn finish_transaction(&self, finish: FinishTransaction) -> Result<FinishedTransaction, ScuError> {
        self.call().finish(finish).await
    }

    async fn trace(&self, identity: TransactionIdentity) -> Result<TransactionTrace, ScuError> {
        self.call().trace(identity).await
    }

    /// Transactions that the original made carry no identity and are left out: they say nothing about our journal. Of a
    /// finished transaction only the finish is shown; its start is behind it.
    async fn last_steps(&self, client_id: &str, limit: usize) -> Result<Vec<SignedStep>, ScuError> {
        self.call().last_steps(client_id, limit).await
    }

    async fn tse_info(&self) -> Result<TseInfo, ScuError> {
        self.call().info().await
    }

    async fn set_tse_state(&self, state: TseState) -> Result<TseState, ScuError> {
        self.call().move_to(state).await
    }

    async fn register_client(&self, client_id: &str) -> Result<Vec<String>, ScuError> {
        self.call().register(client_id).await
    }

    async fn unregister_client(&self, client_id: &str) -> Result<Vec<String>, ScuError> {
        self.call().unregister(client_id).await
    }

    /// fiskaly keeps the time of its TSEs.
    async fn set_tse_time(&self) -> Result<(), ScuError> {
        Ok(())
    }

    /// fiskaly tests its TSEs.
    async fn self_test(&self) -> Result<(), ScuError> {
        Ok(())
    }

    async fn start_export(&self, scope: ExportScope) -> Result<ExportSession, ScuError> {
        export::start(&self.tss, self.call(), scope).await
    }

    async fn export_data(&self, token: &str, chunk_bytes_max: usize) -> Result<ExportChunk, ScuError> {
        self.tss.exports.next(token, chunk_bytes_max).await
    }

    async fn end_export(&self, token: &str, sha256_base64: &str, erase: bool) -> Result<ExportEnd, ScuError> {
        self.call().end_export(token, sha256_base64, erase).await
    }

    async fn echo(&self, message: &str) -> Result<String, ScuError> {
        Ok(message.to_owned())
    }
}
