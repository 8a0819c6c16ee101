//! What a writer is handed, and what it answers.

use shared::clock::Ticks;
use shared::identity::pod::PodId;
use shared::identity::{CashBoxId, QueueId};

use super::claim::Granted;
use crate::journal::JournalError;
use crate::journal::account::AccountUpdate;
use crate::journal::entry::{
    ActionJournalRow, Entry, Intent, JournalDeRow, KeptConfiguration, OpenQueue, QueueSeed,
};
use crate::journal::fence;
use crate::journal::history::{ClaimReason, OwnershipChange};
use crate::ownership::tenure::Tenure;

/// One write of one cashbox.
#[derive(Debug)]
pub(super) enum Write {
    Claim {
        queue: QueueId,
        cashbox: CashBoxId,
        pod: PodId,
        reason: ClaimReason,
        at: Ticks,
    },
    Open {
        tenure: Tenure,
        seed: Box<QueueSeed>,
        at: Ticks,
    },
    Begin {
        tenure: Tenure,
        intent: Box<Intent>,
    },
    Append {
        tenure: Tenure,
        entry: Box<Entry>,
    },
    AppendActions {
        tenure: Tenure,
        rows: Vec<ActionJournalRow>,
    },
    PutAccount {
        tenure: Tenure,
        update: Box<AccountUpdate>,
    },
    KeepExport {
        tenure: Tenure,
        row: Box<JournalDeRow>,
    },
    KeepConfiguration {
        cashbox: CashBoxId,
        kept: KeptConfiguration,
    },
    NoteChange {
        change: Box<OwnershipChange>,
    },
}

/// What a write came to.
#[derive(Debug)]
pub(super) enum Written {
    Claimed(Granted),
    Opened(Box<OpenQueue>),
    Done,
}

/// What the one who asked is answered.
pub(super) type Outcome = Result<Written, JournalError>;

impl Write {
    /// Writes of one key go one after the other: by the same writer, and never two in one group.
    pub(super) fn key(&self) -> u128 {
        match self {
            Self::Claim { queue, .. } => queue.as_u128(),
            Self::KeepConfiguration { cashbox, .. } => cashbox.as_u128(),
            Self::NoteChange { change } => change.queue.as_u128(),
            Self::Open { tenure, .. }
            | Self::Begin { tenure, .. }
            | Self::Append { tenure, .. }
            | Self::AppendActions { tenure, .. }
            | Self::KeepExport { tenure, .. }
            | Self::PutAccount { tenure, .. } => tenure.queue().as_u128(),
        }
    }

    /// Roughly how many bytes its texts have: those of requests, answers, exports and kept configurations, which alone
    /// can be large.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Begin { intent, .. } => intent.item.request.len(),
            Self::Append { entry, .. } => entry.item.response.as_ref().map_or(0, String::len),
            Self::KeepExport { row, .. } => row.content_base64.len(),
            Self::KeepConfiguration { kept, .. } => kept.sealed.len(),
            _ => 0,
        }
    }

    /// Whose database it goes to; none for what stays in the pods' journal, wherever the queue is kept.
    pub(super) fn queue(&self) -> Option<QueueId> {
        match self {
            Self::Claim { queue, .. } => Some(*queue),
            Self::KeepConfiguration { .. } | Self::NoteChange { .. } => None,
            _ => self.tenure().map(Tenure::queue),
        }
    }

    /// The tenure that the fence has to hold, if the write is fenced.
    pub(super) fn tenure(&self) -> Option<&Tenure> {
        match self {
            // The loser of a cashbox notes that it lost: a note needs no tenure.
            Self::Claim { .. } | Self::KeepConfiguration { .. } | Self::NoteChange { .. } => None,
            Self::Open { tenure, .. }
            | Self::Begin { tenure, .. }
            | Self::Append { tenure, .. }
            | Self::AppendActions { tenure, .. }
            | Self::KeepExport { tenure, .. }
            | Self::PutAccount { tenure, .. } => Some(tenure),
        }
    }

    /// For errors and logs.
    pub(super) fn doing(&self) -> &'static str {
        match self {
            Self::Claim { .. } => "claiming a queue",
            Self::Open { .. } => "opening a queue",
            Self::Begin { .. } => fence::BEGINNING,
            Self::Append { .. } => "appending a receipt",
            Self::AppendActions { .. } => "appending action journals",
            Self::KeepExport { .. } => "keeping an export of the TSE",
            Self::PutAccount { .. } => "accounting for the TSE",
            Self::KeepConfiguration { .. } => "keeping a configuration",
            Self::NoteChange { .. } => "noting a change of ownership",
        }
    }
}
