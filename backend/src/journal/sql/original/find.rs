//! Looking things up by their names: a tenure, an operation, items, a receipt reference.

use shared::clock::Ticks;
use shared::identity::{Epoch, OperationId, QueueId, QueueItemId};
use uuid::Uuid;

use super::super::connection::{Connection, Value};
use super::super::find::{self, LOOKED_AT, Search};
use super::super::reader::read_end;
use super::super::readers::Question;
use super::super::rows;
use super::super::table::{in_powers_of_two, places};
use super::database::{Database, guid};
use super::item::{ITEM_COLUMNS, OPERATION_OF_ITEM, ReadItem, in_the_column, read_item};
use crate::journal::entry::{JournalCounts, StoredItem, StoredOperation};
use crate::journal::verify::QueueEnd;

/// The newest epoch of a queue.
pub(in crate::journal::sql) struct NewestEpoch {
    pub(in crate::journal::sql) queue: QueueId,
}

impl Question for NewestEpoch {
    const DOING: &'static str = "confirming a claim";
    type Answer = Option<Epoch>;

    async fn ask(&self, connection: &mut Connection) -> sqlx::Result<Self::Answer> {
        let database = Database::of(self.queue);
        let sql = format!("SELECT epoch FROM {database}.byodc_queue WHERE queue = ?");
        let rows = connection.rows(&sql, &[guid(self.queue.as_u128())]).await?;
        let epoch = rows.first().map(|row| row.columns().int()).transpose()?;
        Ok(epoch.map(|epoch| Epoch(epoch.cast_unsigned())))
    }
}

/// What became of an operation. Waits for writers of the queue first, so that the answer is final after an unknown
/// outcome.
pub(in crate::journal::sql) struct FindOperation {
    pub(in crate::journal::sql) queue: QueueId,
    pub(in crate::journal::sql) operation: OperationId,
}

impl Question for FindOperation {
    const DOING: &'static str = "reading an operation";
    type Answer = Option<StoredOperation>;

    async fn ask(&self, connection: &mut Connection) -> sqlx::Result<Self::Answer> {
        let database = Database::of(self.queue);
        connection.begin().await?;
        let sql = format!("SELECT epoch FROM {database}.byodc_queue WHERE queue = ? LOCK IN SHARE MODE");
        connection.rows(&sql, &[guid(self.queue.as_u128())]).await?;
        let sql = format!("SELECT item FROM {database}.byodc_operation WHERE operation = ?");
        let found = connection
            .rows(&sql, &[rows::id(self.operation.as_u128())])
            .await?;
        let mut items = Vec::new();
        for row in &found {
            let item = super::database::read_guid(&mut row.columns())?;
            items.extend(items_of(connection, &database, &[QueueItemId::from_u128(item)]).await?);
        }
        connection.commit().await?;
        Ok(items.pop().map(StoredOperation::from))
    }
}

/// The items of these ids.
pub(in crate::journal::sql) struct FindItems<'a> {
    pub(in crate::journal::sql) queue: QueueId,
    pub(in crate::journal::sql) items: &'a [QueueItemId],
}

impl Question for FindItems<'_> {
    const DOING: &'static str = "looking for items";
    type Answer = Vec<StoredOperation>;

    async fn ask(&self, connection: &mut Connection) -> sqlx::Result<Self::Answer> {
        let database = Database::of(self.queue);
        let found = items_of(connection, &database, self.items).await?;
        Ok(found.into_iter().map(StoredOperation::from).collect())
    }
}

/// Items by their ids, which are the table's key.
pub(super) async fn items_of(
    connection: &mut Connection,
    database: &Database,
    items: &[QueueItemId],
) -> sqlx::Result<Vec<ReadItem>> {
    let mut found = Vec::with_capacity(items.len());
    for items in in_powers_of_two(items) {
        let sql = format!(
            "SELECT {ITEM_COLUMNS}, {OPERATION_OF_ITEM} FROM {database}.ftQueueItem i \
             LEFT JOIN {database}.byodc_operation o ON o.queue_row = i.ftQueueRow WHERE i.ftQueueItemId IN {}",
            places(items.len())
        );
        let values: Vec<Value<'_>> = items.iter().map(|item| guid(item.as_u128())).collect();
        for row in connection.rows(&sql, &values).await? {
            found.push(read_item(&mut row.columns())?);
        }
    }
    Ok(found)
}

/// The finished items with a receipt reference, newest first.
pub(in crate::journal::sql) struct FindByReference<'a>(pub(in crate::journal::sql) find::FindByReference<'a>);

impl Question for FindByReference<'_> {
    const DOING: &'static str = "looking for a receipt reference";
    type Answer = Vec<StoredItem>;

    async fn ask(&self, connection: &mut Connection) -> sqlx::Result<Self::Answer> {
        let database = Database::of(self.0.queue);
        let sql = format!(
            "SELECT {ITEM_COLUMNS}, {OPERATION_OF_ITEM} FROM {database}.ftQueueItem i \
             LEFT JOIN {database}.byodc_operation o ON o.queue_row = i.ftQueueRow \
             WHERE i.cbReceiptReference = ? AND i.ftQueueRow < ? ORDER BY i.ftQueueRow DESC LIMIT ?"
        );
        let reference = in_the_column(self.0.reference);
        let mut search = Search::of(&self.0);
        while let Some(below_row) = search.goes_on_below {
            let values = [reference.into(), below_row.into(), LOOKED_AT.into()];
            let rows = connection.rows(&sql, &values).await?;
            let read = rows.iter().map(|row| read_item(&mut row.columns()));
            search.look_at(read.collect::<sqlx::Result<Vec<_>>>()?);
        }
        Ok(search.found)
    }
}

/// Whether an export was kept.
pub(in crate::journal::sql) struct IsKept {
    pub(in crate::journal::sql) queue: QueueId,
    pub(in crate::journal::sql) id: Uuid,
    pub(in crate::journal::sql) since: Ticks,
}

impl Question for IsKept {
    const DOING: &'static str = "looking for an export";
    type Answer = bool;

    async fn ask(&self, connection: &mut Connection) -> sqlx::Result<bool> {
        let database = Database::of(self.queue);
        let sql =
            format!("SELECT Number FROM {database}.ftJournalDE WHERE ftJournalDEId = ? AND TimeStamp >= ?");
        let values = [guid(self.id.as_u128()), Value::from(self.since.0)];
        Ok(!connection.rows(&sql, &values).await?.is_empty())
    }
}

/// How many rows the journals of a queue hold.
pub(in crate::journal::sql) struct Counts {
    pub(in crate::journal::sql) queue: QueueId,
}

impl Question for Counts {
    const DOING: &'static str = "counting the rows of the journals";
    type Answer = JournalCounts;

    async fn ask(&self, connection: &mut Connection) -> sqlx::Result<Self::Answer> {
        Ok(JournalCounts {
            actions: self.rows_of(connection, "ftActionJournal").await?,
            journals_de: self.rows_of(connection, "ftJournalDE").await?,
            items: self.rows_of(connection, "ftQueueItem").await?,
            receipts: self.rows_of(connection, "ftReceiptJournal").await?,
        })
    }
}

impl Counts {
    async fn rows_of(&self, connection: &mut Connection, table: &'static str) -> sqlx::Result<i64> {
        let database = Database::of(self.queue);
        let sql = format!("SELECT COUNT(*) FROM {database}.{table} WHERE ftQueueId = ?");
        let rows = connection.rows(&sql, &[guid(self.queue.as_u128())]).await?;
        let counted = rows.first().map(|row| row.columns().int()).transpose()?;
        counted.ok_or(sqlx::Error::RowNotFound)
    }
}

/// What the row of a queue says of its journals.
pub(in crate::journal::sql) struct EndOf {
    pub(in crate::journal::sql) queue: QueueId,
}

impl Question for EndOf {
    const DOING: &'static str = "reading a queue";
    type Answer = Option<QueueEnd>;

    async fn ask(&self, connection: &mut Connection) -> sqlx::Result<Self::Answer> {
        let database = Database::of(self.queue);
        let sql = format!(
            "SELECT ftReceiptNumerator, ftReceiptHash, ftQueuedRow FROM {database}.ftQueue WHERE ftQueueId = ?"
        );
        let rows = connection.rows(&sql, &[guid(self.queue.as_u128())]).await?;
        rows.first().map(|row| read_end(&mut row.columns())).transpose()
    }
}
