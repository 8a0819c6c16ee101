//! How many rows the journals of a queue hold.

use shared::identity::QueueId;

use super::connection::Connection;
use super::readers::Question;
use crate::journal::entry::JournalCounts;

/// Counts the rows of one queue. Four statements: rows that are added in between belong to another owner, who is then
/// the newer one.
pub(super) struct Counts {
    pub(super) queue: QueueId,
}

impl Question for Counts {
    const DOING: &'static str = "counting the rows of the journals";
    type Answer = JournalCounts;

    async fn ask(&self, connection: &mut Connection) -> sqlx::Result<Self::Answer> {
        Ok(JournalCounts {
            actions: self.rows_of(connection, "action_journal").await?,
            journals_de: self.rows_of(connection, "journal_de").await?,
            items: self.rows_of(connection, "queue_item").await?,
            receipts: self.rows_of(connection, "receipt_journal").await?,
        })
    }
}

impl Counts {
    async fn rows_of(&self, connection: &mut Connection, table: &'static str) -> sqlx::Result<i64> {
        let sql = format!("SELECT COUNT(*) FROM {table} WHERE queue = ?");
        let rows = connection.rows(&sql, &[self.queue.into()]).await?;
        let counted = rows.first().map(|row| row.columns().int()).transpose()?;
        counted.ok_or(sqlx::Error::RowNotFound)
    }
}
