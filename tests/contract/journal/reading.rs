//! Looking receipts up, and pages of journals.

use std::sync::Arc;

use backend::journal::JournalStore;
use backend::journal::entry::{
    Change, JournalCounts, JournalKind, JournalPage, JournalQuery, JournalRange, JournalRows,
    KeptConfiguration,
};
use shared::clock::Ticks;
use shared::identity::{CashBoxId, QueueId};

use super::on_every_store;
use super::stand::Stand;
use super::till::{NOON, Till, action};

on_every_store!(
    receipts_are_found_by_reference_and_terminal_newest_first,
    a_reference_is_compared_byte_for_byte,
    pages_miss_and_repeat_nothing_where_moments_are_equal,
    a_range_holds_both_of_its_ends,
    the_first_rows_of_a_range_are_counted_across_pages,
    items_stand_at_the_moment_of_their_last_write,
    a_page_is_bounded_by_bytes_and_a_large_row_is_alone,
    every_journal_of_an_unknown_queue_is_empty,
    the_rows_of_one_queue_are_counted,
    the_configuration_kept_last_is_found,
);

async fn receipts_are_found_by_reference_and_terminal_newest_first(stand: Stand) {
    let store = stand.store().await;
    let mut till = Till::start(&store, stand.queue()).await;
    for number in 0..150 {
        let mut intent = till.intent();
        intent.item.receipt_reference = "the same".to_owned();
        intent.item.terminal_id = if number % 10 == 0 { "rare" } else { "usual" }.to_owned();
        store.begin(&till.tenure, intent.clone()).await.unwrap();
        till.queue.queued_row = intent.item.row;
        let entry = till.entry(&intent);
        till.append(entry).await.unwrap();
    }
    let mut unfinished = till.intent();
    unfinished.item.receipt_reference = "the same".to_owned();
    store.begin(&till.tenure, unfinished).await.unwrap();

    let rows = async |terminal, limit| -> Vec<i64> {
        let found = store
            .find_by_reference(till.queue.queue, "the same", terminal, limit)
            .await
            .unwrap();
        found.into_iter().map(|found| found.item.row).collect()
    };
    assert_eq!(rows(None, 3).await, [150, 149, 148]);
    assert_eq!(
        rows(Some("rare"), 1000).await,
        (0..15).rev().map(|ten| ten * 10 + 1).collect::<Vec<i64>>()
    );
    assert_eq!(rows(Some("none"), 1000).await, [0; 0]);
    assert_eq!(rows(None, 1000).await.len(), 150);
}

async fn a_reference_is_compared_byte_for_byte(stand: Stand) {
    let store = stand.store().await;
    let mut till = Till::start(&store, stand.queue()).await;
    for reference in ["a", "a ", "A", "ä", ""] {
        let mut intent = till.intent();
        intent.item.receipt_reference = reference.to_owned();
        intent.item.terminal_id = format!("T{reference}");
        store.begin(&till.tenure, intent.clone()).await.unwrap();
        till.queue.queued_row = intent.item.row;
        let entry = till.entry(&intent);
        till.append(entry).await.unwrap();
    }
    for reference in ["a", "a ", "A", "ä", ""] {
        let terminal = format!("T{reference}");
        let found = store
            .find_by_reference(till.queue.queue, reference, Some(&terminal), 9)
            .await
            .unwrap();
        assert_eq!(found.len(), 1, "{reference:?}");
        let other = store
            .find_by_reference(till.queue.queue, reference, Some("ta"), 9)
            .await
            .unwrap();
        assert_eq!(other, [], "{reference:?}");
    }
}

fn query(kind: JournalKind, range: JournalRange, limit: u32) -> JournalQuery {
    JournalQuery {
        kind,
        range,
        after: None,
        limit,
    }
}

/// Every page of a query.
async fn pages(store: &Arc<dyn JournalStore>, queue: QueueId, query: JournalQuery) -> Vec<JournalPage> {
    let mut pages = Vec::new();
    let mut next = Some(query);
    while let Some(query) = next {
        let page = store.read(queue, &query).await.unwrap();
        assert!(page.rows.len() <= query.limit as usize);
        next = query.following(&page);
        pages.push(page);
    }
    pages
}

fn actions(pages: Vec<JournalPage>) -> Vec<(Ticks, u128)> {
    let rows = pages.into_iter().flat_map(|page| match page.rows {
        JournalRows::Action(rows) => rows,
        other => panic!("{other:?}"),
    });
    rows.map(|row| (row.time_stamp, row.id.as_u128())).collect()
}

/// A queue with ten action journals, five at each of two moments, after the one of its start.
async fn ten_actions(store: &Arc<dyn JournalStore>, queue: QueueId) -> Vec<(Ticks, u128)> {
    let till = Till::start(store, queue).await;
    let rows: Vec<_> = (0..10)
        .map(|number| action("noted", Ticks(NOON.0 + 10 + number % 2)))
        .collect();
    store.append_actions(&till.tenure, rows.clone()).await.unwrap();
    let mut expected: Vec<_> = rows
        .iter()
        .map(|row| (row.time_stamp, row.id.as_u128()))
        .collect();
    expected.sort_unstable();
    expected
}

async fn pages_miss_and_repeat_nothing_where_moments_are_equal(stand: Stand) {
    let store = stand.store().await;
    let queue = stand.queue();
    let expected = ten_actions(&store, queue).await;
    for limit in [1, 2, 3, 5, 10, 11] {
        let query = query(JournalKind::Action, JournalRange::From(Ticks(NOON.0 + 1)), limit);
        assert_eq!(
            actions(pages(&store, queue, query).await),
            expected,
            "pages of {limit}"
        );
    }
}

async fn a_range_holds_both_of_its_ends(stand: Stand) {
    let store = stand.store().await;
    let queue = stand.queue();
    let expected = ten_actions(&store, queue).await;
    let range = |from, to| JournalRange::Between(Ticks(NOON.0 + from), Ticks(NOON.0 + to));
    for (range, rows) in [
        (range(10, 11), 10),
        (range(10, 10), 5),
        (range(11, 99), 5),
        (range(12, 99), 0),
    ] {
        let found = actions(pages(&store, queue, query(JournalKind::Action, range, 3)).await);
        assert_eq!(found.len(), rows, "{range:?}");
        assert!(found.iter().all(|row| expected.contains(row)));
    }
}

async fn the_first_rows_of_a_range_are_counted_across_pages(stand: Stand) {
    let store = stand.store().await;
    let queue = stand.queue();
    let expected = ten_actions(&store, queue).await;
    for (count, limit) in [(0, 3), (4, 3), (6, 3), (7, 100), (100, 4)] {
        let range = JournalRange::First {
            from: Ticks(NOON.0 + 1),
            count,
        };
        let found = actions(pages(&store, queue, query(JournalKind::Action, range, limit)).await);
        let first = &expected[..expected.len().min(count as usize)];
        assert_eq!(found, first, "{count} rows in pages of {limit}");
    }
}

async fn items_stand_at_the_moment_of_their_last_write(stand: Stand) {
    let store = stand.store().await;
    let mut till = Till::start(&store, stand.queue()).await;
    let mut expected = Vec::new();
    for number in 1..=5 {
        till.clock = Ticks(NOON.0 + number * 10);
        let intent = till.begin().await.unwrap();
        till.clock = Ticks(NOON.0 + number * 10 + 5);
        let entry = till.entry(&intent);
        till.append(entry.clone()).await.unwrap();
        expected.push(entry.item);
    }
    till.clock = Ticks(NOON.0 + 52);
    expected.insert(4, till.begin().await.unwrap().item);
    for limit in [1, 2, 4, 100] {
        let query = query(JournalKind::QueueItem, JournalRange::From(NOON), limit);
        let rows = pages(&store, till.queue.queue, query)
            .await
            .into_iter()
            .flat_map(|page| match page.rows {
                JournalRows::QueueItem(rows) => rows,
                other => panic!("{other:?}"),
            });
        assert_eq!(rows.collect::<Vec<_>>(), expected, "pages of {limit}");
    }
}

/// Requests of 400 kB, in the middle one of 3 MB, and at the end one that is not answered.
async fn a_page_is_bounded_by_bytes_and_a_large_row_is_alone(stand: Stand) {
    let store = stand.store().await;
    let mut till = Till::start(&store, stand.queue()).await;
    for kilobytes in [400, 400, 400, 3000, 400, 400, 0] {
        till.clock = Ticks(till.clock.0 + 10);
        let mut intent = till.intent();
        intent.item.request = "ä".repeat(kilobytes * 500);
        store.begin(&till.tenure, intent.clone()).await.unwrap();
        till.queue.queued_row = intent.item.row;
        let entry = till.entry(&intent);
        till.append(entry).await.unwrap();
    }
    till.clock = Ticks(till.clock.0 + 10);
    till.begin().await.unwrap();
    let query = query(JournalKind::QueueItem, JournalRange::From(NOON), 100);
    let pages = pages(&store, till.queue.queue, query).await;
    let rows = |page: JournalPage| match page.rows {
        JournalRows::QueueItem(rows) => rows.iter().map(|row| row.row).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let pages: Vec<_> = pages.into_iter().map(rows).collect();
    assert_eq!(pages.concat(), (1..=8).collect::<Vec<_>>());
    assert_eq!(pages[..3], [vec![1, 2], vec![3], vec![4]]);
}

async fn every_journal_of_an_unknown_queue_is_empty(stand: Stand) {
    let store = stand.store().await;
    for kind in [
        JournalKind::Action,
        JournalKind::Receipt,
        JournalKind::QueueItem,
        JournalKind::De,
    ] {
        let query = query(kind, JournalRange::From(Ticks(0)), 10);
        let page = store.read(stand.queue(), &query).await.unwrap();
        assert!(page.rows.is_empty() && page.next.is_none(), "{page:?}");
    }
}

async fn the_rows_of_one_queue_are_counted(stand: Stand) {
    let store = stand.store().await;
    let mut till = Till::start(&store, stand.queue()).await;
    let mut other = Till::start(&store, stand.queue()).await;
    let started = store.count(till.queue.queue).await.unwrap();
    let nothing = JournalCounts::default();
    assert_eq!(
        JournalCounts {
            actions: 0,
            ..started
        },
        nothing
    );
    till.sign().await.unwrap();
    other.sign().await.unwrap();
    let intent = till.begin().await.unwrap();
    let mut entry = till.entry(&intent);
    entry.changes = vec![Change::AddActionJournal(action("One", NOON))];
    till.append(entry).await.unwrap();
    till.begin().await.unwrap();
    let counted = store.count(till.queue.queue).await.unwrap();
    let expected = JournalCounts {
        actions: started.actions + 1,
        journals_de: 0,
        items: 3,
        receipts: 2,
    };
    assert_eq!(counted, expected);
    assert_eq!(store.count(stand.queue()).await.unwrap(), nothing);
}

async fn the_configuration_kept_last_is_found(stand: Stand) {
    let store = stand.store().await;
    let cashbox = CashBoxId::random();
    assert_eq!(store.kept_configuration(cashbox).await.unwrap(), None);
    for sealed in [vec![0, 255, 128, 7], vec![1; 300_000]] {
        let kept = KeptConfiguration {
            sealed,
            fetched_at: NOON,
        };
        store.keep_configuration(cashbox, &kept).await.unwrap();
        assert_eq!(store.kept_configuration(cashbox).await.unwrap(), Some(kept));
    }
}
