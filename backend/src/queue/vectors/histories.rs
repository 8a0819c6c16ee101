//! Random histories: any receipts, any faults of the TSE, and pods that die in the middle of a receipt or before they
//! write.
//!
//! Whatever happens, rows and numbers have no gap, every link covers the one before, a receipt that is processed
//! again shows the signature of the first time, a receipt that is ready shows every finish that was signed for it, and
//! the queue remembers no transaction that the TSE does not.

use proptest::prelude::*;
use shared::api::receipt_response::ReceiptResponse;

use super::chain::recomputed;
use super::desk::{Desk, E, I, Receipt, active_queue, receipt};
use super::tse::Fault;
use crate::journal::entry::{Entry, Intent};
use crate::queue::answer::Answer;
use crate::queue::work::READY;

/// One request: what is sent, how the TSE behaves, after how many signatures the first pod dies, and how often the pod
/// dies before it has written.
#[derive(Debug, Clone)]
struct Step {
    case: i64,
    reference: &'static str,
    fault: Option<Fault>,
    dies_after: Option<u64>,
    deaths: usize,
}

fn steps() -> impl Strategy<Value = Step> {
    let flow = prop_oneof![Just(E), Just(I)];
    // The end of a queue leaves nothing to look at, so it comes rarely.
    let number = prop_oneof![
        8 => (0_i64..0x1A).prop_filter("the end of a queue", |number| *number != 4),
        8 => Just(1_i64), 4 => Just(2_i64), 6 => Just(8_i64), 2 => Just(7_i64), 1 => Just(4_i64),
    ];
    let flag = prop_oneof![
        8 => Just(0_i64), 1 => Just(0x1_0000), 1 => Just(0x2_0000), 1 => Just(0x80_0000),
        1 => Just(0x2_0000_0000), 1 => Just(0x2000_0000), 1 => Just(0x100_0000),
    ];
    let dies_after = prop_oneof![2 => Just(None), 1 => (0_u64..5).prop_map(Some)];
    let reference = prop_oneof![Just("A"), Just("B"), Just("")];
    let fault = prop_oneof![
        6 => Just(None),
        1 => Just(Some(Fault::Unreachable)),
        1 => Just(Some(Fault::FinishUnreachable)),
        1 => Just(Some(Fault::AnswersLost)),
    ];
    (flow, number, flag, reference, fault, dies_after, 0_usize..3).prop_map(
        |(flow, number, flag, reference, fault, dies_after, deaths)| Step {
            case: flow | flag | number,
            reference,
            // What a dead pod has signed is looked for at a TSE that answers; another leaves it to the next closing.
            fault: fault.filter(|fault| dies_after.is_none() || *fault == Fault::AnswersLost),
            dies_after,
            deaths,
        },
    )
}

fn request(step: &Step) -> Receipt {
    receipt(step.case)
        .reference(step.reference)
        .charged(1, "1", "2.50")
        .paid(1, "2.50")
}

/// Processes a request once for each death and once more, and commits the last result. A pod that dies in the middle
/// saw a TSE without faults until then.
fn take(desk: &mut Desk, step: &Step) -> Result<(), TestCaseError> {
    let request = request(step).request();
    let intent = desk.begin(&request);
    if let Some(signatures) = step.dies_after {
        desk.tse.fail(None);
        desk.tse.die_after(signatures);
        desk.process(&intent, &request);
        desk.tse.die_after(None);
    }
    desk.tse.fail(step.fault);
    let first = desk.process(&intent, &request);
    let signatures = desk.tse.signatures();
    let mut last = first.clone();
    for _ in 0..step.deaths {
        last = desk.process(&intent, &request);
    }
    prop_assert_eq!(desk.tse.signatures(), signatures, "signed twice: {:?}", step);
    if let (Answer::Response(first), Answer::Response(last)) = (&first.answer, &last.answer) {
        prop_assert_eq!(&first.signatures, &last.signatures);
        shows_every_finish(desk, &intent, last, step)?;
    }
    desk.adopt(&last.entry);
    desk.entries.push(last.entry);
    Ok(())
}

fn shows_every_finish(
    desk: &Desk,
    intent: &Intent,
    response: &ReceiptResponse,
    step: &Step,
) -> Result<(), TestCaseError> {
    // A TSE that failed at the very end of a queue is the one case that is ready without signatures (4.6).
    let is_ready = response.state == READY && !response.signatures.is_empty();
    for signature in desk.tse.finishes_of(intent.item.item).iter().filter(|_| is_ready) {
        let shown = response
            .signatures
            .iter()
            .any(|item| item.data.as_ref() == Some(signature));
        prop_assert!(shown, "{} is lost: {:?}", signature, step);
    }
    Ok(())
}

fn check(entries: &[Entry], start: i64) -> Result<(), TestCaseError> {
    let (mut number, mut previous) = (start, None);
    for (row, entry) in (start + 1..).zip(entries) {
        prop_assert_eq!(
            (entry.item.row, entry.queue.current_row, entry.queue.queued_row),
            (row, row, row)
        );
        prop_assert_eq!(&entry.previous_hash, &previous);
        if let Some(receipt) = &entry.receipt {
            number += 1;
            prop_assert_eq!(receipt.number, number);
            prop_assert_eq!(&recomputed(entry), &receipt.hash);
            previous = Some(receipt.hash.clone());
        }
        prop_assert_eq!(entry.queue.receipt_numerator, number);
        prop_assert_eq!(&entry.queue.receipt_hash, &previous);
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_history_breaks_the_chain_or_signs_twice(history in proptest::collection::vec(steps(), 1..25)) {
        let mut desk = active_queue(3).desk();
        for step in &history {
            take(&mut desk, step)?;
        }
        check(&desk.entries, 3)?;
        let open = desk.tse.open();
        for row in desk.engine.state().open_transactions.values() {
            prop_assert!(open.contains(&row.transaction_number), "{row:?} is not open on the TSE: {open:?}");
        }
    }
}
