//! What becomes of interrupted receipts, of signatures that come late, and of journals that are older than their TSE.

use std::time::Duration;

use shared::api::refusal::Refusal;
use shared::identity::OperationId;

use super::directed_journal::{Direction, Step};
use super::pod::Pod;
use super::world::World;
use crate::cashbox::error::CashboxError;
use crate::cashbox::registry::drain::pace::Pace;
use crate::scu::simulator::script::{Effect, OperationKind, Rule};

const ORPHANS: &str = "byodc_orphan_signatures_total";
const STALE: &str = "byodc_stale_cashboxes";
const ZERO_RECEIPT: i64 = 0x4445_0001_0000_0002;

fn stale<T>() -> Result<T, CashboxError> {
    Err(Refusal::StaleJournal.into())
}

fn settled(pod: &Pod, outcome: &str) -> u64 {
    pod.figure(&format!("byodc_settled_intents_total{{outcome=\"{outcome}\"}}"))
}

fn rule(operation: OperationKind, effect: Effect, times: Option<u32>) -> Rule {
    Rule {
        operation,
        effect,
        delay_ms: 0,
        times,
    }
}

/// A cashbox in operation with a receipt, and a backup from before its last two receipts.
async fn restored_from_a_backup() -> World {
    let mut world = World::new().await;
    let pod = world.pod("a");
    pod.activate().await;
    pod.sign("R-1").await.unwrap();
    let backup = world.journal.inner.backup();
    pod.sign("R-2").await.unwrap();
    pod.sign("R-3").await.unwrap();
    pod.registry.drain(&Pace::unhurried(1)).await;
    world.journal.inner.restore(&backup);
    world.forget_owners();
    world
}

#[tokio::test]
async fn a_journal_older_than_its_tse_stops_the_cashbox_and_stays_stopped() {
    let world = restored_from_a_backup().await;
    let pod = world.pod("b");
    assert_eq!(pod.sign("R-4").await, stale());
    assert_eq!((pod.stage(), pod.figure(STALE)), ("stale", 1));
    assert_eq!(pod.reset().await, stale());
    let epoch = pod.epoch();
    assert_eq!(pod.sign("R-4").await, stale());
    assert_eq!(pod.epoch(), epoch, "a refusal costs no claim");
    assert_eq!(world.receipts().await, 2);

    pod.registry.drain(&Pace::unhurried(1)).await;
    world
        .tse()
        .push(rule(OperationKind::LastSteps, Effect::Unreachable, None));
    assert_eq!(world.pod("c").sign("R-4").await, stale(), "the mark needs no TSE");
}

#[tokio::test]
async fn a_cashbox_counts_as_in_failed_mode_until_its_tse_is_heard_or_it_leaves() {
    const FAILED_MODE: &str = "byodc_failed_mode_cashboxes";
    let world = World::new().await;
    let pod = world.pod("a");
    pod.activate().await;
    assert_eq!(pod.figure(FAILED_MODE), 0);
    let fails_once = || rule(OperationKind::Start, Effect::Unreachable, Some(1));
    world.tse().push(fails_once());
    pod.sign("R-1").await.unwrap();
    pod.until(|| pod.figure(FAILED_MODE) == 1).await;
    pod.sign("R-2").await.unwrap();
    assert_eq!(pod.figure(FAILED_MODE), 1, "it is one cashbox");
    pod.sign_case(OperationId::random(), ZERO_RECEIPT).await.unwrap();
    pod.until(|| pod.figure(FAILED_MODE) == 0).await;

    world.tse().push(fails_once());
    pod.sign("R-3").await.unwrap();
    pod.until(|| pod.figure(FAILED_MODE) == 1).await;
    pod.registry.drain(&Pace::unhurried(1)).await;
    assert_eq!(pod.figure(FAILED_MODE), 0);
    let next = world.pod("b");
    next.sign("R-4").await.unwrap();
    next.until(|| next.figure(FAILED_MODE) == 1).await;
}

#[tokio::test]
async fn an_accepted_journal_goes_on_and_what_was_lost_is_journaled() {
    let world = restored_from_a_backup().await;
    let pod = world.pod("b");
    assert_eq!(pod.accept_journal().await, Err(CashboxError::NotStale));
    assert_eq!(pod.sign("R-4").await, stale());
    let accepted = pod.accept_journal().await.unwrap();
    assert_eq!(accepted.orphans, 4, "{accepted:?}");
    assert!(accepted.evidence.contains("the TSE signed"), "{accepted:?}");
    let receipt = pod.sign("R-4").await.unwrap().unwrap();
    assert_eq!(receipt.receipt_identification, "ft2#IT5");
    assert_eq!(world.noted("TseOrphanSignature").await.len(), 4);
    assert_eq!(world.noted("StaleJournalAccepted").await.len(), 1);
    assert_eq!((pod.figure(STALE), pod.figure(ORPHANS)), (0, 4));

    pod.registry.drain(&Pace::unhurried(1)).await;
    let next = world.pod("c");
    next.sign("R-5").await.unwrap();
    assert_eq!(next.figure(ORPHANS), 0);
}

#[tokio::test]
async fn a_tse_that_is_away_at_the_start_is_compared_before_it_is_asked_to_sign() {
    let world = restored_from_a_backup().await;
    world
        .tse()
        .push(rule(OperationKind::LastSteps, Effect::Unreachable, Some(1)));
    let pod = world.pod("b");
    let operation = OperationId::random();
    assert_eq!(pod.sign_as(operation, "R-4").await, stale());
    assert_eq!(pod.stage(), "stale");
    pod.accept_journal().await.unwrap();
    let receipt = pod.sign_as(operation, "R-4").await.unwrap().unwrap();
    assert_eq!(receipt.receipt_identification, "ft2#IT5");
    assert_eq!(world.receipts().await, 3);
}

#[tokio::test]
async fn an_epoch_that_the_store_remembers_and_the_journal_does_not_stops_the_cashbox() {
    let world = World::new().await;
    let first = world.pod("a");
    first.activate().await;
    first.sign("R-1").await.unwrap();
    let backup = world.journal.inner.backup();
    first.registry.drain(&Pace::unhurried(1)).await;
    for name in ["b", "c"] {
        // Nothing is signed: the TSE has nothing to say against the backup.
        let pod = world.pod(name);
        pod.reset().await.unwrap();
        pod.registry.drain(&Pace::unhurried(1)).await;
    }
    world.journal.inner.restore(&backup);
    let pod = world.pod("d");
    assert_eq!(pod.sign("R-2").await, stale());
    assert_eq!(pod.accept_journal().await.unwrap().orphans, 0);
    pod.sign("R-2").await.unwrap();
    assert_eq!(world.owner().await.unwrap().epoch, pod.epoch());
    pod.registry.drain(&Pace::unhurried(1)).await;
    world.pod("e").sign("R-3").await.unwrap();
}

#[tokio::test]
async fn a_pod_that_acknowledged_more_than_the_journal_holds_stops_the_cashbox() {
    let world = World::new().await;
    let pod = world.idle_pod("a");
    // Not in operation: the receipts are chained, and the TSE is not asked.
    pod.sign("R-1").await.unwrap();
    let backup = world.journal.inner.backup();
    pod.sign("R-2").await.unwrap();
    pod.until_gone().await;
    world.journal.inner.restore(&backup);
    assert_eq!(pod.sign("R-3").await, stale());
}

#[tokio::test]
async fn a_receipt_that_the_tse_had_signed_is_adopted_by_the_next_start() {
    let world = World::new().await;
    let pod = world.pod("a");
    pod.activate().await;
    world.journal.direct(Step::Append, Direction::Panic);
    let operation = OperationId::random();
    pod.sign_as(operation, "R-1").await.unwrap_err();
    pod.until_gone().await;
    let receipt = pod.sign_as(operation, "R-1").await.unwrap().unwrap();
    assert_eq!(receipt.receipt_identification, "ft1#IT2");
    assert_eq!(settled(&pod, "adopted"), 1);
    assert_eq!((pod.figure("byodc_open_intents"), pod.figure(ORPHANS)), (0, 0));
}

#[tokio::test]
async fn a_receipt_settled_while_its_tse_is_away_is_accepted_unsigned_and_its_signatures_are_found_as_orphans()
 {
    let world = World::new().await;
    let pod = world.pod("a");
    pod.activate().await;
    world.journal.direct(Step::Append, Direction::Panic);
    let operation = OperationId::random();
    pod.sign_as(operation, "R-1").await.unwrap_err();
    pod.until_gone().await;
    world
        .tse()
        .push(rule(OperationKind::Any, Effect::Unreachable, None));
    let receipt = pod.sign_as(operation, "R-1").await.unwrap().unwrap();
    assert_eq!(receipt.state, 0x4445_0000_0000_0002);
    assert_eq!(settled(&pod, "unsigned"), 1);
    world.tse().clear();
    // The first contact compares: the start and the finish of the lost answer are known to the TSE alone.
    pod.sign_case(OperationId::random(), ZERO_RECEIPT).await.unwrap();
    assert_eq!(world.noted("TseOrphanSignature").await.len(), 2);
    assert_eq!(pod.figure(ORPHANS), 2);
    pod.registry.drain(&Pace::unhurried(1)).await;
    let next = world.pod("b");
    next.sign("R-2").await.unwrap();
    assert_eq!(
        (
            next.figure(ORPHANS),
            world.noted("TseOrphanSignature").await.len()
        ),
        (0, 2)
    );
}

#[tokio::test]
async fn a_signature_whose_answer_was_lost_is_looked_for_after_the_outage() {
    let world = World::new().await;
    let pod = world.pod("a");
    pod.activate().await;
    let tse = world.tse();
    tse.push(rule(OperationKind::Start, Effect::SignAndLoseAnswer, Some(1)));
    // Asked for by the deadline and by the receipt itself.
    tse.push(rule(OperationKind::Trace, Effect::Unreachable, Some(2)));
    let receipt = pod.sign("R-1").await.unwrap().unwrap();
    assert_eq!(receipt.state, 0x4445_0000_0000_0002);
    pod.sign_case(OperationId::random(), ZERO_RECEIPT).await.unwrap();
    assert_eq!(pod.figure(ORPHANS), 0, "the call may still be under way");
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(60)).await;
    tokio::time::resume();
    pod.sign("R-2").await.unwrap();
    assert_eq!(
        (pod.figure(ORPHANS), world.noted("TseOrphanSignature").await.len()),
        (1, 1)
    );
}
