//! I1: no forked chain. The database and the export must tell the same, and both must keep the chain rule.

use std::collections::BTreeMap;

use super::run::CashboxRun;
use super::{Invariant, Violation};
use crate::history::chain;

/// Everything in which a cashbox's chain is not one.
pub(super) fn judge(run: &CashboxRun) -> Vec<Violation> {
    let stored = run.after.journals();
    let mut broken = chain::judge(&stored);
    let rows = |journals: &crate::history::journals::Journals| -> BTreeMap<u64, _> {
        journals
            .items
            .iter()
            .map(|item| (item.row, item.clone()))
            .collect()
    };
    if rows(&stored) != rows(&run.exported) {
        broken.push("the exported queue items are not those of the database".to_owned());
    }
    let links = |journals: &crate::history::journals::Journals| -> BTreeMap<u64, _> {
        journals
            .receipts
            .iter()
            .map(|link| (link.number, link.clone()))
            .collect()
    };
    if links(&stored) != links(&run.exported) {
        broken.push("the exported receipts are not those of the database".to_owned());
    }
    broken
        .into_iter()
        .map(|what| Violation::of(Invariant::I1, run.cashbox, what))
        .collect()
}
