//! An answer, fresh or read back from the journal.

use shared::api::reading::ReadError;
use shared::api::receipt_response::ReceiptResponse;

use crate::journal::entry::QueueItemRow;

/// The low half of `ftState` in a stored error.
const ERROR_STATE: i64 = 0xEEEE_EEEE;

/// What the POS is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The receipt is in the chain.
    Response(Box<ReceiptResponse>),
    /// The request was stored and ended as an error; the same request again ends the same way.
    Failed {
        /// The interface's text, for the POS.
        message: String,
    },
}

impl Answer {
    /// The answer of a finished item; `None` when it has none yet.
    ///
    /// # Errors
    /// When what is stored is no response.
    pub fn stored(item: &QueueItemRow) -> Result<Option<Self>, ReadError> {
        let Some(response) = item.response.as_deref().filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        Ok(Some(Self::of(ReceiptResponse::from_json(response.as_bytes())?)))
    }

    /// The answer that a response is: one in the error state is told as an error (3.2 step 11).
    #[must_use]
    pub fn of(response: ReceiptResponse) -> Self {
        if !is_error(response.state) {
            return Self::Response(Box::new(response));
        }
        let message = response.signatures.into_iter().next().and_then(|item| item.data);
        Self::Failed {
            message: message.unwrap_or_default(),
        }
    }
}

/// Whether `ftState` is the one of a stored error.
#[must_use]
pub fn is_error(state: i64) -> bool {
    state & 0xFFFF_FFFF == ERROR_STATE
}

/// `ftState` of an error for a case of this country.
#[must_use]
pub fn error_state(country_bits: i64) -> i64 {
    country_bits | 0x2000_0000_0000 | ERROR_STATE
}
