//! Start and finish of a transaction, and what became of them (`fiscal-spec.md` 6.1).

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use shared::clock::Ticks;

use super::call::{Call, Failure, read};
use super::names;
use super::wire::{self, TxBody};
use crate::scu::ScuError;
use crate::scu::types::{
    FinishTransaction, FinishedTransaction, SignatureData, StartTransaction, StartedTransaction,
    TransactionIdentity, TransactionTrace,
};

/// The state of a transaction that was finished.
pub const FINISHED: &str = "FINISHED";
/// The state of one that is open.
pub const ACTIVE: &str = "ACTIVE";
/// How many finishes are remembered for tracing: far more than are under way at a time.
const FINISHING_MAX: usize = 1024;

/// The numbers of transactions whose finish was sent from here, by identity. A finish that stands in another
/// receipt than the start is found by it without searching; another pod searches.
#[derive(Debug, Default)]
pub struct Finishing(Mutex<VecDeque<(TransactionIdentity, u64)>>);

impl Finishing {
    fn note(&self, identity: TransactionIdentity, number: u64) {
        let mut sent = self.lock();
        if sent.len() == FINISHING_MAX {
            sent.pop_front();
        }
        sent.push_back((identity, number));
    }

    fn number(&self, identity: TransactionIdentity) -> Option<u64> {
        let sent = self.lock();
        sent.iter()
            .rev()
            .find_map(|(sent, number)| (*sent == identity).then_some(*number))
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(TransactionIdentity, u64)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Call<'_> {
    /// Starts a transaction, or finds the one that was started under this identity.
    ///
    /// # Errors
    /// When it was not started, or nobody knows.
    pub async fn start(&self, start: StartTransaction) -> Result<StartedTransaction, ScuError> {
        let client = self.client(&start.client_id).await?;
        let path = format!("tx/{}?tx_revision=1", names::transaction(start.identity));
        let body = json!({
            "state": ACTIVE,
            "client_id": client,
            "metadata": names::start_mark(start.identity),
        });
        let started = match self.put(&path, &body).await {
            Ok(answer) => read::<TxBody>(&answer)?,
            Err(refused @ Failure::Refused { .. }) => match self.first_revision(start.identity).await {
                Ok(Some(before)) => before,
                Ok(None) => return Err(refused.into()),
                Err(unread) => return Err(undecided(refused, unread)),
            },
            Err(silent) => return Err(silent.into()),
        };
        self.tss.revisions.note(started.number, started.latest_revision);
        Ok(as_started(&started)?)
    }

    /// Finishes a transaction, or finds that it was finished under this identity.
    ///
    /// # Errors
    /// When it was not finished by this, or nobody knows.
    pub async fn finish(&self, finish: FinishTransaction) -> Result<FinishedTransaction, ScuError> {
        let (number, identity) = (finish.transaction_number, finish.identity);
        let latest = match self.tss.revisions.latest(number) {
            Some(latest) => latest,
            None => match self.open_or_finished(number, identity).await? {
                Found::Open(latest) => latest,
                Found::Finished(tx) => return Ok(as_finished(&tx)?),
            },
        };
        let body = self.finish_body(&finish).await?;
        self.tss.finishing.note(identity, number);
        let refused = match self.put_finish(number, latest, &body).await {
            Ok(finished) => return Ok(finished),
            Err(refused @ Failure::Refused { .. }) => refused,
            Err(silent) => return Err(silent.into()),
        };
        // Refused because it is finished already, or because somebody else has updated it meanwhile.
        self.tss.revisions.forget(number);
        match self.open_or_finished(number, identity).await {
            Ok(Found::Finished(tx)) => Ok(as_finished(&tx)?),
            Ok(Found::Open(newest)) if newest != latest => Ok(self.put_finish(number, newest, &body).await?),
            Ok(Found::Open(_)) => Err(refused.into()),
            // It is over, and not by this step.
            Err(Failure::Silent(over @ ScuError::Rejected { .. })) => Err(over),
            Err(unread) => Err(undecided(refused, unread)),
        }
    }

    async fn finish_body(&self, finish: &FinishTransaction) -> Result<Value, Failure> {
        let mut body = json!({
            "state": FINISHED,
            "client_id": self.client(&finish.client_id).await?,
            "metadata": names::finish_mark(finish.identity),
        });
        // A transaction without type and data has no schema at all.
        if !(finish.process_type.is_empty() && finish.process_data_base64.is_empty()) {
            body["schema"] = json!({ "raw": {
                "process_data": finish.process_data_base64,
                "process_type": finish.process_type,
            }});
        }
        Ok(body)
    }

    async fn put_finish(
        &self,
        number: u64,
        latest: u64,
        body: &Value,
    ) -> Result<FinishedTransaction, Failure> {
        let path = format!("tx/{number}?tx_revision={}", latest + 1);
        let answer = self.put(&path, body).await?;
        self.tss.revisions.forget(number);
        as_finished(&read(&answer)?)
    }

    /// A transaction that may be finished, or that was finished under this identity.
    async fn open_or_finished(&self, number: u64, identity: TransactionIdentity) -> Result<Found, Failure> {
        let over = || {
            Failure::ours(format!(
                "The transaction with the number {number} is either not started or has been finished already."
            ))
        };
        let tx = match self.tx(&number.to_string()).await? {
            None => return Err(over()),
            Some(tx) => tx,
        };
        match tx.state.as_str() {
            ACTIVE => Ok(Found::Open(tx.latest_revision)),
            FINISHED if finished_by(&tx) == Some(identity) => Ok(Found::Finished(Box::new(tx))),
            _ => Err(over()),
        }
    }

    /// What the TSS holds under an identity. Nothing is found only where the TSS itself says that nothing is there.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn trace(&self, identity: TransactionIdentity) -> Result<TransactionTrace, ScuError> {
        let own = self.tx(&names::transaction(identity).to_string()).await?;
        let started = match &own {
            Some(tx) if tx.latest_revision > 1 => self.first_revision(identity).await?,
            first => first.clone(),
        };
        let finished = match own.filter(|tx| finished_by(tx) == Some(identity)) {
            Some(tx) => Some(tx),
            // A finish may stand in another receipt than the start.
            None if started.is_none() => self.finish_of(identity).await?,
            None => None,
        };
        Ok(TransactionTrace {
            started: started.as_ref().map(as_started).transpose()?,
            updated: None,
            finished: finished.as_ref().map(as_finished).transpose()?,
        })
    }

    async fn finish_of(&self, identity: TransactionIdentity) -> Result<Option<TxBody>, Failure> {
        let is_it = |tx: &TxBody| finished_by(tx) == Some(identity);
        match self.tss.finishing.number(identity) {
            Some(number) => Ok(self.tx(&number.to_string()).await?.filter(is_it)),
            None => Ok(self.newest_finished(None).await?.into_iter().find(is_it)),
        }
    }

    async fn first_revision(&self, identity: TransactionIdentity) -> Result<Option<TxBody>, Failure> {
        self.tx(&format!("{}?tx_revision=1", names::transaction(identity)))
            .await
    }

    /// A transaction by its id or number; none if the TSS knows none.
    async fn tx(&self, which: &str) -> Result<Option<TxBody>, Failure> {
        match self.get(&format!("tx/{which}")).await {
            Ok(answer) => Ok(Some(read(&answer)?)),
            Err(failure) if failure.is("E_TX_NOT_FOUND") => Ok(None),
            Err(failure) => Err(failure),
        }
    }
}

/// A step was refused, and what became of it before cannot be read. Where fiskaly refuses the reading too, as of a TSS
/// that is deleted, the first refusal stands; where it is silent, the step may have been done before.
fn undecided(refused: Failure, unread: Failure) -> ScuError {
    if let Failure::Refused { .. } = unread {
        return refused.into();
    }
    let (refused, unread) = (ScuError::from(refused), ScuError::from(unread));
    ScuError::OutcomeUnknown {
        message: format!("{refused}; whether it was done before is not known: {unread}"),
    }
}

/// A transaction that is to be finished.
enum Found {
    /// It is open, and this is its newest revision.
    Open(u64),
    /// It was finished by the same step before.
    Finished(Box<TxBody>),
}

/// Which identity has finished a transaction.
#[must_use]
pub fn finished_by(tx: &TxBody) -> Option<TransactionIdentity> {
    let metadata = tx.metadata.as_ref().filter(|_| tx.state == FINISHED)?;
    names::finished_by(metadata)
}

/// Which identity has started it.
#[must_use]
pub fn started_by(tx: &TxBody) -> Option<TransactionIdentity> {
    names::started_by(tx.metadata.as_ref()?)
}

fn as_started(tx: &TxBody) -> Result<StartedTransaction, Failure> {
    Ok(StartedTransaction {
        transaction_number: tx.number,
        time: moment(tx.log.timestamp)?,
        serial_number: tx.tss_serial_number.clone(),
        client_id: tx.client_serial_number.clone(),
        signature: Some(signature(tx)),
    })
}

fn as_finished(tx: &TxBody) -> Result<FinishedTransaction, Failure> {
    let raw = tx.schema.as_ref().and_then(|schema| schema.raw.clone());
    let (process_type, process_data) = raw.map_or((None, None), |raw| (raw.process_type, raw.process_data));
    Ok(FinishedTransaction {
        transaction_number: tx.number,
        start_time: moment(tx.time_start)?,
        time: moment(tx.log.timestamp)?,
        time_format: tx.log.timestamp_format.clone(),
        serial_number: tx.tss_serial_number.clone(),
        client_id: tx.client_serial_number.clone(),
        process_type: process_type.unwrap_or_default(),
        process_data_base64: process_data.unwrap_or_default(),
        signature: signature(tx),
    })
}

/// The signature of a revision.
#[must_use]
pub fn signature(tx: &TxBody) -> SignatureData {
    SignatureData {
        counter: tx.signature.counter,
        algorithm: tx.signature.algorithm.clone(),
        signature_base64: tx.signature.value.clone(),
        public_key_base64: tx.signature.public_key.clone(),
    }
}

/// A moment of the TSS.
///
/// # Errors
/// When it is beyond every calendar: something was signed, and what it was cannot be told.
pub fn moment(seconds: u64) -> Result<Ticks, Failure> {
    let unreadable = || ScuError::OutcomeUnknown {
        message: "fiskaly dates the transaction beyond every calendar".to_owned(),
    };
    Ok(wire::moment(seconds).ok_or_else(unreadable)?)
}
