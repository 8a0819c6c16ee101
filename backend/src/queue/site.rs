//! What a receipt asks of the pod that works on it, besides the TSE and the time.
//!
//! The engine decides what is to be done; files, databases and waiting are the pod's.

use std::fmt::Debug;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use shared::clock::Ticks;
use shared::identity::{QueueItemId, ScuId};
use thiserror::Error;
use uuid::Uuid;

use crate::journal::JournalError;
use crate::journal::entry::ActionJournalRow;
use crate::scu::{Scu, ScuError};

/// The pod, as a receipt sees it.
#[async_trait]
pub trait Site: Send + Sync + Debug {
    /// Exports everything that the TSE holds, keeps it in the journal, and lets the TSE erase it: strictly in this
    /// order, so that there is no moment at which only this process has it. May take minutes.
    ///
    /// # Errors
    /// When it is not kept; then nothing was erased.
    async fn export(&self, tse: &dyn Scu, order: ExportOrder) -> Result<Exported, ExportError>;

    /// The way to another SCU of the cashbox than the one that the receipt began with. Nothing is sent to it yet; one
    /// that the configuration does not name is never reached.
    fn unit(&self, scu: ScuId) -> Arc<dyn Scu>;

    /// The newest action journal row of one of these types.
    ///
    /// # Errors
    /// When the journal cannot be read.
    async fn newest_action(&self, kinds: &[&str]) -> Result<Option<ActionJournalRow>, JournalError>;
}

/// How an export is to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportOrder {
    /// `ftJournalDEId`: the same whenever the same receipt is worked on again, so that it is kept once.
    pub id: Uuid,
    /// The receipt that causes it.
    pub item: QueueItemId,
    /// When that receipt came: its exports were not kept earlier.
    pub since: Ticks,
    /// `Number`.
    pub number: i64,
    /// `FileName`, without an extension.
    pub file_name: String,
    /// `TimeStamp`.
    pub time_stamp: Ticks,
}

/// What became of an export that is in the journal now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exported {
    /// The TSE has erased what was exported.
    Erased,
    /// The TSE says that the export is whole, and still holds it.
    Left,
    /// The TSE says that something else was received than it had sent. It still holds everything.
    Invalid,
    /// It was kept, and nobody knows whether the TSE has erased it: by an earlier attempt at this receipt, or because
    /// the TSE did not answer.
    Unknown,
}

/// Why an export is not in the journal.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The TSE did not give it.
    #[error("the TSE did not export its log: {0}")]
    Tse(#[from] ScuError),
    /// It could not be kept, or nobody knows whether it was.
    #[error("the export was not written to the journal")]
    Journal(#[source] JournalError),
    /// It could not be packed.
    #[error("the export could not be packed")]
    Packing(#[source] io::Error),
    /// It is larger than what is kept.
    #[error("the export has more than {bytes_max} bytes")]
    TooLarge {
        /// The bound, before packing.
        bytes_max: u64,
    },
    /// The TSE took too long.
    #[error("the TSE did not export its log within {within:?}")]
    TooSlow {
        /// The bound.
        within: Duration,
    },
    /// The TSE ended the export early.
    #[error("the export ended after {received} of {promised} bytes")]
    Cut {
        /// Bytes that came.
        received: u64,
        /// Bytes that the TSE had spoken of.
        promised: u64,
    },
}
