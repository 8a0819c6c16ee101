//! Whole cashboxes over a journal in memory, simulated TSEs and a configuration service under the test's hand.

/// A journal that does what the test says.
mod directed_journal;
/// A cashbox that panics or hangs.
mod breakdowns;
/// A slow cashbox, or many at once.
mod fairness;
/// Successors that do what the test says.
mod directed_successors;
/// A configuration service that does what the test says.
mod directed_service;
/// Cashboxes that are handed over.
mod handover;
/// What an idle cashbox carries.
mod memory;
/// Everything outside of a pod.
pub(crate) mod world;
/// A pod as a caller sees it.
mod pod;

/// The end of a day, of a queue, and of its time here.
mod closings;
/// Interrupted receipts, late signatures, journals that are too old.
mod books;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures::future::join_all;
use shared::api::refusal::Refusal;
use shared::identity::OperationId;

use super::error::CashboxError;
use super::registry::drain::pace::Pace;
use crate::journal::JournalStore as _;
use crate::journal::history::ClaimReason;
use directed_journal::{Direction, Step};
use pod::{EXPLICIT_ZERO, Pod, START_TRANSACTION};
use world::World;

#[tokio::test]
async fn the_same_operation_gives_the_same_answer_now_and_later_and_another_content_is_refused() {
    let world = World::new().await;
    let pod = world.pod("a");
    let operation = OperationId::random();
    let first = pod.sign_as(operation, "R-1").await.unwrap();
    assert_eq!(pod.sign_as(operation, "R-1").await, Ok(first.clone()));
    assert_eq!(
        pod.sign_as(operation, "R-2").await,
        Err(CashboxError::OtherContent)
    );
    pod.registry.drain(&Pace::unhurried(1)).await;
    assert_eq!(world.pod("b").sign_as(operation, "R-1").await, Ok(first));
    assert_eq!(world.receipts().await, 1);
}

#[tokio::test]
async fn a_queue_with_a_database_of_its_own_begins_no_second_chain_unless_told_to() {
    let world = World::new().await;
    let refused = world.pod_without_replacements("a").sign("R-1").await;
    let Err(CashboxError::Configuration { detail }) = refused else {
        panic!("{refused:?}");
    };
    assert!(detail.contains("connectionstring") && detail.contains("Byodc__Cashbox__OwnDatabases"));
    assert!(!detail.contains("hunter2"), "{detail}");
    assert_eq!(world.receipts().await, 0);
    world.pod("b").sign("R-1").await.unwrap();
}

#[tokio::test]
async fn twins_at_once_become_one_receipt() {
    let world = World::new().await;
    let pod = world.pod("a");
    let operation = OperationId::random();
    let answers = join_all((0..10).map(|_| pod.sign_as(operation, "R-1"))).await;
    assert!(
        answers
            .iter()
            .all(|answer| answer.is_ok() && *answer == answers[0]),
        "{answers:?}"
    );
    assert_eq!(world.receipts().await, 1);
}

#[tokio::test]
async fn another_content_under_the_id_of_a_receipt_being_signed_is_refused_at_once() {
    let world = World::new().await;
    let pod = world.pod("a");
    let held = world.journal.direct(Step::Append, Direction::hold());
    let operation = OperationId::random();
    let signing = tokio::spawn(pod.clone().signing(operation, "R-1"));
    held.reached().await;
    assert_eq!(
        pod.sign_as(operation, "R-2").await,
        Err(CashboxError::OtherContent)
    );
    held.go_on();
    assert!(signing.await.unwrap().is_ok());
}

#[tokio::test]
async fn an_error_that_was_stored_is_told_again() {
    let world = World::new().await;
    let pod = world.pod("a");
    pod.activate().await;
    let operation = OperationId::random();
    let first = pod.sign_case(operation, EXPLICIT_ZERO).await;
    assert!(matches!(first, Err(CashboxError::Rejected { .. })), "{first:?}");
    pod.registry.drain(&Pace::unhurried(1)).await;
    assert_eq!(world.pod("b").sign_case(operation, EXPLICIT_ZERO).await, first);
}

#[tokio::test]
async fn receipts_of_one_cashbox_are_signed_in_order_of_arrival() {
    let world = World::new().await;
    let pod = world.pod("a");
    pod.sign("R-0").await.unwrap();
    let answers = join_all((1..=20).map(|at| pod.sign(format!("R-{at}")))).await;
    let rows: Vec<_> = answers
        .into_iter()
        .map(|answer| answer.unwrap().unwrap().queue_row)
        .collect();
    assert_eq!(rows, (2..=21).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_reset_waits_for_the_receipt_that_is_signed_and_what_waits_is_signed_after_it() {
    let world = World::new().await;
    let pod = world.pod("a");
    pod.sign("R-0").await.unwrap();
    let held = world.journal.direct(Step::Append, Direction::hold());
    let first = tokio::spawn(pod.clone().signing(OperationId::random(), "R-1"));
    held.reached().await;
    let reset = tokio::spawn({
        let pod = pod.clone();
        async move { pod.reset().await }
    });
    pod.until_waiting(1).await;
    let after = tokio::spawn(pod.clone().signing(OperationId::random(), "R-2"));
    pod.until_waiting(2).await;
    assert_eq!(world.service.fetches.load(Ordering::SeqCst), 1);
    held.go_on();
    assert_eq!(reset.await.unwrap(), Ok(()));
    assert_eq!(first.await.unwrap().unwrap().unwrap().queue_row, 2);
    assert_eq!(after.await.unwrap().unwrap().unwrap().queue_row, 3);
    assert_eq!(world.service.fetches.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn two_hundred_resets_in_sequence_fetch_two_hundred_times_under_one_epoch() {
    let world = World::new().await;
    let pod = world.pod("a");
    pod.sign("R-0").await.unwrap();
    let epoch = pod.epoch();
    for _ in 0..200 {
        assert_eq!(pod.reset().await, Ok(()));
    }
    assert_eq!(world.service.fetches.load(Ordering::SeqCst), 201);
    assert_eq!(pod.epoch(), epoch);
    assert_eq!(pod.sign("R-1").await.unwrap().unwrap().queue_row, 2);
}

#[tokio::test]
async fn a_reset_without_a_configuration_service_is_told_and_the_old_instance_goes_on() {
    let world = World::new().await;
    let pod = world.pod("a");
    pod.sign("R-0").await.unwrap();
    world.service.away.store(true, Ordering::SeqCst);
    assert_eq!(pod.reset().await, Err(Refusal::ConfigurationUnavailable.into()));
    assert_eq!(pod.sign("R-1").await.unwrap().unwrap().queue_row, 2);
}

#[tokio::test]
async fn a_reset_of_a_cashbox_that_does_not_run_needs_the_configuration_service_although_a_start_does_not() {
    let world = World::new().await;
    let first = world.pod("a");
    first.sign("R-0").await.unwrap();
    first.registry.drain(&Pace::unhurried(1)).await;
    world.service.away.store(true, Ordering::SeqCst);
    let next = world.pod("b");
    assert_eq!(next.reset().await, Err(Refusal::ConfigurationUnavailable.into()));
    assert_eq!(next.sign("R-1").await.unwrap().unwrap().queue_row, 2);
    world.service.away.store(false, Ordering::SeqCst);
    assert_eq!(next.reset().await, Ok(()));
}

#[tokio::test]
async fn a_fenced_pod_drops_the_cashbox_and_names_the_new_owner() {
    let world = World::new().await;
    let (old, new) = (world.pod("a"), world.pod("b"));
    old.sign("R-0").await.unwrap();
    // The old owner is taken for dead: its record goes, and the new one claims.
    world.bury(&old).await;
    new.sign("R-1").await.unwrap();
    let error = old.sign("R-2").await.unwrap_err();
    assert!(
        matches!(&error, CashboxError::HeldByOther(owner) if owner.pod.id == new.id()),
        "{error:?}"
    );
    old.until_gone().await;
    assert_eq!(new.sign("R-2").await.unwrap().unwrap().queue_row, 3);
}

#[tokio::test]
async fn a_panic_gives_up_one_cashbox_and_its_receipt_is_settled_by_the_next_start() {
    let world = World::new().await;
    let pod = world.pod("a");
    let other = world.other_cashbox();
    pod.sign("R-0").await.unwrap();
    pod.at(other).sign("R-0").await.unwrap();
    let others_epoch = pod.at(other).epoch();
    world.journal.direct(Step::Append, Direction::Panic);
    let operation = OperationId::random();
    assert_eq!(pod.sign_as(operation, "R-1").await, Err(Refusal::Moving.into()));
    pod.until_gone().await;
    let again = pod.sign_as(operation, "R-1").await.unwrap().unwrap();
    assert_eq!(again.queue_row, 2);
    assert_eq!(world.receipts().await, 2);
    pod.at(other).sign("R-1").await.unwrap();
    assert_eq!(pod.at(other).epoch(), others_epoch);
}

#[tokio::test]
async fn an_append_whose_acknowledgement_is_lost_is_read_again_before_anybody_is_answered() {
    let world = World::new().await;
    let pod = world.pod("a");
    world.journal.direct(Step::Append, Direction::LoseAcknowledgement);
    assert_eq!(pod.sign("R-1").await.unwrap().unwrap().queue_row, 1);
    assert_eq!(pod.sign("R-2").await.unwrap().unwrap().queue_row, 2);
    assert_eq!(world.receipts().await, 2);
}

#[tokio::test]
async fn an_intent_whose_acknowledgement_is_lost_is_begun_once() {
    let world = World::new().await;
    let pod = world.pod("a");
    world.journal.direct(Step::Begin, Direction::LoseAcknowledgement);
    assert_eq!(pod.sign("R-1").await.unwrap().unwrap().queue_row, 1);
    world.journal.direct(Step::Begin, Direction::LoseRequest);
    assert_eq!(pod.sign("R-2").await.unwrap().unwrap().queue_row, 2);
    assert_eq!(world.receipts().await, 2);
}

#[tokio::test]
async fn an_outcome_that_cannot_be_found_out_gives_the_cashbox_up_and_the_next_start_settles_it() {
    let world = World::new().await;
    let pod = world.pod("a");
    pod.sign("R-0").await.unwrap();
    let operation = OperationId::random();
    world.journal.unreadable.store(true, Ordering::SeqCst);
    world.journal.direct(Step::Append, Direction::LoseRequest);
    // The pauses between the tries pass at once; nothing here waits for a network.
    tokio::time::pause();
    assert_eq!(
        pod.sign_as(operation, "R-1").await,
        Err(Refusal::JournalUnavailable.into())
    );
    tokio::time::resume();
    world.journal.unreadable.store(false, Ordering::SeqCst);
    assert_eq!(pod.sign_as(operation, "R-1").await.unwrap().unwrap().queue_row, 2);
    assert_eq!(world.receipts().await, 2);
}

#[tokio::test]
async fn a_wrong_token_loads_claims_and_reveals_nothing() {
    let world = World::new().await;
    let pod = world.pod("a");
    let stranger = pod.with_token("wrong");
    assert_eq!(stranger.sign("R-1").await, Err(CashboxError::Unauthorized));
    assert_eq!(world.owner().await, None);
    pod.sign("R-0").await.unwrap();
    let epoch = pod.epoch();
    assert_eq!(stranger.sign("R-1").await, Err(CashboxError::Unauthorized));
    assert_eq!(stranger.reset().await, Err(CashboxError::Unauthorized));
    assert_eq!(pod.epoch(), epoch);
    assert_eq!(world.receipts().await, 1);
}

#[tokio::test]
async fn unknown_ids_and_refused_tokens_are_not_asked_for_twice() {
    let world = World::new().await;
    let stranger = world.pod("a").with_token("wrong");
    for _ in 0..5 {
        assert_eq!(stranger.sign("R-1").await, Err(CashboxError::Unauthorized));
    }
    assert_eq!(world.service.refusals.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_refused_start_does_not_refuse_the_right_token_that_waits_for_it() {
    let world = World::new().await;
    let pod = world.pod("a");
    let stranger = pod.with_token("wrong");
    let (wrong, right) = tokio::join!(stranger.sign("R-1"), pod.sign("R-1"));
    assert_eq!(wrong, Err(CashboxError::Unauthorized));
    assert!(right.is_ok());
}

#[tokio::test]
async fn a_rotated_token_is_accepted_after_one_question() {
    let world = World::new().await;
    let pod = world.pod("a");
    pod.sign("R-0").await.unwrap();
    world.service.accept("rotated");
    let rotated = pod.with_token("rotated");
    rotated.sign("R-1").await.unwrap();
    rotated.sign("R-2").await.unwrap();
    assert_eq!(world.service.fetches.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn two_pods_asked_at_once_for_a_cold_cashbox_have_one_owner() {
    let world = World::new().await;
    let (one, two) = (world.pod("a"), world.pod("b"));
    let (first, second) = tokio::join!(one.sign("R-1"), two.sign("R-2"));
    assert_eq!(
        [&first, &second]
            .into_iter()
            .filter(|answer| answer.is_ok())
            .count(),
        1
    );
    let refused = first.and(second).unwrap_err();
    assert!(matches!(refused, CashboxError::HeldByOther(_)), "{refused:?}");
    assert_eq!(world.service.fetches.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_idle_cashbox_is_released_and_comes_back_when_asked_for() {
    let world = World::new().await;
    let pod = world.idle_pod("a");
    pod.sign("R-0").await.unwrap();
    pod.until_gone().await;
    assert_eq!(world.owner().await, None);
    assert_eq!(pod.sign("R-1").await.unwrap().unwrap().queue_row, 2);
}

#[tokio::test]
async fn a_cashbox_with_an_open_tse_transaction_does_not_leave() {
    let world = World::new().await;
    let pod = world.idle_pod("a");
    pod.activate().await;
    pod.sign_case(OperationId::random(), START_TRANSACTION)
        .await
        .unwrap();
    world.pass_time().await;
    assert!(world.owner().await.is_some());
    assert_eq!(pod.registry.len(), 1);
}

#[tokio::test]
async fn a_full_mailbox_refuses_and_the_others_are_served() {
    let world = World::new().await;
    let pod = world.pod("a");
    pod.sign("R-0").await.unwrap();
    let held = world.journal.direct(Step::Append, Direction::hold());
    let running = tokio::spawn(pod.clone().signing(OperationId::random(), "R-running"));
    held.reached().await;
    let depth = world::MAILBOX_DEPTH;
    let waiting: Vec<_> = (0..depth)
        .map(|at| tokio::spawn(pod.clone().signing(OperationId::random(), format!("R-{at}"))))
        .collect();
    pod.until_waiting(depth).await;
    assert_eq!(pod.sign("R-late").await, Err(Refusal::MailboxFull.into()));
    held.go_on();
    assert!(running.await.unwrap().is_ok());
    assert!(
        join_all(waiting)
            .await
            .into_iter()
            .all(|answer| answer.unwrap().is_ok())
    );
}

#[tokio::test]
async fn a_client_that_goes_away_does_not_stop_its_receipt() {
    let world = World::new().await;
    let pod = world.pod("a");
    let held = world.journal.direct(Step::Append, Direction::hold());
    let operation = OperationId::random();
    let client = tokio::spawn(pod.clone().signing(operation, "R-1"));
    held.reached().await;
    client.abort();
    held.go_on();
    assert_eq!(pod.sign_as(operation, "R-1").await.unwrap().unwrap().queue_row, 1);
    assert_eq!(world.receipts().await, 1);
}

#[tokio::test]
async fn a_drain_finishes_the_receipt_that_runs_and_sends_those_who_wait_elsewhere() {
    let world = World::new().await;
    let pod = world.pod("a");
    pod.sign("R-0").await.unwrap();
    let held = world.journal.direct(Step::Append, Direction::hold());
    let running = tokio::spawn(pod.clone().signing(OperationId::random(), "R-1"));
    held.reached().await;
    let waiting = tokio::spawn(pod.clone().signing(OperationId::random(), "R-2"));
    pod.until_waiting(1).await;
    let drain = tokio::spawn({
        let pod = pod.clone();
        async move { pod.registry.drain(&Pace::unhurried(4)).await }
    });
    pod.until_draining().await;
    held.go_on();
    assert!(running.await.unwrap().is_ok());
    assert_eq!(waiting.await.unwrap(), Err(Refusal::Draining.into()));
    drain.await.unwrap();
    assert_eq!(world.owner().await, None);
    assert_eq!(pod.sign("R-3").await, Err(Refusal::Draining.into()));
}

#[tokio::test]
async fn a_pod_that_hosts_as_many_as_it_may_refuses_one_more() {
    let world = World::new().await;
    let pod = world.small_pod("a");
    pod.sign("R-0").await.unwrap();
    assert_eq!(
        pod.at(world.other_cashbox()).sign("R-0").await,
        Err(Refusal::PodFull.into())
    );
}

#[tokio::test]
async fn a_hint_that_another_owns_it_is_believed_only_when_the_journal_says_so() {
    let world = World::new().await;
    let pod: Arc<Pod> = world.pod("a");
    pod.sign("R-0").await.unwrap();
    let epoch = pod.epoch();
    pod.live().confirm();
    assert_eq!(pod.sign("R-1").await.unwrap().unwrap().queue_row, 2);
    assert_eq!(pod.epoch(), epoch);
    let other = world.pod("b").id();
    world
        .journal
        .claim(
            world::QUEUE,
            world::CASHBOX,
            &other,
            ClaimReason::Takeover,
            shared::clock::Ticks(1),
        )
        .await
        .unwrap();
    pod.live().confirm();
    pod.until_gone().await;
}
