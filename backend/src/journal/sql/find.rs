//! Looking things up by their names: a tenure, an operation, a receipt reference.

use shared::identity::{Epoch, OperationId, QueueId};

use super::connection::{Connection, Kind, Value};
use super::readers::Question;
use super::rows;
use super::rows::item::{ITEM_AND_ANSWER, ReadItem, read_item, short_key};
use crate::journal::entry::{Outcome, StoredItem, StoredOperation};

/// The newest epoch of a queue.
pub(super) struct NewestEpoch {
    pub(super) queue: QueueId,
}

impl Question for NewestEpoch {
    const DOING: &'static str = "confirming a claim";
    type Answer = Option<Epoch>;

    async fn ask(&self, connection: &mut Connection) -> sqlx::Result<Self::Answer> {
        let rows = connection
            .rows("SELECT epoch FROM queue WHERE queue = ?", &[self.queue.into()])
            .await?;
        let epoch = rows.first().map(|row| row.columns().int()).transpose()?;
        Ok(epoch.map(|epoch| Epoch(epoch.cast_unsigned())))
    }
}

/// What became of an operation.
///
/// Asked after an unknown outcome, so the answer must be final: a commit whose connection was lost may still be
/// under way on the server. It holds the queue's row, so this waits for the row first.
pub(super) struct FindOperation {
    pub(super) queue: QueueId,
    pub(super) operation: OperationId,
}

impl Question for FindOperation {
    const DOING: &'static str = "reading an operation";
    type Answer = Option<StoredOperation>;

    async fn ask(&self, connection: &mut Connection) -> sqlx::Result<Self::Answer> {
        connection.begin().await?;
        wait_for_writers(connection, self.queue).await?;
        let sql = format!(
            "SELECT {ITEM_AND_ANSWER} FROM queue_item i \
             LEFT JOIN queue_answer a ON a.queue = i.queue AND a.queue_row = i.queue_row \
             WHERE i.queue = ? AND i.operation = ?"
        );
        let rows = connection
            .rows(&sql, &[self.queue.into(), rows::id(self.operation.as_u128())])
            .await?;
        connection.commit().await?;
        let read = rows
            .first()
            .map(|row| read_item(&mut row.columns()))
            .transpose()?;
        Ok(read.map(|read| StoredOperation {
            content_hash: read.content_hash,
            item: read.row,
            outcome: read.outcome,
        }))
    }
}

async fn wait_for_writers(connection: &mut Connection, queue: QueueId) -> sqlx::Result<()> {
    let sql = match connection.kind() {
        // The transaction took the file's one write lock when it began.
        Kind::Sqlite => return Ok(()),
        Kind::MySql => "SELECT epoch FROM queue WHERE queue = ? LOCK IN SHARE MODE",
        Kind::Postgres => "SELECT epoch FROM queue WHERE queue = ? FOR SHARE",
    };
    connection.rows(sql, &[queue.into()]).await.map(drop)
}

/// The finished items with a receipt reference, newest first.
pub(super) struct FindByReference<'a> {
    pub(super) queue: QueueId,
    pub(super) reference: &'a str,
    pub(super) terminal: Option<&'a str>,
    pub(super) limit: u32,
}

/// Rows looked at in one go.
const LOOKED_AT: i64 = 64;

impl Question for FindByReference<'_> {
    const DOING: &'static str = "looking for a receipt reference";
    type Answer = Vec<StoredItem>;

    async fn ask(&self, connection: &mut Connection) -> sqlx::Result<Self::Answer> {
        let limit = self.limit as usize;
        let mut found = Vec::new();
        let mut below_row = i64::MAX;
        loop {
            let candidates = self.candidates(connection, below_row).await?;
            let (looked_at, last_row) = (candidates.len(), candidates.last().map(|last| last.row.row));
            let matching = candidates.into_iter().filter(|candidate| self.matches(candidate));
            found.extend(matching.map(|candidate| StoredItem { item: candidate.row }));
            match last_row {
                Some(row) if found.len() < limit && looked_at == LOOKED_AT as usize => below_row = row,
                _ => break,
            }
        }
        found.truncate(limit);
        Ok(found)
    }
}

impl FindByReference<'_> {
    async fn candidates(&self, connection: &mut Connection, below_row: i64) -> sqlx::Result<Vec<ReadItem>> {
        let sql = format!(
            "SELECT {ITEM_AND_ANSWER} FROM queue_item i \
             JOIN queue_answer a ON a.queue = i.queue AND a.queue_row = i.queue_row \
             WHERE i.queue = ? AND i.reference_key = ? AND i.queue_row < ? \
             ORDER BY i.queue_row DESC LIMIT ?"
        );
        let key = short_key(self.reference);
        let values = [
            self.queue.into(),
            key.into(),
            below_row.into(),
            Value::from(LOOKED_AT),
        ];
        let rows = connection.rows(&sql, &values).await?;
        rows.iter().map(|row| read_item(&mut row.columns())).collect()
    }

    /// Byte for byte: the key is a digest, and databases differ in when two texts are equal.
    fn matches(&self, candidate: &ReadItem) -> bool {
        candidate.outcome == Some(Outcome::Answered)
            && candidate.row.receipt_reference == self.reference
            && self
                .terminal
                .is_none_or(|terminal| candidate.row.terminal_id == terminal)
    }
}
