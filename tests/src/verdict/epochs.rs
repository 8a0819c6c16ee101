//! I4: one unfenced writer. Along the receipts' numbers epochs never decrease, each epoch was claimed once, and what was
//! committed under it came from the pod that claimed it.

use std::collections::{BTreeMap, HashSet};

use super::evidence::{Line, What};
use super::run::{CashboxRun, Terms};
use super::{Counts, Invariant, Violation};

/// Everything in which more than one pod wrote.
pub(super) fn judge(run: &CashboxRun, counts: &mut Counts) -> Vec<Violation> {
    let of = |what| run.evidence.iter().filter(move |line| line.what == what);
    let commits: Vec<&Line> = of(What::Commit).filter(|line| line.number > 0).collect();
    counts.claims += of(What::Claim).count();
    counts.fenced += of(What::Fenced).count();
    counts.receipts += run.after.receipts.len();
    counts.unwitnessed += run.after.receipts.len().saturating_sub(commits.len());
    let mut broken = judge_claims(
        &of(What::Claim).collect::<Vec<_>>(),
        &of(What::Commit).collect::<Vec<_>>(),
    );
    broken.extend(judge_numbers(&commits));
    broken.extend(judge_stored(run, &commits));
    broken.extend(judge_writes(&run.evidence));
    let mut violations: Vec<Violation> = broken
        .into_iter()
        .map(|what| Violation::of(Invariant::I4, run.cashbox, what))
        .collect();
    if commits.is_empty() && !run.after.receipts.is_empty() {
        let what = "there are receipts, but no pod wrote evidence of any";
        violations.push(Violation::of(Invariant::Proof, run.cashbox, what));
    }
    violations
}

fn judge_claims(claims: &[&Line], commits: &[&Line]) -> Vec<String> {
    let mut broken = Vec::new();
    let mut claimed_by: BTreeMap<u64, &str> = BTreeMap::new();
    for claim in claims {
        if let Some(other) = claimed_by.insert(claim.epoch, &claim.pod) {
            broken.push(format!(
                "epoch {} was claimed by {other} and by {}",
                claim.epoch, claim.pod
            ));
        }
    }
    for commit in commits {
        // A claim writes its line before anything can be committed under it.
        if claimed_by.get(&commit.epoch) != Some(&commit.pod.as_str()) {
            broken.push(format!(
                "{} committed item {} under epoch {}, claimed by {:?}",
                commit.pod,
                commit.item,
                commit.epoch,
                claimed_by.get(&commit.epoch)
            ));
        }
    }
    broken
}

fn judge_numbers(commits: &[&Line]) -> Vec<String> {
    let mut broken = Vec::new();
    let mut in_order = commits.to_vec();
    in_order.sort_by_key(|commit| (commit.number, commit.at_us));
    for pair in in_order.windows(2) {
        let [before, after] = pair else { continue };
        if before.number == after.number {
            broken.push(format!(
                "number {} was committed twice: {} and {}",
                after.number, before.item, after.item
            ));
        }
        if before.epoch > after.epoch {
            broken.push(format!(
                "number {} was committed under epoch {}, number {} after it under epoch {}",
                before.number, before.epoch, after.number, after.epoch
            ));
        }
    }
    broken
}

/// No write begins after a newer claim, and none after the tenure was given away. A cashbox does one thing at a time, so
/// a write began after its tenure's line before it; if that was written after a newer claim's line, the write was, too,
/// whatever the clocks say to a hair.
fn judge_writes(evidence: &[Line]) -> Vec<String> {
    let mut broken = Vec::new();
    let mut newest = 0;
    let mut outdated: HashSet<(u64, &str)> = HashSet::new();
    let mut given_away: HashSet<(u64, &str)> = HashSet::new();
    for line in evidence {
        let tenure = (line.epoch, line.pod.as_str());
        let wrote = matches!(line.what, What::Intent | What::Commit);
        match line.what {
            What::Claim => newest = newest.max(line.epoch),
            What::Release | What::Handover => drop(given_away.insert(tenure)),
            _ => {}
        }
        let began_outdated = line.epoch < newest && !outdated.insert(tenure);
        let (pod, epoch) = (&line.pod, line.epoch);
        if wrote && began_outdated {
            broken.push(format!(
                "{pod} wrote item {} under epoch {epoch} when epoch {newest} was claimed",
                line.item
            ));
        }
        if wrote && given_away.contains(&tenure) {
            broken.push(format!(
                "{pod} wrote item {} under epoch {epoch}, which it had given away",
                line.item
            ));
        }
    }
    broken
}

/// What the whole run may have at the most.
pub(super) fn judge_totals(terms: &Terms, counts: &Counts) -> Option<Violation> {
    (counts.fenced > terms.fenced_max).then(|| Violation {
        invariant: Invariant::I4,
        cashbox: None,
        what: format!(
            "superseded pods were refused {} times, and {} are allowed",
            counts.fenced, terms.fenced_max
        ),
    })
}

/// What a pod says that it committed is what is stored.
fn judge_stored(run: &CashboxRun, commits: &[&Line]) -> Vec<String> {
    let is_stored = |commit: &&&Line| {
        run.after
            .receipts
            .iter()
            .any(|link| link.number == commit.number && link.item == commit.item)
    };
    commits
        .iter()
        .filter(|commit| !is_stored(commit))
        .map(|commit| {
            format!(
                "{} says it committed number {}, which is not stored so",
                commit.pod, commit.number
            )
        })
        .collect()
}
