//! Pages of a journal: which rows a query wants, and where the next page begins.

use shared::clock::Ticks;
use uuid::Uuid;

use super::entry::{
    ActionJournalRow, JournalCursor, JournalDeRow, JournalKind, JournalPage, JournalQuery, JournalRange,
    JournalRows, QueueItemRow, ReceiptJournalRow,
};

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
    /// Rows of its kind.
    fn rows(rows: Vec<Self>) -> JournalRows;
}

macro_rules! journal_row {
    ($row:ident, $kind:ident, $id:expr) => {
        impl JournalRow for $row {
            fn cursor(&self) -> JournalCursor {
                let id: fn(&Self) -> Uuid = $id;
                JournalCursor {
                    time_stamp: self.time_stamp,
                    id: id(self),
                }
            }

            fn rows(rows: Vec<Self>) -> JournalRows {
                JournalRows::$kind(rows)
            }
        }
    };
}

journal_row!(ActionJournalRow, Action, |row| row.id);
journal_row!(ReceiptJournalRow, Receipt, |row| row.id);
journal_row!(QueueItemRow, QueueItem, |row| Uuid::from_u128(row.item.as_u128()));
journal_row!(JournalDeRow, De, |row| row.id);

/// The page of a query, out of wanted rows in order: at least one more than the page may hold, if there are more.
pub(super) fn page_of<R: JournalRow>(mut rows: Vec<R>, query: &JournalQuery) -> JournalPage {
    let rows_max = query.rows_max();
    let more = rows.len() > rows_max && query.goes_on_after(rows_max);
    rows.truncate(rows_max);
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

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
