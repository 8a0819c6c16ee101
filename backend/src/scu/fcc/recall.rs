//! Finds what the TSE has signed for a receipt whose pod died, so that it is not signed a second time.
//!
//! An FCC keeps no identity, but a queue has one request at a time and one name at the TSE. So whatever was started
//! for that name after the last transaction on record, at about the time of the interrupted request, belongs to it:
//!
//! ```text
//! journal: last transaction on record 41 │ intent of receipt 8, taken at 12:00:00
//! TSE log:                            41 │ 42 start 12:00:00 ─ 42 finish 12:00:01
//!                                        └ recalled: the start of receipt 8 is 42, and so is its finish if its data agree
//! ```

use std::collections::{BTreeMap, VecDeque};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use shared::clock::Ticks;
use shared::identity::QueueItemId;

use super::Fcc;
use super::log_message::LogMessage;
use super::transactions::started;
use super::tse::Details;
use crate::scu::ScuError;
use crate::scu::types::{
    FinishedTransaction, Interrupted, SignedStep, StartedTransaction, StepKind, TransactionIdentity,
    TransactionTrace,
};

/// How far the clocks of pod and TSE may be apart.
const CLOCKS_APART: i64 = 5 * 60 * 10_000_000;
/// How long after it was taken a request may still have been worked on by the pod that took it.
const WORKED_ON: i64 = 60 * 60 * 10_000_000;

/// A receipt to be settled, and what was found for it. Has no debug form: it holds receipts.
#[derive(Default)]
pub struct Recall {
    due: Option<Interrupted>,
    item: Option<QueueItemId>,
    found: VecDeque<Vec<LogMessage>>,
}

impl Recall {
    /// The start that the receipt had made next, if it had; each is given once.
    pub fn take_start(&mut self, item: QueueItemId) -> Option<LogMessage> {
        if self.item != Some(item) {
            return None;
        }
        let transaction = self.found.pop_front()?;
        transaction
            .into_iter()
            .find(|message| message.kind == StepKind::Start)
    }

    fn transaction(&self, identity: TransactionIdentity) -> Option<&[LogMessage]> {
        let at = usize::try_from(identity.step).ok()?;
        let found = (self.item == Some(identity.item)).then(|| self.found.get(at))?;
        found.map(Vec::as_slice)
    }
}

impl Fcc {
    /// Notes an interrupted receipt and looks for what was signed for it. When the FCC does not answer now, it is looked
    /// for before the receipt starts a transaction.
    pub(super) async fn recall_for(&self, interrupted: Interrupted) -> Result<Vec<SignedStep>, ScuError> {
        let item = interrupted.item;
        self.memory().is_asked_for(&interrupted.client_id);
        self.recall().due = Some(interrupted);
        self.recall_if_due(item).await?;
        let recall = self.recall();
        Ok(recall
            .found
            .iter()
            .flatten()
            .map(|message| step_of(item, message))
            .collect())
    }

    /// Looks for what was signed for an interrupted receipt, unless that was done.
    pub(super) async fn recall_if_due(&self, item: QueueItemId) -> Result<(), ScuError> {
        let due = self.recall().due.clone().filter(|due| due.item == item);
        let Some(due) = due else {
            return Ok(());
        };
        let found = self.signed_since(&due).await?;
        let mut recall = self.recall();
        recall.due = None;
        recall.item = Some(item);
        recall.found = found;
        Ok(())
    }

    async fn signed_since(&self, due: &Interrupted) -> Result<VecDeque<Vec<LogMessage>>, ScuError> {
        let (from, to) = (Ticks(due.since.0 - CLOCKS_APART), Ticks(due.since.0 + WORKED_ON));
        let mut messages = self.log_between(&due.client_id, from, to).await?;
        // One that is still open may not stand in an export by time.
        for number in self.open_numbers(&due.client_id).await? {
            if number > due.recorded_through && !messages.iter().any(|message| message.number == number) {
                messages.extend(self.log_of(number).await?);
            }
        }
        Ok(transactions_of(messages, due.recorded_through, from, to))
    }

    /// What was found for an interrupted receipt and not taken up by it.
    pub(super) async fn recalled(&self, identity: TransactionIdentity) -> Result<TransactionTrace, ScuError> {
        self.recall_if_due(identity.item).await?;
        let details = self.details().await?;
        let recall = self.recall();
        let transaction = recall.transaction(identity).unwrap_or_default();
        let of_kind = |kind| transaction.iter().find(|message| message.kind == kind);
        let start = of_kind(StepKind::Start).map(|message| started(message, details));
        let finish = start.as_ref().zip(of_kind(StepKind::Finish));
        Ok(TransactionTrace {
            finished: finish.map(|(start, message)| finished(start, message, details)),
            started: start,
            updated: None,
        })
    }
}

/// Transactions above the last one on record that were started between two moments, in order of their numbers.
fn transactions_of(
    messages: Vec<LogMessage>,
    recorded_through: u64,
    from: Ticks,
    to: Ticks,
) -> VecDeque<Vec<LogMessage>> {
    let mut transactions = BTreeMap::<u64, Vec<LogMessage>>::new();
    for message in messages {
        if message.number > recorded_through {
            transactions.entry(message.number).or_default().push(message);
        }
    }
    let was_started =
        |message: &LogMessage| message.kind == StepKind::Start && (from..=to).contains(&message.time);
    let recent = transactions
        .into_values()
        .filter(|messages| messages.iter().any(was_started));
    recent.collect()
}

fn step_of(item: QueueItemId, message: &LogMessage) -> SignedStep {
    SignedStep {
        identity: TransactionIdentity { item, step: 0 },
        kind: message.kind,
        transaction_number: message.number,
        counter: message.counter,
        time: message.time,
        signature_base64: BASE64.encode(&message.signature),
    }
}

fn finished(start: &StartedTransaction, message: &LogMessage, details: &Details) -> FinishedTransaction {
    FinishedTransaction {
        transaction_number: message.number,
        start_time: start.time,
        time: message.time,
        time_format: details.tss.time_format.clone(),
        serial_number: details.tss.serial_number_hex.clone(),
        client_id: message.client_id.clone(),
        process_type: message.process_type.clone(),
        process_data_base64: BASE64.encode(&message.process_data),
        signature: details.signature(message.counter, BASE64.encode(&message.signature)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: StepKind, number: u64, time: i64) -> LogMessage {
        LogMessage {
            kind,
            client_id: "K".to_owned(),
            process_type: String::new(),
            process_data: Vec::new(),
            number,
            counter: number * 10,
            time: Ticks(time),
            signature: vec![1],
        }
    }

    #[test]
    fn only_transactions_after_the_last_on_record_and_of_that_time_belong_to_the_receipt() {
        let messages = vec![
            message(StepKind::Start, 41, 100),
            message(StepKind::Finish, 41, 101),
            message(StepKind::Start, 43, 110),
            message(StepKind::Start, 42, 105),
            message(StepKind::Finish, 42, 106),
            // Started long before, by a call that took effect late.
            message(StepKind::Start, 44, 9),
            // Started before the range that was asked for.
            message(StepKind::Finish, 45, 107),
        ];
        let found = transactions_of(messages, 41, Ticks(50), Ticks(150));
        let numbers: Vec<_> = found
            .iter()
            .map(|messages| (messages[0].number, messages.len()))
            .collect();
        assert_eq!(numbers, [(42, 2), (43, 1)]);
    }

    #[test]
    fn a_start_is_given_once_and_only_to_its_receipt() {
        let item = QueueItemId::from_u128(1);
        let mut recall = Recall {
            due: None,
            item: Some(item),
            found: VecDeque::from([vec![message(StepKind::Start, 42, 1)]]),
        };
        assert_eq!(recall.take_start(QueueItemId::from_u128(2)), None);
        assert_eq!(recall.take_start(item).map(|message| message.number), Some(42));
        assert_eq!(recall.take_start(item), None);
    }
}
