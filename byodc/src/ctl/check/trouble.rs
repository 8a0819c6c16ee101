//! Why a step of a check did not go well, and whether trying again may help.

use thiserror::Error;

/// Why a step did not go well. The words never hold what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Trouble {
    /// Nobody answered.
    #[error("not reachable: {0}")]
    Unreachable(String),
    /// The access token is not that of the cashbox, or the cashbox is not known.
    #[error("access denied: {0}")]
    Denied(String),
    /// The installation says that it cannot serve this now.
    #[error("not served now: {0}")]
    NotNow(String),
    /// The answer is not what it must be.
    #[error("{0}")]
    Wrong(String),
    /// The queue was never put into operation, or was taken out of it.
    #[error(
        "the queue is not in operation, so nothing is signed; --start-queue puts it into operation for good"
    )]
    NotInOperation,
}

impl Trouble {
    /// The status that the process ends with.
    pub const fn status(&self) -> u8 {
        match self {
            Self::NotNow(_) | Self::Wrong(_) | Self::NotInOperation => 1,
            Self::Unreachable(_) => 4,
            Self::Denied(_) => 5,
        }
    }

    /// Whether the same question may be answered well a moment later.
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::NotNow(_) => true,
            Self::Denied(_) | Self::Wrong(_) | Self::NotInOperation => false,
        }
    }
}
