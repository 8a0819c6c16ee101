//! Why a cashbox did not do what was asked.

use shared::api::refusal::Refusal;
use shared::ownership::store::Owner;
use thiserror::Error;

use crate::config_service::error::FetchError;

/// Why a cashbox did not do what was asked. Cloned to everybody who waits for the same answer, so it carries
/// texts and no sources; a source is logged where it happens, once.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CashboxError {
    /// The cashbox is unknown or the token is not its own; nobody is told which.
    #[error("unknown cashbox or wrong access token")]
    Unauthorized,
    /// Another live pod owns the cashbox.
    #[error("pod {} owns the cashbox", .0.pod.id)]
    HeldByOther(Box<Owner>),
    /// Asking again, here or elsewhere, may help: see the refusal.
    #[error("not served: {}", .0.word())]
    Refused(Refusal),
    /// An operator accepted a journal that nothing speaks against, as far as this pod knows.
    #[error("the journal was not found stale here")]
    NotStale,
    /// The operation id was used with another content before.
    #[error("the operation id was used with another content before")]
    OtherContent,
    /// The queue refused the receipt. The text is the queue's own (`fiscal-spec.md` chapter 4) and meant for the POS.
    #[error("{message}")]
    Rejected {
        /// Why, in the queue's words.
        message: String,
    },
    /// The cashbox's configuration breaks a rule or names what this version does not have.
    #[error("the configuration of the cashbox cannot be used: {detail}")]
    Configuration {
        /// Which rule, without secrets.
        detail: String,
    },
    /// The cashbox cannot run until a person looks: its journal cannot be read, or processing ends in a bug.
    #[error("the cashbox cannot be served; the pod's log says why")]
    Broken,
}

impl CashboxError {
    /// The word that tells the proxy what to do, if the refusal has one.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::HeldByOther(_) => Some(Refusal::HeldByOther),
            Self::Refused(refusal) => Some(*refusal),
            Self::Unauthorized
            | Self::NotStale
            | Self::OtherContent
            | Self::Rejected { .. }
            | Self::Configuration { .. }
            | Self::Broken => None,
        }
    }
}

impl From<Refusal> for CashboxError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<&FetchError> for CashboxError {
    fn from(error: &FetchError) -> Self {
        match error {
            FetchError::Refused => Self::Unauthorized,
            FetchError::Unreachable { .. } => Refusal::ConfigurationUnavailable.into(),
            FetchError::RateLimited => Refusal::RateLimited.into(),
            FetchError::Invalid(fault) => Self::Configuration {
                detail: fault.to_string(),
            },
        }
    }
}
