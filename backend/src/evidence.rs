//! What this pod did, for a judge: one line for each step that an invariant speaks of.
//!
//! Written with `tracing` under the target [`TARGET`](crate::evidence::TARGET) at level trace, so it is off unless
//! asked for (`Logging__LogLevel__evidence=Trace` with `Byodc__Log__Format=json`), and each line is one write that a killed
//! process leaves behind. A line is written after the step it tells of is certain; `intent`, `commit` and `claim` may
//! be missing when the process died right after them, so a judge takes their absence for "maybe". Never a receipt's
//! content, never a token.

use shared::clock::Ticks;

use crate::journal::entry::{Entry, Intent};
use crate::ownership::tenure::Tenure;
use crate::scu::types::{SignedStep, TransactionIdentity};

/// The target of every line.
pub const TARGET: &str = "evidence";

/// Writes a line about a tenure: what, cashbox, epoch, pod, and the fields given.
macro_rules! line {
    ($tenure:expr, $what:literal $(, $($field:tt)+)?) => {
        tracing::trace!(
            target: TARGET,
            what = $what,
            cashbox.id = %$tenure.cashbox(),
            epoch = $tenure.epoch().0,
            pod.id = %$tenure.pod(),
            $($($field)+)?
        )
    };
}

/// The queue was claimed in the journal.
pub fn claim(tenure: &Tenure, reason: &str) {
    line!(tenure, "claim", queue.id = %tenure.queue(), reason);
}

/// A configuration is in force from here on; its version is the cashbox's time stamp.
pub fn config(tenure: &Tenure, version: Ticks) {
    line!(tenure, "config", version = version.0);
}

/// An intent is durable.
pub fn intent(tenure: &Tenure, intent: &Intent) {
    line!(tenure, "intent", row = intent.item.row, queue_item.id = %intent.item.item, operation.id = %intent.operation);
}

/// The TSE is about to be asked for a signature.
pub fn tse_start(tenure: &Tenure, call: &str, identity: TransactionIdentity) {
    line!(tenure, "tse-start", call, queue_item.id = %identity.item, step = identity.step);
}

/// The TSE has answered with a signature.
pub fn tse_ok(tenure: &Tenure, call: &str, identity: TransactionIdentity) {
    line!(tenure, "tse-ok", call, queue_item.id = %identity.item, step = identity.step);
}

/// An outcome is durable; `number` is 0 where it is no receipt. `version` is that of the configuration in force.
pub fn commit(tenure: &Tenure, entry: &Entry, version: Ticks) {
    let number = entry.receipt.as_ref().map_or(0, |receipt| receipt.number);
    line!(tenure, "commit", row = entry.item.row, queue_item.id = %entry.item.item, operation.id = %entry.operation, number,
        version = version.0);
}

/// The journal refused this pod: a newer claim exists.
pub fn fenced(tenure: &Tenure, doing: &str) {
    line!(tenure, "fenced", doing);
}

/// The cashbox is about to be given back; nothing is written under this tenure any more.
pub fn release(tenure: &Tenure, reason: &str) {
    line!(tenure, "release", reason);
}

/// The cashbox was handed over to another pod; nothing is written under this tenure any more.
pub fn handover(tenure: &Tenure, to: &str) {
    line!(tenure, "handover", to);
}

/// A signature that belongs to no receipt was journaled.
pub fn orphan(tenure: &Tenure, step: &SignedStep) {
    let identity = step.identity;
    line!(tenure, "orphan", call = step.kind.word(), queue_item.id = %identity.item, step = identity.step,
        signature = step.counter);
}
