//! Asks a unit under a claim that still stands, and notes what became of it. One for each receipt.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use shared::sabotage;

use super::standing::Standing;
use super::types::{
    ExportChunk, ExportEnd, ExportScope, ExportSession, FinishTransaction, FinishedTransaction, Interrupted,
    SignedStep, StartTransaction, StartedTransaction, TransactionIdentity, TransactionTrace, TseInfo,
    TseState, UpdateTransaction, UpdatedTransaction,
};
use super::{Scu, ScuError};
use crate::evidence;

/// A unit that is asked under a claim.
#[derive(Debug)]
pub struct Confirmed {
    unit: Arc<dyn Scu>,
    standing: Arc<Standing>,
    /// Whether a call was sent of which nobody knows whether it was signed.
    unanswered: AtomicBool,
}

impl Confirmed {
    /// Asks `unit` while the claim stands.
    #[must_use]
    pub fn new(unit: Arc<dyn Scu>, standing: Arc<Standing>) -> Self {
        Self {
            unit,
            standing,
            unanswered: AtomicBool::new(false),
        }
    }

    /// Whether a call may have been signed, or may still be, although no answer came.
    #[must_use]
    pub fn is_unanswered(&self) -> bool {
        self.unanswered.load(Ordering::Relaxed)
    }

    fn noted<T>(&self, answer: Result<T, ScuError>) -> Result<T, ScuError> {
        if answer.as_ref().is_err_and(ScuError::may_have_signed) {
            self.unanswered.store(true, Ordering::Relaxed);
        }
        answer
    }

    /// Asks for a signature under the confirmed claim.
    async fn signed<T>(
        &self,
        call: &'static str,
        identity: TransactionIdentity,
        ask: impl Future<Output = Result<T, ScuError>>,
    ) -> Result<T, ScuError> {
        let tenure = self.standing.tenure();
        let cashbox = tenure.cashbox();
        // Before the claim is confirmed, so that what happens here is what the confirmation is for.
        sabotage::point("before-tse", cashbox).await;
        self.standing.confirm().await?;
        evidence::tse_start(tenure, call, identity);
        let signature = self.noted(ask.await)?;
        evidence::tse_ok(tenure, call, identity);
        sabotage::point("after-tse", cashbox).await;
        Ok(signature)
    }
}

#[async_trait]
impl Scu for Confirmed {
    async fn start_transaction(&self, start: StartTransaction) -> Result<StartedTransaction, ScuError> {
        let identity = start.identity;
        self.signed("start", identity, self.unit.start_transaction(start))
            .await
    }

    async fn update_transaction(&self, update: UpdateTransaction) -> Result<UpdatedTransaction, ScuError> {
        let identity = update.identity;
        self.signed("update", identity, self.unit.update_transaction(update))
            .await
    }

    async fn finish_transaction(&self, finish: FinishTransaction) -> Result<FinishedTransaction, ScuError> {
        let identity = finish.identity;
        self.signed("finish", identity, self.unit.finish_transaction(finish))
            .await
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
        self.standing.confirm().await?;
        self.unit.set_tse_state(state).await
    }

    async fn register_client(&self, client_id: &str) -> Result<Vec<String>, ScuError> {
        self.standing.confirm().await?;
        self.unit.register_client(client_id).await
    }

    async fn unregister_client(&self, client_id: &str) -> Result<Vec<String>, ScuError> {
        self.standing.confirm().await?;
        self.unit.unregister_client(client_id).await
    }

    async fn set_tse_time(&self) -> Result<(), ScuError> {
        self.standing.confirm().await?;
        self.unit.set_tse_time().await
    }

    async fn self_test(&self) -> Result<(), ScuError> {
        self.standing.confirm().await?;
        self.unit.self_test().await
    }

    async fn start_export(&self, scope: ExportScope) -> Result<ExportSession, ScuError> {
        self.unit.start_export(scope).await
    }

    async fn export_data(&self, token: &str, chunk_bytes_max: usize) -> Result<ExportChunk, ScuError> {
        self.unit.export_data(token, chunk_bytes_max).await
    }

    async fn end_export(&self, token: &str, sha256_base64: &str, erase: bool) -> Result<ExportEnd, ScuError> {
        // It may erase what is known nowhere else.
        self.standing.confirm().await?;
        self.unit.end_export(token, sha256_base64, erase).await
    }

    async fn echo(&self, message: &str) -> Result<String, ScuError> {
        self.unit.echo(message).await
    }
}
