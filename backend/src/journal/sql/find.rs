//! Looking things up by their names: a tenure, an operation, a receipt reference.

use shared::identity::{Epoch, OperationId, QueueId};

use super::connection::{Connection, Kind};
use super::readers::Question;
use super::rows;
use super::rows::item::{ITEM_AND_ANSWER, read_item, short_key};
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
        let read = rows.first().map(|row| read_item(&mut row.columns()));
        Ok(read.transpose()?.map(StoredOperation::from))
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

impl Question for FindByReference<'_> {
    const DOING: &'static str = "looking for a receipt reference";
    type Answer = Vec<StoredItem>;

    async fn ask(&self, connection: &mut Connection) -> sqlx::Result<Self::Answer> {
        let sql = format!(
            "SELECT {ITEM_AND_ANSWER} FROM queue_item i \
             JOIN queue_answer a ON a.queue = i.queue AND a.queue_row = i.queue_row \
             WHERE i.queue = ? AND i.reference_key = ? AND i.queue_row < ? \
             ORDER BY i.queue_row DESC LIMIT ?"
        );
        let key = short_key(self.reference);
        let mut search = Search::of(self);
        while let Some(below_row) = search.goes_on_below {
            let values = [self.queue.into(), key.into(), below_row.into(), LOOKED_AT.into()];
            let rows = connection.rows(&sql, &values).await?;
            let read = rows.iter().map(|row| read_item(&mut row.columns()));
            search.look_at(read.collect::<sqlx::Result<Vec<_>>>()?);
        }
        Ok(search.found)
    }
}

/// Rows looked at in one go.
pub(super) const LOOKED_AT: i64 = 64;

/// A walk from the newest row back over the items that an index gives for a reference.
pub(super) struct Search<'a> {
    wanted: &'a FindByReference<'a>,
    /// The row to go on below; none at the end.
    pub(super) goes_on_below: Option<i64>,
    pub(super) found: Vec<StoredItem>,
}

impl<'a> Search<'a> {
    pub(super) fn of(wanted: &'a FindByReference<'a>) -> Self {
        Self {
            wanted,
            goes_on_below: Some(i64::MAX),
            found: Vec::new(),
        }
    }

    /// Takes what matches out of the next [`LOOKED_AT`] candidates, newest first.
    pub(super) fn look_at(&mut self, candidates: Vec<impl Into<StoredOperation>>) {
        let was_full = candidates.len() == LOOKED_AT as usize;
        let candidates: Vec<StoredOperation> = candidates.into_iter().map(Into::into).collect();
        let last_row = candidates.last().map(|last| last.item.row);
        let wanted = self.wanted;
        let matching = candidates
            .into_iter()
            .filter(|candidate| wanted.matches(candidate));
        let items = matching.map(|matching| StoredItem { item: matching.item });
        self.found.extend(items);
        let limit = wanted.limit as usize;
        self.found.truncate(limit);
        self.goes_on_below = last_row.filter(|_| was_full && self.found.len() < limit);
    }
}

impl FindByReference<'_> {
    /// Byte for byte: an index may have a digest, and databases differ in when two texts are equal.
    fn matches(&self, candidate: &StoredOperation) -> bool {
        let item = &candidate.item;
        candidate.outcome == Some(Outcome::Answered)
            && item.receipt_reference == self.reference
            && self.terminal.is_none_or(|terminal| item.terminal_id == terminal)
    }
}
