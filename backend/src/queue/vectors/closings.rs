//! TV-14 and TV-23: closings, with the TSE and without it.

use shared::api::receipt_response::ReceiptResponse;

use super::desk::{Desk, E, I, Opening, active_queue, data, kinds, receipt};
use super::tse::Fault;
use crate::journal::entry::{Change, MasterDataJson};
use crate::queue::engine::DailyClosing;
use crate::queue::work::{READY, TSE_FAILED};

const NOTHING: &str = r#"{"Account":null,"Outlet":null,"Agencies":[],"PosSystems":[]}"#;
const NEW: &str = concat!(
    r#"{"Account":null,"Outlet":null,"Agencies":[],"PosSystems":[{"PosSystemId":null,"Brand":"X","Model":null,"#,
    r#""SoftwareVersion":null,"BaseCurrency":"EUR","Type":null}]}"#
);
const ABORTED: &str = "QVZCZWxlZ2FiYnJ1Y2heMC4wMF8wLjAwXzAuMDBfMC4wMF8wLjAwXg==";
const CLOSED: [i64; 3] = [0x11, 0x12, 0x15];

/// Transactions 1 to 3 are open for A1 to A3.
fn with_open_transactions(opening: Opening) -> Desk {
    let mut desk = opening.desk();
    for reference in ["A1", "A2", "A3"] {
        desk.sign(receipt(E | 8).reference(reference));
    }
    desk.tse.take_calls();
    desk
}

fn close(desk: &mut Desk, case: i64) -> ReceiptResponse {
    desk.sign(receipt(case).reference("CLOSE"))
}

/// The data of the last note.
fn noted(desk: &Desk) -> (String, String, String) {
    let notes = desk.last_notes();
    let note = notes.last().unwrap();
    assert_eq!(note.priority, -1);
    (
        note.kind.clone(),
        note.message.clone(),
        note.data_json.clone().unwrap(),
    )
}

#[test]
fn tv_14_a_daily_closing_closes_what_is_open_and_forgets_what_the_tse_forgot() {
    let mut desk = with_open_transactions(active_queue(9));
    desk.tse.forget(3);
    let response = close(&mut desk, 4_919_338_172_267_102_215);
    assert_eq!(
        desk.tse.take_calls(),
        [
            "Trace",
            "GetTseInfo",
            &format!("Finish(1, Kassenbeleg-V1, {ABORTED})"),
            &format!("Finish(2, Kassenbeleg-V1, {ABORTED})"),
            "Start",
            "Finish(4, SonstigerVorgang, ZGFpbHktY2xvc2luZw==)",
            "GetTseInfo",
        ]
    );
    assert_eq!((response.state, response.signatures.len()), (READY, 15 + 3 + 3));
    assert_eq!(response.receipt_identification, "ftC#IT4");
    assert_eq!(kinds(&response)[15..18], CLOSED);
    assert_eq!(kinds(&response)[18..], CLOSED);
    assert_eq!(data(&response, "<processData>"), "daily-closing");
    assert_eq!(
        response.state_data.unwrap(),
        format!(r#"{{"MasterData":{NOTHING},"DailyClosingNumber":1}}"#)
    );
    let removed = desk.last_notes()[0];
    assert_eq!(
        (removed.kind.as_str(), removed.message.as_str()),
        (
            "4445000020000000-OpenTransaction",
            "Removed open transaction 3 from the database, which was not open on the TSE anymore."
        )
    );
    assert_eq!(
        noted(&desk),
        (
            "4445000000000007".to_owned(),
            "Daily-closing receipt was processed.".to_owned(),
            r#"{"ftReceiptNumerator":13,"transactionNumber":4,"masterDataChanged":false,"closingNumber":1}"#
                .to_owned()
        )
    );
    let exports = desk.site.take_exports();
    assert_eq!((exports.len(), exports[0].number), (1, 13));
    let state = desk.engine.state();
    assert!(state.open_transactions.is_empty() && desk.tse.open().is_empty());
    assert_eq!(state.queue_de.daily_closing_number, 1);
}

#[test]
fn every_closing_exports_unless_it_says_not_to_or_the_tse_does_not_answer() {
    let mut desk = active_queue(9).desk();
    for number in [5, 6, 7, 0x19] {
        close(&mut desk, I | number);
        assert_eq!(desk.site.take_exports().len(), 1, "{number}");
    }
    for number in [5, 6, 7] {
        let mut desk = active_queue(9).desk();
        close(&mut desk, I | 0x400_0000 | number);
        assert!(desk.site.take_exports().is_empty(), "{number}");
        desk.tse.fail(Fault::Unreachable);
        close(&mut desk, I | number);
        assert!(desk.site.take_exports().is_empty(), "{number}");
    }
}

#[test]
fn tv_14_daily_closings_are_numbered_on() {
    let mut desk = active_queue(9).desk();
    close(&mut desk, I | 7);
    assert!(
        close(&mut desk, I | 7)
            .state_data
            .unwrap()
            .ends_with(r#""DailyClosingNumber":2}"#)
    );
    assert!(noted(&desk).2.ends_with(r#""closingNumber":2}"#));
}

#[test]
fn tv_14_without_a_list_of_what_is_open_every_row_is_dropped() {
    let mut desk = with_open_transactions(active_queue(9));
    desk.tse.fail(Fault::NoOpenList);
    assert_eq!(close(&mut desk, I | 7).signatures.len(), 15);
    assert!(desk.engine.state().open_transactions.is_empty());
    assert_eq!(desk.last_notes().len(), 3 + 1);
}

#[test]
fn tv_14_a_closing_that_wants_nothing_open_goes_on_without_the_tse() {
    let mut desk = with_open_transactions(active_queue(9));
    let response = close(&mut desk, I | 0x1000_0007);
    assert_eq!(desk.tse.take_calls(), ["Trace", "GetTseInfo"]);
    assert_eq!((response.state, response.signatures.len()), (TSE_FAILED, 1));
    assert_eq!(desk.engine.state().open_transactions.len(), 3);
    assert_eq!(desk.engine.state().queue_de.sscd_fail_count, 1);
    // With nothing open it is an ordinary closing.
    assert_eq!(close(&mut active_queue(9).desk(), I | 0x1000_0007).state, READY);
}

#[test]
fn tv_14_what_others_have_open_is_closed_when_the_receipt_or_the_configuration_says_so() {
    for (case, configured, closes) in [
        (I | 7, DailyClosing::AsAsked, false),
        (I | 7, DailyClosing::ClosesAll, true),
        (I | 0x2_0000_0007, DailyClosing::AsAsked, true),
    ] {
        let mut opening = active_queue(9);
        opening.options.daily_closing = configured;
        let mut desk = with_open_transactions(opening);
        let foreign = desk.tse.started_elsewhere();
        let response = close(&mut desk, case);
        assert_eq!(response.signatures.len(), 15 + 9 + if closes { 3 } else { 0 });
        assert_eq!(!desk.tse.open().contains(&foreign), closes);
    }
}

#[test]
fn tv_14_a_closing_must_be_implicit_and_no_practice_in_failed_mode_too() {
    let mut desk = active_queue(9).desk();
    for _ in 0..2 {
        for (number, name) in [
            (5, "Monthly-closing receipt"),
            (6, "Yearly-closing receipt"),
            (7, "Daily-closing receipt"),
        ] {
            assert_eq!(
                desk.refused(receipt(E | number)),
                format!("ReceiptCase 444500000000000{number} ({name}) must use implicit-flow flag.")
            );
            assert_eq!(
                desk.refused(receipt(I | 0x2_0000 | number)),
                format!("ReceiptCase 444500010002000{number} can not use 'TrainingMode' flag.")
            );
        }
        assert_eq!(desk.engine.state().queue_de.daily_closing_number, 0);
        desk.tse.fail(Fault::Unreachable);
        desk.sign(receipt(I | 1));
    }
}

#[test]
fn tv_14_a_crash_in_the_middle_of_a_closing_is_settled_with_the_signatures_made_before() {
    for alive_for in 0..7 {
        let mut desk = with_open_transactions(active_queue(9));
        let foreign = desk.tse.started_elsewhere();
        let request = receipt(I | 0x2_0000_0007).reference("CLOSE").request();
        let intent = desk.begin(&request);
        desk.tse.die_after(alive_for);
        desk.process(&intent, &request);
        desk.tse.die_after(None);
        let settled = desk.process(&intent, &request);
        let crate::queue::answer::Answer::Response(response) = settled.answer else {
            panic!("the closing was refused");
        };
        assert_eq!(
            response.signatures.len(),
            15 + 12,
            "alive for {alive_for} signatures"
        );
        assert_eq!(desk.tse.signatures(), 3 + 4 + 2, "something was signed twice");
        assert!(desk.tse.open().is_empty(), "{foreign} is still open");
        desk.adopt(&settled.entry);
        assert!(desk.engine.state().open_transactions.is_empty());
    }
}

fn with_new_master_data() -> Opening {
    let mut opening = active_queue(9);
    opening.options.master_data = Some(MasterDataJson(NEW.to_owned()));
    opening
}

#[test]
fn tv_23_a_monthly_closing_prints_the_old_master_data_and_takes_over_the_new() {
    let mut desk = with_new_master_data().desk();
    let response = close(&mut desk, 0x4445_0001_0800_0005);
    assert_eq!(data(&response, "<processData>"), "monthly-closing");
    assert_eq!(response.signatures.len(), 15);
    assert_eq!(
        response.state_data.unwrap(),
        format!(r#"{{"MasterData":{NOTHING}}}"#)
    );
    let message = "Monthly-closing receipt was processed, and a master data update was performed.";
    assert_eq!(
        noted(&desk),
        (
            "4445000008000005".to_owned(),
            message.to_owned(),
            r#"{"ftReceiptNumerator":10,"transactionNumber":1,"masterDataChanged":true,"closingNumber":-1}"#
                .to_owned()
        )
    );
    let put = |change: &Change| matches!(change, Change::PutMasterData(document) if document.0 == NEW);
    assert!(desk.last().changes.iter().any(put));
    // The next one prints them, and there is nothing left to take over.
    let response = close(&mut desk, I | 0x800_0006);
    assert_eq!(response.state_data.unwrap(), format!(r#"{{"MasterData":{NEW}}}"#));
    assert_eq!(noted(&desk).0, "4445000000000006");
    assert_eq!(noted(&desk).1, "Yearly-closing receipt was processed.");
    assert!(!desk.last().changes.iter().any(put));
}

#[test]
fn tv_23_master_data_stay_as_they_are_unless_the_receipt_says_so() {
    let mut desk = with_new_master_data().desk();
    close(&mut desk, I | 7);
    assert_eq!(noted(&desk).0, "4445000000000007");
    assert_eq!(desk.engine.state().master_data, None);
}

#[test]
fn monthly_and_yearly_closings_leave_open_transactions_and_the_day_alone() {
    let mut desk = with_open_transactions(active_queue(9));
    close(&mut desk, I | 5);
    close(&mut desk, I | 6);
    assert_eq!(desk.engine.state().open_transactions.len(), 3);
    assert_eq!(desk.engine.state().queue_de.daily_closing_number, 0);
    assert!(!desk.tse.take_calls().contains(&"GetTseInfo".to_owned()));
}

#[test]
fn closings_without_the_tse_are_counted_and_take_over_master_data() {
    for (case, kind, period, number) in [
        (I | 0x800_0005, "4445000008000005", "Monthly", -1),
        (I | 0x800_0006, "4445000008000006", "Yearly", -1),
        (I | 0x800_0007, "4445000008000007", "Daily", 1),
    ] {
        let mut desk = with_new_master_data().desk();
        desk.tse.fail(Fault::Unreachable);
        let response = close(&mut desk, case);
        assert_eq!(
            (response.state, response.state_data, response.signatures.len()),
            (TSE_FAILED, None, 1)
        );
        assert_eq!(response.receipt_identification, "ft9#");
        assert_eq!(
            noted(&desk),
            (
                kind.to_owned(),
                format!(
                    "{period}-closing receipt was processed, and a master data update was performed. However TSE \
                     was not reachable."
                ),
                format!(r#"{{"ftReceiptNumerator":10,"masterDataChanged":true,"closingNumber":{number}}}"#)
            )
        );
        assert_eq!(
            desk.engine.state().master_data,
            Some(MasterDataJson(NEW.to_owned()))
        );
    }
}

#[test]
fn a_closing_in_failed_mode_leaves_the_tse_alone() {
    let mut desk = active_queue(9).desk();
    desk.tse.fail(Fault::Unreachable);
    desk.sign(receipt(I | 1));
    desk.tse.fail(None);
    desk.tse.take_calls();
    assert_eq!(close(&mut desk, I | 7).state, TSE_FAILED);
    assert!(desk.tse.take_calls().is_empty());
    assert_eq!(
        noted(&desk).1,
        "Daily-closing receipt was processed. However TSE was not reachable."
    );
    assert_eq!(desk.engine.state().queue_de.daily_closing_number, 1);
}

#[test]
fn a_tse_that_falls_silent_after_the_closing_was_signed_does_not_undo_it() {
    let mut desk = active_queue(9).desk();
    // Two signatures are its own transaction's: what follows them finds the TSE gone.
    desk.tse.die_after(2);
    let response = close(&mut desk, I | 7);
    assert_eq!((response.state, response.signatures.len()), (READY, 15));
    assert_eq!(desk.tse.take_calls().last().unwrap(), "GetTseInfo");
    assert_eq!(desk.engine.state().queue_de.sscd_fail_count, 0);
}
