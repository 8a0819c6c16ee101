//! Pages of a journal in order of time of writing (`fiscal-spec.md` chapter 7).
//!
//! A page is asked for twice: how large its rows are, then as many of them as fit. So the memory that a page takes is
//! known before the database sends it.

use std::collections::HashSet;

use shared::identity::QueueId;

use super::connection::{Columns, Connection, Kind, Row, Value};
use super::open::interrupted;
use super::readers::Question;
use super::rows;
use super::rows::item::{ITEM_AND_ANSWER, read_item};
use super::rows::journals::{ACTION, JOURNAL_DE, RECEIPT, read_action, read_journal_de, read_receipt};
use super::table::Table;
use crate::journal::entry::{JournalKind, JournalPage, JournalQuery, QueueItemRow};
use crate::journal::page::{JournalRow, Rest, page_of, rows_that_fit};

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
                let bytes = &["message", "data_base64", "data_json"];
                self.page(connection, &ACTION, bytes, read_action).await
            }
            JournalKind::Receipt => self.page(connection, &RECEIPT, &[], read_receipt).await,
            JournalKind::De => {
                self.page(connection, &JOURNAL_DE, &["content_base64"], read_journal_de)
                    .await
            }
            JournalKind::QueueItem => self.items(connection).await,
        }
    }
}

/// Where the rows of a page stand, and what is read of them.
struct Source<'s, R> {
    columns: &'s str,
    tables: &'s str,
    /// Before the columns that rows are ordered by: the alias of their table with its point, or nothing.
    alias: &'s str,
    /// The column that orders rows of one moment.
    id: &'s str,
    /// The columns whose bytes count.
    long: &'s [&'s str],
    read: fn(&mut Columns<'_>) -> sqlx::Result<R>,
}

impl ReadPage<'_> {
    async fn page<R: JournalRow>(
        &self,
        connection: &mut Connection,
        table: &Table,
        long: &[&str],
        read: fn(&mut Columns<'_>) -> sqlx::Result<R>,
    ) -> sqlx::Result<JournalPage> {
        let source = Source {
            columns: &table.all_columns(),
            tables: table.name,
            alias: "",
            id: "id",
            long,
            read,
        };
        let (rows, rest) = self.rows(connection, &source).await?;
        Ok(page_of(rows, rest, self.query))
    }

    /// The rows of the page, and whether more follow.
    async fn rows<R>(
        &self,
        connection: &mut Connection,
        source: &Source<'_, R>,
    ) -> sqlx::Result<(Vec<R>, Rest)> {
        let rows_max = self.query.rows_max();
        let (sql, values) = self.statement(&source.bytes(connection.kind()), source, rows_max + 1);
        let sizes = connection.rows(&sql, &values).await?;
        let bytes: sqlx::Result<Vec<i64>> = sizes.iter().map(|row| row.columns().int()).collect();
        let bytes = bytes?
            .into_iter()
            .map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
        let fit = rows_that_fit(bytes.take(rows_max));
        if fit == 0 {
            return Ok((Vec::new(), Rest::None));
        }
        let rest = if sizes.len() > fit { Rest::Some } else { Rest::None };
        let (sql, values) = self.statement(source.columns, source, fit);
        let found = connection.rows(&sql, &values).await?;
        // Each is dropped when it has been read: a large one is here twice, but not all of them.
        let read = |row: Row| (source.read)(&mut row.columns());
        let rows: sqlx::Result<Vec<R>> = found.into_iter().map(read).collect();
        Ok((rows?, rest))
    }

    fn statement<R>(&self, columns: &str, source: &Source<'_, R>, limit: usize) -> (String, Vec<Value<'_>>) {
        let Source {
            tables, alias, id, ..
        } = source;
        let (from, to) = self.query.moments();
        let from = self.query.after.map_or(from, |after| from.max(after.time_stamp));
        let mut values = vec![self.queue.into(), Value::from(from.0), Value::from(to.0)];
        let mut after = String::new();
        if let Some(cursor) = self.query.after {
            after = format!(" AND ({alias}time_stamp > ? OR {alias}{id} > ?)");
            values.extend([Value::from(cursor.time_stamp.0), rows::id(cursor.id.as_u128())]);
        }
        values.push(Value::from(limit as i64));
        let sql = format!(
            "SELECT {columns} FROM {tables} \
             WHERE {alias}queue = ? AND {alias}time_stamp >= ? AND {alias}time_stamp <= ?{after} \
             ORDER BY {alias}time_stamp, {alias}{id} LIMIT ?"
        );
        (sql, values)
    }

    /// Items with an outcome stand at the moment of their answer, the few without one at that of their intent.
    /// Those are read first: one that is answered in between is then found twice, not missed.
    async fn items(&self, connection: &mut Connection) -> sqlx::Result<JournalPage> {
        let open = interrupted(connection, self.queue).await?;
        let source = Source {
            columns: ITEM_AND_ANSWER,
            tables: "queue_answer a JOIN queue_item i ON i.queue = a.queue AND i.queue_row = a.queue_row",
            alias: "a.",
            id: "item",
            long: &["i.request", "a.response"],
            read: read_item,
        };
        let (answered, rest) = self.rows(connection, &source).await?;
        let mut rows: Vec<QueueItemRow> = answered.into_iter().map(|read| read.row).collect();
        let answered: HashSet<i64> = rows.iter().map(|row| row.row).collect();
        // Where answered rows follow, what stands behind those at hand belongs to a later page.
        let end = rows
            .last()
            .filter(|_| rest == Rest::Some)
            .map(|row| row.cursor().order());
        let open = open.into_iter().map(|read| read.row).filter(|row| {
            let at = row.cursor();
            !answered.contains(&row.row) && self.query.wants(at) && end.is_none_or(|end| at.order() < end)
        });
        rows.extend(open);
        rows.sort_by_key(|row| row.cursor().order());
        Ok(page_of(rows, rest, self.query))
    }
}

impl<R> Source<'_, R> {
    /// An expression for the bytes of a row's long texts. Every database knows the length without reading the text.
    fn bytes(&self, kind: Kind) -> String {
        let of = |column: &&str| format!(" + COALESCE(OCTET_LENGTH({column}), 0)");
        let sum: String = self.long.iter().map(of).collect();
        match kind {
            Kind::Sqlite | Kind::MySql => format!("0{sum}"),
            // Its lengths are 32 bits wide, and so would be their sum.
            Kind::Postgres => format!("CAST(0 AS BIGINT){sum}"),
        }
    }
}
