//! I6 to I8 and I11: what clients were answered.

use std::time::Duration;

use serde_json::json;
use shared::identity::OperationId;

use super::accuses;
use super::honest::run;
use crate::history::tests::answer;
use crate::verdict::run::Terms;
use crate::verdict::{Invariant, judge_run};

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
fn a_crossed_wire_breaks_i11() {
    accuses(Invariant::I11, "was answered as", |run| {
        let receipt = run.asked[0].receipt().unwrap();
        run.asked[0].answer = Some(answer(OperationId::random(), &receipt));
    });
}

#[test]
fn a_receipt_dated_before_the_one_before_it_is_accused() {
    accuses(Invariant::I8, "receipt 2 is dated before receipt 1", |run| {
        run.after.receipts[1].moment_ticks -= 36_000_000_000;
    });
}
