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
    /// The state may no longer be what is stored: the cashbox is given up, and the next start reads and settles it.
    GiveUp(CashboxError),
}

impl Trouble {
    /// Of a write or a confirmation whose failure leaves the state as it was.
    pub(super) fn of_write(error: &JournalError) -> Self {
        match error {
            JournalError::Fenced { .. } => Self::Fenced,
            JournalError::Unavailable { .. } => Self::Answer(Refusal::JournalUnavailable.into()),
            JournalError::OutcomeUnknown { .. } => Self::GiveUp(Refusal::JournalUnavailable.into()),
            JournalError::OperationExists | JournalError::Unusable { .. } => {
                Self::GiveUp(CashboxError::Broken)
            }
        }
    }

    /// Of a read, which leaves everything as it was.
    pub(super) fn of_read(error: &JournalError) -> Self {
        match error {
            JournalError::Fenced { .. } => Self::Fenced,
            JournalError::Unavailable { .. } | JournalError::OutcomeUnknown { .. } => {
                Self::Answer(Refusal::JournalUnavailable.into())
            }
            JournalError::OperationExists | JournalError::Unusable { .. } => {
                Self::Answer(CashboxError::Broken)
            }
        }
    }
}
