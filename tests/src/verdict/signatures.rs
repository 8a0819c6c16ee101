//! I5: the TSE accounted for. Every signature is shown by one receipt or journaled as an orphan, and no call begins
//! under an epoch after a newer claim.

use std::collections::HashSet;
use std::time::Duration;

use super::evidence::{Line, What};
use super::run::{CashboxRun, Terms};
use super::{Counts, Invariant, Violation};
use crate::simulator::Signature;

/// Everything that the TSE signed in vain or twice.
pub(super) fn judge(run: &CashboxRun, terms: &Terms, counts: &mut Counts) -> Vec<Violation> {
    let mut broken = judge_accounts(run, counts);
    broken.extend(judge_answers(run));
    for (start, late) in stale_starts(&run.evidence) {
        counts.stale_tse_starts += 1;
        if late > terms.stale_tse_window {
            broken.push(format!(
                "{} began a TSE call for item {} under epoch {}, {late:?} after a newer claim",
                start.pod, start.item, start.epoch
            ));
        }
    }
    broken
        .into_iter()
        .map(|what| Violation::of(Invariant::I5, run.cashbox, what))
        .collect()
}

/// What the whole run may have at the most.
pub(super) fn judge_totals(terms: &Terms, counts: &Counts) -> Option<Violation> {
    (counts.orphans > terms.orphans_max).then(|| Violation {
        invariant: Invariant::I5,
        cashbox: None,
        what: format!(
            "{} signatures belong to no receipt, and {} are allowed",
            counts.orphans, terms.orphans_max
        ),
    })
}

fn judge_accounts(run: &CashboxRun, counts: &mut Counts) -> Vec<String> {
    let mut broken = Vec::new();
    let mut seen = HashSet::new();
    let shown: HashSet<&str> = run
        .signatures
        .iter()
        .filter(|signature| is_shown(run, signature))
        .map(|signature| signature.base64.as_str())
        .collect();
    let finished: HashSet<u64> = run
        .signatures
        .iter()
        .filter(|signature| signature.operation == "finish" && shown.contains(signature.base64.as_str()))
        .map(|signature| signature.transaction)
        .collect();
    for signature in &run.signatures {
        if !seen.insert((&signature.operation, &signature.item, signature.step)) {
            broken.push(format!("signed twice: {signature:?}"));
        }
        let journaled = run.after.orphans.contains(&signature.base64);
        let ended = signature.operation != "finish" && finished.contains(&signature.transaction);
        match (journaled, shown.contains(signature.base64.as_str()) || ended) {
            (true, true) => broken.push(format!(
                "journaled as an orphan, but a receipt shows it: {signature:?}"
            )),
            (true, false) => counts.orphans += 1,
            (false, true) => {}
            (false, false) => broken.push(format!("shown by no receipt and not journaled: {signature:?}")),
        }
    }
    broken
}

/// Whether the response of its own item shows the signature.
fn is_shown(run: &CashboxRun, signature: &Signature) -> bool {
    let stored = run.after.item(&signature.item);
    stored.is_some_and(|stored| stored.item.is_signed() && stored.item.response.contains(&signature.base64))
}

/// What a pod was answered, the TSE has in its own log.
fn judge_answers(run: &CashboxRun) -> Vec<String> {
    let signed: HashSet<&str> = run
        .signatures
        .iter()
        .map(|signature| signature.item.as_str())
        .collect();
    let answered = run.evidence.iter().filter(|line| line.what == What::TseOk);
    answered
        .filter(|line| !signed.contains(line.item.as_str()))
        .map(|line| {
            format!(
                "{} got a signature for item {} that the TSE's log does not have",
                line.pod, line.item
            )
        })
        .collect()
}

/// The TSE calls that began after a newer claim was certain, and how long after. Both lines are written by clocks of
/// one machine: the claim's after the claim, the call's before the call, so what is found here did happen.
fn stale_starts(evidence: &[Line]) -> Vec<(&Line, Duration)> {
    let claims: Vec<&Line> = evidence.iter().filter(|line| line.what == What::Claim).collect();
    let mut stale = Vec::new();
    for start in evidence.iter().filter(|line| line.what == What::TseStart) {
        let newer = |claim: &&&Line| claim.epoch > start.epoch && claim.at_us < start.at_us;
        if let Some(claim) = claims.iter().find(newer) {
            stale.push((start, Duration::from_micros(start.at_us.abs_diff(claim.at_us))));
        }
    }
    stale
}
