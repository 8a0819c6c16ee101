//! Opening a queue: the end of its chain is checked, the configuration is merged, everything that the engine needs is loaded.

use shared::clock::Ticks;
use shared::identity::QueueId;

use super::changes::Rows;
use super::connection::{Columns, Connection, Row, Value};
use super::rows::item::{ITEM_AND_ANSWER, ReadItem, read_item};
use super::rows::journals::{RECEIPT, read_receipt};
use super::rows::queue::{MASTER_DATA, QUEUE_DE, SCU, read_master_data, read_queue_de, read_scu};
use super::rows::transactions::{
    FAILED_FINISH, FAILED_START, OPEN, read_failed_finish, read_failed_start, read_open,
};
use super::table::Table;
use crate::journal::JournalError;
use crate::journal::entry::{InterruptedIntent, OpenQueue, QueueRow, QueueSeed};
use crate::journal::fence::StoredQueue;
use crate::journal::merge::{self, MIGRATION_STARTED};
use crate::journal::tail::{self, ChainedHashes, ChainedReceipt};

/// Receipts at the end of the chain that are compared with each other and with the queue.
const RECEIPTS_LOOKED_AT: i64 = 3;
/// Rows at the end of the queue among which their requests are looked for: there is no index of items.
const ROWS_LOOKED_AT: i64 = 32;

/// Checks the end of the chain, then merges, writes and loads. The queue's row is locked and the fence has let the caller pass.
pub(super) async fn open(
    connection: &mut Connection,
    stored: StoredQueue,
    seed: &QueueSeed,
    at: Ticks,
) -> sqlx::Result<Result<OpenQueue, JournalError>> {
    let queue = stored.row.queue;
    let newest = newest_receipts(connection, &stored.row).await?;
    if let Err(detail) = tail::check(&stored.row, &newest) {
        return Ok(Err(JournalError::ChainBroken { detail }));
    }
    let interrupted: Vec<InterruptedIntent> = interrupted(connection, queue)
        .await?
        .into_iter()
        .map(Into::into)
        .collect();
    let stored = merge::Stored {
        queue: stored,
        queue_de: all(connection, &QUEUE_DE, "queue", queue, read_queue_de)
            .await?
            .pop(),
        scus: all(connection, &SCU, "scu", queue, read_scu).await?,
        master_data: all(connection, &MASTER_DATA, "queue", queue, read_master_data)
            .await?
            .pop(),
        in_migration: in_migration(connection, queue).await?,
        newest_action: newest_action(connection, queue).await?,
    };
    let in_migration = stored.in_migration;
    let mut merged = merge::merge(stored, seed, at);
    merged.queue.settled_row = match interrupted.first() {
        Some(first) => first.item.row - 1,
        None => merged.queue.row.queued_row,
    };
    let mut rows = Rows::default();
    rows.queues.push(merged.queue.clone());
    rows.queues_de.push((queue, &merged.queue_de));
    merged
        .changes
        .iter()
        .for_each(|change| rows.change(queue, change));
    rows.write(connection).await?;
    Ok(Ok(OpenQueue {
        open_transactions: all(connection, &OPEN, "start_moment", queue, read_open).await?,
        failed_starts: all(
            connection,
            &FAILED_START,
            "start_moment",
            queue,
            read_failed_start,
        )
        .await?,
        failed_finishes: all(
            connection,
            &FAILED_FINISH,
            "finish_moment",
            queue,
            read_failed_finish,
        )
        .await?,
        queue: merged.queue.row,
        queue_de: merged.queue_de,
        scus: merged.scus,
        master_data: merged.master_data,
        latest: merged.latest,
        interrupted,
        in_migration,
    }))
}

/// The newest receipts, highest number first, with the hashes that they chain.
async fn newest_receipts(connection: &mut Connection, queue: &QueueRow) -> sqlx::Result<Vec<ChainedReceipt>> {
    let columns = RECEIPT.all_columns().replace(", ", ", r.");
    let sql = format!(
        "SELECT r.{columns}, i.request_hash, a.response_hash FROM receipt_journal r \
         LEFT JOIN queue_item i ON i.queue = r.queue AND i.queue_row > ? AND i.item = r.item \
         LEFT JOIN queue_answer a ON a.queue = i.queue AND a.queue_row = i.queue_row \
         WHERE r.queue = ? ORDER BY r.receipt_number DESC LIMIT ?"
    );
    let values = [
        Value::from(queue.queued_row - ROWS_LOOKED_AT),
        queue.queue.into(),
        Value::from(RECEIPTS_LOOKED_AT),
    ];
    read_all(connection.rows(&sql, &values).await?, |columns| {
        let receipt = read_receipt(columns)?;
        let hashes = columns.text_if_any()?.zip(columns.text_if_any()?);
        Ok(ChainedReceipt {
            receipt,
            hashes: hashes.map(|(request, response)| ChainedHashes { request, response }),
        })
    })
}

/// A queue's rows of a table.
async fn all<T>(
    connection: &mut Connection,
    table: &Table,
    order: &str,
    queue: QueueId,
    read: fn(&mut Columns<'_>) -> sqlx::Result<T>,
) -> sqlx::Result<Vec<T>> {
    let last_key = table.key.last().expect("every table has a key");
    let sql = format!("{} WHERE queue = ? ORDER BY {order}, {last_key}", table.select());
    read_all(connection.rows(&sql, &[queue.into()]).await?, read)
}

fn read_all<T>(rows: Vec<Row>, read: fn(&mut Columns<'_>) -> sqlx::Result<T>) -> sqlx::Result<Vec<T>> {
    rows.iter().map(|row| read(&mut row.columns())).collect()
}

/// Intents without an outcome, in order of row. Only what lies above the settled rows is looked at.
pub(super) async fn interrupted(connection: &mut Connection, queue: QueueId) -> sqlx::Result<Vec<ReadItem>> {
    let sql = format!(
        "SELECT {ITEM_AND_ANSWER} FROM queue_item i \
         LEFT JOIN queue_answer a ON a.queue = i.queue AND a.queue_row = i.queue_row \
         WHERE i.queue = ? AND i.queue_row > (SELECT settled_row FROM queue WHERE queue = ?) \
         AND a.queue_row IS NULL ORDER BY i.queue_row"
    );
    read_all(
        connection.rows(&sql, &[queue.into(), queue.into()]).await?,
        read_item,
    )
}

impl From<ReadItem> for InterruptedIntent {
    fn from(read: ReadItem) -> Self {
        Self {
            item: read.row,
            operation: read.operation,
            content_hash: read.content_hash,
        }
    }
}

/// When the queue's newest action was journaled: the end of the table's key, found without a search.
async fn newest_action(connection: &mut Connection, queue: QueueId) -> sqlx::Result<Option<Ticks>> {
    let sql = "SELECT time_stamp FROM action_journal WHERE queue = ? ORDER BY time_stamp DESC LIMIT 1";
    let rows = connection.rows(sql, &[queue.into()]).await?;
    let newest = rows.first().map(|row| row.columns().int()).transpose()?;
    Ok(newest.map(Ticks))
}

/// Whether the queue's last receipt started a migration (`fiscal-spec.md` 4.11).
async fn in_migration(connection: &mut Connection, queue: QueueId) -> sqlx::Result<bool> {
    let sql = "SELECT j.moment FROM action_journal j \
         JOIN (SELECT item, time_stamp FROM queue_item WHERE queue = ? ORDER BY queue_row DESC LIMIT 1) newest \
         ON j.item = newest.item AND j.time_stamp >= newest.time_stamp \
         WHERE j.queue = ? AND j.kind = ? LIMIT 1";
    let values = [queue.into(), queue.into(), Value::from(MIGRATION_STARTED)];
    Ok(!connection.rows(sql, &values).await?.is_empty())
}
