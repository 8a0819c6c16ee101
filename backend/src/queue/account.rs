//! What the TSE has signed, compared with what the journal holds. Pure.
//!
//! Every TSE call follows a durable intent, so each signature belongs to an item of the journal. Two things can be
//! wrong, and they mean different things:
//!
//! ```text
//! signature ─ item unknown ─────────────▶ unknown: the journal is older than the TSE
//!           ├ item without an outcome ──▶ undecided: it is being worked on, or will be settled
//!           ├ shown by its receipt, or its transaction is open on record or finished by one that is shown ─▶ fine
//!           └ otherwise ────────────────▶ orphan: signed, and no receipt shows it
//! ```

use std::collections::{BTreeSet, HashMap};

use serde_json::json;
use shared::identity::QueueItemId;

use super::notes::{self, Note};
use crate::journal::entry::StoredOperation;
use crate::scu::types::{SignedStep, StepKind};

/// What a comparison found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Signatures whose item the journal does not know, newest first.
    pub unknown: Vec<SignedStep>,
    /// Signatures of known items that no receipt shows, newest first.
    pub orphans: Vec<SignedStep>,
}

/// Compares signatures with the items that they name. `open` are the transactions on record as open.
#[must_use]
pub fn compare(
    steps: &[SignedStep],
    items: &HashMap<QueueItemId, StoredOperation>,
    open: &BTreeSet<u64>,
) -> Findings {
    let shown = |step: &SignedStep| {
        items
            .get(&step.identity.item)
            .is_some_and(|item| shows(item, step))
    };
    let finished: BTreeSet<u64> = steps
        .iter()
        .filter(|step| step.kind == StepKind::Finish && shown(step))
        .map(|step| step.transaction_number)
        .collect();
    let mut findings = Findings::default();
    for step in steps {
        let number = step.transaction_number;
        match items.get(&step.identity.item) {
            None => findings.unknown.push(step.clone()),
            Some(item) if item.outcome.is_none() => {}
            Some(item) if shows(item, step) => {}
            // A start whose receipt went on without the TSE is accounted for by its transaction.
            Some(_)
                if step.kind != StepKind::Finish
                    && (open.contains(&number) || finished.contains(&number)) => {}
            Some(_) => findings.orphans.push(step.clone()),
        }
    }
    findings
}

/// Whether the stored answer shows the signature.
fn shows(item: &StoredOperation, step: &SignedStep) -> bool {
    let response = item.item.response.as_deref();
    response.is_some_and(|response| response.contains(&step.signature_base64))
}

/// What the action journal says of a signature that no receipt shows.
#[must_use]
pub fn orphan(step: &SignedStep) -> Note {
    let SignedStep {
        identity,
        transaction_number,
        counter,
        ..
    } = step;
    let kind = step.kind.word();
    Note {
        priority: notes::ERROR,
        kind: "TseOrphanSignature".to_owned(),
        message: format!(
            "The TSE signed the {kind} of transaction {transaction_number} (signature {counter}), which no receipt shows."
        ),
        data_json: Some(
            json!({
                "ftQueueItemId": identity.item,
                "Step": identity.step,
                "Operation": kind,
                "TransactionNumber": transaction_number,
                "SignatureCounter": counter,
                "SignatureBase64": step.signature_base64,
            })
            .to_string(),
        ),
    }
}

/// What the action journal says of an operator's decision to go on with a journal that was found stale.
#[must_use]
pub fn accepted(evidence: &str, reason: &str, lost: usize) -> Note {
    Note {
        priority: notes::TO_REPORT,
        kind: "StaleJournalAccepted".to_owned(),
        message: "An operator accepted a journal that is older than what was signed already.".to_owned(),
        data_json: Some(
            json!({ "Evidence": evidence, "Reason": reason, "UnknownSignatures": lost }).to_string(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::entry::{Outcome, QueueItemRow};
    use crate::scu::types::TransactionIdentity;
    use shared::clock::Ticks;

    fn step(item: u128, kind: StepKind, number: u64, counter: u64) -> SignedStep {
        SignedStep {
            identity: TransactionIdentity {
                item: QueueItemId::from_u128(item),
                step: 0,
            },
            kind,
            transaction_number: number,
            counter,
            time: Ticks(0),
            signature_base64: format!("SIG({counter})"),
        }
    }

    /// Items by id with their answers; an item without an answer is still an intent.
    fn items(known: &[(u128, Option<&str>)]) -> HashMap<QueueItemId, StoredOperation> {
        let stored = |(item, response): &(u128, Option<&str>)| {
            let id = QueueItemId::from_u128(*item);
            let row = QueueItemRow {
                item: id,
                row: 1,
                queue_moment: Ticks(0),
                timeout_ms: 0,
                work_moment: None,
                done_moment: None,
                receipt_moment: Ticks(0),
                terminal_id: String::new(),
                receipt_reference: String::new(),
                country: "DE".to_owned(),
                version: "v1".to_owned(),
                request: String::new(),
                request_hash: String::new(),
                response: response.map(str::to_owned),
                response_hash: None,
                processing_version: String::new(),
                time_stamp: Ticks(0),
            };
            let operation = StoredOperation {
                content_hash: [0; 32],
                item: row,
                outcome: response.map(|_| Outcome::Answered),
            };
            (id, operation)
        };
        known.iter().map(stored).collect()
    }

    /// The counters of what was found: unknown, then orphans.
    fn found(
        steps: &[SignedStep],
        known: &[(u128, Option<&str>)],
        open: impl IntoIterator<Item = u64>,
    ) -> (Vec<u64>, Vec<u64>) {
        let findings = compare(steps, &items(known), &open.into_iter().collect());
        let counters = |steps: Vec<SignedStep>| steps.iter().map(|step| step.counter).collect();
        (counters(findings.unknown), counters(findings.orphans))
    }

    #[test]
    fn what_receipts_show_is_accounted_for() {
        let steps = [step(1, StepKind::Finish, 5, 11), step(1, StepKind::Start, 5, 10)];
        assert_eq!(
            found(&steps, &[(1, Some("SIG(10) SIG(11)"))], []),
            (vec![], vec![])
        );
    }

    #[test]
    fn a_signature_for_an_item_that_is_not_there_makes_the_journal_too_old() {
        let steps = [step(2, StepKind::Start, 6, 12), step(1, StepKind::Finish, 5, 11)];
        assert_eq!(found(&steps, &[(1, Some("SIG(11)"))], []), (vec![12], vec![]));
    }

    #[test]
    fn a_signature_that_its_receipt_does_not_show_is_an_orphan_once_the_receipt_has_ended() {
        let steps = [step(1, StepKind::Finish, 5, 11), step(1, StepKind::Start, 5, 10)];
        assert_eq!(found(&steps, &[(1, None)], []), (vec![], vec![]));
        assert_eq!(
            found(&steps, &[(1, Some("failed mode"))], []),
            (vec![], vec![11, 10])
        );
    }

    #[test]
    fn a_start_without_a_receipt_of_its_own_is_accounted_for_by_its_transaction() {
        let start = step(1, StepKind::Start, 5, 10);
        let failed = (1, Some("failed mode"));
        assert_eq!(
            found(std::slice::from_ref(&start), &[failed], [5]),
            (vec![], vec![])
        );
        let closing = step(2, StepKind::Finish, 5, 11);
        assert_eq!(
            found(&[closing, start.clone()], &[failed, (2, Some("SIG(11)"))], []),
            (vec![], vec![])
        );
        assert_eq!(found(&[start], &[failed], [6]), (vec![], vec![10]));
    }
}
