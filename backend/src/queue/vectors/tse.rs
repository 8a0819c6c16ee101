//! The deterministic test TSE "T": counters from 1, signature n is `SIG(n)`, times as scripted, every call logged.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use shared::clock::Ticks;
use shared::identity::QueueItemId;

use crate::scu::types::{
    ExportChunk, ExportEnd, ExportScope, ExportSession, FinishTransaction, FinishedTransaction,
    SignatureData, SignedStep, StartTransaction, StartedTransaction, TransactionIdentity, TransactionTrace,
    TseInfo, TseState, UpdateTransaction, UpdatedTransaction,
};
use crate::scu::{Scu, ScuError};

/// The serial number, hex.
pub const SERIAL: &str = "abababababababababababababababababababababababababababababababab";

/// How the TSE fails until it is told otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is reached.
    Unreachable,
    /// Starts work, finishes are not reached.
    FinishUnreachable,
    /// Starts and finishes are done, and their answers are lost.
    AnswersLost,
    /// As before, and nobody can ask what became of them.
    AnswersAndTracesLost,
    /// Answers, and is out of operation.
    Terminated,
    /// Does not sign starts.
    NoStartSignature,
    /// Signs, and tells no list of open transactions.
    NoOpenList,
}

#[derive(Debug, Default)]
struct Inside {
    transactions: u64,
    signatures: u64,
    open: BTreeSet<u64>,
    traces: BTreeMap<(u128, u32), TransactionTrace>,
    times: VecDeque<Ticks>,
    calls: Vec<String>,
    fault: Option<Fault>,
    /// After how many more signatures nothing is reached.
    alive_for: Option<u64>,
}

/// The test TSE.
#[derive(Debug, Default)]
pub struct TestTse {
    inside: Mutex<Inside>,
}

impl TestTse {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap()
    }

    /// The next transaction and signature get these numbers.
    pub fn count_from(&self, transaction: u64, signature: u64) {
        let mut inside = self.inside();
        inside.transactions = transaction - 1;
        inside.signatures = signature - 1;
    }

    /// The times of the next signatures; afterwards it is always the last one's.
    pub fn times(&self, times: &[Ticks]) {
        self.inside().times = times.iter().copied().collect();
    }

    /// Fails from now on, or works again.
    pub fn fail(&self, fault: impl Into<Option<Fault>>) {
        self.inside().fault = fault.into();
    }

    /// Reaches nothing after this many more signatures; with none, always works.
    pub fn die_after(&self, signatures: impl Into<Option<u64>>) {
        self.inside().alive_for = signatures.into();
    }

    /// The calls since the last time they were taken.
    pub fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.inside().calls)
    }

    /// How many signatures it has made.
    pub fn signatures(&self) -> u64 {
        self.inside().signatures
    }

    /// The signatures of the finishes that were asked for by a receipt.
    pub fn finishes_of(&self, item: QueueItemId) -> Vec<String> {
        let inside = self.inside();
        let of_item = inside
            .traces
            .range((item.as_u128(), 0)..=(item.as_u128(), u32::MAX));
        let finished = of_item.filter_map(|(_, trace)| trace.finished.as_ref());
        finished
            .map(|finished| finished.signature.signature_base64.clone())
            .collect()
    }

    /// Forgets that a transaction is open, as a unit does that was reset.
    pub fn forget(&self, transaction: u64) {
        self.inside().open.remove(&transaction);
    }

    /// A transaction that another register has started.
    pub fn started_elsewhere(&self) -> u64 {
        let mut inside = self.inside();
        inside.transactions += 1;
        let number = inside.transactions;
        inside.open.insert(number);
        number
    }

    /// The transactions that are open.
    pub fn open(&self) -> BTreeSet<u64> {
        self.inside().open.clone()
    }

    fn call(&self, call: String) -> MutexGuard<'_, Inside> {
        let mut inside = self.inside();
        inside.calls.push(call);
        inside
    }
}

impl Inside {
    fn reached(&self) -> Result<(), ScuError> {
        match self.fault {
            Some(Fault::Unreachable) => Err(unreachable()),
            _ if self.alive_for == Some(0) => Err(unreachable()),
            _ => Ok(()),
        }
    }

    fn time(&mut self) -> Ticks {
        let time = self.times.front().copied().unwrap_or_default();
        if self.times.len() > 1 {
            self.times.pop_front();
        }
        time
    }

    fn sign(&mut self) -> SignatureData {
        self.signatures += 1;
        self.alive_for = self.alive_for.map(|left| left.saturating_sub(1));
        SignatureData {
            counter: self.signatures,
            algorithm: "ecdsa-plain-SHA256".to_owned(),
            signature_base64: format!("SIG({})", self.signatures),
            public_key_base64: "PUB".to_owned(),
        }
    }

    fn trace(&mut self, identity: TransactionIdentity) -> &mut TransactionTrace {
        self.traces
            .entry((identity.item.as_u128(), identity.step))
            .or_default()
    }

    fn answer<T>(&self, done: T) -> Result<T, ScuError> {
        match self.fault {
            Some(Fault::AnswersLost | Fault::AnswersAndTracesLost) => Err(ScuError::OutcomeUnknown {
                message: "no answer".to_owned(),
            }),
            _ => Ok(done),
        }
    }
}

fn unreachable() -> ScuError {
    ScuError::Unreachable {
        message: "The TSE is not available.".to_owned(),
    }
}

fn retry(is_retry: bool) -> &'static str {
    if is_retry { " again" } else { "" }
}

/// What T says of itself.
pub fn info(open: impl IntoIterator<Item = u64>, state: TseState) -> TseInfo {
    let open: Vec<u64> = open.into_iter().collect();
    TseInfo {
        max_number_of_clients: 10,
        current_number_of_clients: 1,
        current_client_ids: Some(vec!["KASSE-1".to_owned()]),
        max_number_of_started_transactions: 100,
        current_number_of_started_transactions: i64::try_from(open.len()).unwrap(),
        current_started_transaction_numbers: Some(open),
        max_number_of_signatures: 1_000_000,
        current_number_of_signatures: 0,
        max_log_memory_size: 1_000_000,
        current_log_memory_size: -1,
        current_state: state,
        firmware_identification: Some("1.1.1".to_owned()),
        certification_identification: Some("BSI-K-TR-0000-2031".to_owned()),
        signature_algorithm: Some("ecdsa-plain-SHA256".to_owned()),
        log_time_format: Some("utcTime".to_owned()),
        serial_number_octet: Some(SERIAL.to_owned()),
        public_key_base64: Some("PUB".to_owned()),
        certificates_base64: Some(Vec::new()),
        info: None,
    }
}

#[async_trait]
impl Scu for TestTse {
    async fn start_transaction(&self, start: StartTransaction) -> Result<StartedTransaction, ScuError> {
        let mut inside = self.call(format!("Start{}", retry(start.is_retry)));
        inside.reached()?;
        if let Some(started) = inside.trace(start.identity).started.clone() {
            return Ok(started);
        }
        inside.transactions += 1;
        let number = inside.transactions;
        inside.open.insert(number);
        let signature = inside.sign();
        let started = StartedTransaction {
            transaction_number: number,
            time: inside.time(),
            serial_number: SERIAL.to_owned(),
            client_id: start.client_id,
            signature: (inside.fault != Some(Fault::NoStartSignature)).then_some(signature),
        };
        inside.trace(start.identity).started = Some(started.clone());
        inside.answer(started)
    }

    async fn update_transaction(&self, update: UpdateTransaction) -> Result<UpdatedTransaction, ScuError> {
        let mut inside = self.call(format!("Update({})", update.transaction_number));
        inside.reached()?;
        if let Some(updated) = inside.trace(update.identity).updated.clone() {
            return Ok(updated);
        }
        let updated = UpdatedTransaction {
            transaction_number: update.transaction_number,
            time: inside.time(),
            serial_number: SERIAL.to_owned(),
            client_id: update.client_id,
            process_type: Some(update.process_type),
            process_data_base64: Some(update.process_data_base64),
            signature: Some(inside.sign()),
        };
        inside.trace(update.identity).updated = Some(updated.clone());
        inside.answer(updated)
    }

    async fn finish_transaction(&self, finish: FinishTransaction) -> Result<FinishedTransaction, ScuError> {
        let mut inside = self.call(format!(
            "Finish({}, {}, {}){}",
            finish.transaction_number,
            finish.process_type,
            finish.process_data_base64,
            retry(finish.is_retry)
        ));
        inside.reached()?;
        if inside.fault == Some(Fault::FinishUnreachable) {
            return Err(unreachable());
        }
        if let Some(finished) = inside.trace(finish.identity).finished.clone() {
            return Ok(finished);
        }
        if !inside.open.remove(&finish.transaction_number) {
            return Err(ScuError::Rejected {
                message: "not open".to_owned(),
            });
        }
        let start_time = inside
            .traces
            .values()
            .filter_map(|trace| trace.started.as_ref())
            .find(|started| started.transaction_number == finish.transaction_number)
            .map_or_else(Ticks::default, |started| started.time);
        let finished = FinishedTransaction {
            transaction_number: finish.transaction_number,
            start_time,
            time: inside.time(),
            time_format: "utcTime".to_owned(),
            serial_number: SERIAL.to_owned(),
            client_id: finish.client_id,
            process_type: finish.process_type,
            process_data_base64: finish.process_data_base64,
            signature: inside.sign(),
        };
        inside.trace(finish.identity).finished = Some(finished.clone());
        inside.answer(finished)
    }

    async fn trace(&self, identity: TransactionIdentity) -> Result<TransactionTrace, ScuError> {
        let mut inside = self.call("Trace".to_owned());
        inside.reached()?;
        if inside.fault == Some(Fault::AnswersAndTracesLost) {
            return Err(unreachable());
        }
        Ok(inside.trace(identity).clone())
    }

    async fn last_steps(&self, _client_id: &str, limit: usize) -> Result<Vec<SignedStep>, ScuError> {
        let inside = self.call("LastSteps".to_owned());
        inside.reached()?;
        let identity = |(item, step): &(u128, u32)| TransactionIdentity {
            item: QueueItemId::from_u128(*item),
            step: *step,
        };
        let traces = inside.traces.iter();
        let mut steps: Vec<_> = traces
            .flat_map(|(key, trace)| trace.signed_steps(identity(key)))
            .collect();
        steps.sort_by_key(|step| std::cmp::Reverse(step.counter));
        steps.truncate(limit);
        Ok(steps)
    }

    async fn tse_info(&self) -> Result<TseInfo, ScuError> {
        let inside = self.call("GetTseInfo".to_owned());
        inside.reached()?;
        let state = match inside.fault {
            Some(Fault::Terminated) => TseState::Terminated,
            _ => TseState::Initialized,
        };
        let mut info = info(inside.open.iter().copied(), state);
        if inside.fault == Some(Fault::NoOpenList) {
            info.current_started_transaction_numbers = None;
        }
        Ok(info)
    }

    async fn set_tse_state(&self, state: TseState) -> Result<TseState, ScuError> {
        let inside = self.call(format!("SetTseState({})", state.number()));
        inside.reached().map(|()| state)
    }

    async fn register_client(&self, client_id: &str) -> Result<Vec<String>, ScuError> {
        let inside = self.call(format!("RegisterClientId({client_id})"));
        inside.reached().map(|()| vec![client_id.to_owned()])
    }

    async fn unregister_client(&self, client_id: &str) -> Result<Vec<String>, ScuError> {
        let inside = self.call(format!("UnregisterClientId({client_id})"));
        inside.reached().map(|()| Vec::new())
    }

    async fn set_tse_time(&self) -> Result<(), ScuError> {
        self.call("ExecuteSetTseTime".to_owned()).reached()
    }

    async fn self_test(&self) -> Result<(), ScuError> {
        self.call("ExecuteSelfTest".to_owned()).reached()
    }

    async fn start_export(&self, _scope: ExportScope) -> Result<ExportSession, ScuError> {
        unimplemented_by_t("StartExportSession")
    }

    async fn export_data(&self, _token: &str, _chunk_bytes_max: usize) -> Result<ExportChunk, ScuError> {
        unimplemented_by_t("ExportData")
    }

    async fn end_export(&self, _token: &str, _sha256: &str, _erase: bool) -> Result<ExportEnd, ScuError> {
        unimplemented_by_t("EndExportSession")
    }

    async fn echo(&self, message: &str) -> Result<String, ScuError> {
        Ok(message.to_owned())
    }
}

/// T has no log to export.
fn unimplemented_by_t<T>(operation: &str) -> Result<T, ScuError> {
    Err(ScuError::Rejected {
        message: format!("T does not do {operation}"),
    })
}
