//! A slow cashbox holds up nobody else, and many at once are served in order: F39 and F42.

use std::sync::atomic::Ordering;

use futures::future::join_all;
use shared::api::refusal::Refusal;
use shared::identity::OperationId;

use super::directed_journal::{Direction, Step};
use super::world::{FETCHES_AT_ONCE, World};

#[tokio::test]
async fn a_start_that_waits_for_its_configuration_keeps_no_place() {
    let world = World::new().await;
    let pod = world.narrow_pod("a");
    world.service.held.hold_up([world.nth_cashbox(1)]);
    let slow = pod.at(world.nth_cashbox(1));
    let slow = tokio::spawn(async move { slow.sign("R-1").await });
    pod.until(|| pod.registry.len() == 1).await;
    pod.at(world.nth_cashbox(2)).sign("R-1").await.unwrap();
    assert!(!slow.is_finished());
    world.service.held.let_go();
    slow.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_start_that_settles_with_a_slow_tse_keeps_no_place() {
    let world = World::new().await;
    let pod = world.narrow_pod("a");
    world.journal.direct(Step::Append, Direction::Panic);
    let operation = OperationId::random();
    assert_eq!(pod.sign_as(operation, "R-1").await, Err(Refusal::Moving.into()));
    let held = world.journal.direct(Step::Append, Direction::hold());
    let settling = tokio::spawn(pod.clone().signing(operation, "R-1"));
    held.reached().await;
    pod.at(world.other_cashbox()).sign("R-1").await.unwrap();
    assert!(!settling.is_finished());
    held.go_on();
    assert_eq!(settling.await.unwrap().unwrap().unwrap().queue_row, 1);
}

#[tokio::test]
async fn a_thousand_first_requests_load_each_cashbox_once_and_so_many_at_a_time() {
    const CASHBOXES: u32 = 100;
    const REQUESTS_EACH: usize = 10;
    let world = World::new().await;
    let pod = world.pod("a");
    let all: Vec<_> = (1..=CASHBOXES).map(|n| world.nth_cashbox(n)).collect();
    world.service.held.hold_up(all.iter().copied());
    let requests = all.iter().flat_map(|cashbox| {
        (0..REQUESTS_EACH).map(|at| {
            let pod = pod.at(*cashbox);
            tokio::spawn(async move { pod.sign(format!("R-{at}")).await })
        })
    });
    let requests: Vec<_> = requests.collect();
    pod.until(|| world.service.peak.load(Ordering::SeqCst) == FETCHES_AT_ONCE)
        .await;
    pod.until(|| pod.registry.len() == all.len()).await;
    world.service.held.let_go();
    for answer in join_all(requests).await {
        answer.unwrap().unwrap();
    }
    assert_eq!(world.service.fetches.load(Ordering::SeqCst), all.len());
    assert_eq!(world.service.peak.load(Ordering::SeqCst), FETCHES_AT_ONCE);
}

#[tokio::test]
async fn healthy_cashboxes_go_on_while_others_wait_for_their_tse() {
    const SLOW: u32 = 10;
    let world = World::new().await;
    let pod = world.pod("a");
    let all: Vec<_> = (1..=SLOW * 10).map(|n| pod.at(world.nth_cashbox(n))).collect();
    for some in all.chunks(20) {
        for answer in join_all(some.iter().map(|pod| pod.sign("R-0"))).await {
            answer.unwrap();
        }
    }
    let mut slow = Vec::new();
    let (held_up, healthy) = all.split_at(SLOW as usize);
    for pod in held_up {
        let held = world.journal.direct(Step::Append, Direction::hold());
        let pod = pod.clone();
        let signing = tokio::spawn(async move { pod.sign("R-1").await });
        held.reached().await;
        slow.push((held, signing));
    }
    for reference in ["R-1", "R-2", "R-3"] {
        for answer in join_all(healthy.iter().map(|pod| pod.sign(reference))).await {
            answer.unwrap();
        }
    }
    for (held, signing) in slow {
        assert!(!signing.is_finished());
        held.go_on();
        signing.await.unwrap().unwrap();
    }
}
