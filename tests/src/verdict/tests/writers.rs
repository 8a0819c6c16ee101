//! I4 and I5: who wrote, and what the TSE signed.

use super::accuses;
use super::honest::{line, run};
use crate::verdict::evidence::What;
use crate::verdict::run::Terms;
use crate::verdict::{Invariant, judge_run};

#[test]
fn an_epoch_that_goes_back_breaks_i4() {
    accuses(Invariant::I4, "was committed under epoch 2", |run| {
        run.evidence.insert(0, line(run, What::Claim, 2, 0));
        let first = run
            .evidence
            .iter_mut()
            .find(|line| line.what == What::Commit)
            .unwrap();
        first.epoch = 2;
    });
}

#[test]
fn a_commit_of_a_pod_that_did_not_claim_breaks_i4() {
    accuses(Invariant::I4, "claimed by Some(\"pod-0/a\")", |run| {
        let last = run
            .evidence
            .iter_mut()
            .rfind(|line| line.what == What::Commit)
            .unwrap();
        last.pod = "pod-1/b".to_owned();
    });
}

#[test]
fn one_epoch_claimed_by_two_pods_breaks_i4() {
    accuses(Invariant::I4, "was claimed by", |run| {
        let mut other = line(run, What::Claim, 1, 0);
        other.pod = "pod-1/b".to_owned();
        run.evidence.push(other);
    });
}

#[test]
fn one_number_committed_twice_breaks_i4() {
    accuses(Invariant::I4, "committed twice", |run| {
        let mut other = run
            .evidence
            .iter()
            .find(|line| line.what == What::Commit)
            .unwrap()
            .clone();
        other.item = "another".to_owned();
        run.evidence.push(other);
    });
}

#[test]
fn a_write_that_began_after_a_newer_claim_breaks_i4() {
    accuses(Invariant::I4, "when epoch 2 was claimed", |run| {
        run.evidence.push(line(run, What::Claim, 2, 100));
        run.evidence.push(line(run, What::Intent, 1, 101));
        run.evidence.push(line(run, What::Commit, 1, 102));
    });
}

#[test]
fn a_write_after_the_cashbox_was_given_away_breaks_i4() {
    accuses(Invariant::I4, "which it had given away", |run| {
        run.evidence.push(line(run, What::Release, 1, 100));
        run.evidence.push(line(run, What::Intent, 1, 101));
    });
}

#[test]
fn a_refused_pod_breaks_i4_only_where_everything_was_planned() {
    let mut run = run();
    let fenced = line(&run.cashboxes[0], What::Fenced, 1, 100);
    run.cashboxes[0].evidence.push(fenced);
    judge_run(&run).assert_sound();
    run.terms = Terms::planned();
    assert!(judge_run(&run).breaks(Invariant::I4));
}

#[test]
fn a_signature_that_nobody_shows_breaks_i5() {
    accuses(Invariant::I5, "not journaled", |run| {
        let mut lonely = run.signatures[0].clone();
        lonely.item = "nobody's".to_owned();
        lonely.base64 = "lonely".to_owned();
        run.signatures.push(lonely);
    });
}

#[test]
fn a_journaled_orphan_is_counted_and_accused_only_where_none_is_allowed() {
    let mut run = run();
    let mut lonely = run.cashboxes[0].signatures[0].clone();
    (lonely.step, lonely.base64) = (1, "lonely".to_owned());
    run.cashboxes[0].signatures.push(lonely);
    run.cashboxes[0].after.orphans.push("lonely".to_owned());
    let report = judge_run(&run);
    assert!(report.breaks(Invariant::I5), "{report}");
    run.terms = Terms::noticed();
    let report = judge_run(&run);
    report.assert_sound();
    assert_eq!(report.counts.orphans, 1);
}

#[test]
fn a_receipt_whose_signature_is_journaled_as_an_orphan_breaks_i5() {
    accuses(Invariant::I5, "but a receipt shows it", |run| {
        run.after.orphans.push(run.signatures[0].base64.clone());
    });
}

#[test]
fn a_signature_given_twice_breaks_i5() {
    accuses(Invariant::I5, "signed twice", |run| {
        run.signatures.push(run.signatures[0].clone())
    });
}

#[test]
fn a_call_under_an_old_epoch_breaks_i5() {
    accuses(Invariant::I5, "after a newer claim", |run| {
        run.evidence.push(line(run, What::Claim, 2, i64::MAX - 1));
        run.evidence.push(line(run, What::TseStart, 1, i64::MAX));
    });
}
