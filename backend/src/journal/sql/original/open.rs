//! Opening a queue: what the original may have done is looked at, the configuration is merged, everything that the
//! engine needs is loaded.

use shared::clock::Ticks;
use shared::identity::QueueItemId;
use uuid::Uuid;

use super::super::connection::{Connection, Value};
use super::changes::apply;
use super::database::{Database, guid, read_guid};
use super::find::items_of;
use super::item::ReadItem;
use super::journals::{RECEIPT_COLUMNS, read_receipt};
use super::master_data;
use super::queue::{put_cashbox, put_queue, put_queue_de, queue_de, scus};
use super::resume::{Tail, resume};
use super::unfinished::{self, Kind};
use crate::journal::JournalError;
use crate::journal::entry::{
    ActionJournalRow, Change, InterruptedIntent, OpenQueue, QueueSeed, ReceiptJournalRow,
};
use crate::journal::fence::StoredQueue;
use crate::journal::merge::{self, MIGRATION_STARTED};
use crate::journal::tail::{ChainedHashes, ChainedReceipt};

/// How far back from the newest row the end of a journal is looked for first: half an hour, in ticks.
const END_WITHIN: i64 = 30 * 60 * 10_000_000;
/// Receipts that are compared with each other at the end of a chain.
const LOOKED_AT: i64 = 16;

/// Merges, writes and loads. The queue's rows are locked and the fence has let the caller pass.
pub(super) async fn open(
    connection: &mut Connection,
    database: &Database,
    mut stored: StoredQueue,
    seed: &QueueSeed,
    at: Ticks,
) -> sqlx::Result<Result<OpenQueue, JournalError>> {
    let queue = stored.row.queue;
    let end = end_of(connection, database, &stored).await?;
    match resume(&stored.row, &end.tail) {
        Ok(resumed) => stored.row = resumed,
        Err(why) => return Ok(Err(broken(database, &why))),
    }
    let interrupted = interrupted(connection, database, stored.settled_row).await?;
    let cashbox_before = (stored.row.cashbox, stored.cashbox_time_stamp);
    let stored = merge::Stored {
        queue: stored,
        queue_de: queue_de(connection, database, queue).await?,
        scus: scus(connection, database).await?,
        master_data: master_data::stored(connection, database).await?,
        in_migration: is_in_migration(connection, database, &end).await?,
        newest_action: newest(connection, database, "ftActionJournal")
            .await?
            .max(end.newest),
    };
    let in_migration = stored.in_migration;
    let mut merged = merge::merge(stored, seed, at);
    merged.queue.settled_row = match interrupted.first() {
        Some(first) => first.item.row - 1,
        None => merged.queue.row.queued_row,
    };
    put_queue(connection, database, &merged.queue).await?;
    let cashbox = (merged.queue.row.cashbox, merged.queue.cashbox_time_stamp);
    if cashbox != cashbox_before {
        put_cashbox(connection, database, cashbox.0, cashbox.1.unwrap_or(at)).await?;
    }
    put_queue_de(connection, database, queue, &merged.queue_de).await?;
    for change in merged.changes {
        apply(connection, database, queue, &under_a_new_id(change)).await?;
    }
    Ok(Ok(OpenQueue {
        open_transactions: unfinished::all(connection, database, Kind::Open).await?,
        failed_starts: unfinished::all(connection, database, Kind::FailedStart).await?,
        failed_finishes: unfinished::all(connection, database, Kind::FailedFinish).await?,
        queue: merged.queue.row,
        queue_de: merged.queue_de,
        scus: merged.scus,
        master_data: merged.master_data,
        latest: merged.latest,
        interrupted,
        in_migration,
    }))
}

/// A chain that cannot be continued, in words.
fn broken(database: &Database, why: &str) -> JournalError {
    JournalError::ChainBroken {
        detail: format!("database {}: {why}", database.name()),
    }
}

/// One configuration may be opened many times, and the original's key is the id of a row alone.
fn under_a_new_id(change: Change) -> Change {
    match change {
        Change::AddActionJournal(row) => Change::AddActionJournal(ActionJournalRow {
            id: Uuid::new_v4(),
            ..row
        }),
        other => other,
    }
}

/// Where the journals of a queue end.
struct End {
    tail: Tail,
    /// The newest moment of items and receipts.
    newest: Option<Ticks>,
    /// The item with the highest row, and when it was received.
    last_item: Option<(QueueItemId, Ticks)>,
}

async fn end_of(connection: &mut Connection, database: &Database, stored: &StoredQueue) -> sqlx::Result<End> {
    let newest_item = newest(connection, database, "ftQueueItem").await?;
    let newest_receipt = newest(connection, database, "ftReceiptJournal").await?;
    let mut highest = None;
    if let Some(newest) = newest_item {
        highest = highest_row(connection, database, newest).await?;
    }
    let mut receipts = Vec::new();
    if let Some(newest) = newest_receipt {
        receipts = newest_receipts(connection, database, newest.0 - END_WITHIN).await?;
        let ends_early = receipts
            .first()
            .is_none_or(|last| last.number < stored.row.receipt_numerator);
        if ends_early {
            // A clock that was set back may have dated the last receipts before others.
            receipts = newest_receipts(connection, database, i64::MIN).await?;
        }
    }
    Ok(End {
        tail: Tail {
            highest_row: highest.map(|(row, ..)| row),
            receipts: with_hashes(connection, database, receipts).await?,
        },
        newest: newest_item.max(newest_receipt),
        last_item: highest.map(|(_, item, received)| (item, received)),
    })
}

/// The newest `TimeStamp` of a journal: the end of an index.
async fn newest(
    connection: &mut Connection,
    database: &Database,
    table: &str,
) -> sqlx::Result<Option<Ticks>> {
    let sql = format!("SELECT TimeStamp FROM {database}.{table} ORDER BY TimeStamp DESC LIMIT 1");
    let rows = connection.rows(&sql, &[]).await?;
    let newest = rows.first().map(|row| row.columns().int()).transpose()?;
    Ok(newest.map(Ticks))
}

async fn highest_row(
    connection: &mut Connection,
    database: &Database,
    newest: Ticks,
) -> sqlx::Result<Option<(i64, QueueItemId, Ticks)>> {
    let sql = format!(
        "SELECT ftQueueRow, ftQueueItemId, ftQueueMoment FROM {database}.ftQueueItem WHERE TimeStamp >= ? \
         ORDER BY ftQueueRow DESC LIMIT 1"
    );
    let rows = connection
        .rows(&sql, &[Value::from(newest.0 - END_WITHIN)])
        .await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let mut columns = row.columns();
    let row = columns.int()?;
    let item = QueueItemId::from_u128(read_guid(&mut columns)?);
    Ok(Some((row, item, Ticks(columns.int()?))))
}

/// Receipts written since a moment, highest number first.
async fn newest_receipts(
    connection: &mut Connection,
    database: &Database,
    since: i64,
) -> sqlx::Result<Vec<ReceiptJournalRow>> {
    let sql = format!(
        "SELECT {RECEIPT_COLUMNS} FROM {database}.ftReceiptJournal WHERE TimeStamp >= ? \
         ORDER BY ftReceiptNumber DESC LIMIT ?"
    );
    let values = [Value::from(since), Value::from(LOOKED_AT)];
    let rows = connection.rows(&sql, &values).await?;
    rows.iter().map(|row| read_receipt(&mut row.columns())).collect()
}

async fn with_hashes(
    connection: &mut Connection,
    database: &Database,
    receipts: Vec<ReceiptJournalRow>,
) -> sqlx::Result<Vec<ChainedReceipt>> {
    let mut newest = None;
    if let Some(receipt) = receipts.first() {
        newest = items_of(connection, database, &[receipt.item]).await?.pop();
    }
    // Only the newest one may have to be taken over, so only its hashes are needed.
    let mut hashes = newest.map(|item| ChainedHashes {
        request: item.row.request_hash,
        response: item.row.response_hash.unwrap_or_default(),
    });
    let chained = receipts.into_iter().map(|receipt| ChainedReceipt {
        receipt,
        hashes: hashes.take(),
    });
    Ok(chained.collect())
}

/// Our own intents without an outcome, in order of row. Those of the original stay as it left them (3.11): what came of
/// them is not known here.
async fn interrupted(
    connection: &mut Connection,
    database: &Database,
    settled_row: i64,
) -> sqlx::Result<Vec<InterruptedIntent>> {
    let sql = format!(
        "SELECT item FROM {database}.byodc_operation WHERE queue_row > ? AND outcome IS NULL ORDER BY queue_row"
    );
    let mut items = Vec::new();
    for row in connection.rows(&sql, &[settled_row.into()]).await? {
        items.push(QueueItemId::from_u128(read_guid(&mut row.columns())?));
    }
    let mut found: Vec<InterruptedIntent> = items_of(connection, database, &items)
        .await?
        .into_iter()
        .filter_map(intent)
        .collect();
    found.sort_by_key(|intent| intent.item.row);
    Ok(found)
}

fn intent(read: ReadItem) -> Option<InterruptedIntent> {
    let operation = read.operation?;
    Some(InterruptedIntent {
        item: read.row,
        operation: operation.operation,
        content_hash: operation.content_hash,
    })
}

/// Whether the queue's last receipt started a migration (`fiscal-spec.md` 4.11).
async fn is_in_migration(connection: &mut Connection, database: &Database, end: &End) -> sqlx::Result<bool> {
    let Some((item, received)) = end.last_item else {
        return Ok(false);
    };
    let sql = format!(
        "SELECT Moment FROM {database}.ftActionJournal WHERE TimeStamp >= ? AND ftQueueItemId = ? AND Type = ? LIMIT 1"
    );
    let values = [
        Value::from(received.0),
        guid(item.as_u128()),
        Value::from(MIGRATION_STARTED),
    ];
    Ok(!connection.rows(&sql, &values).await?.is_empty())
}
