//! Items by id, and how a queue stands to its TSE.

use backend::journal::JournalError;
use backend::journal::account::{Account, AccountUpdate, Staleness};
use backend::journal::entry::{JournalKind, JournalQuery, JournalRange};
use shared::clock::Ticks;
use shared::identity::{Epoch, QueueItemId, ScuId};

use super::on_every_store;
use super::stand::Stand;
use super::till::{NOON, Till, action, assert_fenced, claim};

on_every_store!(
    items_are_found_by_their_ids_however_far_back_they_are,
    an_account_reads_back_with_what_explains_it,
    an_older_tenure_accounts_for_nothing,
    a_raised_epoch_fences_its_own_tenure_and_the_next_claim_is_higher,
);

async fn items_are_found_by_their_ids_however_far_back_they_are(stand: Stand) {
    let mut till = Till::start(&stand.store().await, stand.queue()).await;
    let mut entries = Vec::new();
    for _ in 0..40 {
        entries.push(till.sign().await.unwrap());
    }
    let begun = till.begin().await.unwrap();
    let wanted = [
        entries[0].item.item,
        QueueItemId::random(),
        entries[39].item.item,
        begun.item.item,
    ];
    let mut found = till.store.find_items(till.queue.queue, &wanted).await.unwrap();
    found.sort_by_key(|operation| operation.item.row);
    let items: Vec<_> = found.iter().map(|operation| operation.item.clone()).collect();
    assert_eq!(
        items,
        [entries[0].item.clone(), entries[39].item.clone(), begun.item]
    );
    assert_eq!(found[2].outcome, None);
    let elsewhere = till.store.find_items(stand.queue(), &wanted).await.unwrap();
    assert_eq!(elsewhere, []);
    assert_eq!(till.store.find_items(till.queue.queue, &[]).await.unwrap(), []);
}

fn stale() -> Account {
    Account {
        scu: Some(ScuId::from_u128(7)),
        reported_through: 4_711,
        stale: Some(Staleness {
            found_at: Ticks(NOON.0 + 1),
            evidence: "the TSE remembers more".to_owned(),
        }),
        accepted_at: Some(Ticks(NOON.0 - 1)),
    }
}

async fn an_account_reads_back_with_what_explains_it(stand: Stand) {
    let till = Till::start(&stand.store().await, stand.queue()).await;
    let queue = till.queue.queue;
    assert_eq!(till.store.account(queue).await.unwrap(), Account::default());
    let update = AccountUpdate {
        account: stale(),
        actions: vec![action("found", Ticks(NOON.0 + 2))],
        raise_epoch_to: None,
    };
    till.store.put_account(&till.tenure, update).await.unwrap();
    assert_eq!(till.store.account(queue).await.unwrap(), stale());
    let query = JournalQuery {
        kind: JournalKind::Action,
        range: JournalRange::From(Ticks(NOON.0 + 2)),
        after: None,
        limit: 10,
    };
    assert_eq!(till.store.read(queue, &query).await.unwrap().rows.len(), 1);
    let settled = AccountUpdate {
        account: Account {
            stale: None,
            ..stale()
        },
        actions: Vec::new(),
        raise_epoch_to: None,
    };
    till.store
        .put_account(&till.tenure, settled.clone())
        .await
        .unwrap();
    assert_eq!(till.store.account(queue).await.unwrap(), settled.account);
    assert_eq!(
        till.store.account(stand.queue()).await.unwrap(),
        Account::default()
    );
}

async fn an_older_tenure_accounts_for_nothing(stand: Stand) {
    let till = Till::start(&stand.store().await, stand.queue()).await;
    claim(&till.store, till.queue.queue).await;
    let update = AccountUpdate {
        account: stale(),
        actions: vec![action("late", NOON)],
        raise_epoch_to: Some(Epoch(100)),
    };
    assert_fenced(till.store.put_account(&till.tenure, update).await);
    let account = till.store.account(till.queue.queue).await.unwrap();
    assert_eq!(account, Account::default());
    assert_eq!(
        claim(&till.store, till.queue.queue).await.epoch(),
        Epoch(till.tenure.epoch().0 + 2)
    );
}

async fn a_raised_epoch_fences_its_own_tenure_and_the_next_claim_is_higher(stand: Stand) {
    let mut till = Till::start(&stand.store().await, stand.queue()).await;
    till.sign().await.unwrap();
    let raise = |floor| AccountUpdate {
        account: Account::default(),
        actions: Vec::new(),
        raise_epoch_to: Some(Epoch(floor)),
    };
    // Never lowered.
    till.store.put_account(&till.tenure, raise(0)).await.unwrap();
    till.sign().await.unwrap();
    till.store.put_account(&till.tenure, raise(40)).await.unwrap();
    assert!(matches!(till.sign().await, Err(JournalError::Fenced { .. })));
    let (mut next, opened) = Till::open(&till.store, till.queue.queue).await;
    assert_eq!(next.tenure.epoch(), Epoch(41));
    assert_eq!(opened.queue.receipt_numerator, 2);
    next.sign().await.unwrap();
}
