//! The history of ownership.

use std::sync::Arc;
use std::time::Duration;

use backend::journal::JournalStore;
use backend::journal::history::{ChangeKind, ClaimReason, Claimed, HistoryRow, OwnershipChange};
use futures::future::join_all;
use harness::eventually::eventually;
use shared::clock::Ticks;
use shared::identity::{Epoch, QueueId};

use super::on_every_store;
use super::stand::Stand;
use super::till::{NOON, Till, assert_fenced, cashbox_of, claim, pod};

on_every_store!(
    a_claim_says_from_whom_and_why,
    claims_at_once_form_one_line_of_owners,
    the_loser_of_a_cashbox_can_say_so,
    pages_go_from_new_to_old_and_miss_nothing,
    what_was_noted_before_the_end_is_kept,
);

const WRITTEN_WITHIN: Duration = Duration::from_secs(60);

async fn claimed(store: &Arc<dyn JournalStore>, queue: QueueId, reason: ClaimReason, at: Ticks) -> Claimed {
    let pod = pod();
    let claim = store.claim(queue, cashbox_of(queue), &pod, reason, at);
    claim.await.unwrap()
}

/// From new to old.
async fn history(store: &Arc<dyn JournalStore>, queue: QueueId) -> Vec<HistoryRow> {
    store.history(cashbox_of(queue), None, 1000).await.unwrap()
}

/// The history once it has so many rows.
async fn history_of(rows: usize, store: &Arc<dyn JournalStore>, queue: QueueId) -> Vec<OwnershipChange> {
    let grown = eventually("the history has its rows", WRITTEN_WITHIN, async || {
        Some(history(store, queue).await).filter(|found| found.len() == rows)
    });
    grown.await.into_iter().map(|row| row.change).collect()
}

async fn a_claim_says_from_whom_and_why(stand: Stand) {
    let (queue, other) = (stand.queue(), stand.queue());
    let store = stand.store().await;
    let first = claimed(&store, queue, ClaimReason::Reserved, NOON).await;
    claimed(&store, other, ClaimReason::Direct, NOON).await;
    let second = claimed(&store, queue, ClaimReason::Takeover, Ticks(NOON.0 + 1)).await;
    assert_eq!(
        (first.from, second.from.as_ref()),
        (None, Some(first.tenure.pod()))
    );

    let rows = history(&store, queue).await;
    let change = |claimed: &Claimed, at, reason: &'static str| OwnershipChange {
        cashbox: cashbox_of(queue),
        queue,
        kind: ChangeKind::Claim,
        at,
        from: claimed.from.clone(),
        to: Some(claimed.tenure.pod().clone()),
        epoch: claimed.tenure.epoch(),
        reason: reason.into(),
    };
    let changes: Vec<_> = rows.into_iter().map(|row| row.change).collect();
    let first = Claimed { from: None, ..first };
    assert_eq!(
        changes,
        [
            change(&second, Ticks(NOON.0 + 1), "takeover"),
            change(&first, NOON, "reserved")
        ]
    );
}

async fn claims_at_once_form_one_line_of_owners(stand: Stand) {
    let queue = stand.queue();
    let stores = [stand.store().await, stand.store().await];
    join_all((0..16).map(|number| {
        let store = Arc::clone(&stores[number % 2]);
        async move { claimed(&store, queue, ClaimReason::Reserved, NOON).await }
    }))
    .await;
    let mut rows = history(&stores[0], queue).await;
    rows.reverse();
    let epochs: Vec<Epoch> = rows.iter().map(|row| row.change.epoch).collect();
    assert_eq!(epochs, (1..=16).map(Epoch).collect::<Vec<_>>());
    assert_eq!(rows[0].change.from, None);
    for pair in rows.windows(2) {
        assert!(pair[0].number < pair[1].number);
        assert_eq!(pair[1].change.from, pair[0].change.to);
    }
}

async fn the_loser_of_a_cashbox_can_say_so(stand: Stand) {
    let queue = stand.queue();
    let store = stand.store().await;
    let mut old = Till::start(&store, queue).await;
    let new = claim(&store, queue).await;
    assert_fenced(old.begin().await);
    let noted = OwnershipChange::ending(&old.tenure, ChangeKind::Fence, "fenced", NOON).to(new.pod().clone());
    store.note_change(noted.clone());
    let rows = history_of(3, &store, queue).await;
    assert_eq!(rows[0], noted);
    assert_eq!((rows[0].epoch, rows[1].epoch), (Epoch(1), Epoch(2)));
    store.confirm(&new).await.unwrap();
}

async fn pages_go_from_new_to_old_and_miss_nothing(stand: Stand) {
    let queue = stand.queue();
    let store = stand.store().await;
    let tenure = claim(&store, queue).await;
    for at in 0..10 {
        let change = OwnershipChange::ending(&tenure, ChangeKind::Release, "idle", Ticks(NOON.0 + at));
        store.note_change(change);
    }
    history_of(11, &store, queue).await;
    let whole = history(&store, queue).await;
    let (mut read, mut after) = (Vec::new(), None);
    loop {
        let page = store.history(cashbox_of(queue), after, 4).await.unwrap();
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 4);
        after = Some(last.number);
        read.extend(page);
    }
    assert_eq!(read, whole);
    // Notes of one queue keep the order in which they were handed in.
    let moments: Vec<i64> = whole[..10].iter().map(|row| row.change.at.0 - NOON.0).collect();
    assert_eq!(moments, (0..10).rev().collect::<Vec<_>>());
}

async fn what_was_noted_before_the_end_is_kept(stand: Stand) {
    let (store, metrics) = stand.counted().await;
    let queues: Vec<QueueId> = (0..12).map(|_| stand.queue()).collect();
    for queue in &queues {
        let tenure = claim(&store, *queue).await;
        let change = OwnershipChange::ending(&tenure, ChangeKind::Release, "draining", NOON);
        store.note_change(change);
    }
    store.close().await;
    let later = stand.store().await;
    for queue in &queues {
        let rows = history(&later, *queue).await;
        assert_eq!(rows.len(), 2);
        assert_eq!(
            (rows[0].change.kind, &*rows[0].change.reason),
            (ChangeKind::Release, "draining")
        );
    }
    assert_eq!(metrics.history_lost.get(), 0);
}
