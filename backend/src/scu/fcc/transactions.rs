//! Starts, updates and finishes; and what became of them when no answer came.
//!
//! An FCC takes no identity, so each step that is asked for is a doubt until it is answered. A repetition first looks
//! whether the earlier try was signed, and adopts that signature instead of asking for a second one:
//!
//! | step | found by |
//! |---|---|
//! | start | an open transaction of this client with a number above every known one |
//! | update | an update in the transaction's log with a counter above every known one |
//! | finish | a finish in the transaction's log with the same data: a transaction ends once |

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::Method;
use shared::clock::Ticks;

use super::call::{As, Call};
use super::log_message::LogMessage;
use super::memory::Doubt;
use super::tse::Details;
use super::wire::{NO_PROCESS_DATA, Signature, Started, Step, Updated};
use super::{Fcc, rejected};
use crate::scu::ScuError;
use crate::scu::types::{
    FinishTransaction, FinishedTransaction, StartTransaction, StartedTransaction, StepKind,
    TransactionIdentity, TransactionTrace, UpdateTransaction, UpdatedTransaction,
};

impl Fcc {
    pub(super) async fn start(&self, start: StartTransaction) -> Result<StartedTransaction, ScuError> {
        let (identity, client_id) = (start.identity, &*start.client_id);
        self.memory().is_asked_for(client_id);
        self.recall_if_due(identity.item).await?;
        if let Some(started) = self.memory().steps(identity).started {
            return Ok(started);
        }
        let details = self.details().await?;
        let recalled = self.recall().take_start(identity.item);
        if let Some(started) = recalled.map(|message| started(&message, details)) {
            self.memory().started(identity, &started);
            return Ok(started);
        }
        let earlier = self.memory().doubt(identity);
        if let Some(Doubt::Start { above, .. }) = earlier
            && let Some(started) = self.find_start(client_id, above).await?
        {
            self.memory().started(identity, &started);
            return Ok(started);
        }
        let doubt = Doubt::Start {
            client_id: client_id.to_owned(),
            above: self.newest_number(client_id).await?,
        };
        let step = Step::new(client_id, "", "");
        let call = Call::change(
            "starting a transaction",
            As::Bearer(client_id),
            Method::POST,
            "transaction",
            &step,
        );
        let answer: Started = self.ask_in_doubt(identity, doubt, &call).await?;
        let started = StartedTransaction {
            transaction_number: answer.transaction_number,
            time: answer.signature.log_time,
            serial_number: details.tss.serial_number_hex.clone(),
            client_id: client_id.to_owned(),
            signature: Some(details.signature(
                answer.signature.signature_counter,
                answer.signature.signature_value,
            )),
        };
        self.memory().started(identity, &started);
        Ok(started)
    }

    pub(super) async fn update(&self, update: UpdateTransaction) -> Result<UpdatedTransaction, ScuError> {
        let (identity, number) = (update.identity, update.transaction_number);
        self.memory().is_asked_for(&update.client_id);
        if let Some(updated) = self.memory().steps(identity).updated {
            return Ok(updated);
        }
        let details = self.details().await?;
        let log = self.log_of(number).await?;
        let earlier = self.memory().doubt(identity);
        if let Some(Doubt::Update { above, .. }) = earlier
            && let Some(updated) = find_update(&log, &update, above, details)
        {
            self.memory().updated(identity, &updated);
            return Ok(updated);
        }
        let doubt = Doubt::Update {
            update: update.clone(),
            above: log.iter().map(|message| message.counter).max().unwrap_or(0),
        };
        let step = Step::new(
            &update.client_id,
            &update.process_type,
            &update.process_data_base64,
        );
        let (as_whom, path) = (As::Bearer(&update.client_id), format!("transaction/{number}"));
        let call = Call::change("updating a transaction", as_whom, Method::POST, path, &step);
        let answer: Updated = self.ask_in_doubt(identity, doubt, &call).await?;
        let signature = answer.signature_counter.zip(answer.signature_value);
        let updated = UpdatedTransaction {
            transaction_number: number,
            time: answer.log_time.unwrap_or(unix_epoch()),
            serial_number: details.tss.serial_number_hex.clone(),
            client_id: update.client_id.clone(),
            process_type: Some(update.process_type),
            process_data_base64: Some(update.process_data_base64),
            signature: signature.map(|(counter, value)| details.signature(counter, value)),
        };
        self.memory().updated(identity, &updated);
        Ok(updated)
    }

    pub(super) async fn finish(&self, finish: FinishTransaction) -> Result<FinishedTransaction, ScuError> {
        let (identity, number) = (finish.identity, finish.transaction_number);
        self.memory().is_asked_for(&finish.client_id);
        if let Some(finished) = self.memory().steps(identity).finished {
            return Ok(finished);
        }
        let details = self.details().await?;
        // Before the finish, so that it is not signed in vain.
        let start_time = self.start_time(number).await?;
        let step = Step::new(
            &finish.client_id,
            &finish.process_type,
            &finish.process_data_base64,
        );
        let (as_whom, path) = (As::Bearer(&finish.client_id), format!("transaction/{number}"));
        let call = Call::change("finishing a transaction", as_whom, Method::PUT, path, &step);
        let asked = self
            .ask_in_doubt(identity, Doubt::Finish(finish.clone()), &call)
            .await;
        let finished = match asked {
            Ok(answer) => finished(&finish, start_time, answer, details),
            // It may be that it was finished already, by this unit or by one in a pod that died.
            Err(refusal @ ScuError::Rejected { .. }) => self.find_finish(&finish).await?.ok_or(refusal)?,
            Err(error) => return Err(error),
        };
        self.memory().finished(identity, &finished);
        Ok(finished)
    }

    /// What is known to be signed under an identity, once its doubts are settled as far as they can be.
    pub(super) async fn trace_of(&self, identity: TransactionIdentity) -> Result<TransactionTrace, ScuError> {
        let doubt = self.memory().doubt(identity);
        match doubt {
            Some(Doubt::Start { client_id, above }) => {
                if let Some(started) = self.find_start(&client_id, above).await? {
                    self.memory().started(identity, &started);
                }
            }
            Some(Doubt::Update { update, above }) => {
                let log = self.log_of(update.transaction_number).await?;
                if let Some(updated) = find_update(&log, &update, above, self.details().await?) {
                    self.memory().updated(identity, &updated);
                }
            }
            Some(Doubt::Finish(finish)) => {
                if let Some(finished) = self.find_finish(&finish).await? {
                    self.memory().finished(identity, &finished);
                }
            }
            None => {}
        }
        let steps = self.memory().steps(identity);
        match steps == TransactionTrace::default() {
            true => self.recalled(identity).await,
            false => Ok(steps),
        }
    }

    /// Makes a call that signs. The doubt is noted before, because whoever waits for the answer may stop waiting.
    async fn ask_in_doubt<T: serde::de::DeserializeOwned>(
        &self,
        identity: TransactionIdentity,
        doubt: Doubt,
        call: &Call<'_>,
    ) -> Result<T, ScuError> {
        let is_first = self.memory().doubt(identity).is_none();
        self.memory().asks(identity, doubt);
        let answer = self.client.ask(call).await;
        let is_surely_not_done = answer.as_ref().is_err_and(|error| !error.may_have_signed());
        if is_first && is_surely_not_done {
            self.memory().not_done(identity);
        }
        answer
    }

    /// The highest number that the client is known to have got so far.
    async fn newest_number(&self, client_id: &str) -> Result<u64, ScuError> {
        if let Some(newest) = self.memory().newest() {
            return Ok(newest);
        }
        let newest = self.open_numbers(client_id).await?.last().copied().unwrap_or(0);
        self.memory().knows_through(newest);
        Ok(newest)
    }

    /// A start of which no answer was heard: the first open transaction above the known ones that no answer named.
    async fn find_start(&self, client_id: &str, above: u64) -> Result<Option<StartedTransaction>, ScuError> {
        let open = self.open_numbers(client_id).await?;
        let number = {
            let memory = self.memory();
            let mut unclaimed = open
                .into_iter()
                .filter(|number| !memory.is_accounted_for(*number));
            unclaimed.find(|number| *number > above)
        };
        let Some(number) = number else {
            return Ok(None);
        };
        let log = self.log_of(number).await?;
        let start = log.iter().find(|message| message.kind == StepKind::Start);
        let start = start.ok_or_else(|| not_in_log(number))?;
        Ok(Some(started(start, self.details().await?)))
    }

    async fn find_finish(&self, finish: &FinishTransaction) -> Result<Option<FinishedTransaction>, ScuError> {
        let log = self.log_of(finish.transaction_number).await?;
        let Some(message) = log.iter().find(|message| is_finish(message, finish)) else {
            return Ok(None);
        };
        let start_time = self.start_time(finish.transaction_number).await?;
        let signature = Signature {
            signature_counter: message.counter,
            signature_value: BASE64.encode(&message.signature),
            log_time: message.time,
        };
        Ok(Some(finished(
            finish,
            start_time,
            signature,
            self.details().await?,
        )))
    }

    /// When a transaction was started: remembered, or read in the TSE's log after a restart.
    async fn start_time(&self, number: u64) -> Result<Ticks, ScuError> {
        if let Some(time) = self.memory().start_time(number) {
            return Ok(time);
        }
        let log = self.log_of(number).await?;
        let start = log.iter().find(|message| message.kind == StepKind::Start);
        let time = start.ok_or_else(|| not_in_log(number))?.time;
        self.memory().started_at(number, time);
        Ok(time)
    }
}

/// A start as the log shows it.
pub(super) fn started(message: &LogMessage, details: &Details) -> StartedTransaction {
    StartedTransaction {
        transaction_number: message.number,
        time: message.time,
        serial_number: details.tss.serial_number_hex.clone(),
        client_id: message.client_id.clone(),
        signature: Some(details.signature(message.counter, BASE64.encode(&message.signature))),
    }
}

fn finished(
    finish: &FinishTransaction,
    start_time: Ticks,
    signature: Signature,
    details: &Details,
) -> FinishedTransaction {
    FinishedTransaction {
        transaction_number: finish.transaction_number,
        start_time,
        time: signature.log_time,
        time_format: details.tss.time_format.clone(),
        serial_number: details.tss.serial_number_hex.clone(),
        client_id: finish.client_id.clone(),
        process_type: finish.process_type.clone(),
        process_data_base64: finish.process_data_base64.clone(),
        signature: details.signature(signature.signature_counter, signature.signature_value),
    }
}

fn find_update(
    log: &[LogMessage],
    update: &UpdateTransaction,
    above: u64,
    details: &Details,
) -> Option<UpdatedTransaction> {
    let is_new = |message: &&LogMessage| message.kind == StepKind::Update && message.counter > above;
    let message = log.iter().find(is_new)?;
    Some(UpdatedTransaction {
        transaction_number: update.transaction_number,
        time: message.time,
        serial_number: details.tss.serial_number_hex.clone(),
        client_id: update.client_id.clone(),
        process_type: Some(update.process_type.clone()),
        process_data_base64: Some(update.process_data_base64.clone()),
        signature: Some(details.signature(message.counter, BASE64.encode(&message.signature))),
    })
}

/// Whether a log message is this very finish.
fn is_finish(message: &LogMessage, finish: &FinishTransaction) -> bool {
    let sent = match finish.process_data_base64.as_str() {
        "" => NO_PROCESS_DATA,
        data => data,
    };
    message.kind == StepKind::Finish
        && message.client_id == finish.client_id
        && message.process_type == finish.process_type
        && BASE64.decode(sent).is_ok_and(|data| data == message.process_data)
}

fn not_in_log(number: u64) -> ScuError {
    rejected(&format!(
        "The FCC's log does not hold the start of the transaction with the number {number}."
    ))
}

/// The time of an update that the FCC does not sign.
fn unix_epoch() -> Ticks {
    Ticks::from_timestamp(jiff::Timestamp::UNIX_EPOCH)
}
