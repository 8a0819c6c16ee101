//! Cashboxes that are handed over, with each step failing in turn: one owner at the end, every request answered or
//! sent to one, one chain.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use shared::api::refusal::Refusal;
use shared::identity::OperationId;
use tokio::task::JoinHandle;

use super::directed_journal::{Direction, Step};
use super::directed_successors::Failing;
use super::pod::Pod;
use super::world::World;
use crate::cashbox::error::CashboxError;
use crate::cashbox::handover::HandoverOutcome;
use crate::cashbox::registry::drain::pace::Pace;
use crate::ownership::handover::HandoverTarget;

const ANY: HandoverTarget = HandoverTarget::Any;

/// A pod that owns the cashbox, and another that may take it.
async fn owner_and_successor(world: &World) -> (Arc<Pod>, Arc<Pod>) {
    let owner = world.ready_pod("a", "old", 1).await;
    let successor = world.ready_pod("b", "old", 2).await;
    owner.sign("R-0").await.unwrap();
    owner.until_successors(1).await;
    (owner, successor)
}

/// The owner hands the cashbox over while the test goes on.
fn handing_over(owner: &Arc<Pod>) -> JoinHandle<HandoverOutcome> {
    let owner = owner.clone();
    tokio::spawn(async move { owner.hand_over(&ANY).await })
}

fn sent_to(refused: &CashboxError, pod: &Pod) -> bool {
    matches!(refused, CashboxError::HeldByOther(owner) if owner.pod.id == pod.id())
}

#[tokio::test]
async fn a_cashbox_is_served_by_its_successor_at_once_and_nothing_is_fetched() {
    let world = World::new().await;
    let (owner, successor) = owner_and_successor(&world).await;
    let fetches = world.service.fetches.load(Ordering::SeqCst);
    let before = owner.epoch();
    let outcome = owner.hand_over(&ANY).await;
    let HandoverOutcome::Moved { to, epoch, .. } = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!((to, epoch.0), (successor.id(), before.0 + 1));
    assert!(!owner.hosts() && successor.hosts());
    let recorded = world.owner().await.unwrap();
    assert_eq!((recorded.pod.id, recorded.epoch), (successor.id(), epoch));
    assert!(sent_to(&owner.sign("R-1").await.unwrap_err(), &successor));
    assert_eq!(successor.sign("R-1").await.unwrap().unwrap().queue_row, 2);
    let stranger = successor.with_token("wrong");
    assert_eq!(stranger.sign("R-2").await, Err(CashboxError::Unauthorized));
    assert_eq!(world.service.fetches.load(Ordering::SeqCst), fetches);
}

#[tokio::test]
async fn the_running_receipt_ends_here_and_who_waits_is_sent_to_the_successor() {
    let world = World::new().await;
    let (owner, successor) = owner_and_successor(&world).await;
    let held = world.journal.direct(Step::Append, Direction::hold());
    let running = tokio::spawn(owner.clone().signing(OperationId::random(), "R-1"));
    held.reached().await;
    let operation = OperationId::random();
    let waiting = tokio::spawn(owner.clone().signing(operation, "R-2"));
    owner.until_waiting(1).await;
    let moving = handing_over(&owner);
    owner.until_departing().await;
    assert!(!successor.hosts());
    held.go_on();
    assert_eq!(running.await.unwrap().unwrap().unwrap().queue_row, 2);
    assert!(sent_to(&waiting.await.unwrap().unwrap_err(), &successor));
    assert!(matches!(moving.await.unwrap(), HandoverOutcome::Moved { .. }));
    assert_eq!(
        successor
            .sign_as(operation, "R-2")
            .await
            .unwrap()
            .unwrap()
            .queue_row,
        3
    );
    assert_eq!(world.receipts().await, 3);
}

#[tokio::test]
async fn without_a_pod_that_agrees_it_stays_where_it_is() {
    let world = World::new().await;
    let (owner, successor) = owner_and_successor(&world).await;
    world
        .successors
        .fail(successor.id().incarnation, Failing::Prepare);
    let epoch = owner.epoch();
    assert_eq!(owner.hand_over(&ANY).await, HandoverOutcome::NoSuccessor);
    let elsewhere = HandoverTarget::Pod("c".parse().unwrap());
    assert_eq!(owner.hand_over(&elsewhere).await, HandoverOutcome::NoSuccessor);
    let itself = HandoverTarget::Pod(owner.id().name);
    assert_eq!(owner.hand_over(&itself).await, HandoverOutcome::NoSuccessor);
    owner.sign("R-1").await.unwrap();
    assert_eq!(owner.epoch(), epoch);
    assert_eq!(successor.hand_over(&ANY).await, HandoverOutcome::NotHere);
}

#[tokio::test]
async fn the_next_pod_is_asked_when_the_first_does_not_agree() {
    let world = World::new().await;
    let (owner, one) = owner_and_successor(&world).await;
    let two = world.ready_pod("c", "old", 3).await;
    owner.until_successors(2).await;
    world.successors.fail(one.id().incarnation, Failing::Prepare);
    assert!(matches!(owner.hand_over(&ANY).await, HandoverOutcome::Moved { to, .. } if to == two.id()));
    let named = HandoverTarget::Pod(owner.id().name);
    two.until_successors(2).await;
    assert!(matches!(two.hand_over(&named).await, HandoverOutcome::Moved { to, .. } if to == owner.id()));
}

#[tokio::test]
async fn a_successor_that_dies_before_it_takes_leaves_the_cashbox_free() {
    let world = World::new().await;
    let (owner, successor) = owner_and_successor(&world).await;
    world
        .successors
        .fail(successor.id().incarnation, Failing::GoneAtTake);
    assert_eq!(owner.hand_over(&ANY).await, HandoverOutcome::Freed);
    assert_eq!(world.owner().await, None);
    assert!(!successor.hosts());
    assert_eq!(owner.sign("R-1").await.unwrap().unwrap().queue_row, 2);
}

#[tokio::test]
async fn a_successor_that_cannot_claim_leaves_the_cashbox_free() {
    let world = World::new().await;
    let (owner, successor) = owner_and_successor(&world).await;
    world.journal.unclaimable.store(true, Ordering::SeqCst);
    assert_eq!(owner.hand_over(&ANY).await, HandoverOutcome::Freed);
    assert_eq!(world.owner().await, None);
    assert_eq!(successor.sign("R-1").await.unwrap().unwrap().queue_row, 2);
}

/// The peers of this world answer that nothing listens; the pod has taken it nevertheless, and its claim counts.
#[tokio::test]
async fn a_lost_answer_to_take_ends_with_one_owner() {
    let world = World::new().await;
    let (owner, successor) = owner_and_successor(&world).await;
    world
        .successors
        .fail(successor.id().incarnation, Failing::AnswerToTake);
    owner.hand_over(&ANY).await;
    assert!(!owner.hosts() && successor.hosts());
    assert!(sent_to(&owner.sign("R-1").await.unwrap_err(), &successor));
    assert_eq!(successor.sign("R-1").await.unwrap().unwrap().queue_row, 2);
}

/// The record names the successor before it hears so from the owner.
#[tokio::test]
async fn a_request_that_is_faster_than_the_owners_word_claims_after_a_handover() {
    let world = World::new().await;
    let (owner, successor) = owner_and_successor(&world).await;
    world
        .successors
        .fail(successor.id().incarnation, Failing::LateTake);
    let moving = handing_over(&owner);
    let operation = OperationId::random();
    while let Err(refused) = successor.sign_as(operation, "R-1").await {
        assert!(sent_to(&refused, &owner), "{refused}");
        tokio::task::yield_now().await;
    }
    assert!(matches!(moving.await.unwrap(), HandoverOutcome::Moved { .. }));
    assert_eq!(successor.figure(r#"byodc_claims_total{reason="handover"}"#), 1);
    assert_eq!(world.receipts().await, 2);
}

#[tokio::test]
async fn without_a_shared_key_the_first_request_starts_it_at_the_successor() {
    let world = World::new().await;
    let (owner, successor) = owner_and_successor(&world).await;
    world.successors.fail(successor.id().incarnation, Failing::Seal);
    let to = successor.id();
    assert_eq!(owner.hand_over(&ANY).await, HandoverOutcome::Expected { to });
    assert!(!owner.hosts() && !successor.hosts());
    assert!(sent_to(&owner.sign("R-1").await.unwrap_err(), &successor));
    assert_eq!(successor.sign("R-1").await.unwrap().unwrap().queue_row, 2);
}

#[tokio::test]
async fn a_pod_that_drains_before_the_first_request_lets_go_of_what_it_expected() {
    let world = World::new().await;
    let (owner, successor) = owner_and_successor(&world).await;
    world.successors.fail(successor.id().incarnation, Failing::Seal);
    owner.hand_over(&ANY).await;
    assert_eq!(world.owner().await.unwrap().pod.id, successor.id());
    successor.registry.drain(&Pace::unhurried(1)).await;
    assert_eq!(successor.sign("R-1").await, Err(Refusal::Draining.into()));
    world.until_free().await;
    assert_eq!(owner.sign("R-1").await.unwrap().unwrap().queue_row, 2);
}

#[tokio::test]
async fn a_store_that_forgot_everything_stops_no_handover() {
    let world = World::new().await;
    let (owner, successor) = owner_and_successor(&world).await;
    world.empty_store();
    assert!(matches!(
        owner.hand_over(&ANY).await,
        HandoverOutcome::Moved { .. }
    ));
    assert_eq!(world.owner().await.unwrap().pod.id, successor.id());
    assert_eq!(successor.sign("R-1").await.unwrap().unwrap().queue_row, 2);
}

/// The reset has fetched the new configuration when the successor prepares for the old one.
#[tokio::test]
async fn a_reset_under_way_while_the_successor_prepares_is_not_undone() {
    let world = World::new().await;
    let (owner, successor) = owner_and_successor(&world).await;
    world.service.revision.store(1, Ordering::SeqCst);
    let before = owner.live().terms().configuration;
    let held = world.journal.direct(Step::Open, Direction::hold());
    let resetting = tokio::spawn({
        let owner = owner.clone();
        async move { owner.reset().await }
    });
    held.reached().await;
    let moving = handing_over(&owner);
    owner.until_departing().await;
    held.go_on();
    resetting.await.unwrap().unwrap();
    assert!(matches!(moving.await.unwrap(), HandoverOutcome::Moved { .. }));
    assert_ne!(successor.live().terms().configuration, before);
    assert_eq!(successor.sign("R-1").await.unwrap().unwrap().queue_row, 2);
}

#[tokio::test]
async fn a_rotated_token_is_handed_over() {
    let world = World::new().await;
    let (owner, successor) = owner_and_successor(&world).await;
    world.service.accept("rotated");
    owner.with_token("rotated").sign("R-1").await.unwrap();
    assert!(matches!(
        owner.hand_over(&ANY).await,
        HandoverOutcome::Moved { .. }
    ));
    let fetches = world.service.fetches.load(Ordering::SeqCst);
    successor.with_token("rotated").sign("R-2").await.unwrap();
    assert_eq!(world.service.fetches.load(Ordering::SeqCst), fetches);
}

#[tokio::test]
async fn a_superseded_owner_hands_nothing_over_and_names_the_real_one() {
    let world = World::new().await;
    let (owner, successor) = owner_and_successor(&world).await;
    let third = world.ready_pod("c", "old", 3).await;
    owner.until_successors(2).await;
    world.bury(&owner).await;
    third.sign("R-1").await.unwrap();
    let named = HandoverTarget::Pod(successor.id().name);
    assert_eq!(owner.hand_over(&named).await, HandoverOutcome::Freed);
    assert!(!successor.hosts() && third.hosts());
    assert_eq!(third.sign("R-2").await.unwrap().unwrap().queue_row, 3);
}

#[tokio::test]
async fn a_drain_moves_each_cashbox_once_to_the_newest_generation_and_says_where_it_went() {
    let world = World::new().await;
    let mut old = Vec::new();
    for name in ["a-0", "a-1", "a-2"] {
        old.push(world.ready_pod(name, "old", 1).await);
    }
    old[0].sign("R-0").await.unwrap();
    let other = world.other_cashbox();
    old[1].at(other).sign("R-0").await.unwrap();
    let mut new = Vec::new();
    for name in ["b-0", "b-1", "b-2"] {
        new.push(world.ready_pod(name, "new", 2).await);
    }
    let epochs = [old[0].epoch(), old[1].at(other).epoch()];
    for pod in &old {
        pod.until_successors(5).await;
        pod.registry.drain(&Pace::unhurried(2)).await;
        assert!(pod.registry.is_empty());
        world.bury(pod).await;
    }
    for (cashbox, before) in [(super::world::CASHBOX, epochs[0]), (other, epochs[1])] {
        let owner = world.owner_of(cashbox).await.unwrap();
        assert_eq!(owner.epoch.0, before.0 + 1, "moved once");
        let at = new
            .iter()
            .find(|pod| pod.id() == owner.pod.id)
            .expect("a new pod");
        assert_eq!(at.at(cashbox).sign("R-1").await.unwrap().unwrap().queue_row, 2);
    }
    let late = old[0].sign("R-2").await.unwrap_err();
    assert!(matches!(late, CashboxError::HeldByOther(_)), "{late:?}");
    assert_eq!(
        old[2].sign("R-2").await,
        Err(Refusal::Draining.into()),
        "never here"
    );
}

#[tokio::test]
async fn a_drain_gives_nothing_to_an_old_pod_because_the_new_one_is_busy() {
    let world = World::new().await;
    let (draining, other_old) = owner_and_successor(&world).await;
    let new = world.ready_pod("c", "new", 9).await;
    draining.until_successors(2).await;
    world.successors.fail(new.id().incarnation, Failing::Prepare);
    assert_eq!(draining.hand_over(&ANY).await, HandoverOutcome::NoSuccessor);
    draining.registry.drain(&Pace::unhurried(1)).await;
    assert!(!other_old.hosts());
    world.until_free().await;
    assert_eq!(new.sign("R-1").await.unwrap().unwrap().queue_row, 2);
}

#[tokio::test]
async fn a_drain_gives_to_an_old_pod_what_every_new_one_refuses() {
    let world = World::new().await;
    let (draining, other_old) = owner_and_successor(&world).await;
    let new = world.ready_pod("c", "new", 9).await;
    draining.until_successors(2).await;
    new.registry.parts().ownership.pod().drain();
    draining.registry.drain(&Pace::unhurried(1)).await;
    assert!(other_old.hosts() && !new.hosts());
}
