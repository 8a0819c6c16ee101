//! A TSE behind an FCC, the Fiskal Cloud Connector of DeutscheFiskal and Swissbit Cloud (`fiscal-spec.md` 6.2).
//!
//! An FCC stands in the cluster, one for each TSE, and is shared by the cashboxes whose clients are registered at it. It
//! takes no identity for a transaction. So that nothing is signed twice, this unit remembers what it has asked for, and
//! looks into the TSE's log where an answer was lost or its pod died:
//!
//! ```text
//! start, update, finish ─ transactions ─┬─ memory: what was asked and answered
//!                                       ├─ log: what the TSE has signed ◀─ log_message, der
//!                                       └─ recall: what it has signed for an interrupted receipt
//! tse_info, clients ───── tse           ┐
//! exports ─────────────── export ───────┴─ client ─ call ─ wire ─▶ FCC
//! ```
//!
//! The state of the TSE and its clock are set by its operator alone.

/// What a package says of an FCC.
pub mod settings;
/// What is sent and answered.
pub mod wire;
/// One call, and what is known after it.
pub mod call;
/// Logs on and calls.
pub mod client;
/// What the TSE says of itself, and whom it knows.
mod tse;
/// What was asked for, and what of it was answered.
mod memory;
/// Starts, updates and finishes.
mod transactions;
/// What the TSE has signed for an interrupted receipt.
mod recall;
/// The TSE's log.
mod log;
/// Its messages.
pub mod log_message;
/// The encoding of messages and certificates.
pub mod der;
/// Exports of the whole log.
mod export;
/// Their encoding.
mod base64_pieces;
/// Several of them in one.
mod tar_join;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::OnceCell;

use super::http_client::NoBase;
use super::types::{
    ExportChunk, ExportEnd, ExportScope, ExportSession, FinishTransaction, FinishedTransaction, Interrupted,
    SignedStep, StartTransaction, StartedTransaction, TransactionIdentity, TransactionTrace, TseInfo,
    TseState, UpdateTransaction, UpdatedTransaction,
};
use super::{Scu, ScuError};
use client::FccClient;
use export::Exports;
use memory::Memory;
use recall::Recall;
use settings::Settings;
use tse::Details;

/// The packages that mean an FCC.
pub const PACKAGES: [&str; 3] = [
    "fiskaltrust.middleware.scu.de.deutschefiskal",
    "fiskaltrust.middleware.scu.de.swissbitcloud",
    "fiskaltrust.middleware.scu.de.swissbitcloudv2",
];

/// One cashbox's way to its TSE. Its debug form shows the address alone: what it remembers holds receipts.
pub struct Fcc {
    settings: Settings,
    /// Shared with exports that are under way.
    client: Arc<FccClient>,
    details: OnceCell<Details>,
    memory: Mutex<Memory>,
    recall: Mutex<Recall>,
    exports: Exports,
}

impl Fcc {
    /// The FCC that the settings name. Nothing is sent to it yet.
    ///
    /// # Errors
    /// When its address is none.
    pub fn new(http: reqwest::Client, settings: Settings) -> Result<Self, NoBase> {
        Ok(Self {
            client: Arc::new(FccClient::new(http, &settings)?),
            settings,
            details: OnceCell::new(),
            memory: Mutex::default(),
            recall: Mutex::default(),
            exports: Exports::default(),
        })
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // Every change is whole after one statement.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn recall(&self) -> MutexGuard<'_, Recall> {
        self.recall.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Fcc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fcc")
            .field("base", &self.settings.base)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Scu for Fcc {
    async fn start_transaction(&self, start: StartTransaction) -> Result<StartedTransaction, ScuError> {
        self.start(start).await
    }

    async fn update_transaction(&self, update: UpdateTransaction) -> Result<UpdatedTransaction, ScuError> {
        self.update(update).await
    }

    async fn finish_transaction(&self, finish: FinishTransaction) -> Result<FinishedTransaction, ScuError> {
        self.finish(finish).await
    }

    async fn trace(&self, identity: TransactionIdentity) -> Result<TransactionTrace, ScuError> {
        self.trace_of(identity).await
    }

    /// None: what the log of an FCC shows does not say for which request it was signed.
    async fn last_steps(&self, client_id: &str, _limit: usize) -> Result<Vec<SignedStep>, ScuError> {
        self.memory().is_asked_for(client_id);
        Ok(Vec::new())
    }

    fn keeps_identities(&self) -> bool {
        false
    }

    async fn recall(&self, interrupted: Interrupted) -> Result<Vec<SignedStep>, ScuError> {
        self.recall_for(interrupted).await
    }

    async fn tse_info(&self) -> Result<TseInfo, ScuError> {
        self.info().await
    }

    /// Changes nothing: an FCC's TSE is set up and ended by its operator.
    async fn set_tse_state(&self, _state: TseState) -> Result<TseState, ScuError> {
        self.state().await
    }

    async fn register_client(&self, client_id: &str) -> Result<Vec<String>, ScuError> {
        self.memory().is_asked_for(client_id);
        self.register(client_id).await
    }

    async fn unregister_client(&self, client_id: &str) -> Result<Vec<String>, ScuError> {
        self.deregister(client_id).await
    }

    /// Does nothing: an FCC keeps its TSE's time by itself.
    async fn set_tse_time(&self) -> Result<(), ScuError> {
        Ok(())
    }

    async fn self_test(&self) -> Result<(), ScuError> {
        self.check().await.map(drop)
    }

    async fn start_export(&self, scope: ExportScope) -> Result<ExportSession, ScuError> {
        self.begin_export(scope).await
    }

    async fn export_data(&self, token: &str, chunk_bytes_max: usize) -> Result<ExportChunk, ScuError> {
        self.next_part(token, chunk_bytes_max).await
    }

    async fn end_export(&self, token: &str, sha256_base64: &str, erase: bool) -> Result<ExportEnd, ScuError> {
        self.finish_export(token, sha256_base64, erase).await
    }

    async fn echo(&self, message: &str) -> Result<String, ScuError> {
        Ok(message.to_owned())
    }
}

fn rejected(message: &str) -> ScuError {
    ScuError::Rejected {
        message: message.to_owned(),
    }
}

/// A query of these members, encoded.
fn query(members: &[(&str, &str)]) -> String {
    let mut url = reqwest::Url::parse("http://fcc").expect("an address");
    url.query_pairs_mut().extend_pairs(members);
    url.query().unwrap_or_default().to_owned()
}
