//! Case 0x0019 (4.11): the last receipt before another product takes over.

use super::desk::{Desk, E, I, Opening, active_queue, data, receipt};
use super::tse::Fault;
use crate::journal::entry::JournalCounts;
use crate::queue::engine::AfterMigration;
use crate::queue::intake::PreQueueError;
use crate::queue::work::{READY, TSE_FAILED};

const LOCKED: &str =
    "The Middleware is currently in migration mode after a 'start migration' receipt was processed.";

fn migrating(opening: Opening) -> Desk {
    let mut desk = opening.desk();
    desk.counted = JournalCounts {
        actions: 20,
        journals_de: 4,
        items: 10,
        receipts: 9,
    };
    desk
}

fn refusal(desk: &Desk, case: i64) -> Option<PreQueueError> {
    desk.engine.receive(&receipt(case).request(), &desk.clock).err()
}

#[test]
fn a_migration_is_a_daily_closing_that_counts_the_journals() {
    let mut desk = migrating(active_queue(9));
    let response = desk.sign(receipt(I | 0x19));
    assert_eq!((response.state, response.signatures.len()), (READY, 15));
    assert_eq!(
        data(&response, "<processData>"),
        "Beleg^0.00_0.00_0.00_0.00_0.00^"
    );
    assert_eq!(data(&response, "<processType>"), "Kassenbeleg-V1");
    assert!(
        response
            .state_data
            .unwrap()
            .ends_with(r#""DailyClosingNumber":1}"#)
    );
    let notes = desk.last_notes();
    assert_eq!(
        (notes[0].kind.as_str(), notes[0].message.as_str()),
        ("4445000000000007", "Daily-closing receipt was processed.")
    );
    assert_eq!((notes.len(), notes[1].kind.as_str()), (2, "4445000100000019"));
    assert_eq!(
        notes[1].data_json.as_deref(),
        Some(
            r#"{"ActionJournalCount":21,"JournalDECount":4,"QueueItemCount":10,"ReceiptJournalCount":10,"QueueRow":10}"#
        )
    );
}

#[test]
fn after_a_migration_every_receipt_is_refused_before_anything_is_stored() {
    let mut desk = migrating(active_queue(9));
    desk.sign(receipt(I | 0x19));
    for case in [I | 1, I | 2, I | 7, I | 0x19] {
        let error = refusal(&desk, case).expect("the queue is locked");
        assert!(error.to_string().starts_with(LOCKED), "{error}");
    }
    // What was signed before can still be asked for.
    assert_eq!(refusal(&desk, I | 1 | 0x8000_0000_0000), None);
}

#[test]
fn a_migration_is_remembered_by_the_journal_and_not_kept_up_in_the_cloud() {
    let mut opening = active_queue(9);
    opening.opened.in_migration = true;
    assert_eq!(refusal(&opening.desk(), I | 1), Some(PreQueueError::InMigration));
    let mut opening = active_queue(9);
    opening.opened.in_migration = true;
    opening.options.after_migration = AfterMigration::GoOn;
    assert_eq!(refusal(&opening.desk(), I | 1), None);
}

#[test]
fn a_migration_goes_on_without_the_tse() {
    let mut desk = migrating(active_queue(9));
    desk.tse.fail(Fault::Unreachable);
    assert_eq!(desk.sign(receipt(I | 0x19)).state, TSE_FAILED);
    assert_eq!(desk.last_notes()[1].kind, "4445000100000019");
    assert!(desk.engine.state().in_migration);
}

#[test]
fn a_migration_must_be_implicit_no_practice_and_without_items() {
    let mut desk = migrating(active_queue(9));
    assert_eq!(
        desk.refused(receipt(E | 0x19)),
        "ReceiptCase 4445000000000019 (Migration receipt) must use implicit-flow flag."
    );
    assert_eq!(
        desk.refused(receipt(I | 0x2_0019)),
        "ReceiptCase 4445000100020019 can not use 'TrainingMode' flag."
    );
    let with_items = "ReceiptCase 4445000100000019 (Migration receipt) must not have Charge- or PayItems.";
    assert_eq!(
        desk.refused(receipt(I | 0x19).charged(1, "1", "1.00")),
        with_items
    );
    assert_eq!(desk.refused(receipt(I | 0x19).paid(1, "1.00")), with_items);
    assert!(!desk.engine.state().in_migration);
}

#[test]
fn a_queue_that_is_not_in_operation_starts_no_migration() {
    let mut desk = migrating(super::desk::new_queue());
    desk.sign(receipt(I | 0x19));
    assert!(!desk.engine.state().in_migration);
}
