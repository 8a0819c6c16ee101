//! A journal read page by page: what is asked for, and what a page holds.

use shared::clock::Ticks;
use uuid::Uuid;

use super::row::{ActionJournalRow, JournalDeRow, QueueItemRow, ReceiptJournalRow};

/// Which journal, and which part of it (`fiscal-spec.md` chapter 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalQuery {
    /// Which rows.
    pub kind: JournalKind,
    /// Which part.
    pub range: JournalRange,
    /// Where to go on: what the page before said.
    pub after: Option<JournalCursor>,
    /// Rows of a page, at the most.
    pub limit: u32,
}

/// The journals that hold rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JournalKind {
    /// `ftActionJournal`.
    Action,
    /// `ftReceiptJournal`.
    Receipt,
    /// `ftQueueItem`.
    QueueItem,
    /// `ftJournalDE`.
    De,
}

/// A part of a journal, by time of writing; both ends belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JournalRange {
    /// From a moment to the end.
    From(Ticks),
    /// From a moment to another.
    Between(Ticks, Ticks),
    /// The first so many rows from a moment.
    First {
        /// The moment.
        from: Ticks,
        /// How many rows; with a cursor, how many are still wanted ([`JournalQuery::following`] counts down).
        count: u64,
    },
}

/// Where a page ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalCursor {
    /// The last row's `TimeStamp`.
    pub time_stamp: Ticks,
    /// The last row's id, which orders rows of one `TimeStamp`.
    pub id: Uuid,
}

/// A page of a journal.
#[derive(Debug, Clone, PartialEq)]
pub struct JournalPage {
    /// The rows, in order.
    pub rows: JournalRows,
    /// Where the next page begins; none at the end.
    pub next: Option<JournalCursor>,
}

/// Rows of one kind.
#[derive(Debug, Clone, PartialEq)]
pub enum JournalRows {
    /// `ftActionJournal`.
    Action(Vec<ActionJournalRow>),
    /// `ftReceiptJournal`.
    Receipt(Vec<ReceiptJournalRow>),
    /// `ftQueueItem`.
    QueueItem(Vec<QueueItemRow>),
    /// `ftJournalDE`.
    De(Vec<JournalDeRow>),
}
