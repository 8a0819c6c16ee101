//! The checker can see: each rule of the protocol that is left out shows in its verdict, and the same run with the rule
//! in place is sound.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

/// The runs, each with the fault that would expose what is missing.
mod runs;

use harness::cluster::Journal;
use harness::verdict::{Invariant, Report};
use shared::sabotage::Mutant;

/// A run under a mutant must be accused of just this.
fn assert_caught(mutant: Mutant, report: &Report, invariant: Invariant) {
    assert!(
        report.breaks(invariant),
        "{mutant} was not caught by {invariant:?}: {report}"
    );
    assert!(
        !report.breaks(Invariant::Proof),
        "{mutant} was not exposed: {report}"
    );
}

#[tokio::test]
async fn a_pod_that_wakes_up_superseded_writes_nothing() {
    runs::paused_and_superseded(None).await.assert_sound();
}

#[tokio::test]
async fn a_missing_epoch_check_is_caught() {
    let mutant = Mutant::EpochCheckRemoved;
    let report = runs::paused_and_superseded(Some(mutant)).await;
    assert_caught(mutant, &report, Invariant::I4);
}

#[tokio::test]
async fn an_intent_that_is_not_fenced_is_caught() {
    let mutant = Mutant::IntentUnfenced;
    let report = runs::paused_and_superseded(Some(mutant)).await;
    assert_caught(mutant, &report, Invariant::I5);
}

#[tokio::test]
async fn a_pod_that_dies_after_its_commit_leaves_one_receipt() {
    runs::killed_after_commit(Journal::Sqlite, None)
        .await
        .assert_sound();
}

/// The judge reads every database itself, and each has its own way to forget.
#[tokio::test]
async fn a_forgotten_operation_id_is_caught_in_every_database() {
    for journal in [Journal::MariaDb, Journal::Postgres] {
        runs::killed_after_commit(journal, None).await.assert_sound();
        let mutant = Mutant::OperationIdForgotten;
        let report = runs::killed_after_commit(journal, Some(mutant)).await;
        assert_caught(mutant, &report, Invariant::I3);
    }
}

#[tokio::test]
async fn a_forgotten_operation_id_is_caught() {
    let mutant = Mutant::OperationIdForgotten;
    let report = runs::killed_after_commit(Journal::Sqlite, Some(mutant)).await;
    assert_caught(mutant, &report, Invariant::I3);
}

#[tokio::test]
async fn a_blind_resend_is_caught() {
    let mutant = Mutant::BlindResend;
    let report = runs::killed_after_commit(Journal::Sqlite, Some(mutant)).await;
    assert_caught(mutant, &report, Invariant::I3);
}

#[tokio::test]
async fn a_pod_that_dies_before_its_commit_has_told_nobody() {
    runs::killed_before_commit(None).await.assert_sound();
}

#[tokio::test]
async fn an_acknowledgement_before_the_commit_is_caught() {
    let mutant = Mutant::AcknowledgedBeforeCommit;
    let report = runs::killed_before_commit(Some(mutant)).await;
    assert_caught(mutant, &report, Invariant::I2);
}

#[tokio::test]
async fn a_pod_that_is_told_to_stop_ends_its_receipt_first() {
    runs::stopped_during_a_receipt(None).await.assert_sound();
}

#[tokio::test]
async fn a_release_before_the_receipt_has_ended_is_caught() {
    let mutant = Mutant::ReleasedBeforeDrain;
    let report = runs::stopped_during_a_receipt(Some(mutant)).await;
    assert_caught(mutant, &report, Invariant::I4);
}
