//! The DSFinV-K export (`fiscal-spec.md` 7.7): what a tax auditor is handed, as a ZIP of CSV files described by an
//! `index.xml`. The standard is the Digitale Schnittstelle der Finanzverwaltung für Kassensysteme, version 2.3.
//!
//! ```text
//! action journal ─▶ closings ─▶ items, a page at a time ─▶ receipt ─▶ ledger ─▶ spool ─▶ archive ─▶ bytes
//! ```
//!
//! Only whole closings are exported: each daily closing noted in the range, with every receipt since the closing
//! before it. Receipts after the last closing have no `Z_NR` yet and wait for theirs. A row is written to a temporary
//! file before the first byte is given away, so whatever cannot be read is an error and never half an archive; memory
//! holds a page of the journal and the sums of one closing, whatever the range.
//!
//! Knows no HTTP, and does not write to the journal.

/// Which closings a range has.
mod closings;
/// A receipt as it stands in the journal.
mod receipt;
/// Which earlier receipt a receipt names.
mod references;
/// Which receipt closes what.
mod ledger;
/// One closing being gathered.
mod day;
/// The records of one receipt.
mod records;
/// Its lines.
mod line;
/// What its lines are made of.
mod sub_item;
/// Its payments.
mod payment;
/// What is taxed, and how.
mod vat;
/// What signed it.
mod tse;
/// What all of them come to.
mod sums;
/// Who runs the till, and where.
mod master_data;
/// Countries in three letters.
mod country;
/// JSON in texts.
mod case_data;
/// Ids that follow from names.
mod checksum;
/// The standard's tables and columns.
mod tables;
/// Values as the files hold them.
mod value;
/// Temporary files.
mod spool;
/// The description of all files.
mod index;
/// The ZIP.
mod archive;

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use shared::clock::Ticks;
use shared::identity::QueueId;
use thiserror::Error;

use closings::Closing;
use ledger::Ledger;
use receipt::Receipt;
use references::{Reference, References};

use crate::journal::entry::{JournalKind, JournalQuery, JournalRange, JournalRows, ScuRow};
use crate::journal::{JournalError, JournalStore};

/// Whose receipts are exported, and where they are.
#[derive(Debug, Clone)]
pub struct Source {
    /// Where they are.
    pub journal: Arc<dyn JournalStore>,
    /// Whose they are.
    pub queue: QueueId,
    /// What the queue knows of its TSEs: certificates and serial numbers that receipts do not show.
    pub scus: Vec<ScuRow>,
}

/// Why there is no export. Carries no receipt contents.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The journal could not be read.
    #[error("the journal cannot be read for the DSFinV-K export")]
    Journal(#[from] JournalError),
    /// A receipt of the range is not what a receipt should be.
    #[error("the receipt in row {row} cannot be exported: {problem}")]
    Receipt {
        /// Its `ftQueueRow`.
        row: i64,
        /// Which member, and what is wrong with it.
        problem: String,
    },
    /// A daily closing is noted in the action journal, and its receipt is not in the journal.
    #[error("the receipt of daily closing {number} is missing in the journal")]
    ClosingMissing {
        /// Its `Z_NR`.
        number: i64,
    },
    /// The temporary files could not be written or read.
    #[error("the temporary files of the DSFinV-K export cannot be used")]
    Spool(#[from] io::Error),
}

/// The bytes of a ZIP archive; none at all when the range has no daily closing.
pub type Archive = BoxStream<'static, Result<Bytes, ExportError>>;

/// The version of the standard that the files follow.
const TAXONOMY: &str = "2.3";
/// Items that are read at once.
const PAGE_ROWS: u32 = 50;

/// Exports the daily closings that were noted in a range. Every receipt is read before this returns; after that only
/// temporary files are read. Must be called within a tokio runtime.
///
/// # Errors
/// When the journal cannot be read, a receipt of the range makes no sense, or temporary files cannot be written.
pub async fn export(source: Source, range: JournalRange) -> Result<Archive, ExportError> {
    let closings = closings::find(&source, range).await?;
    if closings.wanted().is_empty() {
        return Ok(stream::empty().boxed());
    }
    let mut ledger = Ledger::new(closings.wanted(), &source.scus);
    let mut items = Items::after(&source, closings.previous()).await?;
    let mut references = References::new(&source, &closings);
    while !ledger.is_complete()
        && let Some(receipts) = items.next(&source).await?
    {
        let mut taken = Vec::with_capacity(receipts.len());
        for receipt in receipts {
            let reference = references.of(&receipt).await?;
            taken.push((receipt, reference));
        }
        ledger = aside(move || take(ledger, taken)).await?;
    }
    let (tables, supplier) = aside(move || ledger.finish()).await?;
    Ok(archive::stream(tables, supplier))
}

/// Takes the receipts of a page, until the last closing has come.
fn take(mut ledger: Ledger, receipts: Vec<(Receipt, Option<Reference>)>) -> Result<Ledger, ExportError> {
    for (receipt, reference) in receipts {
        if ledger.is_complete() {
            break;
        }
        ledger.take(&receipt, reference)?;
    }
    Ok(ledger)
}

/// The items of a queue in the order of their answers.
#[derive(Debug)]
struct Items {
    /// The next page; none after the last.
    next: Option<JournalQuery>,
    /// Rows up to this one belong to an earlier closing.
    after_row: i64,
}

impl Items {
    /// What follows a closing's receipt; everything, if there was no closing before.
    async fn after(source: &Source, closing: Option<&Closing>) -> Result<Self, ExportError> {
        let (after_row, from) = match closing {
            Some(closing) => {
                let (row, _) = references::closing_receipt(source, *closing).await?;
                // Its note was written with its receipt or after it, and the next receipt after both.
                (row, closing.time_stamp)
            }
            None => (0, Ticks(0)),
        };
        let next = Some(JournalQuery {
            kind: JournalKind::QueueItem,
            range: JournalRange::From(from),
            after: None,
            limit: PAGE_ROWS,
        });
        Ok(Self { next, after_row })
    }

    /// The receipts of the next page; none after the last.
    async fn next(&mut self, source: &Source) -> Result<Option<Vec<Receipt>>, ExportError> {
        let Some(query) = self.next.take() else {
            return Ok(None);
        };
        let page = source.journal.read(source.queue, &query).await?;
        self.next = query.following(&page);
        let JournalRows::QueueItem(rows) = page.rows else {
            return Ok(None);
        };
        let after_row = self.after_row;
        let receipts = aside(move || {
            let rows = rows.iter().filter(|item| item.row > after_row);
            rows.filter_map(|item| Receipt::read(item).transpose()).collect()
        });
        receipts.await.map(Some)
    }
}

/// Does work that takes long or touches files where it keeps no cashbox waiting.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ExportError> + Send + 'static,
) -> Result<T, ExportError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|stopped| match stopped.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(cancelled) => Err(ExportError::Spool(io::Error::other(cancelled))),
    })
}

#[cfg(test)]
pub(crate) mod tests;
