//! Nothing changes a TSE before the journal has been compared with it.
//!
//! ```text
//! call that changes the TSE ─ compared? ─ yes ───────────────────────────▶ TSE
//!                               └ no ─ compare ─ nothing unknown ────────▶ TSE
//!                                         ├ the journal is too old ──────▶ not asked; the cashbox stops
//!                                         └ the TSE does not answer ─────▶ not asked; failed mode
//! ```
//!
//! A start compares once and does not wait for a TSE that is away; then this stands between until the first contact.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::ledger::{Compared, Ledger, Unread};
use crate::journal::JournalError;
use crate::scu::types::{
    ExportChunk, ExportEnd, ExportScope, ExportSession, FinishTransaction, FinishedTransaction, Interrupted,
    SignedStep, StartTransaction, StartedTransaction, TransactionIdentity, TransactionTrace, TseInfo,
    TseState, UpdateTransaction, UpdatedTransaction,
};
use crate::scu::{Scu, ScuError};

/// A unit that is asked only for a journal that is as new as its TSE.
#[derive(Debug)]
pub(super) struct Guarded {
    unit: Arc<dyn Scu>,
    ledger: Ledger,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    compared: Option<Compared>,
    unreadable: Option<JournalError>,
    passed: bool,
}

impl Guarded {
    pub(super) fn new(unit: Arc<dyn Scu>, ledger: Ledger) -> Self {
        let seen = Mutex::default();
        Self { unit, ledger, seen }
    }

    /// What was compared, if it came to that. The caller must not make anything of the answer permanent when there
    /// is something unknown, or an error.
    pub(super) fn take(&self) -> Result<Option<Compared>, JournalError> {
        let mut seen = self.seen();
        match seen.unreadable.take() {
            Some(error) => Err(error),
            None => Ok(seen.compared.take()),
        }
    }

    async fn pass(&self) -> Result<(), ScuError> {
        if self.seen().passed {
            return Ok(());
        }
        let compared = self.ledger.compare(&*self.unit).await;
        let mut seen = self.seen();
        match compared {
            Ok(compared) => {
                seen.passed = compared.findings.unknown.is_empty();
                seen.compared = Some(compared);
                if seen.passed { Ok(()) } else { Err(too_old()) }
            }
            // Reading signatures signs nothing, whatever became of it.
            Err(Unread::Tse(error)) => Err(ScuError::Unreachable {
                message: error.to_string(),
            }),
            Err(Unread::Journal(error)) => {
                let message = format!("the TSE was not asked: {error}");
                seen.unreadable = Some(error);
                Err(ScuError::Unreachable { message })
            }
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn too_old() -> ScuError {
    ScuError::Rejected {
        message: "the TSE was not asked: the journal is older than what it has signed".to_owned(),
    }
}

#[async_trait]
impl Scu for Guarded {
    async fn start_transaction(&self, start: StartTransaction) -> Result<StartedTransaction, ScuError> {
        self.pass().await?;
        self.unit.start_transaction(start).await
    }

    async fn update_transaction(&self, update: UpdateTransaction) -> Result<UpdatedTransaction, ScuError> {
        self.pass().await?;
        self.unit.update_transaction(update).await
    }

    async fn finish_transaction(&self, finish: FinishTransaction) -> Result<FinishedTransaction, ScuError> {
        self.pass().await?;
        self.unit.finish_transaction(finish).await
    }

    async fn trace(&self, identity: TransactionIdentity) -> Result<TransactionTrace, ScuError> {
        self.unit.trace(identity).await
    }

    async fn last_steps(&self, client_id: &str, limit: usize) -> Result<Vec<SignedStep>, ScuError> {
        self.unit.last_steps(client_id, limit).await
    }

    fn keeps_identities(&self) -> bool {
        self.unit.keeps_identities()
    }

    async fn recall(&self, interrupted: Interrupted) -> Result<Vec<SignedStep>, ScuError> {
        self.unit.recall(interrupted).await
    }

    async fn tse_info(&self) -> Result<TseInfo, ScuError> {
        self.unit.tse_info().await
    }

    async fn set_tse_state(&self, state: TseState) -> Result<TseState, ScuError> {
        self.pass().await?;
        self.unit.set_tse_state(state).await
    }

    async fn register_client(&self, client_id: &str) -> Result<Vec<String>, ScuError> {
        self.pass().await?;
        self.unit.register_client(client_id).await
    }

    async fn unregister_client(&self, client_id: &str) -> Result<Vec<String>, ScuError> {
        self.pass().await?;
        self.unit.unregister_client(client_id).await
    }

    async fn set_tse_time(&self) -> Result<(), ScuError> {
        self.pass().await?;
        self.unit.set_tse_time().await
    }

    async fn self_test(&self) -> Result<(), ScuError> {
        self.unit.self_test().await
    }

    async fn start_export(&self, scope: ExportScope) -> Result<ExportSession, ScuError> {
        self.unit.start_export(scope).await
    }

    async fn export_data(&self, token: &str, chunk_bytes_max: usize) -> Result<ExportChunk, ScuError> {
        self.unit.export_data(token, chunk_bytes_max).await
    }

    async fn end_export(&self, token: &str, sha256_base64: &str, erase: bool) -> Result<ExportEnd, ScuError> {
        self.pass().await?;
        self.unit.end_export(token, sha256_base64, erase).await
    }

    async fn echo(&self, message: &str) -> Result<String, ScuError> {
        self.unit.echo(message).await
    }
}
