//! Notes for the action journal.

use shared::clock::Ticks;
use shared::identity::{QueueId, QueueItemId};
use uuid::Uuid;

use crate::journal::entry::ActionJournalRow;

/// Must be reported to the authority.
pub const TO_REPORT: i64 = -1;
/// The reference's default.
pub const DEFAULT: i64 = 0;
/// Somebody should look.
pub const ERROR: i64 = 0x10;

/// What a note says; who and when is added when it is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// [`TO_REPORT`], [`DEFAULT`] or [`ERROR`].
    pub priority: i64,
    /// `Type`.
    pub kind: String,
    /// `Message`.
    pub message: String,
    /// `DataJson`.
    pub data_json: Option<String>,
}

impl Note {
    /// A note without type and data.
    #[must_use]
    pub fn plain(message: String) -> Self {
        Self {
            priority: DEFAULT,
            kind: String::new(),
            message,
            data_json: None,
        }
    }

    /// The note as a row of the action journal.
    #[must_use]
    pub fn at(self, item: QueueItemId, now: Ticks) -> ActionJournalRow {
        ActionJournalRow {
            id: Uuid::new_v4(),
            item,
            moment: now,
            priority: self.priority,
            kind: self.kind,
            message: self.message,
            data_base64: None,
            data_json: self.data_json,
            time_stamp: now,
        }
    }
}

/// A transaction was on record that the TSE does not know as open (4.7, 4.8). `what` names the record.
#[must_use]
pub fn not_open_any_more(what: &str, number: u64) -> Note {
    Note {
        priority: DEFAULT,
        kind: "4445000020000000-OpenTransaction".to_owned(),
        message: format!("Removed {what} {number} from the database, which was not open on the TSE anymore."),
        data_json: None,
    }
}

const DISABLED_QUEUE: &str = "was not activated or already deactivated";

/// A receipt met a queue that is not in operation.
#[must_use]
pub fn disabled_queue(queue: QueueId) -> Note {
    Note::plain(format!("QueueId {queue} {DISABLED_QUEUE}"))
}

/// Whether a row is the note of [`disabled_queue`], which is written once in each start.
#[must_use]
pub fn is_disabled_queue(row: &ActionJournalRow) -> bool {
    row.message.ends_with(DISABLED_QUEUE)
}
