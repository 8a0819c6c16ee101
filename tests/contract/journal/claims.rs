//! Claims and fencing.

use std::sync::Arc;

use backend::journal::history::ClaimReason;
use futures::future::join_all;
use shared::identity::Epoch;

use super::on_every_store;
use super::stand::Stand;
use super::till::{NOON, Till, action, assert_fenced, cashbox_of, claim, pod, seed};

on_every_store!(
    claims_at_once_get_strictly_rising_epochs,
    an_older_tenure_can_write_nothing_any_more,
    a_tenure_stays_the_newest_until_somebody_claims,
    an_unknown_queue_confirms_nobody,
);

async fn claims_at_once_get_strictly_rising_epochs(stand: Stand) {
    let queue = stand.queue();
    let stores = [stand.store().await, stand.store().await];
    let claims = (0..24).map(|number| {
        let store = Arc::clone(&stores[number % 2]);
        tokio::spawn(async move {
            store
                .claim(queue, cashbox_of(queue), &pod(), ClaimReason::Reserved, NOON)
                .await
                .unwrap()
                .tenure
                .epoch()
        })
    });
    let mut epochs: Vec<Epoch> = join_all(claims).await.into_iter().map(Result::unwrap).collect();
    epochs.sort();
    assert_eq!(epochs, (1..=24).map(Epoch).collect::<Vec<_>>());
}

async fn an_older_tenure_can_write_nothing_any_more(stand: Stand) {
    let queue = stand.queue();
    let mut old = Till::start(&stand.store().await, queue).await;
    old.sign().await.unwrap();
    let begun = old.begin().await.unwrap();
    let new = claim(&stand.store().await, queue).await;

    assert_fenced(old.store.append(&old.tenure, old.entry(&begun)).await);
    assert_fenced(old.begin().await);
    assert_fenced(old.store.confirm(&old.tenure).await);
    assert_fenced(old.store.open(&old.tenure, &seed(queue), NOON).await);
    assert_fenced(
        old.store
            .append_actions(&old.tenure, vec![action("late", NOON)])
            .await,
    );

    let opened = old.store.open(&new, &seed(queue), NOON).await.unwrap();
    assert_eq!((opened.queue.receipt_numerator, opened.queue.queued_row), (1, 2));
    assert_eq!(opened.interrupted.len(), 1);
}

async fn a_tenure_stays_the_newest_until_somebody_claims(stand: Stand) {
    let (queue, other) = (stand.queue(), stand.queue());
    let store = stand.store().await;
    let tenure = claim(&store, queue).await;
    claim(&store, other).await;
    store.confirm(&tenure).await.unwrap();
    claim(&store, queue).await;
    assert_fenced(store.confirm(&tenure).await);
}

async fn an_unknown_queue_confirms_nobody(stand: Stand) {
    let elsewhere = Stand::in_memory().store().await;
    let tenure = claim(&elsewhere, stand.queue()).await;
    let store = stand.store().await;
    assert_fenced(store.confirm(&tenure).await);
    assert_fenced(store.open(&tenure, &seed(tenure.queue()), NOON).await);
}
