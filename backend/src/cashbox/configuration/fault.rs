//! What is wrong with a configuration document: the place, and the rule that it breaks.

use shared::identity::CashBoxId;
use thiserror::Error;

/// A rule that a configuration document breaks. Texts name places and rules, never the value of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConfigurationFault {
    /// It cannot be read at all.
    #[error("the configuration is not JSON: line {line}, column {column}")]
    NoJson {
        /// Where reading stopped, counted from 1.
        line: usize,
        /// Where reading stopped, counted from 1.
        column: usize,
    },
    /// It belongs to another cashbox than the one asked for.
    #[error("ftCashBoxId is {found}, but cashbox {asked} was asked for")]
    OtherCashbox {
        /// What was asked for.
        asked: CashBoxId,
        /// What came.
        found: CashBoxId,
    },
    /// Something that is needed is not there.
    #[error("{path} is missing")]
    Missing {
        /// Where, as `ftQueues[0].Configuration`.
        path: String,
    },
    /// A list that must have one entry has none or several.
    #[error("{path} must have exactly one entry, but has {found}")]
    NotExactlyOne {
        /// Which list.
        path: String,
        /// How many entries it has.
        found: usize,
    },
    /// A value is not what it must be.
    #[error("{path} must be {rule}")]
    Wrong {
        /// Which value.
        path: String,
        /// What it must be.
        rule: &'static str,
    },
}

impl ConfigurationFault {
    pub(super) fn no_json(error: serde_json::Error) -> Self {
        Self::NoJson {
            line: error.line(),
            column: error.column(),
        }
    }
}
