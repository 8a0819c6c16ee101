//! Which daily closings there are: what the action journal says of them (4.8, 7.7). A receipt of the closing's case
//! may have been refused or practice; the note says that it closed something, and under which number.

use serde_json::Value;
use shared::clock::Ticks;
use shared::identity::QueueItemId;

use super::{ExportError, Source};
use crate::journal::entry::{
    ActionJournalRow, JournalKind, JournalPage, JournalQuery, JournalRange, JournalRows,
};

/// Rows of a page.
const PAGE_ROWS: u32 = 500;

/// A daily closing as it was noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Closing {
    /// `Z_NR`.
    pub(super) number: i64,
    /// Its receipt.
    pub(super) item: QueueItemId,
    /// When it was noted.
    pub(super) time_stamp: Ticks,
}

/// Every closing from the first one to the end of a range, in order.
#[derive(Debug)]
pub(super) struct Closings {
    all: Vec<Closing>,
    /// How many of them were noted before the range.
    before: usize,
}

impl Closings {
    /// Those of the range.
    pub(super) fn wanted(&self) -> &[Closing] {
        &self.all[self.before..]
    }

    /// The last one before the range: what follows its receipt belongs to the first of the range.
    pub(super) fn previous(&self) -> Option<&Closing> {
        self.before.checked_sub(1).map(|last| &self.all[last])
    }

    /// The closing that a receipt went into, if there was one: its own, or the first one noted after it.
    pub(super) fn of_receipt(&self, item: QueueItemId, written: Ticks) -> Option<&Closing> {
        let at = self.all.partition_point(|closing| closing.time_stamp < written);
        // The note of a closing may be a moment older than its receipt, or younger.
        let own = at.checked_sub(1).map(|before| &self.all[before]);
        own.filter(|closing| closing.item == item).or(self.all.get(at))
    }
}

/// Finds the closings of a range.
pub(super) async fn find(source: &Source, range: JournalRange) -> Result<Closings, ExportError> {
    let (from, to) = bounds(source, range).await?;
    let mut all: Vec<Closing> = Vec::new();
    let mut next = Some(query(JournalKind::Action, JournalRange::Between(Ticks(0), to)));
    while let Some(asked) = next {
        let page = source.journal.read(source.queue, &asked).await?;
        next = asked.following(&page);
        if let JournalRows::Action(rows) = &page.rows {
            for row in rows {
                if let Some(number) = closing_number(row, all.last()) {
                    all.push(Closing {
                        number,
                        item: row.item,
                        time_stamp: row.time_stamp,
                    });
                }
            }
        }
    }
    let before = all.partition_point(|closing| closing.time_stamp < from);
    Ok(Closings { all, before })
}

/// The first and the last moment of a range. A number of rows (7.2) counts receipts.
async fn bounds(source: &Source, range: JournalRange) -> Result<(Ticks, Ticks), ExportError> {
    let from = match range {
        JournalRange::From(from) => return Ok((from, Ticks(i64::MAX))),
        JournalRange::Between(from, to) => return Ok((from, to)),
        JournalRange::First { from, .. } => from,
    };
    let mut last = Ticks(0);
    let mut next = Some(query(JournalKind::Receipt, range));
    while let Some(asked) = next {
        let page: JournalPage = source.journal.read(source.queue, &asked).await?;
        next = asked.following(&page);
        if let JournalRows::Receipt(rows) = &page.rows {
            last = rows.last().map_or(last, |row| row.time_stamp);
        }
    }
    Ok((from, last))
}

pub(super) fn query(kind: JournalKind, range: JournalRange) -> JournalQuery {
    JournalQuery {
        kind,
        range,
        after: None,
        limit: PAGE_ROWS,
    }
}

/// The number that a note gives to a daily closing; none when it notes something else. A note without a number (older
/// versions of the original) counts on from the one before.
fn closing_number(row: &ActionJournalRow, before: Option<&Closing>) -> Option<i64> {
    let hex = row.kind.strip_prefix("0x").unwrap_or(&row.kind);
    if !(hex.starts_with("4445") && hex.ends_with('7')) {
        return None;
    }
    let data: Option<Value> = row
        .data_json
        .as_deref()
        .and_then(|json| serde_json::from_str(json).ok());
    let noted = data.as_ref().and_then(|data| data.get("closingNumber")?.as_i64());
    match noted {
        Some(number) => (number > 0).then_some(number),
        None => Some(before.map_or(0, |closing| closing.number) + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn note(kind: &str, data: Option<&str>) -> ActionJournalRow {
        ActionJournalRow {
            id: Uuid::from_u128(1),
            item: QueueItemId::from_u128(2),
            moment: Ticks(3),
            priority: -1,
            kind: kind.to_owned(),
            message: String::new(),
            data_base64: None,
            data_json: data.map(str::to_owned),
            time_stamp: Ticks(3),
        }
    }

    #[test]
    fn notes_of_daily_closings_are_told_from_all_others() {
        let noted = |kind, data| closing_number(&note(kind, data), None);
        assert_eq!(
            noted("4445000000000007", Some(r#"{"closingNumber":12}"#)),
            Some(12)
        );
        assert_eq!(
            noted("0x4445000008000007", Some(r#"{"closingNumber":13}"#)),
            Some(13)
        );
        assert_eq!(noted("4445000000000007", None), Some(1));
        assert_eq!(noted("4445000000000005", Some(r#"{"closingNumber":-1}"#)), None);
        assert_eq!(noted("4445000000000003-InitiateSCUSwitch", None), None);
        assert_eq!(noted("2", None), None);
    }

    #[test]
    fn a_receipt_went_into_the_first_closing_that_was_noted_after_it() {
        let closing = |number: i64, time_stamp| Closing {
            number,
            item: QueueItemId::from_u128(number.unsigned_abs().into()),
            time_stamp: Ticks(time_stamp),
        };
        let closings = Closings {
            all: vec![closing(1, 10), closing(2, 20)],
            before: 1,
        };
        let number = |item, written| {
            let closing = closings.of_receipt(QueueItemId::from_u128(item), Ticks(written));
            closing.map(|closing| closing.number)
        };
        assert_eq!(
            [number(7, 10), number(7, 11), number(7, 21)],
            [Some(1), Some(2), None]
        );
        assert_eq!([number(1, 11), number(2, 21)], [Some(1), Some(2)]);
        assert_eq!(closings.previous().map(|closing| closing.number), Some(1));
        assert_eq!(closings.wanted().len(), 1);
    }
}
