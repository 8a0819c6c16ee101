//! I10: a reset is visible. What is first asked after a reset was answered is made with the configuration of that reset
//! or a newer one.

use std::collections::HashMap;
use std::time::Instant;

use shared::identity::OperationId;

use super::evidence::What;
use super::run::CashboxRun;
use super::{Invariant, Violation};

/// Every receipt that was made with an outdated configuration.
pub(super) fn judge(run: &CashboxRun) -> Vec<Violation> {
    let mut first_sent: HashMap<OperationId, Instant> = HashMap::new();
    for exchange in run.everything_asked() {
        let sent_at = first_sent.entry(exchange.operation).or_insert(exchange.sent_at);
        *sent_at = exchange.sent_at.min(*sent_at);
    }
    let mut violations = Vec::new();
    for commit in run.evidence.iter().filter(|line| line.what == What::Commit) {
        let Some(sent_at) = commit.operation.and_then(|operation| first_sent.get(&operation)) else {
            continue;
        };
        let before = run.resets.iter().filter(|reset| reset.answered_at < *sent_at);
        let Some(version) = before.map(|reset| reset.version).max() else {
            continue;
        };
        if commit.version < version {
            violations.push(Violation::of(
                Invariant::I10,
                run.cashbox,
                format!(
                    "item {} was asked after the reset to configuration {version}, and made with {}",
                    commit.item, commit.version
                ),
            ));
        }
    }
    violations
}
