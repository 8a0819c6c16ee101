//! Pages of a journal: which rows a query wants, how many fit, and where the next page begins.
//!
//! A page is bounded by rows and by bytes, so that whoever reads a journal page by page needs memory for one page,
//! however large the receipts are. A row that is larger alone is a page of its own.

use shared::clock::Ticks;
use uuid::Uuid;

use super::entry::{
    ActionJournalRow, JournalCursor, JournalDeRow, JournalKind, JournalPage, JournalQuery, JournalRange,
    JournalRows, QueueItemRow, ReceiptJournalRow,
};

/// Bytes of text that a page may hold, unless its only row has more.
pub(super) const PAGE_BYTES_MAX: usize = 1 << 20;

/// How many of these rows, given by their bytes of text, are one page: as many as fit, and at least one.
pub(super) fn rows_that_fit(bytes: impl IntoIterator<Item = usize>) -> usize {
    let mut left = PAGE_BYTES_MAX;
    let fits = |row: &usize| match left.checked_sub(*row) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    let mut bytes = bytes.into_iter().peekable();
    let at_least = usize::from(bytes.peek().is_some());
    bytes.take_while(fits).count().max(at_least)
}

impl JournalQuery {
    /// The query for the page after `page`, if there is one.
    #[must_use]
    pub fn following(&self, page: &JournalPage) -> Option<Self> {
        let after = page.next?;
        let range = match self.range {
            JournalRange::First { from, count } => JournalRange::First {
                from,
                count: count.saturating_sub(page.rows.len() as u64),
            },
            other => other,
        };
        Some(Self {
            range,
            after: Some(after),
            ..*self
        })
    }

    /// The first and the last moment of the range; both belong to it.
    pub(super) fn moments(&self) -> (Ticks, Ticks) {
        match self.range {
            JournalRange::From(from) | JournalRange::First { from, .. } => (from, Ticks(i64::MAX)),
            JournalRange::Between(from, to) => (from, to),
        }
    }

    /// Rows that this page may hold: none once a range of so many rows is used up.
    pub(super) fn rows_max(&self) -> usize {
        let page = self.limit.max(1) as usize;
        match self.range {
            JournalRange::First { count, .. } => usize::try_from(count).map_or(page, |count| count.min(page)),
            _ => page,
        }
    }

    /// Whether rows may follow this page.
    fn goes_on_after(&self, rows: usize) -> bool {
        match self.range {
            JournalRange::First { count, .. } => rows as u64 != count,
            _ => true,
        }
    }

    /// Whether the row at a place belongs to this page or to one after it.
    pub(super) fn wants(&self, place: JournalCursor) -> bool {
        let (from, to) = self.moments();
        let in_range = from <= place.time_stamp && place.time_stamp <= to;
        in_range && self.after.is_none_or(|after| place.order() > after.order())
    }
}

impl JournalCursor {
    /// What rows are ordered by: the moment, then the id as it is written.
    pub(super) fn order(&self) -> (Ticks, u128) {
        (self.time_stamp, self.id.as_u128())
    }
}

/// A row that stands in a journal.
pub(super) trait JournalRow: Sized {
    /// Its place in its journal.
    fn cursor(&self) -> JournalCursor;
    /// The bytes of its long texts.
    fn bytes(&self) -> usize;
    /// Rows of its kind.
    fn rows(rows: Vec<Self>) -> JournalRows;
}

macro_rules! journal_row {
    ($row:ident, $kind:ident, $id:expr, $bytes:expr) => {
        impl JournalRow for $row {
            fn cursor(&self) -> JournalCursor {
                let id: fn(&Self) -> Uuid = $id;
                JournalCursor {
                    time_stamp: self.time_stamp,
                    id: id(self),
                }
            }

            fn bytes(&self) -> usize {
                let bytes: fn(&Self) -> usize = $bytes;
                bytes(self)
            }

            fn rows(rows: Vec<Self>) -> JournalRows {
                JournalRows::$kind(rows)
            }
        }
    };
}

journal_row!(ActionJournalRow, Action, |row| row.id, |row| row.message.len()
    + length(&row.data_base64)
    + length(&row.data_json));
journal_row!(ReceiptJournalRow, Receipt, |row| row.id, |_| 0);
journal_row!(
    QueueItemRow,
    QueueItem,
    |row| Uuid::from_u128(row.item.as_u128()),
    |row| row.request.len() + length(&row.response)
);
journal_row!(JournalDeRow, De, |row| row.id, |row| row.content_base64.len());

fn length(text: &Option<String>) -> usize {
    text.as_ref().map_or(0, String::len)
}

/// Whether rows follow those that were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    /// Some, or it is not known.
    Some,
    /// None.
    None,
}

/// The page of a query, out of wanted rows in order.
pub(super) fn page_of<R: JournalRow>(mut rows: Vec<R>, rest: Rest, query: &JournalQuery) -> JournalPage {
    let fit = rows_that_fit(rows.iter().take(query.rows_max()).map(JournalRow::bytes));
    let more = (rest == Rest::Some || rows.len() > fit) && query.goes_on_after(fit);
    rows.truncate(fit);
    let next = rows.last().filter(|_| more).map(JournalRow::cursor);
    JournalPage {
        rows: R::rows(rows),
        next,
    }
}

impl JournalPage {
    /// A page without rows, and none after it.
    pub(super) fn empty(kind: JournalKind) -> Self {
        let rows = match kind {
            JournalKind::Action => JournalRows::Action(Vec::new()),
            JournalKind::Receipt => JournalRows::Receipt(Vec::new()),
            JournalKind::QueueItem => JournalRows::QueueItem(Vec::new()),
            JournalKind::De => JournalRows::De(Vec::new()),
        };
        Self { rows, next: None }
    }
}

impl JournalRows {
    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Action(rows) => rows.len(),
            Self::Receipt(rows) => rows.len(),
            Self::QueueItem(rows) => rows.len(),
            Self::De(rows) => rows.len(),
        }
    }

    /// The bytes of their long texts.
    #[must_use]
    pub fn bytes(&self) -> usize {
        fn sum<R: JournalRow>(rows: &[R]) -> usize {
            rows.iter().map(JournalRow::bytes).sum()
        }
        match self {
            Self::Action(rows) => sum(rows),
            Self::Receipt(rows) => sum(rows),
            Self::QueueItem(rows) => sum(rows),
            Self::De(rows) => sum(rows),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_takes_the_rows_that_fit_and_never_none_of_some() {
        for (bytes, fit) in [
            (vec![], 0),
            (vec![0, 0, 0], 3),
            (vec![PAGE_BYTES_MAX, 0, 1], 2),
            (vec![PAGE_BYTES_MAX + 1, 0], 1),
            (vec![1, PAGE_BYTES_MAX, 1], 1),
        ] {
            assert_eq!(rows_that_fit(bytes.clone()), fit, "{bytes:?}");
        }
    }
}
