//! Pages of a journal in order of time of writing (`fiscal-spec.md` chapter 7). As in our own tables, a page is asked
//! for twice: how large its rows are, then as many of them as fit.

use shared::identity::QueueId;

use super::super::connection::{Columns, Connection, Value};
use super::super::readers::Question;
use super::database::{Database, guid};
use super::item::{ITEM_COLUMNS, NO_OPERATION, OPERATION_OF_ITEM, read_item};
use super::journals::{ACTION, JOURNAL_DE, RECEIPT_COLUMNS, read_action, read_journal_de, read_receipt};
use crate::journal::entry::{JournalKind, JournalPage, JournalQuery, QueueItemRow};
use crate::journal::page::{JournalRow, Rest, page_of, rows_that_fit};

/// A page of a queue's journal.
pub(in crate::journal::sql) struct ReadPage<'a> {
    pub(in crate::journal::sql) queue: QueueId,
    pub(in crate::journal::sql) query: &'a JournalQuery,
    pub(in crate::journal::sql) beside: Beside,
}

/// What stands beside the original's tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::journal::sql) enum Beside {
    /// Ours.
    OurTables,
    /// Perhaps nothing: a database that was never opened by us. References may then be cut to their column.
    Nothing,
}

/// Where the rows of a page stand, and what is read of them.
struct Source<'s, R> {
    columns: &'s str,
    /// The table with its alias `i`, and what is joined to it.
    tables: &'s str,
    /// The column that orders rows of one moment: a text of hexadecimal digits in one letter case.
    id: &'s str,
    /// The columns whose bytes count.
    long: &'s [&'s str],
    read: fn(&mut Columns<'_>) -> sqlx::Result<R>,
}

impl Question for ReadPage<'_> {
    const DOING: &'static str = "reading a journal";
    type Answer = JournalPage;

    async fn ask(&self, connection: &mut Connection) -> sqlx::Result<JournalPage> {
        let database = Database::of(self.queue);
        match self.query.kind {
            JournalKind::Action => {
                let source = Source {
                    columns: &ACTION.all(),
                    tables: "ftActionJournal i",
                    id: ACTION.key,
                    long: &["i.Message", "i.DataBase64", "i.DataJson"],
                    read: read_action,
                };
                self.page(connection, &database, &source).await
            }
            JournalKind::Receipt => {
                let source = Source {
                    columns: RECEIPT_COLUMNS,
                    tables: "ftReceiptJournal i",
                    id: "ftReceiptJournalId",
                    long: &[],
                    read: read_receipt,
                };
                self.page(connection, &database, &source).await
            }
            JournalKind::De => {
                let source = Source {
                    columns: &JOURNAL_DE.all(),
                    tables: "ftJournalDE i",
                    id: JOURNAL_DE.key,
                    long: &["i.FileContentBase64"],
                    read: read_journal_de,
                };
                self.page(connection, &database, &source).await
            }
            JournalKind::QueueItem => {
                let joined = format!(
                    "ftQueueItem i LEFT JOIN {database}.byodc_operation o ON o.queue_row = i.ftQueueRow"
                );
                let (columns, tables) = match self.beside {
                    Beside::OurTables => (format!("{ITEM_COLUMNS}, {OPERATION_OF_ITEM}"), &*joined),
                    Beside::Nothing => (format!("{ITEM_COLUMNS}, {NO_OPERATION}"), "ftQueueItem i"),
                };
                let source = Source {
                    columns: &columns,
                    tables,
                    id: "ftQueueItemId",
                    long: &["i.request", "i.response"],
                    read: read_row,
                };
                self.page(connection, &database, &source).await
            }
        }
    }
}

fn read_row(columns: &mut Columns<'_>) -> sqlx::Result<QueueItemRow> {
    read_item(columns).map(|read| read.row)
}

impl ReadPage<'_> {
    async fn page<R: JournalRow>(
        &self,
        connection: &mut Connection,
        database: &Database,
        source: &Source<'_, R>,
    ) -> sqlx::Result<JournalPage> {
        let rows_max = self.query.rows_max();
        let of = |column: &&str| format!(" + COALESCE(OCTET_LENGTH({column}), 0)");
        let size: String = source.long.iter().map(of).collect();
        let (sql, values) = self.statement(database, &format!("0{size}"), source, rows_max + 1);
        let sizes = connection.rows(&sql, &values).await?;
        let bytes: sqlx::Result<Vec<i64>> = sizes.iter().map(|row| row.columns().int()).collect();
        let bytes = bytes?
            .into_iter()
            .map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
        let fit = rows_that_fit(bytes.take(rows_max));
        if fit == 0 {
            return Ok(page_of(Vec::<R>::new(), Rest::None, self.query));
        }
        let rest = if sizes.len() > fit { Rest::Some } else { Rest::None };
        let (sql, values) = self.statement(database, source.columns, source, fit);
        let found = connection.rows(&sql, &values).await?;
        let rows: sqlx::Result<Vec<R>> = found
            .iter()
            .map(|row| (source.read)(&mut row.columns()))
            .collect();
        Ok(page_of(rows?, rest, self.query))
    }

    fn statement<R>(
        &self,
        database: &Database,
        columns: &str,
        source: &Source<'_, R>,
        limit: usize,
    ) -> (String, Vec<Value<'_>>) {
        let Source { tables, id, .. } = source;
        let (from, to) = self.query.moments();
        let from = self.query.after.map_or(from, |after| from.max(after.time_stamp));
        let mut values = vec![guid(self.queue.as_u128()), Value::from(from.0), Value::from(to.0)];
        let mut after = String::new();
        if let Some(cursor) = self.query.after {
            after = format!(" AND (i.TimeStamp > ? OR i.{id} > ?)");
            values.extend([Value::from(cursor.time_stamp.0), guid(cursor.id.as_u128())]);
        }
        values.push(Value::from(limit as i64));
        let sql = format!(
            "SELECT {columns} FROM {database}.{tables} \
             WHERE i.ftQueueId = ? AND i.TimeStamp >= ? AND i.TimeStamp <= ?{after} \
             ORDER BY i.TimeStamp, i.{id} LIMIT ?"
        );
        (sql, values)
    }
}
