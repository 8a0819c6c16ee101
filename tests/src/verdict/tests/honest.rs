//! A run in which nothing is wrong: one cashbox, one pod, one receipt after another.

use std::time::Duration;

use shared::identity::QueueId;

use crate::cluster::Owner;
use crate::faults::FaultLog;
use crate::history::tests::honest;
use crate::simulator::Signature;
use crate::verdict::dump::{Dump, StoredItem};
use crate::verdict::evidence::{Line, What};
use crate::verdict::run::{CashboxRun, Probe, Run, Terms};

/// How many receipts it has.
pub(super) const RECEIPTS: usize = 4;
/// The version of its configuration.
pub(super) const VERSION: i64 = 7;

/// The run.
pub(super) fn run() -> Run {
    let (asked, journals) = honest(RECEIPTS as u64);
    let stored = journals
        .items
        .iter()
        .zip(&asked)
        .map(|(item, exchange)| StoredItem {
            item: item.clone(),
            operation: exchange.operation,
            is_settled: true,
        });
    let dump = Dump {
        items: stored.collect(),
        receipts: journals.receipts.clone(),
        orphans: Vec::new(),
        epoch: 1,
    };
    let mut cashbox = CashboxRun {
        cashbox: asked[0].cashbox,
        queue: QueueId::random(),
        asked,
        asked_again: Vec::new(),
        before: dump.clone(),
        exported: dump.journals(),
        signatures: dump.items.iter().map(signature).collect(),
        after: dump,
        resets: Vec::new(),
        evidence: Vec::new(),
        probe: Probe {
            served_after: Some(Duration::from_millis(5)),
            owners: vec![Owner {
                pod: "pod-0".to_owned(),
                epoch: 1,
            }],
        },
    };
    cashbox.evidence = evidence(&cashbox);
    Run {
        terms: Terms::unnoticed(),
        faults: FaultLog::default(),
        cashboxes: vec![cashbox],
        waiting: vec![("proxy-0".to_owned(), 0)],
    }
}

/// The response names its item, so the item's id can stand for the signature that it shows.
fn signature(stored: &StoredItem) -> Signature {
    Signature {
        operation: "finish".to_owned(),
        item: stored.item.id.clone(),
        step: 0,
        transaction: stored.item.row,
        pid: 1,
        base64: stored.item.id.clone(),
    }
}

fn evidence(run: &CashboxRun) -> Vec<Line> {
    let mut lines = vec![line(run, What::Claim, 1, 0)];
    for (number, stored) in (1..).zip(&run.after.items) {
        for what in [What::Intent, What::TseStart, What::TseOk, What::Commit] {
            lines.push(Line {
                item: stored.item.id.clone(),
                number,
                operation: Some(stored.operation),
                version: VERSION,
                ..line(run, what, 1, i64::try_from(number).unwrap())
            });
        }
    }
    lines
}

/// A line of the pod that serves.
pub(super) fn line(run: &CashboxRun, what: What, epoch: u64, at_us: i64) -> Line {
    Line {
        at_us,
        what,
        cashbox: run.cashbox,
        epoch,
        pod: "pod-0/a".to_owned(),
        item: String::new(),
        number: 0,
        operation: None,
        version: 0,
    }
}
