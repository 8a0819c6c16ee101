//! Prepares a queue for another product (case 0x0019, 4.11). The receipt itself is a daily closing; its record says
//! how much there is to take along, and locks the queue.

use serde::Serialize;
use shared::clock::Ticks;

use crate::journal::entry::{ActionJournalRow, Change, Entry, JournalCounts};
use crate::journal::merge::MIGRATION_STARTED;
use crate::queue::notes::{self, Note};

/// How much there is, once the migration's receipt is written; the record itself does not count. The members in the
/// order they are written.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Counted {
    action_journal_count: i64,
    #[serde(rename = "JournalDECount")]
    journal_de_count: i64,
    queue_item_count: i64,
    receipt_journal_count: i64,
    queue_row: i64,
}

/// Adds the record to the entry of a receipt that starts a migration. `stored` is what the journals hold before that
/// entry, its intent included.
pub fn record(entry: &mut Entry, stored: JournalCounts, now: Ticks) {
    let count = |wanted: fn(&Change) -> bool| {
        let rows = entry.changes.iter().filter(|change| wanted(change)).count();
        i64::try_from(rows).expect("an entry has few rows")
    };
    let counted = Counted {
        action_journal_count: stored.actions + count(|change| matches!(change, Change::AddActionJournal(_))),
        // Exports are kept during the receipt; one that is not wanted after all goes with its entry.
        journal_de_count: stored.journals_de + count(|change| matches!(change, Change::AddJournalDe(_)))
            - count(|change| matches!(change, Change::RemoveJournalDe { .. })),
        queue_item_count: stored.items,
        receipt_journal_count: stored.receipts + i64::from(entry.receipt.is_some()),
        queue_row: entry.item.row,
    };
    let note = Note {
        priority: notes::DEFAULT,
        kind: MIGRATION_STARTED.to_owned(),
        message: "The migration was started: the queue takes no further receipts.".to_owned(),
        data_json: Some(serde_json::to_string(&counted).expect("it has only text keys")),
    };
    let row = note.at(entry.item.item, now);
    entry.changes.push(Change::AddActionJournal(row));
}

/// Whether a row is the record of [`record`].
#[must_use]
pub fn is_record(row: &ActionJournalRow) -> bool {
    row.kind == MIGRATION_STARTED
}
