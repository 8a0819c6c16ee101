//! I9: within a bound after the last fault each cashbox serves under one owner, nothing is left open, nobody waits.
//! And the faults themselves: a planned one that never happened makes the run worth nothing.

use super::run::{CashboxRun, Terms};
use super::{Invariant, Violation};
use crate::faults::FaultLog;

/// Every way in which a cashbox has not healed.
pub(super) fn judge(run: &CashboxRun, terms: &Terms) -> Vec<Violation> {
    let mut broken = Vec::new();
    match run.probe.served_after {
        Some(after) if after <= terms.heal_within => {}
        Some(after) => broken.push(format!("served {after:?} after the last fault")),
        None => broken.push("does not serve after the last fault".to_owned()),
    }
    if run.probe.owners.len() != 1 {
        broken.push(format!("is held by {:?}", run.probe.owners));
    }
    for stored in run.after.items.iter().filter(|stored| !stored.is_settled) {
        broken.push(format!("row {} was begun and never ended", stored.item.row));
    }
    broken
        .into_iter()
        .map(|what| Violation::of(Invariant::I9, run.cashbox, what))
        .collect()
}

/// Whoever still waits although everything is over.
pub(super) fn judge_waiting(waiting: &[(String, u64)]) -> Vec<Violation> {
    let still = waiting.iter().filter(|(_, count)| *count > 0);
    still
        .map(|(proxy, count)| Violation {
            invariant: Invariant::I9,
            cashbox: None,
            what: format!("{count} requests still wait in {proxy}"),
        })
        .collect()
}

/// Every planned fault that did not happen.
pub(super) fn judge_faults(faults: &FaultLog) -> Vec<Violation> {
    let never = faults.faults().into_iter().filter(|fault| fault.firings() == 0);
    never
        .map(|fault| Violation {
            invariant: Invariant::Proof,
            cashbox: None,
            what: format!("{:?} was planned and did not happen", fault.kind),
        })
        .collect()
}
