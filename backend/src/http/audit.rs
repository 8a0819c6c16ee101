//! The one line about each change that an operator asks for: who, what, why, and what became of it. Its target is
//! `audit`, so that it can be kept apart from the rest of the log.

use shared::access::admin_keys::{Operator, Refused, Role};
use shared::identity::CashBoxId;

/// The longest reason of a change, in characters.
pub const REASON_CHARS_MAX: usize = 500;

/// A change that was asked for. Its line is written when it ends, or when it is dropped because whoever asked went
/// away: then nobody was told what became of it.
#[derive(Debug)]
pub struct Change {
    operator: Operator,
    action: &'static str,
    cashbox: CashBoxId,
    reason: String,
    result: String,
}

impl Change {
    /// A change of a cashbox that begins.
    #[must_use]
    pub fn of(operator: Operator, action: &'static str, cashbox: CashBoxId, reason: &str) -> Self {
        Self {
            operator,
            action,
            cashbox,
            reason: reason.to_owned(),
            result: "unknown: whoever asked went away".to_owned(),
        }
    }

    /// What became of it.
    pub fn ends(mut self, result: impl Into<String>) {
        self.result = result.into();
    }
}

impl Drop for Change {
    fn drop(&mut self) {
        tracing::info!(target: "audit", key = self.operator.name(), role = self.operator.role().map(Role::word),
            action = self.action, cashbox.id = %self.cashbox, reason = self.reason, result = self.result,
            "an operator changed something");
    }
}

/// A change that was not begun.
pub fn refused(path: &str, refused: &Refused) {
    tracing::warn!(target: "audit", path, result = %refused, "a change was refused");
}
