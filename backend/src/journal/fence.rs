//! Who may write, and where: the one decision that every store takes with the queue's row locked.
//!
//! A store reads the row under a lock that lasts until its commit, asks here, and writes what it is answered. So
//! the rule is written once and holds for every database and for the memory.

use rust_decimal::Decimal;
use shared::clock::Ticks;
use shared::identity::{CashBoxId, Epoch, QueueId};
use shared::sabotage::{self, Mutant};

use super::JournalError;
use super::entry::{Entry, Intent, QueueRow};
use crate::ownership::tenure::Tenure;

/// A queue's row as it is stored: the original's columns and our own beside them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StoredQueue {
    /// How often it was claimed.
    pub(super) epoch: Epoch,
    /// Who claimed it last, as text.
    pub(super) owner: String,
    /// When that was.
    pub(super) claimed_at: Ticks,
    /// `TimeStamp` of the original's cashbox row; none until the queue is opened for the first time.
    pub(super) cashbox_time_stamp: Option<Ticks>,
    /// Every row up to this one has its outcome. Only what lies above is searched for interrupted intents.
    pub(super) settled_row: i64,
    /// The original's columns.
    pub(super) row: QueueRow,
}

impl StoredQueue {
    /// A queue that nobody has claimed. What its row says of the cashbox comes with the first `open`.
    pub(super) fn unclaimed(queue: QueueId, cashbox: CashBoxId) -> Self {
        Self {
            epoch: Epoch(0),
            owner: String::new(),
            claimed_at: Ticks(0),
            cashbox_time_stamp: None,
            settled_row: 0,
            row: QueueRow {
                queue,
                cashbox,
                current_row: 0,
                queued_row: 0,
                receipt_numerator: 0,
                receipt_totalizer: Decimal::ZERO,
                receipt_hash: None,
                start_moment: None,
                stop_moment: None,
                country_code: String::new(),
                timeout_ms: 0,
                time_stamp: Ticks(0),
            },
        }
    }

    /// The queue under an epoch of at least this; none when it is there already.
    pub(super) fn raised_to(&self, floor: Option<Epoch>) -> Option<Self> {
        let epoch = floor.filter(|floor| *floor > self.epoch)?;
        Some(Self {
            epoch,
            ..self.clone()
        })
    }
}

/// What is done with an intent.
pub(super) const BEGINNING: &str = "beginning a receipt";

/// The queue after an intent, if it may be begun.
pub(super) fn begin(
    stored: Option<&StoredQueue>,
    tenure: &Tenure,
    intent: &Intent,
) -> Result<StoredQueue, JournalError> {
    let mut next = holder(stored, tenure, BEGINNING)?.clone();
    if intent.item.row != next.row.queued_row + 1 {
        return Err(JournalError::Fenced { doing: BEGINNING });
    }
    next.row.queued_row = intent.item.row;
    next.row.time_stamp = intent.item.time_stamp;
    Ok(next)
}

/// The queue after an entry, if it continues the stored chain.
pub(super) fn append(
    stored: Option<&StoredQueue>,
    tenure: &Tenure,
    entry: &Entry,
) -> Result<StoredQueue, JournalError> {
    const DOING: &str = "appending a receipt";
    let stored = holder(stored, tenure, DOING)?;
    if !(ends_an_open_row(&stored.row, stored.settled_row, entry) && continues_the_chain(&stored.row, entry))
    {
        return Err(JournalError::Fenced { doing: DOING });
    }
    let mut next = stored.clone();
    next.row = entry.queue.clone();
    next.row.queued_row = stored.row.queued_row;
    if entry.item.row == stored.settled_row + 1 {
        next.settled_row = entry.item.row;
    }
    Ok(next)
}

/// The stored queue, if the tenure is its newest.
pub(super) fn holder<'a>(
    stored: Option<&'a StoredQueue>,
    tenure: &Tenure,
    doing: &'static str,
) -> Result<&'a StoredQueue, JournalError> {
    stored
        .filter(|stored| stored.epoch == tenure.epoch() || is_left_out(doing))
        .ok_or(JournalError::Fenced { doing })
}

/// Whether a mutant leaves the comparison of epochs out; never in a build that serves.
fn is_left_out(doing: &'static str) -> bool {
    sabotage::mutant(Mutant::EpochCheckRemoved)
        || (doing == BEGINNING && sabotage::mutant(Mutant::IntentUnfenced))
}

/// Several intents may wait for their outcome after a crash, so the row need not be the last one.
fn ends_an_open_row(stored: &QueueRow, settled_row: i64, entry: &Entry) -> bool {
    let open = settled_row < entry.item.row && entry.item.row <= stored.queued_row;
    let expected = entry.queue.queued_row == stored.queued_row || entry.queue.queued_row == entry.item.row;
    open && expected && entry.queue.queue == stored.queue && entry.queue.current_row == stored.current_row + 1
}

/// Numbers rise by one with each receipt, and the chain's end moves only with a receipt (`fiscal-spec.md` 3.2).
fn continues_the_chain(stored: &QueueRow, entry: &Entry) -> bool {
    let (number, hash) = match &entry.receipt {
        Some(receipt) => (receipt.number, Some(&receipt.hash)),
        None => (stored.receipt_numerator, stored.receipt_hash.as_ref()),
    };
    let added = i64::from(entry.receipt.is_some());
    entry.previous_hash == stored.receipt_hash
        && number == stored.receipt_numerator + added
        && entry.queue.receipt_numerator == number
        && entry.queue.receipt_hash.as_ref() == hash
}
