//! What stops a receipt, by what the actor has to do about it.

use shared::api::refusal::Refusal;

use super::error::CashboxError;
use crate::journal::JournalError;

/// What stops a receipt.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It is answered with this, and the cashbox goes on.
    Answer(CashboxError),
    /// A newer claim exists: the state is dropped at once.
    Fenced,
    /// The journal is older than what was signed: the cashbox stops, with this evidence.
    Stale(String),
    /// The state may no longer be what is stored: the cashbox is given up, and the next start reads and settles it.
    GiveUp(CashboxError),
}

impl Trouble {
    /// What whoever asked is told.
    pub(super) fn told(self) -> CashboxError {
        match self {
            Self::Answer(error) | Self::GiveUp(error) => error,
            Self::Stale(_) => Refusal::StaleJournal.into(),
            Self::Fenced => Refusal::Moving.into(),
        }
    }

    /// The same trouble where an intent is open already: its cashbox cannot go on.
    pub(super) fn with_an_open_intent(self) -> Self {
        match self {
            Self::Answer(error) => Self::GiveUp(error),
            other => other,
        }
    }

    /// Of a write or a confirmation whose failure leaves the state as it was.
    pub(super) fn of_write(error: &JournalError) -> Self {
        match error {
            JournalError::Fenced { .. } => Self::Fenced,
            JournalError::Unavailable { .. } => Self::Answer(Refusal::JournalUnavailable.into()),
            JournalError::OutcomeUnknown { .. } => Self::GiveUp(Refusal::JournalUnavailable.into()),
            JournalError::OperationExists
            | JournalError::ChainBroken { .. }
            | JournalError::Unusable { .. } => Self::GiveUp(CashboxError::Broken),
        }
    }

    /// Of a read, which leaves everything as it was.
    pub(super) fn of_read(error: &JournalError) -> Self {
        match error {
            JournalError::Fenced { .. } => Self::Fenced,
            JournalError::Unavailable { .. } | JournalError::OutcomeUnknown { .. } => {
                Self::Answer(Refusal::JournalUnavailable.into())
            }
            JournalError::OperationExists
            | JournalError::ChainBroken { .. }
            | JournalError::Unusable { .. } => Self::Answer(CashboxError::Broken),
        }
    }
}
