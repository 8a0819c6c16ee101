//! TV-13: the TSE goes away and comes back.

use super::desk::{Desk, E, I, Receipt, active_queue, at, data, receipt};
use super::tse::Fault;
use crate::queue::work::{READY, TSE_FAILED};

const CAPTION: &str = "Kommunikation mit der technischen Sicherheitseinrichtung (TSE) fehlgeschlagen";

fn sale(case: i64, reference: &str) -> Receipt {
    receipt(case)
        .reference(reference)
        .charged(1, "1", "2.00")
        .paid(1, "2.00")
}

/// A queue whose TSE fails after transaction 1 was opened for `G-1`.
fn failing() -> Desk {
    let mut desk = active_queue(19).desk();
    desk.sign(receipt(E | 8).reference("G-1"));
    desk.tse.fail(Fault::Unreachable);
    desk.tse.take_calls();
    desk
}

#[test]
fn tv_13_receipts_go_on_without_the_tse_until_a_zero_receipt_finds_it() {
    let mut desk = failing();
    let first = desk.sign(sale(I | 1, "A"));
    assert_eq!(first.receipt_identification, "ft14#");
    assert_eq!(first.state, 4_919_338_167_972_134_914);
    assert_eq!(first.signatures.len(), 1);
    assert_eq!((first.signatures[0].format, first.signatures[0].kind), (1, 4096));
    assert_eq!(
        data(&first, CAPTION),
        "Fehlerzähler seit 2031-03-04T10:20:33.000Z: 1"
    );
    assert!(desk.last().receipt.is_some());
    assert_eq!(desk.tse.take_calls(), ["Start"]);

    desk.clock.set(at("2031-03-04T10:30:00Z"));
    let second = desk.sign(sale(I | 1, "B"));
    assert_eq!(
        data(&second, CAPTION),
        "Fehlerzähler seit 2031-03-04T10:20:33.000Z: 2"
    );
    assert!(desk.tse.take_calls().is_empty());

    assert_eq!(desk.sign(receipt(E | 8).reference("F-1")).state, TSE_FAILED);
    assert!(desk.engine.state().failed_starts.contains_key("F-1"));
    desk.sign(sale(E | 1, "F-1"));
    assert!(desk.engine.state().failed_starts.is_empty());
    assert!(desk.engine.state().failed_finishes.is_empty());

    desk.sign(sale(E | 1, "G-1"));
    assert_eq!(desk.engine.state().failed_finishes["G-1"].transaction_number, 1);
    assert!(desk.tse.take_calls().is_empty());
    recovers(&mut desk);
}

fn recovers(desk: &mut Desk) {
    desk.tse.fail(None);
    let zero = desk.sign(receipt(I | 2).reference("Z"));
    assert_eq!(
        desk.tse.take_calls(),
        [
            "Start",
            "Finish(2, SonstigerVorgang, emVyby1yZWNlaXB0)",
            "Finish(1, Kassenbeleg-V1, QmVsZWdeMi4wMF8wLjAwXzAuMDBfMC4wMF8wLjAwXjIuMDA6QmFy) again",
        ]
    );
    assert_eq!(
        (zero.state, zero.receipt_identification.as_str()),
        (READY, "ft19#IT2")
    );
    assert_eq!(zero.signatures.len(), 31);
    assert_eq!(
        data(
            &zero,
            "TSE Kommunikation wiederhergestellt am 03/04/2031 10:30:00."
        ),
        "5 Aktionen ohne TSE Kommunikation im Zeitraum von 03/04/2031 10:20:33 bis 03/04/2031 10:30:00"
    );
    let state = desk.engine.state();
    assert_eq!(state.queue_de.sscd_fail_count, 0);
    assert_eq!(state.queue_de.sscd_fail_moment, None);
    assert!(state.failed_finishes.is_empty() && state.open_transactions.is_empty());
}

#[test]
fn tv_13_a_zero_receipt_while_the_tse_is_away_counts_on() {
    let mut desk = failing();
    desk.sign(sale(I | 1, "A"));
    let zero = desk.sign(receipt(I | 2));
    assert_eq!(zero.state, TSE_FAILED);
    assert_eq!(
        data(&zero, CAPTION),
        "Fehlerzähler seit 2031-03-04T10:20:33.000Z: 2"
    );
}

#[test]
fn tv_13_when_only_the_finish_fails_the_transaction_stays_on_record() {
    let mut desk = active_queue(20).desk();
    desk.tse.fail(Fault::FinishUnreachable);
    assert_eq!(desk.sign(sale(I | 1, "A")).state, TSE_FAILED);
    assert_eq!(desk.engine.state().open_transactions["A"].transaction_number, 1);
}

#[test]
fn in_failed_mode_only_these_cases_ask_the_tse() {
    // The two receipts of an SCU switch ask, too, once they have found that a switch is to be made.
    for number in (0..0x20).filter(|number| ![0x17, 0x18].contains(number)) {
        let mut desk = failing();
        desk.sign(sale(I | 1, "A"));
        desk.tse.take_calls();
        let case = if number == 0xB { E | number } else { I | number };
        let _ = desk.answer(receipt(case).reference("G-1"));
        // A finish of a switch that was not begun is refused before that.
        let asks = [2, 4, 0xB, 0x17].contains(&number);
        assert_eq!(!desk.tse.take_calls().is_empty(), asks, "{number:X}");
    }
}

#[test]
fn a_start_that_failed_is_started_when_the_tse_is_back() {
    let mut desk = failing();
    desk.sign(receipt(E | 8).reference("F-1"));
    desk.tse.fail(None);
    desk.tse.take_calls();
    let zero = desk.sign(receipt(I | 2).reference("Z"));
    assert_eq!(zero.signatures.len(), 17);
    assert_eq!(desk.tse.take_calls().last().unwrap(), "Start again");
    assert_eq!(desk.engine.state().open_transactions["F-1"].transaction_number, 3);
    assert_eq!(desk.sign(sale(E | 1, "F-1")).receipt_identification, "ft16#T3");
}

#[test]
fn failed_finishes_that_are_not_open_any_more_can_be_dropped() {
    let mut desk = failing();
    desk.sign(sale(I | 1, "A"));
    desk.sign(sale(E | 1, "G-1"));
    desk.tse.fail(None);
    // Another unit than before: it knows nothing of transaction 1.
    desk.tse = std::sync::Arc::default();
    desk.tse.count_from(50, 90);
    let zero = desk.sign(receipt(I | 0x2000_0002).reference("Z"));
    assert_eq!(zero.state, READY);
    assert!(desk.engine.state().failed_finishes.is_empty());
    let messages: Vec<_> = desk
        .last_notes()
        .iter()
        .map(|note| note.message.clone())
        .collect();
    assert_eq!(
        messages[0],
        "Removed failed finish-transaction 1 from the database, which was not open on the TSE anymore."
    );
}

#[test]
fn an_answer_that_was_lost_is_asked_for_and_used() {
    let mut desk = active_queue(0).desk();
    desk.tse.fail(Fault::AnswersLost);
    let response = desk.sign(sale(I | 1, "A"));
    assert_eq!((response.state, response.signatures.len()), (READY, 19));
    assert_eq!(desk.tse.signatures(), 2);
}

#[test]
fn a_signature_that_nobody_can_find_out_about_is_noted() {
    let mut desk = active_queue(0).desk();
    desk.tse.fail(Fault::AnswersAndTracesLost);
    assert_eq!(desk.sign(sale(I | 1, "A")).state, TSE_FAILED);
    let notes = desk.last_notes();
    assert_eq!((notes.len(), notes[0].kind.as_str()), (1, "TseOutcomeUnknown"));
}
