//! Two pods on one database, and groups of cashboxes.

use std::sync::Arc;
use std::time::Duration;

use backend::journal::entry::{JournalKind, JournalQuery, JournalRange, JournalRows};
use backend::journal::{JournalError, JournalStore};
use futures::future::join_all;
use shared::clock::Ticks;
use shared::identity::QueueId;

use super::on_every_store;
use super::stand::Stand;
use super::till::{Till, claim};

on_every_store!(
    two_pods_that_take_a_queue_from_each_other_keep_its_chain_gapless,
    a_fenced_member_does_not_disturb_its_group,
    writes_of_many_cashboxes_share_commits,
    what_was_handed_in_is_settled_before_the_store_closes,
);

async fn two_pods_that_take_a_queue_from_each_other_keep_its_chain_gapless(stand: Stand) {
    let queue = stand.queue();
    let stores = [stand.store().await, stand.store().await];
    let pods = stores
        .iter()
        .cloned()
        .map(|store| tokio::spawn(sign_and_take_back(store, queue, 10)));
    let signed: usize = join_all(pods).await.into_iter().map(Result::unwrap).sum();
    assert_eq!(signed, 20);
    let numbers = numbers(&stores[0], queue).await;
    assert!(numbers.len() >= signed, "{} of {signed}", numbers.len());
    assert_eq!(numbers, (1..=numbers.len() as i64).collect::<Vec<_>>());
}

/// Signs until `receipts` were acknowledged, claiming anew whenever it was fenced. A fenced pod rests for a random while
/// first, as the ownership store lets only one of them claim: two that claim at once in lockstep fence each other for good.
async fn sign_and_take_back(store: Arc<dyn JournalStore>, queue: QueueId, receipts: usize) -> usize {
    let mut signed = 0;
    while signed < receipts {
        let mut till = match take(&store, queue).await {
            Ok(till) => till,
            Err(JournalError::Fenced { .. }) => {
                rest().await;
                continue;
            }
            Err(other) => panic!("{other:?}"),
        };
        while signed < receipts {
            match till.sign().await {
                Ok(_) => signed += 1,
                Err(JournalError::Fenced { .. }) => {
                    rest().await;
                    break;
                }
                Err(other) => panic!("{other:?}"),
            }
        }
    }
    signed
}

async fn rest() {
    tokio::time::sleep(Duration::from_millis(rand::random_range(0..200))).await;
}

/// Claims, opens and settles what the other pod left unfinished.
async fn take(store: &Arc<dyn JournalStore>, queue: QueueId) -> Result<Till, JournalError> {
    let tenure = claim(store, queue).await;
    let opened = store
        .open(&tenure, &super::till::seed(queue), super::till::NOON)
        .await?;
    let mut till = Till {
        store: Arc::clone(store),
        tenure,
        queue: opened.queue,
        clock: super::till::NOON,
    };
    for left in opened.interrupted {
        let intent = backend::journal::entry::Intent {
            item: left.item,
            operation: left.operation,
            content_hash: left.content_hash,
        };
        let entry = till.entry(&intent);
        till.append(entry).await?;
    }
    Ok(till)
}

async fn numbers(store: &Arc<dyn JournalStore>, queue: QueueId) -> Vec<i64> {
    let query = JournalQuery {
        kind: JournalKind::Receipt,
        range: JournalRange::From(Ticks(0)),
        after: None,
        limit: 10_000,
    };
    let JournalRows::Receipt(rows) = store.read(queue, &query).await.unwrap().rows else {
        panic!("receipts were asked for");
    };
    let mut numbers: Vec<i64> = rows.into_iter().map(|row| row.number).collect();
    numbers.sort_unstable();
    numbers
}

async fn a_fenced_member_does_not_disturb_its_group(stand: Stand) {
    let store = stand.store().await;
    let queues: Vec<QueueId> = (0..12).map(|_| stand.queue()).collect();
    let mut tills = Vec::new();
    for queue in &queues {
        tills.push(Till::start(&store, *queue).await);
    }
    let other_pod = stand.store().await;
    for queue in queues.iter().step_by(4) {
        claim(&other_pod, *queue).await;
    }
    let signing = tills.iter_mut().map(Till::sign);
    for (number, result) in join_all(signing).await.into_iter().enumerate() {
        let fenced = matches!(result, Err(JournalError::Fenced { .. }));
        assert_eq!(
            (fenced, result.is_ok()),
            (number % 4 == 0, number % 4 != 0),
            "{result:?}"
        );
    }
}

async fn writes_of_many_cashboxes_share_commits(stand: Stand) {
    let (store, metrics) = stand.counted().await;
    let mut tills = Vec::new();
    for _ in 0..24 {
        tills.push(Till::start(&store, stand.queue()).await);
    }
    let commits_before = metrics.commit_duration_seconds.get_sample_count();
    for _ in 0..4 {
        for result in join_all(tills.iter_mut().map(Till::sign)).await {
            result.unwrap();
        }
    }
    let commits = metrics.commit_duration_seconds.get_sample_count() - commits_before;
    assert!(commits < 96, "{commits} commits for 192 writes");
    assert_eq!(commits > 0, stand.url().is_some());
}

async fn what_was_handed_in_is_settled_before_the_store_closes(stand: Stand) {
    let store = stand.store().await;
    let mut till = Till::start(&store, stand.queue()).await;
    let intent = till.begin().await.unwrap();
    let entry = till.entry(&intent);
    let (appended, ()) = tokio::join!(biased; store.append(&till.tenure, entry), store.close());
    appended.unwrap();
    let found = stand
        .store()
        .await
        .find_operation(till.queue.queue, intent.operation)
        .await
        .unwrap();
    assert!(found.unwrap().outcome.is_some());
}
