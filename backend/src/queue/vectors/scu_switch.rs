//! 4.11: from one SCU to another, back, and what may go wrong.

use shared::api::receipt_response::ReceiptResponse;
use shared::identity::ScuId;

use super::desk::{CASHBOX, Desk, E, I, QUEUE, active_queue, at, data, kinds, receipt};
use super::tse::{Fault, SERIAL};
use crate::journal::entry::ScuRow;
use crate::queue::work::{READY, SCU_SWITCHING};

const SOURCE: &str = "77777777-0000-4000-8000-000000000001";
const TARGET: &str = "77777777-0000-4000-8000-000000000002";
const FORCE: i64 = 0x4000_0000;
const VOID: i64 = 0x4_0000;
const CLIENT_ONLY: i64 = 0x100_0000;
const BYPASS: i64 = 0x400_0000;
const INITIATE: i64 = I | 0x17;
const FINISH: i64 = I | 0x18;
/// Set T, then the text and the notification.
const SET_T_AND_TOLD: [i64; 17] = [
    0x10, 0x11, 0x12, 0x15, 0x14, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x1D, 0x1B, 0x1C, 0x22, 0x1E, 2, 3,
];

fn target() -> ScuId {
    TARGET.parse().unwrap()
}

/// A queue whose SCU is set up to be switched, with changes to both rows.
fn planned(change: impl Fn(&mut ScuRow, &mut ScuRow)) -> Desk {
    let mut opening = active_queue(9);
    let mut source = opening.opened.scus[0].clone();
    let mut to = ScuRow {
        scu: target(),
        tse_info_json: None,
        mode: 0x2_0000,
        mode_configuration_json: Some(format!(r#"{{"SourceScuId":"{SOURCE}"}}"#)),
        ..source.clone()
    };
    source.mode = 0x1_0000;
    source.mode_configuration_json = Some(format!(r#"{{"TargetScuId":"{TARGET}"}}"#));
    change(&mut source, &mut to);
    opening.opened.scus = vec![source, to];
    opening.desk()
}

fn desk() -> Desk {
    planned(|_, _| {})
}

/// A queue that has left its SCU.
fn between() -> Desk {
    let mut desk = desk();
    desk.sign(receipt(INITIATE | FORCE));
    desk.tse.take_calls();
    desk
}

fn scu(desk: &Desk) -> Option<String> {
    desk.engine.state().queue_de.scu.map(|scu| scu.to_string())
}

fn noted(desk: &Desk, kind: &str) -> serde_json::Value {
    let note = desk.last_notes().into_iter().find(|note| note.kind == kind);
    let note = note.unwrap_or_else(|| panic!("no note {kind}"));
    assert_eq!(note.priority, -1);
    serde_json::from_str(note.data_json.as_deref().unwrap()).unwrap()
}

fn captions(response: &ReceiptResponse) -> Vec<&str> {
    let captions = response.signatures.iter().rev().take(2);
    captions.map(|item| item.caption.as_deref().unwrap()).collect()
}

#[test]
fn a_queue_leaves_its_scu_right_after_a_daily_closing() {
    let mut desk = desk();
    desk.sign(receipt(I | 7));
    desk.tse.take_calls();
    desk.site.take_exports();
    let response = desk.sign(receipt(INITIATE));
    assert_eq!(
        (response.state, kinds(&response)),
        (READY, SET_T_AND_TOLD.to_vec())
    );
    assert_eq!(data(&response, "<processData>"), "initiate-scu-switch");
    let identities = format!(
        "Kassenseriennummer: KASSE-1, TSE-Seriennummer: {SERIAL}, Queue-ID: {QUEUE}, SCU-ID: {SOURCE}"
    );
    assert_eq!(data(&response, "TSE-Trennungs-Beleg"), identities);
    let told = data(&response, &format!("SCU von Queue getrennt. {identities}")).to_owned();
    assert!(response.state_data.unwrap().starts_with(r#"{"TseInfo":"#));
    let calls = desk.tse.take_calls();
    let last = &calls[calls.len() - 2..];
    assert_eq!(last, ["UnregisterClientId(KASSE-1)", "SetTseState(2)"]);
    assert_eq!(desk.site.take_exports().len(), 2);
    assert_eq!(scu(&desk), None);
    let notification = noted(&desk, "4445000000000003-InitiateSCUSwitch");
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&told).unwrap(),
        notification
    );
    assert_eq!(
        told,
        format!(
            r#"{{"CashBoxId":"{CASHBOX}","QueueId":"{QUEUE}","Moment":"2031-03-04T10:20:33Z","CashBoxIdentification":"KASSE-1","SourceSCUId":"{SOURCE}","TargetSCUId":"{TARGET}","SourceSCUPackageName":null,"SourceSCUSignatureAlgorithm":"ecdsa-plain-SHA256","SourceSCUPublicKeyBase64":"PUB","SourceSCUSerialNumberOctet":"{SERIAL}","Version":"V0"}}"#
        )
    );
}

#[test]
fn a_switch_in_the_middle_of_a_day_is_refused_unless_forced_or_without_a_tse() {
    let mut refused = desk();
    refused.sign(receipt(I | 7));
    refused.sign(receipt(I | 1));
    let message = refused.refused(receipt(INITIATE));
    let expected = format!(
        "ReceiptCase {INITIATE:X} (initiate-scu-switch-receipt) can only be called right after a daily-closing receipt."
    );
    assert!(message.starts_with(&expected), "{message}");
    assert_eq!(scu(&refused).as_deref(), Some(SOURCE));
    assert_eq!(refused.sign(receipt(INITIATE | FORCE)).state, READY);
    let mut alone = desk();
    alone.tse.fail(Fault::Unreachable);
    assert_eq!(alone.sign(receipt(INITIATE)).state, READY);
    assert_eq!(scu(&alone), None);
}

#[test]
fn a_tse_that_is_away_does_not_keep_the_queue() {
    let mut desk = desk();
    desk.tse.fail(Fault::Unreachable);
    let response = desk.sign(receipt(INITIATE | FORCE));
    assert_eq!((response.state, response.signatures.len()), (READY, 0));
    assert_eq!(
        (&*response.receipt_identification, response.state_data),
        ("ft9#", None)
    );
    let notification = noted(&desk, "4445000000000003-InitiateSCUSwitch");
    assert_eq!(notification["SourceSCUSerialNumberOctet"], SERIAL);
    assert_eq!(scu(&desk), None);
}

#[test]
fn flags_leave_the_tse_alive_and_its_log_where_it_is() {
    let mut desk = desk();
    desk.sign(receipt(INITIATE | FORCE | CLIENT_ONLY | BYPASS));
    assert_eq!(
        desk.tse.take_calls().last().unwrap(),
        "UnregisterClientId(KASSE-1)"
    );
    assert!(desk.site.take_exports().is_empty());
}

#[test]
fn both_scus_must_be_set_up_for_the_switch() {
    type Change = fn(&mut ScuRow, &mut ScuRow);
    let source: [Change; 3] = [
        |source, _| source.mode = 0,
        |source, _| source.mode_configuration_json = None,
        |source, _| source.mode_configuration_json = Some(r#"{"TargetScuId":"nobody"}"#.to_owned()),
    ];
    let target: [Change; 4] = [
        |_, target| target.mode = 0x1_0000,
        |_, target| target.mode_configuration_json = None,
        |_, target| target.mode_configuration_json = Some(format!(r#"{{"SourceScuId":"{TARGET}"}}"#)),
        |_, target| target.scu = ScuId::from_u128(3),
    ];
    for (which, changes) in [("source", &source[..]), ("target", &target[..])] {
        for change in changes {
            let mut desk = planned(change);
            let message = desk.refused(receipt(INITIATE | FORCE));
            let expected = format!("The {which} SCU is not set up correctly");
            assert!(message.starts_with(&expected), "{message}");
            assert!(
                desk.tse.take_calls().is_empty(),
                "nothing is asked of the TSE before that"
            );
        }
    }
}

#[test]
fn a_switch_must_be_implicit_and_no_practice() {
    for (number, name) in [
        (0x17, "Initiate-SCU-switch receipt"),
        (0x18, "Finish-SCU-switch receipt"),
    ] {
        let mut desk = if number == 0x17 { desk() } else { between() };
        let explicit = E | number;
        assert_eq!(
            desk.refused(receipt(explicit)),
            format!("ReceiptCase {explicit:X} ({name}) must use implicit-flow flag.")
        );
        let practice = I | 0x2_0000 | number;
        assert_eq!(
            desk.refused(receipt(practice)),
            format!("ReceiptCase {practice:X} can not use 'TrainingMode' flag.")
        );
    }
}

#[test]
fn in_between_every_receipt_says_so_and_no_tse_is_asked() {
    let mut desk = between();
    for case in [I | 1, I | 2, I | 7, INITIATE] {
        let response = desk.sign(receipt(case));
        assert_eq!(
            (response.state, response.signatures.len()),
            (SCU_SWITCHING, 0),
            "{case:X}"
        );
    }
    assert!(desk.tse.take_calls().is_empty());
}

#[test]
fn a_queue_comes_to_the_other_scu_and_signs_there() {
    let mut desk = between();
    let response = desk.sign(receipt(FINISH | CLIENT_ONLY));
    assert_eq!(
        (response.state, kinds(&response)),
        (READY, SET_T_AND_TOLD.to_vec())
    );
    let identities = format!(
        "Kassenseriennummer: KASSE-1, TSE-Seriennummer: {SERIAL}, Queue-ID: {QUEUE}, SCU-ID: {TARGET}"
    );
    assert_eq!(data(&response, "TSE-Verbindungs-Beleg"), identities);
    assert_eq!(
        captions(&response)[0],
        format!("SCU mit Queue verbunden. {identities}")
    );
    assert!(response.state_data.unwrap().starts_with(r#"{"TseInfo":"#));
    let to = desk.site.tse(target());
    let calls = to.take_calls();
    assert_eq!(
        calls[..3],
        ["SetTseState(1)", "GetTseInfo", "RegisterClientId(KASSE-1)"]
    );
    assert_eq!(scu(&desk).as_deref(), Some(TARGET));
    let notification = noted(&desk, "4445000000000003-FinishSCUSwitch");
    assert_eq!(
        (&notification["SourceSCUId"], &notification["TargetSCUId"]),
        (&SOURCE.into(), &TARGET.into())
    );
    assert_eq!(notification["TargetSCUSerialNumberOctet"], SERIAL);
    // The row of the new SCU knows its TSE, and the next receipt is signed by it.
    assert!(desk.engine.state().scu_row().unwrap().tse_info_json.is_some());
    assert_eq!(desk.sign(receipt(I | 1)).state, READY);
    assert_eq!(to.signatures(), 4);
    assert!(desk.tse.take_calls().is_empty());
}

#[test]
fn a_finish_that_fails_is_an_error_and_may_be_sent_again() {
    let mut desk = between();
    desk.site.tse(target()).fail(Fault::Unreachable);
    assert_eq!(desk.refused(receipt(FINISH)), "The TSE is not available.");
    assert_eq!(scu(&desk), None);
    desk.site.tse(target()).fail(Fault::Terminated);
    assert!(
        desk.refused(receipt(FINISH))
            .contains("awaited lifecycle state 'Initialized'")
    );
    desk.site.tse(target()).fail(None);
    assert_eq!(desk.sign(receipt(FINISH)).state, READY);
    // Once more: it is the target already.
    assert_eq!(desk.sign(receipt(FINISH)).state, READY);
}

#[test]
fn what_was_not_begun_is_neither_finished_nor_voided() {
    let message = "The SCU switch must be initiated with a initiate-scu-switch receipt";
    assert!(desk().refused(receipt(FINISH)).starts_with(message));
    let message = "The SCU switch can't be voided because it is not in progress";
    assert!(desk().refused(receipt(INITIATE | VOID)).starts_with(message));
    let mut finished = between();
    finished.sign(receipt(FINISH));
    assert!(finished.refused(receipt(INITIATE | VOID)).starts_with(message));
}

#[test]
fn a_voided_switch_leads_back_to_the_source() {
    let mut desk = between();
    let response = desk.sign(receipt(INITIATE | VOID));
    assert_eq!(
        (response.state, kinds(&response)),
        (READY, SET_T_AND_TOLD.to_vec())
    );
    assert!(captions(&response)[0].ends_with(&format!("SCU-ID: {SOURCE}")));
    assert_eq!(
        desk.tse.take_calls()[..3],
        ["SetTseState(1)", "GetTseInfo", "RegisterClientId(KASSE-1)"]
    );
    assert_eq!(scu(&desk).as_deref(), Some(SOURCE));
    assert_eq!(
        noted(&desk, "4445000000000003-FinishSCUSwitch")["TargetSCUId"],
        SOURCE
    );
}

#[test]
fn a_void_fails_with_its_tse_unless_it_is_forced() {
    let mut desk = between();
    desk.tse.fail(Fault::Unreachable);
    assert_eq!(
        desk.refused(receipt(INITIATE | VOID)),
        "The TSE is not available."
    );
    assert_eq!(scu(&desk), None);
    let response = desk.sign(receipt(INITIATE | VOID | FORCE));
    assert_eq!((response.state, kinds(&response)), (READY, vec![3]));
    let caption = format!("SCU mit Queue verbunden. Queue-ID: {QUEUE}, SCU-ID: {SOURCE}");
    assert_eq!(response.signatures[0].caption.as_deref(), Some(&*caption));
    assert_eq!(scu(&desk).as_deref(), Some(SOURCE));
}

#[test]
fn a_switch_that_was_interrupted_goes_on_where_it_was() {
    let mut desk = between();
    let request = receipt(FINISH).request();
    let intent = desk.begin(&request);
    let lost = desk.process(&intent, &request);
    let signatures = desk.site.tse(target()).signatures();
    desk.clock.set(at("2031-03-04T10:25:00Z"));
    let settled = desk.process(&intent, &request);
    assert_eq!(desk.site.tse(target()).signatures(), signatures, "signed once");
    assert_eq!(
        settled.entry.queue_de.unwrap().scu,
        lost.entry.queue_de.unwrap().scu
    );
}
