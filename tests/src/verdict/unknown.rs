//! I7: an unknown outcome is resolved once. Asked again by its operation id, an operation is answered with its
//! receipt, or signed now because it never was; and the answer never changes.

use shared::identity::OperationId;

use super::run::CashboxRun;
use super::{Counts, Invariant, Violation};
use crate::history::Exchange;
use crate::history::journals::Item;

/// How often each unknown operation must have been asked again.
pub const ASKED_AGAIN: usize = 2;

/// Every unknown outcome that stayed unknown, or changed.
pub(super) fn judge(run: &CashboxRun, counts: &mut Counts) -> Vec<Violation> {
    let mut broken = Vec::new();
    for operation in run.unknown() {
        match resolve(run, operation) {
            Ok(resolution) => *counts.unknown.entry(resolution.to_owned()).or_default() += 1,
            Err(what) => {
                *counts.unknown.entry("not resolved".to_owned()).or_default() += 1;
                broken.push(format!("{operation}, whose outcome was unknown, {what}"));
            }
        }
    }
    broken
        .into_iter()
        .map(|what| Violation::of(Invariant::I7, run.cashbox, what))
        .collect()
}

fn resolve(run: &CashboxRun, operation: OperationId) -> Result<&'static str, String> {
    let again: Vec<&Exchange> = run
        .asked_again
        .iter()
        .filter(|exchange| exchange.operation == operation)
        .collect();
    if again.len() < ASKED_AGAIN {
        return Err(format!("was asked again {} times", again.len()));
    }
    if let Some(vague) = again.iter().find(|exchange| !exchange.is_definite()) {
        return Err(format!("was still not told: {:?}", vague.answer));
    }
    let answers: Vec<_> = again
        .iter()
        .filter_map(|exchange| exchange.answer.as_ref())
        .collect();
    if answers
        .iter()
        .any(|answer| (answer.status, &answer.body) != (answers[0].status, &answers[0].body))
    {
        return Err("was answered differently from one time to the next".to_owned());
    }
    let was_signed = run
        .before
        .of_operation(operation)
        .map(|stored| &stored.item)
        .find(|item| item.is_signed());
    match (was_signed, again[0].receipt()) {
        (Some(item), Some(receipt)) if receipt["ftQueueItemID"] == item.id.as_str() => Ok("was signed"),
        (Some(item), _) => Err(format!(
            "was signed as item {}, but is answered otherwise",
            item.id
        )),
        (None, Some(_)) => Ok("was not signed before it was asked again"),
        (None, None) if is_stored_as_refused(run, operation) => Ok("was stored as an error"),
        (None, None) => Ok("was refused for good"),
    }
}

fn is_stored_as_refused(run: &CashboxRun, operation: OperationId) -> bool {
    run.after
        .of_operation(operation)
        .map(|stored| &stored.item)
        .any(Item::is_finished)
}
