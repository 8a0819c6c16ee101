//! Pages of a journal in order of time of writing (`fiscal-spec.md` chapter 7).

use std::collections::HashSet;

use shared::identity::QueueId;

use super::connection::{Columns, Connection, Value};
use super::open::interrupted;
use super::readers::Question;
use super::rows;
use super::rows::item::{ITEM_AND_ANSWER, read_item};
use super::rows::journals::{ACTION, JOURNAL_DE, RECEIPT, read_action, read_journal_de, read_receipt};
use crate::journal::entry::{JournalKind, JournalPage, JournalQuery, QueueItemRow};
use crate::journal::page::{JournalRow, page_of};

/// A page of a queue's journal.
pub(super) struct ReadPage<'a> {
    pub(super) queue: QueueId,
    pub(super) query: &'a JournalQuery,
}

impl Question for ReadPage<'_> {
    const DOING: &'static str = "reading a journal";
    type Answer = JournalPage;

    async fn ask(&self, connection: &mut Connection) -> sqlx::Result<JournalPage> {
        match self.query.kind {
            JournalKind::Action => {
                self.page(connection, &ACTION.select(), "", "id", read_action)
                    .await
            }
            JournalKind::Receipt => {
                self.page(connection, &RECEIPT.select(), "", "id", read_receipt)
                    .await
            }
            JournalKind::De => {
                self.page(connection, &JOURNAL_DE.select(), "", "id", read_journal_de)
                    .await
            }
            JournalKind::QueueItem => self.items(connection).await,
        }
    }
}

impl ReadPage<'_> {
    async fn page<R: JournalRow>(
        &self,
        connection: &mut Connection,
        select: &str,
        table: &str,
        id: &str,
        read: fn(&mut Columns<'_>) -> sqlx::Result<R>,
    ) -> sqlx::Result<JournalPage> {
        let rows = self.rows(connection, select, table, id, read).await?;
        Ok(page_of(rows, self.query))
    }

    /// The rows of the page and one more, which tells whether another page follows.
    async fn rows<R>(
        &self,
        connection: &mut Connection,
        select: &str,
        table: &str,
        id: &str,
        read: fn(&mut Columns<'_>) -> sqlx::Result<R>,
    ) -> sqlx::Result<Vec<R>> {
        let (from, to) = self.query.moments();
        let from = self.query.after.map_or(from, |after| from.max(after.time_stamp));
        let mut values = vec![self.queue.into(), Value::from(from.0), Value::from(to.0)];
        let mut after = String::new();
        if let Some(cursor) = self.query.after {
            after = format!(" AND ({table}time_stamp > ? OR {table}{id} > ?)");
            values.extend([Value::from(cursor.time_stamp.0), rows::id(cursor.id.as_u128())]);
        }
        values.push(Value::from(self.query.rows_max() as i64 + 1));
        let sql = format!(
            "{select} WHERE {table}queue = ? AND {table}time_stamp >= ? AND {table}time_stamp <= ?{after} \
             ORDER BY {table}time_stamp, {table}{id} LIMIT ?"
        );
        let found = connection.rows(&sql, &values).await?;
        found.iter().map(|row| read(&mut row.columns())).collect()
    }

    /// Items with an outcome stand at the moment of their answer, the few without one at that of their intent.
    /// Those are read first: one that is answered in between is then found twice, not missed.
    async fn items(&self, connection: &mut Connection) -> sqlx::Result<JournalPage> {
        let open = interrupted(connection, self.queue).await?;
        let select = format!(
            "SELECT {ITEM_AND_ANSWER} FROM queue_answer a \
             JOIN queue_item i ON i.queue = a.queue AND i.queue_row = a.queue_row"
        );
        let answered = self.rows(connection, &select, "a.", "item", read_item).await?;
        let mut rows: Vec<QueueItemRow> = answered.into_iter().map(|read| read.row).collect();
        let answered: HashSet<i64> = rows.iter().map(|row| row.row).collect();
        let open = open.into_iter().map(|read| read.row);
        rows.extend(open.filter(|row| !answered.contains(&row.row) && self.query.wants(row.cursor())));
        rows.sort_by_key(|row| row.cursor().order());
        Ok(page_of(rows, self.query))
    }
}
