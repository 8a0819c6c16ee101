//! Items by their ids, without an index of ids: every receipt would pay for it, and almost every id that is asked
//! for belongs to one of the newest rows.

use std::collections::HashSet;

use shared::identity::{QueueId, QueueItemId};

use super::connection::{Connection, Value};
use super::readers::Question;
use super::rows::item::{ITEM_AND_ANSWER, read_item};
use super::table::{in_powers_of_two, places};
use crate::journal::entry::StoredOperation;

/// Rows of the first page; those after it are larger.
const FIRST_PAGE: i64 = 32;
/// Rows of every further page.
const NEXT_PAGES: i64 = 2048;

/// The items of these ids.
pub(super) struct FindItems<'a> {
    pub(super) queue: QueueId,
    pub(super) items: &'a [QueueItemId],
}

impl Question for FindItems<'_> {
    const DOING: &'static str = "looking for items";
    type Answer = Vec<StoredOperation>;

    async fn ask(&self, connection: &mut Connection) -> sqlx::Result<Self::Answer> {
        let rows = self.rows_of_items(connection).await?;
        let mut found = Vec::with_capacity(rows.len());
        for rows in in_powers_of_two(&rows) {
            found.extend(self.stored(connection, rows).await?);
        }
        Ok(found)
    }
}

impl FindItems<'_> {
    /// Walks from the newest row back until every id is found or the queue begins.
    async fn rows_of_items(&self, connection: &mut Connection) -> sqlx::Result<Vec<i64>> {
        let mut missing: HashSet<QueueItemId> = self.items.iter().copied().collect();
        let (mut below, mut page, mut rows) = (i64::MAX, FIRST_PAGE, Vec::new());
        while !missing.is_empty() {
            let candidates = self.candidates(connection, below, page).await?;
            rows.extend(
                candidates
                    .iter()
                    .filter_map(|(row, item)| missing.remove(item).then_some(*row)),
            );
            match candidates.last() {
                Some((row, _)) => (below, page) = (*row, NEXT_PAGES),
                None => break,
            }
        }
        Ok(rows)
    }

    async fn candidates(
        &self,
        connection: &mut Connection,
        below: i64,
        page: i64,
    ) -> sqlx::Result<Vec<(i64, QueueItemId)>> {
        let sql = "SELECT queue_row, item FROM queue_item WHERE queue = ? AND queue_row < ? \
                   ORDER BY queue_row DESC LIMIT ?";
        let values = [self.queue.into(), below.into(), Value::from(page)];
        let rows = connection.rows(sql, &values).await?;
        let read = rows.iter().map(|row| {
            let mut columns = row.columns();
            Ok((columns.int()?, QueueItemId::from_u128(columns.id()?)))
        });
        read.collect()
    }

    async fn stored(&self, connection: &mut Connection, rows: &[i64]) -> sqlx::Result<Vec<StoredOperation>> {
        let sql = format!(
            "SELECT {ITEM_AND_ANSWER} FROM queue_item i \
             LEFT JOIN queue_answer a ON a.queue = i.queue AND a.queue_row = i.queue_row \
             WHERE i.queue = ? AND i.queue_row IN {}",
            places(rows.len())
        );
        let mut values = vec![self.queue.into()];
        values.extend(rows.iter().map(|row| Value::from(*row)));
        let rows = connection.rows(&sql, &values).await?;
        let read = rows.iter().map(|row| read_item(&mut row.columns()));
        read.map(|read| read.map(StoredOperation::from)).collect()
    }
}
