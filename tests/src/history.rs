//! What was asked and answered, and whether the journals agree.
//!
//! The client's record and the journal of a queue are two witnesses. [`judge`] compares them by the invariants
//! I1, I2, I3, I8 and I11 of the README: it recomputes hashes and numbers from the stored texts with code that
//! shares nothing with the system under test.
//!
//! [`judge`]: crate::history::judge

/// The chain rule, implemented a second time.
pub mod chain;
/// A queue's journals, as they are exported.
pub mod journals;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde_json::Value;
use shared::header;
use shared::identity::{CashBoxId, OperationId};

use crate::client::{Answer, Pos};
use journals::{Item, Journals};

/// One request and what came of it.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// Whose receipt.
    pub cashbox: CashBoxId,
    /// Which operation; a repetition has the same.
    pub operation: OperationId,
    /// The receipt's `cbReceiptReference`. Tests give each operation one of its own.
    pub reference: String,
    /// Just before it was sent.
    pub sent_at: Instant,
    /// Just after it was answered or given up.
    pub answered_at: Instant,
    /// The answer; none when the connection was lost, and then nothing is known.
    pub answer: Option<Answer>,
}

impl Exchange {
    /// The receipt, if this was answered with one.
    fn receipt(&self) -> Option<Value> {
        let answer = self.answer.as_ref().filter(|answer| answer.status == 200)?;
        let receipt: Value = serde_json::from_str(&answer.body).ok()?;
        receipt["ftQueueItemID"].is_string().then_some(receipt)
    }
}

/// The record of one or more clients.
#[derive(Debug, Clone, Default)]
pub struct History(Arc<Mutex<Vec<Exchange>>>);

impl History {
    /// Adds what was seen.
    pub fn record(&self, exchange: Exchange) {
        self.0.lock().unwrap().push(exchange);
    }

    /// Everything so far.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.0.lock().unwrap().clone()
    }
}

/// Reads the journals of a POS's cashbox and fails the test with every invariant that they break.
/// Answers the journals, for what a test wants to know besides.
pub async fn assert_sound(pos: &Pos) -> Journals {
    let journals = Journals::read(pos).await;
    let violations = judge(&pos.history().exchanges(), &journals);
    assert!(
        violations.is_empty(),
        "broken invariants:\n  {}",
        violations.join("\n  ")
    );
    journals
}

/// Every invariant that the record of one cashbox and its journals break, in words.
#[must_use]
pub fn judge(exchanges: &[Exchange], journals: &Journals) -> Vec<String> {
    let mut violations = chain::judge(journals);
    let receipts: Vec<(&Exchange, Value)> = exchanges
        .iter()
        .filter_map(|exchange| Some((exchange, exchange.receipt()?)))
        .collect();
    for (exchange, receipt) in &receipts {
        violations.extend(judge_acknowledged(exchange, receipt, journals));
    }
    violations.extend(judge_operations(&receipts));
    violations.extend(judge_references(exchanges, journals));
    violations.extend(judge_order(exchanges, &receipts));
    violations
}

/// I2 and I11: an acknowledged receipt is stored as it was answered, and the answer belongs to the request.
fn judge_acknowledged(exchange: &Exchange, receipt: &Value, journals: &Journals) -> Vec<String> {
    let mut violations = Vec::new();
    let operation = exchange.operation;
    let answer = exchange.answer.as_ref().expect("a receipt was answered");
    if answer.header(header::OPERATION_ID) != operation.to_string() {
        violations.push(format!(
            "{operation} was answered as {:?}",
            answer.header(header::OPERATION_ID)
        ));
    }
    if receipt["ftCashBoxID"] != exchange.cashbox.to_string() {
        violations.push(format!(
            "{} was answered with a receipt of {}",
            exchange.cashbox, receipt["ftCashBoxID"]
        ));
    }
    let id = receipt["ftQueueItemID"].as_str().unwrap_or_default();
    match journals.items.iter().find(|item| item.id == id) {
        None => violations.push(format!(
            "{operation} was acknowledged as item {id}, which is not stored"
        )),
        Some(item) if !same_receipt(&item.response, receipt) => {
            violations.push(format!(
                "{operation} was answered {receipt}, but stored is {}",
                item.response
            ));
        }
        Some(_) => {}
    }
    violations
}

/// Whether a stored response and an answer are one receipt: the answer may write its names in another letter case
/// and nulls where the stored text leaves members out (`fiscal-spec.md` 1.5).
fn same_receipt(stored: &str, answered: &Value) -> bool {
    serde_json::from_str::<Value>(stored).is_ok_and(|stored| plain(&stored) == plain(answered))
}

fn plain(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .filter(|(_, member)| !member.is_null())
            .map(|(name, member)| (name.to_lowercase(), plain(member)))
            .collect(),
        Value::Array(values) => values.iter().map(plain).collect(),
        other => other.clone(),
    }
}

/// I3: one operation has one receipt, and a receipt belongs to one operation.
fn judge_operations(receipts: &[(&Exchange, Value)]) -> Vec<String> {
    let mut violations = Vec::new();
    let mut by_operation: HashMap<OperationId, &Value> = HashMap::new();
    let mut by_item: HashMap<&str, OperationId> = HashMap::new();
    for (exchange, receipt) in receipts {
        let operation = exchange.operation;
        if *by_operation.entry(operation).or_insert(receipt) != receipt {
            violations.push(format!("{operation} was answered with different receipts"));
        }
        let id = receipt["ftQueueItemID"].as_str().unwrap_or_default();
        let first = *by_item.entry(id).or_insert(operation);
        if first != operation {
            violations.push(format!(
                "{first} and {operation} were both answered with item {id}"
            ));
        }
    }
    violations
}

/// I3 where no answer came: a reference stands in no more signed items than operations asked for it.
fn judge_references(exchanges: &[Exchange], journals: &Journals) -> Vec<String> {
    let mut asked: HashMap<&str, Vec<OperationId>> = HashMap::new();
    for exchange in exchanges {
        let operations = asked.entry(&exchange.reference).or_default();
        if !operations.contains(&exchange.operation) {
            operations.push(exchange.operation);
        }
    }
    let mut signed: HashMap<&str, usize> = HashMap::new();
    for item in journals.items.iter().filter(|item| item.is_signed()) {
        *signed.entry(&item.reference).or_default() += 1;
    }
    let twice = |(reference, count): (&str, usize)| {
        let operations = asked.get(reference)?.len();
        (count > operations)
            .then(|| format!("{reference:?} was asked by {operations} operations and signed {count} times"))
    };
    signed.into_iter().filter_map(twice).collect()
}

/// I8: what was acknowledged before another operation was first sent has the smaller number.
fn judge_order(exchanges: &[Exchange], receipts: &[(&Exchange, Value)]) -> Vec<String> {
    let mut spans: HashMap<OperationId, Span> = HashMap::new();
    for (exchange, receipt) in receipts {
        let Some(numerator) = Item::numerator(receipt) else {
            continue;
        };
        let answered_at = exchange.answered_at;
        let span = spans.entry(exchange.operation).or_insert(Span {
            numerator,
            sent_at: answered_at,
            answered_at,
        });
        span.answered_at = span.answered_at.min(answered_at);
    }
    for exchange in exchanges {
        if let Some(span) = spans.get_mut(&exchange.operation) {
            span.sent_at = span.sent_at.min(exchange.sent_at);
        }
    }
    let mut violations = Vec::new();
    for (earlier, before) in &spans {
        for (later, after) in &spans {
            if before.answered_at < after.sent_at && before.numerator >= after.numerator {
                violations.push(format!(
                    "{earlier} was answered before {later} was sent, but is numbered after it"
                ));
            }
        }
    }
    violations
}

/// From an operation's first sending to its first answer, and the number it got.
struct Span {
    numerator: u64,
    sent_at: Instant,
    answered_at: Instant,
}

#[cfg(test)]
mod tests;
