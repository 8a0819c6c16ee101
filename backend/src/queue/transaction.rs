//! The calls to the TSE, and what is known after a call that got no answer.
//!
//! Every transaction of a receipt has a step of its own, counted in the order of the calls. A receipt that is
//! settled after a crash runs the same calls in the same order, so each finds what it had signed before.

use crate::journal::entry::OpenTransactionRow;
use crate::queue::notes::{self, Note};
use crate::queue::process_data::ProcessData;
use crate::queue::work::Work;
use crate::scu::ScuError;
use crate::scu::types::{
    FinishTransaction, FinishedTransaction, StartTransaction, StartedTransaction, TransactionIdentity,
    TransactionTrace, TseInfo, UpdateTransaction, UpdatedTransaction,
};

/// A finished transaction with the signature of its start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The start's signature, base64; some units sign no start.
    pub start_signature: Option<String>,
    /// The finish.
    pub finished: FinishedTransaction,
}

/// Whether a call repeats one that failed earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// It does not.
    First,
    /// It does.
    Retry,
}

/// What an earlier attempt at a receipt has done, from the next step on.
#[derive(Debug)]
pub struct EarlierAttempt {
    /// The transactions of others that it has closed, in the order of its steps.
    pub closed: Vec<FinishedTransaction>,
    /// Whether it went on to start a transaction: then it had nothing left to close.
    pub has_started: bool,
}

impl Work<'_> {
    /// Starts and finishes a transaction under the receipt's own reference. When only the finish fails, the open
    /// transaction stays on record.
    ///
    /// # Errors
    /// When the TSE does not do it.
    pub async fn sign(&mut self, data: &ProcessData) -> Result<Signed, ScuError> {
        let (identity, row) = self.open(Attempt::First).await?;
        let signed = self.close_as(identity, &row, data, Attempt::First).await?;
        Ok(signed)
    }

    /// Starts a transaction and puts it on record under the receipt's reference.
    ///
    /// # Errors
    /// When the TSE does not do it.
    pub async fn open(
        &mut self,
        attempt: Attempt,
    ) -> Result<(TransactionIdentity, OpenTransactionRow), ScuError> {
        let reference = self.reference();
        self.open_for(reference, attempt).await
    }

    /// Starts a transaction and puts it on record under any reference.
    ///
    /// # Errors
    /// When the TSE does not do it.
    pub async fn open_for(
        &mut self,
        reference: &str,
        attempt: Attempt,
    ) -> Result<(TransactionIdentity, OpenTransactionRow), ScuError> {
        let identity = self.next_identity();
        let started = self.start(identity, attempt).await?;
        let row = OpenTransactionRow {
            receipt_reference: reference.to_owned(),
            transaction_number: started.transaction_number,
            start_moment: started.time,
            start_signature_base64: started.signature.map(|signature| signature.signature_base64),
        };
        self.open_transactions.put(reference, row.clone());
        Ok((identity, row))
    }

    /// Finishes a transaction that is on record, and forgets it.
    ///
    /// # Errors
    /// When the TSE does not do it; the transaction then stays on record.
    pub async fn close(
        &mut self,
        row: &OpenTransactionRow,
        data: &ProcessData,
        attempt: Attempt,
    ) -> Result<Signed, ScuError> {
        let identity = self.next_identity();
        self.close_as(identity, row, data, attempt).await
    }

    async fn close_as(
        &mut self,
        identity: TransactionIdentity,
        row: &OpenTransactionRow,
        data: &ProcessData,
        attempt: Attempt,
    ) -> Result<Signed, ScuError> {
        let finished = self
            .finish(identity, row.transaction_number, data, attempt)
            .await?;
        self.open_transactions.remove(&row.receipt_reference);
        Ok(Signed {
            start_signature: row.start_signature_base64.clone(),
            finished,
        })
    }

    /// Finishes a transaction of which only the number is known, and forgets it if it is on record.
    ///
    /// # Errors
    /// When the TSE does not do it.
    pub async fn close_number(&mut self, number: u64, data: &ProcessData) -> Result<Signed, ScuError> {
        let identity = self.next_identity();
        let finished = self.finish(identity, number, data, Attempt::First).await?;
        self.forget_number(number);
        Ok(Signed {
            start_signature: None,
            finished,
        })
    }

    /// What an earlier attempt at this very receipt has done with further transactions. A receipt that is settled after
    /// a crash must know this before it asks the TSE what is open: what it has closed itself is open no more.
    ///
    /// # Errors
    /// When the TSE does not say.
    pub async fn earlier_attempt(&self) -> Result<EarlierAttempt, ScuError> {
        let mut closed = Vec::new();
        for step in self.steps.. {
            let item = self.item.item;
            let trace = self.scu.trace(TransactionIdentity { item, step }).await?;
            match (trace.started, trace.finished) {
                (None, Some(finished)) => closed.push(finished),
                (started, _) => {
                    let has_started = started.is_some();
                    return Ok(EarlierAttempt { closed, has_started });
                }
            }
        }
        unreachable!("a receipt has fewer steps than there are numbers")
    }

    /// Takes over a transaction that an earlier attempt has closed, as if it had been closed now.
    #[must_use]
    pub fn take_over(&mut self, finished: FinishedTransaction) -> Signed {
        self.steps += 1;
        self.forget_number(finished.transaction_number);
        Signed {
            start_signature: None,
            finished,
        }
    }

    fn forget_number(&mut self, number: u64) {
        for reference in self.open_transactions.references() {
            let row = self.open_transactions.get(&reference);
            if row.is_some_and(|row| row.transaction_number == number) {
                self.open_transactions.remove(&reference);
            }
        }
    }

    async fn finish(
        &mut self,
        identity: TransactionIdentity,
        transaction_number: u64,
        data: &ProcessData,
        attempt: Attempt,
    ) -> Result<FinishedTransaction, ScuError> {
        let finish = FinishTransaction {
            identity,
            client_id: self.client_id().to_owned(),
            transaction_number,
            process_type: data.process_type.to_owned(),
            process_data_base64: data.base64(),
            is_retry: attempt == Attempt::Retry,
        };
        let answer = self.scu.finish_transaction(finish).await;
        self.settled(identity, answer, |trace| trace.finished).await
    }

    async fn start(
        &mut self,
        identity: TransactionIdentity,
        attempt: Attempt,
    ) -> Result<StartedTransaction, ScuError> {
        let start = StartTransaction {
            identity,
            client_id: self.client_id().to_owned(),
            is_retry: attempt == Attempt::Retry,
        };
        let answer = self.scu.start_transaction(start).await;
        self.settled(identity, answer, |trace| trace.started).await
    }

    /// Updates a transaction; carries neither process type nor data (4.4).
    ///
    /// # Errors
    /// When the TSE does not do it.
    pub async fn update(&mut self, transaction_number: u64) -> Result<UpdatedTransaction, ScuError> {
        let identity = self.next_identity();
        let update = UpdateTransaction {
            identity,
            client_id: self.client_id().to_owned(),
            transaction_number,
            process_type: String::new(),
            process_data_base64: String::new(),
            is_retry: false,
        };
        let answer = self.scu.update_transaction(update).await;
        self.settled(identity, answer, |trace| trace.updated).await
    }

    fn next_identity(&mut self) -> TransactionIdentity {
        let step = self.steps;
        self.steps += 1;
        TransactionIdentity {
            item: self.item.item,
            step,
        }
    }

    /// When a call got no answer, asks what became of it. If that cannot be learned either, the journal keeps a
    /// note that a signature may exist which no receipt shows.
    async fn settled<T>(
        &mut self,
        identity: TransactionIdentity,
        answer: Result<T, ScuError>,
        of_trace: impl FnOnce(TransactionTrace) -> Option<T>,
    ) -> Result<T, ScuError> {
        let error = match answer {
            Err(error) if error.may_have_signed() => error,
            known => return known,
        };
        match self.scu.trace(identity).await {
            Ok(trace) => of_trace(trace).ok_or(error),
            Err(_) => {
                self.note(Note {
                    priority: notes::ERROR,
                    kind: "TseOutcomeUnknown".to_owned(),
                    message: format!("The TSE may have signed step {} of this request.", identity.step),
                    data_json: None,
                });
                Err(error)
            }
        }
    }

    /// What the TSE says of itself, asked now; the SCU's row will say so too.
    ///
    /// # Errors
    /// When the TSE does not answer.
    pub async fn fresh_tse_info(&mut self) -> Result<TseInfo, ScuError> {
        let info = self.scu.tse_info().await?;
        if let Some(stored) = self.scu_in_use() {
            let json = serde_json::to_string(&info).expect("TSE info has only text keys");
            let mut row = stored.clone();
            row.tse_info_json = Some(json);
            row.time_stamp = self.now();
            self.scu_row = Some(row);
        }
        self.tse_info = Some(info.clone());
        Ok(info)
    }

    /// The TSE's certification as last known. Asked before anything is signed, so that a receipt never fails for
    /// it afterwards.
    ///
    /// # Errors
    /// When it is not known and the TSE does not answer.
    pub async fn certification(&mut self) -> Result<String, ScuError> {
        let known = self.tse_info.as_ref().or(self.state.tse_info.as_ref());
        let known = match known {
            Some(info) => info.certification_identification.clone(),
            None => self.fresh_tse_info().await?.certification_identification,
        };
        Ok(known.unwrap_or_default())
    }
}
