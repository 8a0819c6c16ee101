//! A cashbox that panics or hangs harms only itself: F09 and F10.

use shared::api::refusal::Refusal;
use shared::identity::OperationId;

use super::directed_journal::{Direction, Step};
use super::pod::Pod;
use super::world::{CASHBOX, World};
use crate::cashbox::error::CashboxError;
use crate::cashbox::registry::watchdog::Vitality;
use crate::journal::JournalStore as _;

/// Signs until the answer is a receipt; meanwhile only refusals that pass by themselves are right.
async fn signed_in_the_end(pod: &Pod, operation: OperationId) -> i64 {
    loop {
        match pod.sign_as(operation, "R-1").await {
            Ok(answer) => return answer.unwrap().queue_row,
            Err(error) => assert_eq!(error, Refusal::Moving.into()),
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_receipt_that_hangs_is_freed_and_signed_once_by_the_next_instance() {
    let world = World::new().await;
    let pod = world.watched_pod("a");
    let other = pod.at(world.other_cashbox());
    pod.sign("R-0").await.unwrap();
    other.sign("R-0").await.unwrap();
    let (epoch, others_epoch) = (pod.epoch(), other.epoch());
    let held = world.journal.direct(Step::Append, Direction::hold());
    let operation = OperationId::random();
    let (refused, ()) = tokio::join!(pod.sign_as(operation, "R-1"), async {
        held.reached().await;
        other.sign("R-1").await.unwrap();
    });
    assert_eq!(refused, Err(Refusal::Moving.into()));
    assert_eq!(pod.stuck(), 1);
    assert_eq!(signed_in_the_end(&pod, operation).await, 2);
    assert!(pod.epoch() > epoch);
    assert_eq!(other.epoch(), others_epoch);
    assert_eq!(world.receipts().await, 2);
    pod.until(|| pod.stuck() == 0).await;
}

#[tokio::test]
async fn who_waits_behind_a_receipt_that_hangs_is_told_to_ask_again() {
    let world = World::new().await;
    let pod = world.watched_pod("a");
    pod.sign("R-0").await.unwrap();
    let held = world.journal.direct(Step::Append, Direction::hold());
    let hanging = tokio::spawn(pod.clone().signing(OperationId::random(), "R-1"));
    held.reached().await;
    assert_eq!(pod.sign("R-2").await, Err(Refusal::Moving.into()));
    assert_eq!(hanging.await.unwrap(), Err(Refusal::Moving.into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_an_instance_that_blocked_writes_too_late_is_fenced() {
    let world = World::new().await;
    let pod = world.watched_pod("a");
    pod.sign("R-0").await.unwrap();
    let (block, let_go) = Direction::block();
    world.journal.direct(Step::Append, block);
    let operation = OperationId::random();
    assert_eq!(pod.sign_as(operation, "R-1").await, Err(Refusal::Moving.into()));
    assert_eq!(signed_in_the_end(&pod, operation).await, 2);
    drop(let_go);
    assert_eq!(pod.sign("R-2").await.unwrap().unwrap().queue_row, 3);
    assert_eq!(world.receipts().await, 3);
}

#[tokio::test]
async fn a_start_that_hangs_is_freed_and_leaves_no_claim_on_the_cashbox() {
    let world = World::new().await;
    let pod = world.watched_pod("a");
    let held = world.journal.direct(Step::Open, Direction::hold());
    let (refused, ()) = tokio::join!(pod.sign("R-1"), held.reached());
    assert_eq!(refused, Err(Refusal::Moving.into()));
    assert_eq!(world.owner().await, None);
    let history = world.journal.history(CASHBOX, None, 10).await.unwrap();
    let reasons: Vec<_> = history.iter().map(|row| row.change.reason.as_ref()).collect();
    assert_eq!(reasons, ["broke down", "reserved"]);
    assert_eq!(world.pod("b").sign("R-1").await.unwrap().unwrap().queue_row, 1);
}

#[tokio::test]
async fn a_panic_while_starting_is_told_as_passing_and_leaves_no_claim_on_the_cashbox() {
    let world = World::new().await;
    let pod = world.pod("a");
    world.journal.direct(Step::Open, Direction::Panic);
    assert_eq!(pod.sign("R-1").await, Err(Refusal::Moving.into()));
    assert_eq!(world.owner().await, None);
    assert_eq!(pod.sign("R-1").await.unwrap().unwrap().queue_row, 1);
}

#[tokio::test]
async fn a_cashbox_whose_stored_chain_is_broken_is_refused_counted_and_left_to_nobody() {
    const CHAIN_CHECK_FAILURES: &str = "byodc_chain_check_failures_total";
    let world = World::new().await;
    let pod = world.pod("a");
    assert_eq!(pod.figure(CHAIN_CHECK_FAILURES), 0);
    world.journal.direct(Step::Open, Direction::FindBroken);
    assert_eq!(pod.sign("R-1").await, Err(CashboxError::Broken));
    assert_eq!(pod.figure(CHAIN_CHECK_FAILURES), 1);
    assert_eq!(world.owner().await, None);
    assert_eq!(pod.sign("R-1").await.unwrap().unwrap().queue_row, 1);
    assert_eq!(pod.figure(CHAIN_CHECK_FAILURES), 1);
}

#[tokio::test]
async fn panics_in_a_receipt_and_in_its_settling_still_end_in_one_receipt() {
    let world = World::new().await;
    let pod = world.pod("a");
    pod.sign("R-0").await.unwrap();
    world.journal.direct(Step::Append, Direction::Panic);
    world.journal.direct(Step::Append, Direction::Panic);
    assert_eq!(signed_in_the_end(&pod, OperationId::random()).await, 2);
    assert_eq!(world.journal.directions_left(), 0);
    assert_eq!(world.receipts().await, 2);
}

#[tokio::test]
async fn a_cashbox_that_panics_at_every_start_does_not_spin_and_the_others_are_served() {
    const PANICS: usize = 50;
    let world = World::new().await;
    let pod = world.pod("a");
    for _ in 0..PANICS {
        world.journal.direct(Step::Open, Direction::Panic);
    }
    for _ in 0..PANICS {
        assert_eq!(pod.sign("R-1").await, Err(Refusal::Moving.into()));
    }
    // The second panic is followed by a pause, in which nothing is started.
    assert!(world.journal.directions_left() >= PANICS - 3);
    assert_eq!(pod.registry.vitality(), Vitality::Well);
}

#[tokio::test]
async fn a_pod_whose_cashboxes_all_hang_says_so_until_one_is_served() {
    let world = World::new().await;
    let pod = world.watched_pod("a");
    for n in 1..=3 {
        assert_eq!(pod.registry.vitality(), Vitality::Well);
        world.journal.direct(Step::Open, Direction::hold());
        let refused = pod.at(world.nth_cashbox(n)).sign("R-1").await;
        assert_eq!(refused, Err(Refusal::Moving.into()));
    }
    assert_eq!(pod.registry.vitality(), Vitality::Stuck);
    pod.at(world.nth_cashbox(4)).sign("R-1").await.unwrap();
    assert_eq!(pod.registry.vitality(), Vitality::Well);
}
