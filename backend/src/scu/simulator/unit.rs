//! One simulated TSE as a cashbox asks it: what is asked becomes a step of the TSE, around which the script plays.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::event::{Event, Operation, Signed};
use super::export::{Exports, tar_of};
use super::key::TseKey;
use super::log_message;
use super::script::{Effect, OperationKind, Script};
use super::tse::{Session, Step, Tse, rejected, unavailable};
use crate::scu::types::{
    ExportChunk, ExportEnd, ExportScope, ExportSession, FinishTransaction, FinishedTransaction, SignedStep,
    StartTransaction, StartedTransaction, TransactionIdentity, TransactionTrace, TseInfo, TseState,
    UpdateTransaction, UpdatedTransaction,
};
use crate::scu::{Scu, ScuError};

/// One simulated TSE as a cashbox uses it.
#[derive(Debug)]
pub struct Simulator {
    tse: Arc<Tse>,
    script: Arc<Script>,
    delay: Duration,
    exports: Exports,
}

impl Simulator {
    pub(super) fn new(tse: Arc<Tse>, script: Arc<Script>, delay: Duration) -> Self {
        let exports = Exports::default();
        Self {
            tse,
            script,
            delay,
            exports,
        }
    }

    /// Plays what the script says of an operation around the operation.
    async fn act<T>(
        &self,
        kind: OperationKind,
        work: impl FnOnce(&mut Session<'_>) -> Result<T, ScuError>,
    ) -> Result<T, ScuError> {
        let Some(cue) = self.script.cue(kind)? else {
            return self.tse.with(work).await;
        };
        if cue.effect != Effect::DelayAnswer {
            tokio::time::sleep(cue.delay).await;
        }
        match cue.effect {
            Effect::Reject => return Err(rejected("The script makes the TSE refuse this.".to_owned())),
            Effect::Unreachable => {
                let message = "The TSE is not available. The script makes it so.".to_owned();
                return Err(ScuError::Unreachable { message });
            }
            Effect::Delay | Effect::DelayAnswer | Effect::SignAndLoseAnswer => {}
        }
        let answer = self.tse.with(work).await?;
        match cue.effect {
            Effect::DelayAnswer => tokio::time::sleep(cue.delay).await,
            Effect::SignAndLoseAnswer => {
                let message = "The script makes the TSE's answer get lost.".to_owned();
                return Err(ScuError::OutcomeUnknown { message });
            }
            Effect::Delay | Effect::Reject | Effect::Unreachable => {}
        }
        Ok(answer)
    }

    async fn sign<T>(
        &self,
        kind: OperationKind,
        step: Step,
        answer: impl FnOnce(Signed, &TseKey) -> T,
    ) -> Result<T, ScuError> {
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        self.act(kind, |session| Ok(answer(session.sign(step)?, session.key)))
            .await
    }
}

#[async_trait]
impl Scu for Simulator {
    async fn start_transaction(&self, start: StartTransaction) -> Result<StartedTransaction, ScuError> {
        let step = Step {
            operation: Operation::Start,
            identity: start.identity,
            client_id: start.client_id,
            number: None,
            process_type: String::new(),
            process_data_base64: String::new(),
        };
        self.sign(OperationKind::Start, step, Signed::started).await
    }

    async fn update_transaction(&self, update: UpdateTransaction) -> Result<UpdatedTransaction, ScuError> {
        let step = Step {
            operation: Operation::Update,
            identity: update.identity,
            client_id: update.client_id,
            number: Some(update.transaction_number),
            process_type: update.process_type,
            process_data_base64: update.process_data_base64,
        };
        self.sign(OperationKind::Update, step, Signed::updated).await
    }

    async fn finish_transaction(&self, finish: FinishTransaction) -> Result<FinishedTransaction, ScuError> {
        let step = Step {
            operation: Operation::Finish,
            identity: finish.identity,
            client_id: finish.client_id,
            number: Some(finish.transaction_number),
            process_type: finish.process_type,
            process_data_base64: finish.process_data_base64,
        };
        self.sign(OperationKind::Finish, step, Signed::finished).await
    }

    async fn trace(&self, identity: TransactionIdentity) -> Result<TransactionTrace, ScuError> {
        let trace = |session: &mut Session<'_>| {
            let signed = |operation| session.signed_before(identity, operation);
            let key = session.key;
            Ok(TransactionTrace {
                started: signed(Operation::Start)?.map(|signed| signed.started(key)),
                updated: signed(Operation::Update)?.map(|signed| signed.updated(key)),
                finished: signed(Operation::Finish)?.map(|signed| signed.finished(key)),
            })
        };
        self.act(OperationKind::Trace, trace).await
    }

    async fn last_steps(&self, client_id: &str, limit: usize) -> Result<Vec<SignedStep>, ScuError> {
        let newest_first = |session: &mut Session<'_>| session.last_signed(client_id, limit);
        let signed = self.act(OperationKind::LastSteps, newest_first).await?;
        Ok(signed.into_iter().map(Signed::step).collect())
    }

    async fn tse_info(&self) -> Result<TseInfo, ScuError> {
        self.act(OperationKind::Info, |session| Ok(info(session))).await
    }

    async fn set_tse_state(&self, wish: TseState) -> Result<TseState, ScuError> {
        let set = |session: &mut Session<'_>| {
            if let Some(state) = session.state.move_to(wish).map_err(rejected)? {
                let at = session.now();
                session.record(&Event::State { state, at })?;
            }
            Ok(session.state.life())
        };
        self.act(OperationKind::Manage, set).await
    }

    async fn register_client(&self, client_id: &str) -> Result<Vec<String>, ScuError> {
        let client_id = client_id.to_owned();
        let register = |session: &mut Session<'_>| {
            session.state.must_be_initialized().map_err(rejected)?;
            if !session.state.knows(&client_id) {
                let at = session.now();
                session.record(&Event::ClientRegistered { client_id, at })?;
            }
            Ok(session.state.clients())
        };
        self.act(OperationKind::Manage, register).await
    }

    async fn unregister_client(&self, client_id: &str) -> Result<Vec<String>, ScuError> {
        let client_id = client_id.to_owned();
        let unregister = |session: &mut Session<'_>| {
            session.state.must_be_initialized().map_err(rejected)?;
            if session.state.knows(&client_id) {
                let at = session.now();
                session.record(&Event::ClientUnregistered { client_id, at })?;
            }
            Ok(session.state.clients())
        };
        self.act(OperationKind::Manage, unregister).await
    }

    async fn set_tse_time(&self) -> Result<(), ScuError> {
        // The TSE's time is that of the machine; there is nothing to set.
        self.act(OperationKind::Manage, |_| Ok(())).await
    }

    async fn self_test(&self) -> Result<(), ScuError> {
        self.act(OperationKind::Manage, |_| Ok(())).await
    }

    async fn start_export(&self, scope: ExportScope) -> Result<ExportSession, ScuError> {
        let read = |session: &mut Session<'_>| {
            let through = session.state.last_counter();
            Ok((session.exportable()?, through, Arc::clone(session.key)))
        };
        let (lines, through, key) = self.act(OperationKind::Export, read).await?;
        let serial_number = key.serial_hex.clone();
        // A day's receipts are too many to be written into a TAR on a thread that serves others.
        let writing = tokio::task::spawn_blocking(move || tar_of(&lines, &scope, &key));
        let (tar, is_complete) = writing.await.map_err(unavailable)??;
        let collecting = self.script.cue(OperationKind::Collect)?;
        let collecting = collecting.map_or(Duration::ZERO, |cue| cue.delay);
        let token = self
            .exports
            .begin(tar, is_complete.then_some(through), collecting);
        Ok(ExportSession { token, serial_number })
    }

    async fn export_data(&self, token: &str, chunk_bytes_max: usize) -> Result<ExportChunk, ScuError> {
        self.act(OperationKind::Export, |_| {
            self.exports.next(token, chunk_bytes_max)
        })
        .await
    }

    async fn end_export(&self, token: &str, sha256_base64: &str, erase: bool) -> Result<ExportEnd, ScuError> {
        let end = |session: &mut Session<'_>| {
            let ended = self.exports.end(token, sha256_base64)?;
            let may_erase = erase && ended.is_valid && session.state.open_numbers().is_empty();
            let through = ended.complete_through.filter(|_| may_erase);
            if let Some(through_counter) = through {
                let at = session.now();
                session.record(&Event::Erased { through_counter, at })?;
            }
            Ok(ExportEnd {
                is_valid: ended.is_valid,
                is_erased: through.is_some(),
            })
        };
        self.act(OperationKind::Export, end).await
    }

    async fn echo(&self, message: &str) -> Result<String, ScuError> {
        Ok(message.to_owned())
    }
}

/// The TSE's data (5.2). Its bounds are those of the original's in-memory TSE.
fn info(session: &Session<'_>) -> TseInfo {
    let clients = session.state.clients();
    let open = session.state.open_numbers();
    let count = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
    TseInfo {
        max_number_of_clients: i32::MAX.into(),
        current_number_of_clients: count(clients.len()),
        current_client_ids: Some(clients),
        max_number_of_started_transactions: i32::MAX.into(),
        current_number_of_started_transactions: count(open.len()),
        current_started_transaction_numbers: Some(open),
        max_number_of_signatures: i64::MAX,
        current_number_of_signatures: i64::try_from(session.state.last_counter()).unwrap_or(i64::MAX),
        max_log_memory_size: i64::MAX,
        current_log_memory_size: -1,
        current_state: session.state.life(),
        firmware_identification: Some(env!("CARGO_PKG_VERSION").to_owned()),
        certification_identification: Some("byodc simulator, no certified TSE".to_owned()),
        signature_algorithm: Some(log_message::ALGORITHM_NAME.to_owned()),
        log_time_format: Some(log_message::TIME_FORMAT.to_owned()),
        serial_number_octet: Some(session.key.serial_hex.clone()),
        public_key_base64: Some(session.key.public_key_base64.clone()),
        certificates_base64: Some(Vec::new()),
        info: None,
    }
}
