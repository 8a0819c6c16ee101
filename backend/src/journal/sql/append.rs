//! Ending a receipt: answer, chain, counters and journals, all or nothing.

use super::changes::Rows;
use crate::journal::JournalError;
use crate::journal::entry::Entry;
use crate::journal::fence::{self, StoredQueue};
use crate::ownership::tenure::Tenure;

/// Lets an entry pass, and adds its rows.
pub(super) fn decide<'a>(
    stored: &StoredQueue,
    tenure: &Tenure,
    entry: &'a Entry,
    rows: &mut Rows<'a>,
) -> Result<(), JournalError> {
    let queue = tenure.queue();
    rows.queues.push(fence::append(Some(stored), tenure, entry)?);
    rows.answers.push((queue, entry));
    rows.receipts
        .extend(entry.receipt.as_ref().map(|receipt| (queue, receipt)));
    rows.queues_de
        .extend(entry.queue_de.as_ref().map(|queue_de| (queue, queue_de)));
    entry.changes.iter().for_each(|change| rows.change(queue, change));
    Ok(())
}
