//! What was asked and answered, and whether the journals agree.
//!
//! The client's record and the journal of a queue are two witnesses. [`judge`] compares them by the invariants
//! I1, I2, I3, I8 and I11: it recomputes hashes and numbers from the stored texts with code that shares nothing with
//! the system under test. Whole runs, with all witnesses, are judged by [`verdict`].
//!
//! [`judge`]: crate::history::judge
//! [`verdict`]: crate::verdict

/// The chain rule, implemented a second time.
pub mod chain;
/// Moments never go back.
pub mod moments;
/// A record as a file.
pub mod record;
/// A queue's journals, as they are exported.
pub mod journals;

use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde_json::Value;
use shared::identity::{CashBoxId, OperationId};

use crate::client::{Answer, Pos};
use crate::verdict::acknowledged;
use journals::Journals;

/// One request and what came of it.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// Whose receipt.
    pub cashbox: CashBoxId,
    /// Which operation; a repetition has the same.
    pub operation: OperationId,
    /// The receipt's `cbReceiptReference`. Tests give each operation one of its own.
    pub reference: String,
    /// What was posted.
    pub content: String,
    /// Just before it was sent.
    pub sent_at: Instant,
    /// Just after it was answered or given up.
    pub answered_at: Instant,
    /// The answer; none when the connection was lost, and then nothing is known.
    pub answer: Option<Answer>,
}

impl Exchange {
    /// Whether the answer says what became of the operation. A refusal for a while, a lost connection and a bug do not.
    #[must_use]
    pub fn is_definite(&self) -> bool {
        let Some(answer) = &self.answer else { return false };
        match answer.status {
            200 | 400 | 401 | 409 | 413 => true,
            500 => answer.body.contains("Receipt not processed"),
            _ => false,
        }
    }

    /// The receipt, if this was answered with one.
    pub(crate) fn receipt(&self) -> Option<Value> {
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
    let acknowledged = acknowledged::judge(exchanges, journals);
    let in_words = acknowledged.iter().map(ToString::to_string);
    let chained = chain::judge(journals).into_iter();
    chained.chain(moments::judge(journals)).chain(in_words).collect()
}

#[cfg(test)]
pub(crate) mod tests;
