//! The judge must see: each forged run is accused of what was forged, and the honest one of nothing.

/// A run in which nothing is wrong.
mod honest;
/// I1 to I3.
mod stored;
/// I4 and I5.
mod writers;
/// I6 to I8 and I11.
mod answers;
/// I9 and I10, and the proof itself.
mod afterwards;

use super::run::{CashboxRun, Run};
use super::{Invariant, judge_run};
use honest::{RECEIPTS, run};

/// Forges an honest run and asserts that the judge says just that an invariant is broken, in these words.
fn accuses(invariant: Invariant, words: &str, forge: impl FnOnce(&mut CashboxRun)) {
    accuses_run(invariant, words, |run| forge(&mut run.cashboxes[0]));
}

fn accuses_run(invariant: Invariant, words: &str, forge: impl FnOnce(&mut Run)) {
    let mut run = run();
    forge(&mut run);
    let report = judge_run(&run);
    assert!(report.breaks(invariant), "{invariant:?} is not accused: {report}");
    let said = report
        .violations
        .iter()
        .filter(|violation| violation.invariant == invariant);
    assert!(
        said.clone().any(|violation| violation.what.contains(words)),
        "{words:?} is not said: {report}"
    );
}

#[test]
fn an_honest_run_is_not_accused_and_is_counted() {
    let report = judge_run(&run());
    report.assert_sound();
    let counts = report.counts;
    assert_eq!(
        (counts.operations, counts.receipts, counts.claims),
        (RECEIPTS, RECEIPTS, 1)
    );
    assert_eq!((counts.unwitnessed, counts.orphans, counts.fenced), (0, 0, 0));
}
