//! The TSE, as one pod asks it. Every signature is witnessed, with the moment at which the pod asked for it.

use async_trait::async_trait;
use backend::scu::types::{
    ExportChunk, ExportEnd, ExportScope, ExportSession, FinishTransaction, FinishedTransaction, SignedStep,
    StartTransaction, StartedTransaction, TransactionIdentity, TransactionTrace, TseInfo, TseState,
    UpdateTransaction, UpdatedTransaction,
};
use backend::scu::{Scu, ScuError};
use shared::identity::ScuId;
use tokio::time::Instant;

use crate::mutant::Mutant;
use crate::simulation::Simulation;
use crate::tse::{self, Signed, Step, Tse};
use crate::wire::{Lost, Place, Wire};
use crate::witness::Who;

/// One TSE at the end of a pod's wire.
#[derive(Debug)]
pub struct ScuEdge {
    /// The wire.
    pub wire: Wire,
    /// The pod that asks.
    pub who: Who,
    /// Which TSE.
    pub scu: ScuId,
    /// The pod's clock at `born_ms`.
    pub born: Instant,
    /// When the pod was born.
    pub born_ms: u64,
}

impl ScuEdge {
    async fn ask<T: Send + 'static>(
        &self,
        what: &'static str,
        answer: impl FnOnce(&mut Tse) -> T + Send + 'static,
    ) -> Result<T, ScuError> {
        let scu = self.scu;
        let answer = move |simulation: &mut Simulation| answer(simulation.tse(scu));
        let asked = self.wire.ask(Place::Tse, what, answer).await;
        asked.map_err(failed)
    }

    async fn sign(
        &self,
        step: Step,
        identity: TransactionIdentity,
        number: Option<u64>,
        process: (String, String),
    ) -> Result<Signed, ScuError> {
        let (scu, who) = (self.scu, self.who);
        let asked_ms = self.born_ms + self.born.elapsed().as_millis() as u64;
        let sign = move |simulation: &mut Simulation| {
            let forgets = simulation.mutant == Some(Mutant::TseForgetsIdentities);
            let (now_ms, tse) = (simulation.now_ms, simulation.tse(scu));
            let (signed, new) = match forgets {
                true => (tse.sign_anew(identity, step, number, process), true),
                false => tse.sign(identity, step, number, process),
            };
            if new {
                simulation.witness().signed(now_ms, who, asked_ms, scu, &signed);
            }
            signed
        };
        self.wire.ask(Place::Tse, "sign", sign).await.map_err(failed)
    }
}

fn failed(lost: Lost) -> ScuError {
    match lost {
        Lost::Refused => ScuError::Unreachable {
            message: "The TSE is not available.".to_owned(),
        },
        Lost::Silent => ScuError::OutcomeUnknown {
            message: "The TSE does not answer.".to_owned(),
        },
    }
}

fn not_here() -> ScuError {
    ScuError::Rejected {
        message: "The simulation exports nothing.".to_owned(),
    }
}

#[async_trait]
impl Scu for ScuEdge {
    async fn start_transaction(&self, start: StartTransaction) -> Result<StartedTransaction, ScuError> {
        let process = (String::new(), String::new());
        let signed = self.sign(Step::Start, start.identity, None, process).await?;
        Ok(tse::started(&signed))
    }

    async fn update_transaction(&self, update: UpdateTransaction) -> Result<UpdatedTransaction, ScuError> {
        let process = (update.process_type, update.process_data_base64);
        let number = Some(update.transaction_number);
        let signed = self.sign(Step::Update, update.identity, number, process).await?;
        Ok(tse::updated(&signed))
    }

    async fn finish_transaction(&self, finish: FinishTransaction) -> Result<FinishedTransaction, ScuError> {
        let process = (finish.process_type, finish.process_data_base64);
        let number = Some(finish.transaction_number);
        let signed = self.sign(Step::Finish, finish.identity, number, process).await?;
        Ok(tse::finished(&signed))
    }

    async fn trace(&self, identity: TransactionIdentity) -> Result<TransactionTrace, ScuError> {
        self.ask("trace", move |tse| tse.trace(identity)).await
    }

    async fn last_steps(&self, _: &str, limit: usize) -> Result<Vec<SignedStep>, ScuError> {
        self.ask("last steps", move |tse| tse.last_steps(limit)).await
    }

    async fn tse_info(&self) -> Result<TseInfo, ScuError> {
        self.ask("info", |tse| tse.info()).await
    }

    async fn set_tse_state(&self, _: TseState) -> Result<TseState, ScuError> {
        self.ask("state", |_| TseState::Initialized).await
    }

    async fn register_client(&self, client_id: &str) -> Result<Vec<String>, ScuError> {
        let client = client_id.to_owned();
        self.ask("register", move |tse| tse.register(&client)).await
    }

    async fn unregister_client(&self, client_id: &str) -> Result<Vec<String>, ScuError> {
        let client = client_id.to_owned();
        self.ask("unregister", move |tse| tse.unregister(&client)).await
    }

    async fn set_tse_time(&self) -> Result<(), ScuError> {
        self.ask("time", |_| ()).await
    }

    async fn self_test(&self) -> Result<(), ScuError> {
        self.ask("self-test", |_| ()).await
    }

    async fn start_export(&self, _: ExportScope) -> Result<ExportSession, ScuError> {
        Err(not_here())
    }

    async fn export_data(&self, _: &str, _: usize) -> Result<ExportChunk, ScuError> {
        Err(not_here())
    }

    async fn end_export(&self, _: &str, _: &str, _: bool) -> Result<ExportEnd, ScuError> {
        Err(not_here())
    }

    async fn echo(&self, message: &str) -> Result<String, ScuError> {
        let message = message.to_owned();
        self.ask("echo", move |_| message).await
    }
}
