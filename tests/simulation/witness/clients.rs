//! What clients were told: nothing that is not on record, nothing twice, nothing out of order.

use shared::api::receipt_response::ReceiptResponse;
use shared::identity::{CashBoxId, OperationId};

use super::Witness;

/// What is known of an operation on the clients' side.
#[derive(Debug)]
pub(super) struct Operation {
    content_hash: [u8; 32],
    /// The highest number that anybody had been told when it was first sent.
    after: i64,
    answer: Option<String>,
}

impl Witness {
    /// A client sends an operation, for the first time or again.
    pub fn sent(&mut self, cashbox: CashBoxId, operation: OperationId, content_hash: [u8; 32]) {
        self.count("requests");
        let after = self.acknowledged.get(&cashbox).copied().unwrap_or(0);
        let first = || Operation {
            content_hash,
            after,
            answer: None,
        };
        self.operations.entry((cashbox, operation)).or_insert_with(first);
    }

    /// A client was given a receipt.
    pub fn told(
        &mut self,
        now_ms: u64,
        cashbox: CashBoxId,
        operation: OperationId,
        content_hash: [u8; 32],
        response: &ReceiptResponse,
    ) {
        self.count("answers");
        let seen = &self.queues[&self.queue_of[&cashbox]];
        let (name, stored) = (seen.name.clone(), seen.receipts.get(&operation).cloned());
        let Some(stored) = stored else {
            return self.violation(
                now_ms,
                format!("{name}: {operation} was acknowledged and is not on record"),
            );
        };
        self.note(now_ms, || {
            format!("a client has receipt {} of {name}", stored.number)
        });
        let same =
            ReceiptResponse::from_json(stored.response.as_bytes()).is_ok_and(|stored| stored == *response);
        if !same {
            self.violation(
                now_ms,
                format!(
                    "{name}: the answer for receipt {} is not what is stored",
                    stored.number
                ),
            );
        }
        if response.cash_box_id.parse() != Ok(cashbox) {
            self.violation(
                now_ms,
                format!("{name} was answered for {}", response.cash_box_id),
            );
        }
        let sent = self
            .operations
            .get(&(cashbox, operation))
            .expect("it was sent before it was answered");
        if sent.content_hash != content_hash {
            self.violation(
                now_ms,
                format!("{name}: {operation} was answered for other content"),
            );
        } else if stored.number <= sent.after {
            let after = sent.after;
            self.violation(
                now_ms,
                format!(
                    "{name}: receipt {} was asked for after {after} was known",
                    stored.number
                ),
            );
        }
        let last = self.acknowledged.entry(cashbox).or_default();
        *last = (*last).max(stored.number);
        self.answered(now_ms, cashbox, operation, format!("receipt {}", stored.number));
    }

    /// A client was told that an operation has no receipt and never will have one.
    pub fn denied(&mut self, now_ms: u64, cashbox: CashBoxId, operation: OperationId, message: &str) {
        self.count("rejections");
        self.answered(now_ms, cashbox, operation, format!("rejected: {message}"));
    }

    /// The first answer of an operation is its answer for ever.
    fn answered(&mut self, now_ms: u64, cashbox: CashBoxId, operation: OperationId, answer: String) {
        let known = self
            .operations
            .get_mut(&(cashbox, operation))
            .expect("it was sent before it was answered");
        let first = known.answer.get_or_insert_with(|| answer.clone());
        if *first != answer {
            let first = first.clone();
            self.violation(
                now_ms,
                format!("{operation} was answered {first:?} and then {answer:?}"),
            );
        }
    }
}
