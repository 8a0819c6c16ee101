//! Opening: what a configuration changes (`fiscal-spec.md` 2.4), interrupted intents.

use backend::journal::JournalStore;
use backend::journal::entry::{
    ActionJournalRow, Change, JournalKind, JournalQuery, JournalRange, JournalRows, MasterDataJson,
    OpenQueue, QueueSeed, ScuRow,
};
use shared::clock::Ticks;
use shared::identity::{CashBoxId, QueueId, ScuId};

use super::on_every_store;
use super::stand::Stand;
use super::till::{NOON, Till, action, claim, seed};

on_every_store!(
    a_new_queue_is_stored_as_configured,
    an_older_configuration_changes_nothing,
    a_clock_that_is_behind_dates_nothing_before_the_newest_row,
    a_newer_configuration_never_touches_counters_hash_and_start,
    a_newer_configuration_fills_country_and_stop_and_takes_the_cashbox,
    the_scu_of_a_queue_changes_only_before_its_start,
    scus_take_url_and_mode_and_keep_what_the_tse_said,
    a_newer_cashbox_refreshes_every_scu,
    master_data_comes_with_the_first_configuration_only,
    every_opening_is_noted_except_in_migration,
    interrupted_intents_are_listed_in_order_of_row,
);

/// A moment later than anything stored until then.
fn later(minutes: i64) -> Ticks {
    Ticks(NOON.0 + minutes * 600_000_000)
}

/// The configuration of `seed`, made a given number of minutes after noon.
fn configured(queue: QueueId, minutes: i64) -> QueueSeed {
    let at = later(minutes);
    let mut seed = seed(queue);
    seed.cashbox_time_stamp = at;
    seed.queue.time_stamp = at;
    seed.queue_de.time_stamp = at;
    seed.scus.iter_mut().for_each(|scu| scu.time_stamp = at);
    seed
}

async fn open(store: &std::sync::Arc<dyn JournalStore>, seed: &QueueSeed, at: Ticks) -> OpenQueue {
    let tenure = claim(store, seed.queue.queue).await;
    store.open(&tenure, seed, at).await.unwrap()
}

async fn a_new_queue_is_stored_as_configured(stand: Stand) {
    let store = stand.store().await;
    let mut seed = seed(stand.queue());
    seed.master_data = Some(MasterDataJson("{}".to_owned()));
    let first = open(&store, &seed, NOON).await;
    let mut expected = seed.queue.clone();
    expected.time_stamp = NOON;
    assert_eq!(first.queue, expected);
    assert_eq!(
        (first.queue_de.scu, first.queue_de.time_stamp),
        (seed.queue_de.scu, NOON)
    );
    assert_eq!(
        first.scus,
        [ScuRow {
            time_stamp: NOON,
            ..seed.scus[0].clone()
        }]
    );
    assert_eq!(first.master_data, seed.master_data);
    let unchanged = OpenQueue {
        latest: later(1),
        ..first
    };
    assert_eq!(open(&store, &seed, later(1)).await, unchanged);
}

async fn an_older_configuration_changes_nothing(stand: Stand) {
    let store = stand.store().await;
    let queue = stand.queue();
    let first = open(&store, &configured(queue, 0), later(1)).await;
    let mut older = configured(queue, 1);
    older.queue.stop_moment = Some(NOON);
    older.queue.cashbox = CashBoxId::from_u128(5);
    older.queue_de.scu = None;
    older.scus[0].url = Some("grpc://other".to_owned());
    let unchanged = OpenQueue {
        latest: later(2),
        ..first
    };
    assert_eq!(open(&store, &older, later(2)).await, unchanged);
}

async fn a_clock_that_is_behind_dates_nothing_before_the_newest_row(stand: Stand) {
    let store = stand.store().await;
    let queue = stand.queue();
    open(&store, &configured(queue, 0), later(60)).await;
    let behind = open(&store, &configured(queue, 61), later(1)).await;
    assert_eq!((behind.latest, behind.queue.time_stamp), (later(60), later(60)));
    // An action may be newer than the queue's own row.
    let tenure = claim(&store, queue).await;
    let newest = action("Newest", later(90));
    store.append_actions(&tenure, vec![newest]).await.unwrap();
    let behind = open(&store, &configured(queue, 62), later(2)).await;
    assert_eq!((behind.latest, behind.scus[0].time_stamp), (later(90), later(90)));
    let query = JournalQuery {
        kind: JournalKind::Action,
        range: JournalRange::From(Ticks(0)),
        after: None,
        limit: 10,
    };
    let JournalRows::Action(actions) = store.read(queue, &query).await.unwrap().rows else {
        panic!("actions were asked for");
    };
    let written: Vec<Ticks> = actions.iter().map(|action| action.time_stamp).collect();
    assert_eq!(written, [later(60), later(60), later(90), later(90)]);
}

async fn a_newer_configuration_never_touches_counters_hash_and_start(stand: Stand) {
    let store = stand.store().await;
    let mut till = Till::start(&store, stand.queue()).await;
    let intent = till.begin().await.unwrap();
    let mut entry = till.entry(&intent);
    entry.queue.start_moment = Some(NOON);
    till.append(entry.clone()).await.unwrap();
    let mut newer = configured(till.queue.queue, 9);
    newer.queue.current_row = 100;
    newer.queue.queued_row = 100;
    newer.queue.receipt_numerator = 100;
    newer.queue.receipt_totalizer = "100".parse().unwrap();
    newer.queue.receipt_hash = Some("configured".to_owned());
    newer.queue.start_moment = Some(Ticks(1));
    newer.queue.timeout_ms = 1;
    let mut expected = entry.queue;
    expected.time_stamp = later(10);
    assert_eq!(open(&store, &newer, later(10)).await.queue, expected);
}

async fn a_newer_configuration_fills_country_and_stop_and_takes_the_cashbox(stand: Stand) {
    let store = stand.store().await;
    let queue = stand.queue();
    let mut bare = configured(queue, 0);
    bare.queue.country_code = String::new();
    open(&store, &bare, later(1)).await;
    let mut newer = configured(queue, 2);
    newer.queue.stop_moment = Some(later(2));
    newer.queue.cashbox = CashBoxId::from_u128(5);
    let opened = open(&store, &newer, later(3)).await.queue;
    let read = (&*opened.country_code, opened.stop_moment, opened.cashbox);
    assert_eq!(read, ("DE", Some(later(2)), CashBoxId::from_u128(5)));
    let mut newest = configured(queue, 4);
    newest.queue.country_code = "AT".to_owned();
    newest.queue.stop_moment = Some(later(4));
    let opened = open(&store, &newest, later(5)).await.queue;
    assert_eq!(
        (&*opened.country_code, opened.stop_moment),
        ("DE", Some(later(2)))
    );
}

async fn the_scu_of_a_queue_changes_only_before_its_start(stand: Stand) {
    let store = stand.store().await;
    let queue = stand.queue();
    open(&store, &configured(queue, 0), NOON).await;
    let mut newer = configured(queue, 1);
    newer.queue_de.scu = Some(ScuId::from_u128(8));
    newer.queue_de.cash_box_identification = "never taken".to_owned();
    let (mut till, _) = Till::open(&store, queue).await;
    let opened = store.open(&till.tenure, &newer, later(2)).await.unwrap();
    assert_eq!(opened.queue_de.scu, Some(ScuId::from_u128(8)));
    assert_eq!(opened.queue_de.cash_box_identification, "till 1");
    till.queue = opened.queue;
    let intent = till.begin().await.unwrap();
    let mut entry = till.entry(&intent);
    entry.queue.start_moment = Some(NOON);
    till.append(entry).await.unwrap();
    let mut newest = configured(queue, 3);
    newest.queue_de.scu = Some(ScuId::from_u128(9));
    assert_eq!(
        open(&store, &newest, later(4)).await.queue_de.scu,
        Some(ScuId::from_u128(8))
    );
}

async fn scus_take_url_and_mode_and_keep_what_the_tse_said(stand: Stand) {
    let store = stand.store().await;
    let (mut till, opened) = Till::open(&store, stand.queue()).await;
    let intent = till.begin().await.unwrap();
    let mut entry = till.entry(&intent);
    let said = ScuRow {
        tse_info_json: Some("{\"Serial\":1}".to_owned()),
        ..opened.scus[0].clone()
    };
    entry.changes = vec![Change::PutScu(said)];
    till.append(entry).await.unwrap();
    let mut newer = configured(till.queue.queue, 5);
    newer.scus[0].url = Some(String::new());
    newer.scus[0].mode = 0x10000;
    newer.scus[0].mode_configuration_json = Some("{}".to_owned());
    newer.scus[0].tse_info_json = Some("configured".to_owned());
    let scu = open(&store, &newer, later(6)).await.scus.remove(0);
    assert_eq!(scu.url.as_deref(), Some("grpc://scu"));
    assert_eq!(
        (scu.mode, scu.mode_configuration_json.as_deref()),
        (0x10000, Some("{}"))
    );
    assert_eq!(
        (scu.tse_info_json.as_deref(), scu.time_stamp),
        (Some("{\"Serial\":1}"), later(6))
    );
}

async fn a_newer_cashbox_refreshes_every_scu(stand: Stand) {
    let store = stand.store().await;
    let queue = stand.queue();
    open(&store, &configured(queue, 0), NOON).await;
    let mut newer = configured(queue, -5);
    newer.cashbox_time_stamp = later(1);
    newer.scus[0].url = Some("grpc://new".to_owned());
    let scu = open(&store, &newer, later(2)).await.scus.remove(0);
    assert_eq!(scu.url.as_deref(), Some("grpc://new"));
}

async fn master_data_comes_with_the_first_configuration_only(stand: Stand) {
    let store = stand.store().await;
    let queue = stand.queue();
    let first = Some(MasterDataJson("{\"first\":1}".to_owned()));
    let mut seed = configured(queue, 0);
    seed.master_data = first.clone();
    assert_eq!(open(&store, &seed, NOON).await.master_data, first);
    let mut newer = configured(queue, 1);
    newer.master_data = Some(MasterDataJson("{\"second\":2}".to_owned()));
    assert_eq!(open(&store, &newer, later(2)).await.master_data, first);

    let without = open(&store, &configured(stand.queue(), 0), NOON).await;
    assert_eq!(without.master_data, None);
}

async fn every_opening_is_noted_except_in_migration(stand: Stand) {
    let store = stand.store().await;
    let mut till = Till::start(&store, stand.queue()).await;
    let mut reopened = seed(till.queue.queue);
    reopened.started = action("Queue started", NOON);
    let opened = store.open(&till.tenure, &reopened, later(1)).await.unwrap();
    assert!(!opened.in_migration);
    assert_eq!(started(&store, till.queue.queue).await, [NOON, later(1)]);

    let intent = till.begin().await.unwrap();
    let mut entry = till.entry(&intent);
    entry.changes = vec![Change::AddActionJournal(ActionJournalRow {
        item: intent.item.item,
        kind: "4445000100000019".to_owned(),
        ..action("migration", NOON)
    })];
    till.append(entry).await.unwrap();
    let opened = store
        .open(&till.tenure, &seed(till.queue.queue), later(2))
        .await
        .unwrap();
    assert!(opened.in_migration);
    assert_eq!(started(&store, till.queue.queue).await, [NOON, later(1)]);
}

/// When the queue was started.
async fn started(store: &std::sync::Arc<dyn JournalStore>, queue: QueueId) -> Vec<Ticks> {
    let query = JournalQuery {
        kind: JournalKind::Action,
        range: JournalRange::From(Ticks(0)),
        after: None,
        limit: 100,
    };
    let JournalRows::Action(rows) = store.read(queue, &query).await.unwrap().rows else {
        panic!("actions were asked for");
    };
    let started = rows.into_iter().filter(|row| row.message == "Queue started");
    started.map(|row| row.time_stamp).collect()
}

async fn interrupted_intents_are_listed_in_order_of_row(stand: Stand) {
    let store = stand.store().await;
    let queue = stand.queue();
    let mut left = Vec::new();
    Till::start(&store, queue).await.sign().await.unwrap();
    for _ in 0..3 {
        // Each pod crashes after its intent, before it settled what the one before left behind.
        left.push(Till::start(&store, queue).await.begin().await.unwrap());
    }
    let (mut till, opened) = Till::open(&store, queue).await;
    let listed: Vec<_> = opened
        .interrupted
        .iter()
        .map(|found| (found.operation, &found.item))
        .collect();
    assert_eq!(
        listed,
        left.iter()
            .map(|intent| (intent.operation, &intent.item))
            .collect::<Vec<_>>()
    );
    assert_eq!(opened.interrupted[2].content_hash, left[2].content_hash);

    for (number, intent) in left.iter().enumerate() {
        let entry = till.entry(intent);
        till.append(entry).await.unwrap();
        let (next, opened) = Till::open(&store, queue).await;
        assert_eq!(opened.interrupted.len(), 2 - number);
        till = next;
    }
    assert_eq!(till.sign().await.unwrap().item.row, 5);
}
