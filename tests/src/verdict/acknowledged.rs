//! I2, I3, I8 and I11: what was acknowledged is stored as it was answered, once, in the order in which it was asked, and
//! belongs to the request.

use std::collections::HashMap;
use std::time::Instant;

use serde_json::Value;
use shared::header;
use shared::identity::OperationId;

use super::run::CashboxRun;
use super::{Invariant, Violation};
use crate::history::Exchange;
use crate::history::journals::{Item, Journals};
use crate::history::moments;

/// What clients saw, beside the journals of their cashbox.
#[must_use]
pub fn judge(exchanges: &[Exchange], journals: &Journals) -> Vec<Violation> {
    let receipts: Vec<(&Exchange, Value)> = exchanges
        .iter()
        .filter_map(|exchange| Some((exchange, exchange.receipt()?)))
        .collect();
    let mut violations = Vec::new();
    for (exchange, receipt) in &receipts {
        violations.extend(judge_wires(exchange, receipt));
        violations.extend(judge_acknowledged(exchange, receipt, journals));
    }
    violations.extend(judge_operations(&receipts));
    violations.extend(judge_references(exchanges, journals));
    violations.extend(judge_order(exchanges, &receipts));
    violations
}

/// I3, in the database itself: an operation has one item at the most.
pub(super) fn judge_stored(run: &CashboxRun) -> Vec<Violation> {
    let mut by_operation: HashMap<OperationId, Vec<u64>> = HashMap::new();
    for stored in &run.after.items {
        by_operation
            .entry(stored.operation)
            .or_default()
            .push(stored.item.row);
    }
    let twice = by_operation.into_iter().filter(|(_, rows)| rows.len() > 1);
    twice
        .map(|(operation, rows)| {
            Violation::of(
                Invariant::I3,
                run.cashbox,
                format!("{operation} stands in the rows {rows:?}"),
            )
        })
        .collect()
}

/// I8, in the database itself: moments never go back.
pub(super) fn judge_moments(run: &CashboxRun) -> Vec<Violation> {
    let broken = moments::judge(&run.after.journals());
    let of_time = |what| Violation::of(Invariant::I8, run.cashbox, what);
    broken.into_iter().map(of_time).collect()
}

/// I11: the answer belongs to the request.
fn judge_wires(exchange: &Exchange, receipt: &Value) -> Vec<Violation> {
    let (cashbox, operation) = (exchange.cashbox, exchange.operation);
    let answer = exchange.answer.as_ref().expect("a receipt was answered");
    let mut violations = Vec::new();
    let named = answer.header(header::OPERATION_ID);
    if named != operation.to_string() {
        violations.push(Violation::of(
            Invariant::I11,
            cashbox,
            format!("{operation} was answered as {named:?}"),
        ));
    }
    let of = &receipt["ftCashBoxID"];
    if of != &cashbox.to_string() {
        let what = format!("{cashbox} was answered with a receipt of {of}");
        violations.push(Violation::of(Invariant::I11, cashbox, what));
    }
    violations
}

/// I2: an acknowledged receipt is stored as it was answered.
fn judge_acknowledged(exchange: &Exchange, receipt: &Value, journals: &Journals) -> Option<Violation> {
    let operation = exchange.operation;
    let id = receipt["ftQueueItemID"].as_str().unwrap_or_default();
    let what = match journals.items.iter().find(|item| item.id == id) {
        None => format!("{operation} was acknowledged as item {id}, which is not stored"),
        Some(item) if !same_receipt(&item.response, receipt) => {
            format!(
                "{operation} was answered {receipt}, but stored is {}",
                item.response
            )
        }
        Some(_) => return None,
    };
    Some(Violation::of(Invariant::I2, exchange.cashbox, what))
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

/// I3: one operation has one receipt and one content, and a receipt belongs to one operation.
fn judge_operations(receipts: &[(&Exchange, Value)]) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut by_operation: HashMap<OperationId, (&Exchange, &Value)> = HashMap::new();
    let mut by_item: HashMap<&str, OperationId> = HashMap::new();
    for (exchange, receipt) in receipts {
        let operation = exchange.operation;
        let (first, first_receipt) = *by_operation.entry(operation).or_insert((exchange, receipt));
        let mut broken = |what| violations.push(Violation::of(Invariant::I3, exchange.cashbox, what));
        if first_receipt != receipt {
            broken(format!("{operation} was answered with different receipts"));
        }
        if first.content != exchange.content {
            broken(format!("{operation} was acknowledged for different contents"));
        }
        let id = receipt["ftQueueItemID"].as_str().unwrap_or_default();
        let owner = *by_item.entry(id).or_insert(operation);
        if owner != operation {
            broken(format!(
                "{owner} and {operation} were both answered with item {id}"
            ));
        }
    }
    violations
}

/// I3 where no answer came: a reference stands in no more signed items than operations asked for it.
fn judge_references(exchanges: &[Exchange], journals: &Journals) -> Vec<Violation> {
    let mut asked: HashMap<&str, Vec<&Exchange>> = HashMap::new();
    for exchange in exchanges {
        let operations = asked.entry(&exchange.reference).or_default();
        if !operations
            .iter()
            .any(|known| known.operation == exchange.operation)
        {
            operations.push(exchange);
        }
    }
    let mut signed: HashMap<&str, usize> = HashMap::new();
    for item in journals.items.iter().filter(|item| item.is_signed()) {
        *signed.entry(&item.reference).or_default() += 1;
    }
    let twice = |(reference, count): (&str, usize)| {
        let operations = asked.get(reference)?;
        let what = format!(
            "{reference:?} was asked by {} operations and signed {count} times",
            operations.len()
        );
        (count > operations.len()).then(|| Violation::of(Invariant::I3, operations[0].cashbox, what))
    };
    signed.into_iter().filter_map(twice).collect()
}

/// From an operation's first sending to its first answer, and the number it got.
struct Span<'a> {
    exchange: &'a Exchange,
    numerator: u64,
    sent_at: Instant,
    answered_at: Instant,
}

/// I8: what was acknowledged before another operation was first sent has the smaller number.
fn judge_order(exchanges: &[Exchange], receipts: &[(&Exchange, Value)]) -> Vec<Violation> {
    let mut in_order = spans(exchanges, receipts);
    in_order.sort_by_key(|span| std::cmp::Reverse(span.numerator));
    let mut violations = Vec::new();
    // From the last number to the first: the earliest answer among larger numbers.
    let mut earliest: Option<&Span<'_>> = None;
    for span in &in_order {
        if let Some(later) = earliest.filter(|later| later.answered_at < span.sent_at) {
            let (before, after) = (later.exchange.operation, span.exchange.operation);
            let what = format!("{before} was answered before {after} was sent, but is numbered after it");
            violations.push(Violation::of(Invariant::I8, span.exchange.cashbox, what));
        }
        if earliest.is_none_or(|known| span.answered_at < known.answered_at) {
            earliest = Some(span);
        }
    }
    violations
}

fn spans<'a>(exchanges: &'a [Exchange], receipts: &[(&'a Exchange, Value)]) -> Vec<Span<'a>> {
    let mut spans: HashMap<OperationId, Span<'a>> = HashMap::new();
    for (exchange, receipt) in receipts {
        let Some(numerator) = Item::numerator(receipt) else {
            continue;
        };
        let answered_at = exchange.answered_at;
        let span = spans.entry(exchange.operation).or_insert(Span {
            exchange,
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
    spans.into_values().collect()
}
