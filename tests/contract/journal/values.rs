//! Texts, numbers and sizes that must survive.

use backend::journal::entry::{Change, FailedStartRow, JournalKind, JournalQuery, JournalRange, JournalRows};
use futures::future::join_all;
use rust_decimal::Decimal;
use shared::clock::Ticks;

use super::stand::Stand;
use super::till::{NOON, Till, action};
use super::{on_every_store, on_own_tables};

on_every_store!(
    texts_of_every_kind_survive,
    big_requests_and_answers_survive,
    amounts_keep_five_decimals,
    ten_megabytes_survive_alone_and_beside_others,
);

/// The original's column takes 13 digits before the point and five after it.
mod exact {
    use super::amounts_keep_all_digits_and_their_scale;

    super::on_own_tables!(amounts_keep_all_digits_and_their_scale);
}

/// NUL, its neighbours, the escape that PostgreSQL's store uses, quotes, other planes, bidirectional marks.
const TEXTS: [&str; 8] = [
    "a\0b\0",
    "\0",
    "\u{1}\u{7f}\u{FDD0}\u{FDD1}\0\u{FDD0}",
    "'; DROP TABLE queue; -- \\ \" ` $1 ? %s",
    "Grüße 日本語 😀 👩‍👩‍👧 e\u{301}",
    "\u{202e}rtl \u{feff}\u{ffff}\u{10ffff}",
    " leading and trailing \r\n\t ",
    "",
];

async fn texts_of_every_kind_survive(stand: Stand) {
    let store = stand.store().await;
    for text in TEXTS {
        let mut till = Till::start(&store, stand.queue()).await;
        let mut intent = till.intent();
        intent.item.request = text.to_owned();
        intent.item.terminal_id = text.to_owned();
        intent.item.receipt_reference = text.to_owned();
        store.begin(&till.tenure, intent.clone()).await.unwrap();
        till.queue.queued_row = intent.item.row;
        let mut entry = till.entry(&intent);
        entry.item.response = Some(text.to_owned());
        let failed = FailedStartRow {
            receipt_reference: text.to_owned(),
            start_moment: NOON,
            item: intent.item.item,
            request: text.to_owned(),
            cash_box_identification: text.to_owned(),
        };
        entry.changes = vec![
            Change::PutFailedStart(failed.clone()),
            Change::AddActionJournal(action(text, NOON)),
        ];
        till.append(entry.clone()).await.unwrap();

        let found = store
            .find_by_reference(till.queue.queue, text, Some(text), 2)
            .await
            .unwrap();
        assert_eq!(found.len(), 1, "{text:?}");
        assert_eq!(found[0].item, entry.item);
        assert_eq!(
            Till::open(&store, till.queue.queue).await.1.failed_starts,
            [failed]
        );
    }
}

/// The most that a receipt of the queue can come to, and the least.
async fn amounts_keep_five_decimals(stand: Stand) {
    let store = stand.store().await;
    for amount in [
        "9999999999999.99999",
        "-9999999999999.99999",
        "0.00001",
        "1.10",
        "0",
    ] {
        let amount: Decimal = amount.parse().unwrap();
        let mut till = Till::start(&store, stand.queue()).await;
        let intent = till.begin().await.unwrap();
        let mut entry = till.entry(&intent);
        entry.queue.receipt_totalizer = amount;
        till.append(entry).await.unwrap();
        let opened = Till::open(&store, till.queue.queue).await.1;
        assert_eq!(opened.queue.receipt_totalizer, amount);
    }
}

async fn amounts_keep_all_digits_and_their_scale(stand: Stand) {
    let store = stand.store().await;
    let amounts = [
        "0.0000000000000000000000000001",
        "-7922816251426433759354395033.5",
        "79228162514264337593543950335",
        "1.10",
        "0",
        "-0.00",
    ];
    for amount in amounts {
        let amount: Decimal = amount.parse().unwrap();
        let mut till = Till::start(&store, stand.queue()).await;
        let intent = till.begin().await.unwrap();
        let mut entry = till.entry(&intent);
        entry.queue.receipt_totalizer = amount;
        entry.receipt.as_mut().unwrap().total = amount;
        till.append(entry).await.unwrap();
        let query = JournalQuery {
            kind: JournalKind::Receipt,
            range: JournalRange::From(Ticks(0)),
            after: None,
            limit: 1,
        };
        let JournalRows::Receipt(rows) = store.read(till.queue.queue, &query).await.unwrap().rows else {
            panic!("receipts were asked for");
        };
        let totalizer = Till::open(&store, till.queue.queue)
            .await
            .1
            .queue
            .receipt_totalizer;
        // Compared as text: 1.1 equals 1.10, but is not what was sent.
        assert_eq!(rows[0].total.to_string(), amount.to_string());
        assert_eq!(totalizer.to_string(), amount.to_string());
    }
}

async fn big_requests_and_answers_survive(stand: Stand) {
    let store = stand.store().await;
    let mut till = Till::start(&store, stand.queue()).await;
    let big: String = "ä😀\\\"x".chars().cycle().take(1_000_000).collect();
    let mut intent = till.intent();
    intent.item.request.clone_from(&big);
    intent.item.receipt_reference.clone_from(&big);
    store.begin(&till.tenure, intent.clone()).await.unwrap();
    till.queue.queued_row = intent.item.row;
    let mut entry = till.entry(&intent);
    entry.item.response = Some(big.clone());
    till.append(entry).await.unwrap();
    let found = store
        .find_by_reference(till.queue.queue, &big, None, 2)
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    assert!(found[0].item.request == big && found[0].item.response.as_ref() == Some(&big));
}

/// One request larger than any the pods take by default, then several at once that together are larger than what a
/// MariaDB server takes in one statement (16 MiB), of different queues, so that they may be committed together.
async fn ten_megabytes_survive_alone_and_beside_others(stand: Stand) {
    let store = stand.store().await;
    let begin = async |megabytes: usize| {
        let mut till = Till::start(&store, stand.queue()).await;
        let mut intent = till.intent();
        intent.item.request = "x".repeat(megabytes << 20);
        store.begin(&till.tenure, intent.clone()).await.unwrap();
        till.queue.queued_row = intent.item.row;
        // Only what has its answer is found by reference.
        till.append(till.entry(&intent)).await.unwrap();
        (till.queue.queue, intent.item)
    };
    let mut begun = vec![begin(10).await];
    begun.extend(join_all((0..6).map(|_| begin(4))).await);
    for (queue, item) in begun {
        let found = store
            .find_by_reference(queue, &item.receipt_reference, None, 2)
            .await
            .unwrap();
        assert!(
            found.len() == 1 && found[0].item.request == item.request,
            "{} bytes",
            item.request.len()
        );
    }
}
