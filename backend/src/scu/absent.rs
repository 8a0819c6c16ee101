//! A TSE to which there is no way: the queue is between two SCUs, or its configuration does not name the one in use.
//! Whatever is asked, it is not reached.

use async_trait::async_trait;
use shared::identity::ScuId;

use super::types::{
    ExportChunk, ExportEnd, ExportScope, ExportSession, FinishTransaction, FinishedTransaction, SignedStep,
    StartTransaction, StartedTransaction, TransactionIdentity, TransactionTrace, TseInfo, TseState,
    UpdateTransaction, UpdatedTransaction,
};
use super::{Scu, ScuError};

/// Why there is no way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// The queue has left its SCU and has not come to another.
    Switched,
    /// The configuration has no entry for this SCU.
    Unnamed(ScuId),
}

impl Absent {
    fn away<T>(self) -> Result<T, ScuError> {
        let message = match self {
            Self::Switched => "The queue has no signature creation unit: it is being switched.".to_owned(),
            Self::Unnamed(scu) => {
                format!("The configuration has no entry in ftSignaturCreationDevices for the SCU {scu}.")
            }
        };
        Err(ScuError::Unreachable { message })
    }
}

#[async_trait]
impl Scu for Absent {
    async fn start_transaction(&self, _start: StartTransaction) -> Result<StartedTransaction, ScuError> {
        self.away()
    }

    async fn update_transaction(&self, _update: UpdateTransaction) -> Result<UpdatedTransaction, ScuError> {
        self.away()
    }

    async fn finish_transaction(&self, _finish: FinishTransaction) -> Result<FinishedTransaction, ScuError> {
        self.away()
    }

    async fn trace(&self, _identity: TransactionIdentity) -> Result<TransactionTrace, ScuError> {
        self.away()
    }

    async fn last_steps(&self, _client_id: &str, _limit: usize) -> Result<Vec<SignedStep>, ScuError> {
        self.away()
    }

    async fn tse_info(&self) -> Result<TseInfo, ScuError> {
        self.away()
    }

    async fn set_tse_state(&self, _state: TseState) -> Result<TseState, ScuError> {
        self.away()
    }

    async fn register_client(&self, _client_id: &str) -> Result<Vec<String>, ScuError> {
        self.away()
    }

    async fn unregister_client(&self, _client_id: &str) -> Result<Vec<String>, ScuError> {
        self.away()
    }

    async fn set_tse_time(&self) -> Result<(), ScuError> {
        self.away()
    }

    async fn self_test(&self) -> Result<(), ScuError> {
        self.away()
    }

    async fn start_export(&self, _scope: ExportScope) -> Result<ExportSession, ScuError> {
        self.away()
    }

    async fn export_data(&self, _token: &str, _chunk_bytes_max: usize) -> Result<ExportChunk, ScuError> {
        self.away()
    }

    async fn end_export(&self, _token: &str, _sha256: &str, _erase: bool) -> Result<ExportEnd, ScuError> {
        self.away()
    }

    async fn echo(&self, _message: &str) -> Result<String, ScuError> {
        self.away()
    }
}
