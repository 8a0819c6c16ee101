//! The TSE does not answer: receipts go on without it (`fiscal-spec.md` 4.9).
//!
//! ```text
//! ready ── TSE fails ──▶ failed mode: receipts are chained and not signed, the TSE is left alone
//!   ▲                            │
//!   └────── zero receipt ────────┘
//! ```

use super::cases::closing::{self, Closing};
use super::receipt_case::IMPLICIT;
use super::signatures;
use super::state::QueueState;
use super::work::{TSE_FAILED, Verdict, Work};
use crate::journal::entry::{FailedFinishRow, FailedStartRow};

/// Whether the TSE failed and has not been heard since.
#[must_use]
pub fn is_on(state: &QueueState) -> bool {
    state.queue_de.sscd_fail_count > 0
}

/// The cases that ask the TSE even in failed mode (4.3 step 5).
#[must_use]
pub fn tries_anyway(number: i64) -> bool {
    matches!(number, 0x0002 | 0x0004 | 0x000B | 0x0017 | 0x0018)
}

/// The cases that go on without the TSE; for the others its failure is an error.
#[must_use]
pub fn covers(number: i64) -> bool {
    !matches!(number, 0x0003 | 0x0004 | 0x0017 | 0x0018)
}

/// Accepts a receipt without the TSE and counts it. What an explicit flow has begun is kept, to be told to the TSE
/// when it is back; an implicit receipt is never signed later.
pub fn process(work: &mut Work<'_>) -> Verdict {
    let now = work.now();
    if work.queue_de.sscd_fail_count == 0 {
        work.queue_de.sscd_fail_moment = Some(now);
        work.queue_de.sscd_fail_queue_item = Some(work.item.item);
    }
    work.queue_de.sscd_fail_count += 1;
    if !work.case.has(IMPLICIT) {
        remember(work);
    }
    if let Some(closing) = Closing::of(work.case.number()) {
        closing::end_without_tse(work, closing);
    }
    let since = work.queue_de.sscd_fail_moment.unwrap_or(now);
    let signature = signatures::tse_failed(since, work.queue_de.sscd_fail_count);
    Verdict::unsigned(TSE_FAILED, vec![signature])
}

/// What the TSE has to be told later, by reference.
fn remember(work: &mut Work<'_>) {
    match work.case.number() {
        0x0008 => remember_start(work),
        0x0009 | 0x000A => {}
        // The TSE knows nothing of the start either: both are void.
        _ if work.failed_starts.get(work.reference()).is_some() => {
            work.failed_starts.remove(work.reference());
        }
        _ => remember_finish(work),
    }
}

fn remember_start(work: &mut Work<'_>) {
    let row = FailedStartRow {
        receipt_reference: work.reference().to_owned(),
        start_moment: work.now(),
        item: work.item.item,
        request: work.item.request.clone(),
        cash_box_identification: work.client_id().to_owned(),
    };
    work.failed_starts.put(work.reference(), row);
}

fn remember_finish(work: &mut Work<'_>) {
    let Some(open) = work.open_transactions.get(work.reference()) else {
        return;
    };
    let row = FailedFinishRow {
        receipt_reference: work.reference().to_owned(),
        transaction_number: open.transaction_number,
        finish_moment: work.now(),
        item: work.item.item,
        request: work.item.request.clone(),
        cash_box_identification: work.client_id().to_owned(),
    };
    work.failed_finishes.put(work.reference(), row);
}
