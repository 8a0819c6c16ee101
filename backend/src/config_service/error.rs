//! Why there is no configuration. Each variant is one choice of the caller.

use thiserror::Error;

use super::encrypted_values::EncryptedValueFault;
use crate::cashbox::configuration::fault::ConfigurationFault;

/// Why a configuration was not fetched. Cheap to clone: everybody who waited for one flight gets it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FetchError {
    /// The service does not know the cashbox or refuses the token; it does not say which. Answered with 401.
    #[error("the configuration service refused the cashbox or its access token")]
    Refused,
    /// The service was not reached, and no kept copy may stand in.
    #[error("the configuration service was not reached: {reason}")]
    Unreachable {
        /// What failed last, without address parameters or secrets.
        reason: String,
    },
    /// The service answered with something that is no usable configuration.
    #[error(transparent)]
    Invalid(#[from] AnswerFault),
    /// Too many unknown cashboxes were asked for, or too many fetches wait already.
    #[error("too many configurations of unknown cashboxes are being asked for")]
    RateLimited,
}

impl FetchError {
    /// Whether the same call may succeed later without anybody changing anything.
    #[must_use]
    pub fn may_retry(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::RateLimited)
    }
}

/// What is wrong with an answer of the configuration service.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AnswerFault {
    /// A status that means neither success, refusal nor a passing trouble.
    #[error("the configuration service answered with status {0}")]
    Status(u16),
    /// 200 without a body: the configuration was never built (2.1).
    #[error("the configuration service answered with nothing: the configuration was never built")]
    Empty,
    /// More than is read.
    #[error("the configuration is larger than {bytes_max} bytes")]
    TooLarge {
        /// The most that is read.
        bytes_max: usize,
    },
    /// It is no text.
    #[error("the configuration is not UTF-8 text")]
    NotText,
    /// A value that the service encrypted does not open.
    #[error(transparent)]
    Encrypted(#[from] EncryptedValueFault),
    /// The document breaks a rule.
    #[error(transparent)]
    Document(#[from] ConfigurationFault),
}

/// Why the client could not be built.
#[derive(Debug, Error)]
pub enum BuildError {
    /// The HTTP client.
    #[error("cannot build the client of the configuration service")]
    Http(#[source] reqwest::Error),
}
