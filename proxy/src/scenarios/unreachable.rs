//! The way to an owner is broken, and the owner is not.

use std::time::Duration;

use crate::testing::pod::Pod;
use crate::testing::stage::{BOX, Stage, dead_pod};
use shared::identity::Epoch;
use shared::ownership::store::Owner;

#[tokio::test]
async fn an_owner_that_ends_every_connection_is_suspected_and_another_pod_asked() {
    let (broken, other) = (Pod::named("byodc-0").await, Pod::named("byodc-1").await);
    let stage = Stage::with(&[&broken, &other]).await;
    stage.store.owns(BOX, broken.owner(3));
    let pos = stage.receipt("{}");
    let hang_ups = async {
        loop {
            broken.hang_up().await;
        }
    };
    let received = tokio::select! {
        received = other.receive() => received,
        () = hang_ups => unreachable!("it never ends"),
    };
    assert_eq!(
        received.field("x-byodc-suspect"),
        broken.record.id.incarnation.to_string()
    );
    received.answer(4, "taken over").await;
    assert_eq!(pos.await.unwrap().body, "taken over");
}

/// The shortest lease, so that the time of a takeover is over soon.
#[tokio::test]
async fn an_owner_that_only_others_reach_is_waited_for_as_long_as_a_takeover_takes() {
    let unreachable = dead_pod("byodc-0").await;
    let other = Pod::named("byodc-1").await;
    let settings = [
        ("Byodc__Lease__Seconds", "2"),
        ("Byodc__Lease__RenewSeconds", "1"),
    ];
    let stage = Stage::set(&[&other], &settings).await;
    let owner = Owner {
        pod: unreachable.clone(),
        epoch: Epoch(3),
    };
    stage.store.owns(BOX, owner);
    let began = tokio::time::Instant::now();
    let pos = stage.receipt("{}");
    let vouches = async {
        let mut received = other.receive().await;
        loop {
            received = received.redirect(&unreachable, 3).await.next().await;
        }
    };
    let answered = tokio::select! {
        answered = pos => answered.unwrap(),
        () = vouches => unreachable!("it never ends"),
    };
    assert!(began.elapsed() >= Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(answered.status, 503);
    assert!(
        answered.body.contains("cannot be reached from here"),
        "{}",
        answered.body
    );
    assert_eq!(answered.field("retry-after"), "5");
}
