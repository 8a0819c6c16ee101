//! The judge must see: each forged run is accused of what was forged, and the honest one of nothing.

/// A run in which nothing is wrong.
mod honest;

use std::time::Duration;

use serde_json::json;
use shared::identity::OperationId;

use super::evidence::What;
use super::run::{CashboxRun, Reset, Run, Terms};
use super::{Invariant, judge_run};
use crate::cluster::Owner;
use crate::history::tests::answer;
use honest::{RECEIPTS, VERSION, line, run};

/// Forges an honest run and asserts that the judge says just that an invariant is broken, in these words.
fn accuses(invariant: Invariant, words: &str, forge: impl FnOnce(&mut CashboxRun)) {
    accuses_run(invariant, words, |run| forge(&mut run.cashboxes[0]));
}

fn accuses_run(invariant: Invariant, words: &str, forge: impl FnOnce(&mut Run)) {
    let mut run = run();
    forge(&mut run);
    let report = judge_run(&run);
    assert!(report.breaks(invariant), "{invariant:?} is not accused: {report}");
    let said = report
        .violations
        .iter()
        .filter(|violation| violation.invariant == invariant);
    assert!(
        said.clone().any(|violation| violation.what.contains(words)),
        "{words:?} is not said: {report}"
    );
}

#[test]
fn an_honest_run_is_not_accused_and_is_counted() {
    let report = judge_run(&run());
    report.assert_sound();
    let counts = report.counts;
    assert_eq!(
        (counts.operations, counts.receipts, counts.claims),
        (RECEIPTS, RECEIPTS, 1)
    );
    assert_eq!((counts.unwitnessed, counts.orphans, counts.fenced), (0, 0, 0));
}

#[test]
fn a_chain_with_a_missing_link_breaks_i1() {
    accuses(Invariant::I1, "number 2 is expected", |run| {
        drop(run.after.receipts.remove(1))
    });
}

#[test]
fn an_export_that_tells_otherwise_breaks_i1() {
    accuses(Invariant::I1, "exported receipts", |run| {
        drop(run.exported.receipts.pop())
    });
}

#[test]
fn a_lost_receipt_breaks_i2() {
    accuses(Invariant::I2, "not stored", |run| {
        run.after.items.pop();
        run.after.receipts.pop();
    });
}

#[test]
fn an_operation_stored_twice_breaks_i3() {
    accuses(Invariant::I3, "stands in the rows", |run| {
        run.after.items[2].operation = run.after.items[1].operation;
    });
}

#[test]
fn a_reference_signed_twice_under_operation_ids_of_nobody_breaks_i3() {
    accuses(Invariant::I3, "signed 2 times", |run| {
        run.after.items[2].operation = OperationId::random();
        run.after.items[2].item.reference = "R-1".to_owned();
    });
}

#[test]
fn other_content_acknowledged_under_a_used_id_breaks_i3() {
    accuses(Invariant::I3, "different contents", |run| {
        let mut other = run.asked[0].clone();
        other.content = "something else".to_owned();
        run.asked.push(other);
    });
}

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

#[test]
fn an_answer_after_the_deadline_breaks_i6() {
    accuses(Invariant::I6, "was answered after", |run| {
        run.asked[3].answered_at = run.asked[3].sent_at + Duration::from_secs(3600);
    });
}

#[test]
fn an_answer_that_is_not_published_breaks_i6() {
    accuses(Invariant::I6, "500 Internal error", |run| {
        let answer = run.asked[0].answer.as_mut().unwrap();
        answer.status = 500;
        answer.body = json!({ "title": "Internal error" }).to_string();
    });
}

#[test]
fn lost_connections_and_refusals_break_i6_only_where_nobody_may_notice() {
    let mut run = run();
    let asked = &mut run.cashboxes[0].asked;
    let mut lost = asked[0].clone();
    lost.answer = None;
    let mut refused = asked[0].clone();
    let answer = refused.answer.as_mut().unwrap();
    (answer.status, answer.body) = (503, json!({ "title": "Service Unavailable" }).to_string());
    asked.splice(0..0, [lost, refused]);
    let said = judge_run(&run).to_string();
    assert!(said.contains("1 connections were lost"), "{said}");
    assert!(said.contains("1 requests were refused"), "{said}");
    run.terms = Terms::noticed();
    judge_run(&run).assert_sound();
}

#[test]
fn an_unknown_outcome_that_nobody_asked_for_again_breaks_i7() {
    accuses(Invariant::I7, "was asked again 0 times", |run| {
        run.asked[1].answer = None
    });
}

#[test]
fn an_unknown_outcome_that_is_told_twice_alike_is_resolved() {
    let mut run = run();
    let cashbox = &mut run.cashboxes[0];
    let told = cashbox.asked[1].clone();
    cashbox.asked[1].answer = None;
    cashbox.asked_again.extend([told.clone(), told]);
    run.terms = Terms::noticed();
    let report = judge_run(&run);
    report.assert_sound();
    assert_eq!(report.counts.unknown["was signed"], 1);
}

#[test]
fn an_unknown_outcome_that_changes_breaks_i7() {
    accuses(Invariant::I7, "answered differently", |run| {
        let told = run.asked[1].clone();
        let mut otherwise = told.clone();
        let rejected = json!({ "title": "Receipt not processed" });
        otherwise.answer.as_mut().unwrap().status = 500;
        otherwise.answer.as_mut().unwrap().body = rejected.to_string();
        run.asked[1].answer = None;
        run.asked_again.extend([told, otherwise]);
    });
}

#[test]
fn a_signed_operation_that_is_refused_afterwards_breaks_i7() {
    accuses(Invariant::I7, "but is answered otherwise", |run| {
        let mut refused = run.asked[1].clone();
        let answer = refused.answer.as_mut().unwrap();
        answer.status = 500;
        answer.body = json!({ "title": "Receipt not processed" }).to_string();
        run.asked[1].answer = None;
        run.asked_again.extend([refused.clone(), refused]);
    });
}

#[test]
fn an_order_turned_round_breaks_i8() {
    accuses(Invariant::I8, "numbered after it", |run| {
        let (first, last) = (run.asked[0].clone(), run.asked[3].clone());
        (run.asked[0].sent_at, run.asked[0].answered_at) = (last.sent_at, last.answered_at);
        (run.asked[3].sent_at, run.asked[3].answered_at) = (first.sent_at, first.answered_at);
    });
}

#[test]
fn a_cashbox_that_does_not_heal_breaks_i9() {
    accuses(Invariant::I9, "does not serve", |run| {
        run.probe.served_after = None
    });
    accuses(Invariant::I9, "after the last fault", |run| {
        run.probe.served_after = Some(Duration::from_secs(3600));
    });
    accuses(Invariant::I9, "never ended", |run| {
        run.after.items[1].is_settled = false
    });
    accuses(Invariant::I9, "is held by", |run| {
        run.probe.owners.push(Owner {
            pod: "pod-1".to_owned(),
            epoch: 2,
        });
    });
    accuses_run(Invariant::I9, "still wait", |run| run.waiting[0].1 = 1);
}

#[test]
fn a_receipt_with_the_configuration_before_a_reset_breaks_i10() {
    let reset = |run: &CashboxRun, version| Reset {
        version,
        answered_at: run.asked[1].answered_at,
    };
    let mut honest = run();
    let visible = reset(&honest.cashboxes[0], VERSION);
    honest.cashboxes[0].resets.push(visible);
    judge_run(&honest).assert_sound();
    accuses(Invariant::I10, "was asked after the reset", |run| {
        run.resets.push(reset(run, VERSION + 1))
    });
}

#[test]
fn a_crossed_wire_breaks_i11() {
    accuses(Invariant::I11, "was answered as", |run| {
        let receipt = run.asked[0].receipt().unwrap();
        run.asked[0].answer = Some(answer(OperationId::random(), &receipt));
    });
}

#[test]
fn a_fault_that_never_happened_and_a_witness_that_was_not_there_prove_nothing() {
    accuses_run(Invariant::Proof, "did not happen", |run| {
        drop(run.faults.plan("F01 pod killed"))
    });
    accuses(Invariant::Proof, "no pod wrote evidence", |run| {
        run.evidence.clear()
    });
    let happened = run();
    happened.faults.plan("F01 pod killed").begun();
    let report = judge_run(&happened);
    report.assert_sound();
    assert_eq!(report.counts.fired["F01 pod killed"], 1);
}
