//! I9 and I10, and the proof itself: what is so when a run is over.

use std::time::Duration;

use super::honest::{VERSION, run};
use super::{accuses, accuses_run};
use crate::cluster::Owner;
use crate::verdict::run::{CashboxRun, Reset};
use crate::verdict::{Invariant, judge_run};

#[test]
fn a_cashbox_that_does_not_heal_breaks_i9() {
    accuses(Invariant::I9, "does not serve", |run| {
        run.probe.served_after = None
    });
    accuses(Invariant::I9, "after the last fault", |run| {
        run.probe.served_after = Some(Duration::from_secs(3600));
    });
    accuses(Invariant::I9, "never ended", |run| {
        run.after.items[1].is_settled = false
    });
    accuses(Invariant::I9, "is held by", |run| {
        run.probe.owners.push(Owner {
            pod: "pod-1".to_owned(),
            epoch: 2,
        });
    });
    accuses_run(Invariant::I9, "still wait", |run| run.waiting[0].1 = 1);
}

#[test]
fn a_receipt_with_the_configuration_before_a_reset_breaks_i10() {
    let reset = |run: &CashboxRun, version| Reset {
        version,
        answered_at: run.asked[1].answered_at,
    };
    let mut honest = run();
    let visible = reset(&honest.cashboxes[0], VERSION);
    honest.cashboxes[0].resets.push(visible);
    judge_run(&honest).assert_sound();
    accuses(Invariant::I10, "was asked after the reset", |run| {
        run.resets.push(reset(run, VERSION + 1))
    });
}

#[test]
fn a_fault_that_never_happened_and_a_witness_that_was_not_there_prove_nothing() {
    accuses_run(Invariant::Proof, "did not happen", |run| {
        drop(run.faults.plan("F01 pod killed"))
    });
    accuses(Invariant::Proof, "no pod wrote evidence", |run| {
        run.evidence.clear()
    });
    let happened = run();
    happened.faults.plan("F01 pod killed").begun();
    let report = judge_run(&happened);
    report.assert_sound();
    assert_eq!(report.counts.fired["F01 pod killed"], 1);
}
