//! Exports of the TSE, kept while the receipt that causes them is still being worked on.

use backend::journal::entry::{Change, JournalDeRow, JournalKind, JournalQuery, JournalRange, JournalRows};
use shared::clock::Ticks;
use shared::identity::QueueItemId;
use uuid::Uuid;

use super::on_every_store;
use super::stand::Stand;
use super::till::{NOON, Till, assert_fenced};

on_every_store!(
    an_export_is_kept_at_once_and_found_by_its_id,
    an_export_that_is_not_wanted_goes_with_the_entry,
    a_superseded_pod_keeps_no_export,
    an_export_of_many_megabytes_comes_back_as_it_was,
);

async fn an_export_is_kept_at_once_and_found_by_its_id(stand: Stand) {
    let mut till = Till::start(&stand.store().await, stand.queue()).await;
    let intent = till.begin().await.unwrap();
    let row = export(intent.item.item, "UEs=");
    assert!(!kept(&till, row.id, NOON).await);
    till.store.keep_export(&till.tenure, row.clone()).await.unwrap();
    assert!(kept(&till, row.id, NOON).await);
    assert!(!kept(&till, Uuid::new_v4(), NOON).await);
    assert!(
        !kept(&till, row.id, Ticks(NOON.0 + 1)).await,
        "it was kept earlier"
    );
    let entry = till.entry(&intent);
    till.append(entry).await.unwrap();
    assert_eq!(exports(&till).await, [row]);
}

async fn an_export_that_is_not_wanted_goes_with_the_entry(stand: Stand) {
    let mut till = Till::start(&stand.store().await, stand.queue()).await;
    let intent = till.begin().await.unwrap();
    let (wanted, unwanted) = (export(intent.item.item, "UEs="), export(intent.item.item, "UEs="));
    for row in [&wanted, &unwanted] {
        till.store.keep_export(&till.tenure, row.clone()).await.unwrap();
    }
    let mut entry = till.entry(&intent);
    let (id, time_stamp) = (unwanted.id, unwanted.time_stamp);
    entry.changes = vec![Change::RemoveJournalDe { id, time_stamp }];
    till.append(entry).await.unwrap();
    assert_eq!(exports(&till).await, [wanted]);
}

async fn a_superseded_pod_keeps_no_export(stand: Stand) {
    let store = stand.store().await;
    let mut old = Till::start(&store, stand.queue()).await;
    let intent = old.begin().await.unwrap();
    let new = Till::start(&store, old.queue.queue).await;
    let row = export(intent.item.item, "UEs=");
    assert_fenced(store.keep_export(&old.tenure, row.clone()).await);
    assert!(!kept(&new, row.id, NOON).await);
}

async fn an_export_of_many_megabytes_comes_back_as_it_was(stand: Stand) {
    let mut till = Till::start(&stand.store().await, stand.queue()).await;
    let intent = till.begin().await.unwrap();
    let row = export(intent.item.item, &"QUJD".repeat(2 << 20));
    till.store.keep_export(&till.tenure, row.clone()).await.unwrap();
    assert!(exports(&till).await == [row], "it came back otherwise");
}

async fn kept(till: &Till, id: Uuid, since: Ticks) -> bool {
    till.store.has_export(till.queue.queue, id, since).await.unwrap()
}

async fn exports(till: &Till) -> Vec<JournalDeRow> {
    let query = JournalQuery {
        kind: JournalKind::De,
        range: JournalRange::From(Ticks(0)),
        after: None,
        limit: 10,
    };
    match till.store.read(till.queue.queue, &query).await.unwrap().rows {
        JournalRows::De(rows) => rows,
        other => panic!("asked for exports, got {other:?}"),
    }
}

fn export(item: QueueItemId, content_base64: &str) -> JournalDeRow {
    JournalDeRow {
        id: Uuid::new_v4(),
        number: 1,
        file_name: "export".to_owned(),
        file_extension: ".zip".to_owned(),
        content_base64: content_base64.to_owned(),
        item,
        time_stamp: NOON,
    }
}
