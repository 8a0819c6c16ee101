//! Closings and what comes after them: settled when their pod dies, locked for good by a migration.

use shared::clock::Ticks;
use shared::identity::OperationId;

use super::directed_journal::{Direction, Step};
use super::pod::START_TRANSACTION;
use super::world::{QUEUE, World};
use crate::cashbox::error::CashboxError;
use crate::cashbox::registry::drain::pace::Pace;
use crate::journal::JournalStore as _;
use crate::journal::entry::{ActionJournalRow, JournalKind, JournalQuery, JournalRange, JournalRows};

const DAILY_CLOSING: i64 = 0x4445_0001_0000_0007;
const OUT_OF_OPERATION: i64 = 0x4445_0001_0000_0004;
const MIGRATION: i64 = 0x4445_0001_0000_0019;
const RECEIPT_REQUEST: i64 = 0x4445_8001_0000_0019;

async fn actions(world: &World) -> Vec<ActionJournalRow> {
    let query = JournalQuery {
        kind: JournalKind::Action,
        range: JournalRange::From(Ticks(0)),
        after: None,
        limit: 1000,
    };
    match world.journal.read(QUEUE, &query).await.unwrap().rows {
        JournalRows::Action(rows) => rows,
        other => panic!("actions were asked for, not {other:?}"),
    }
}

#[tokio::test]
async fn a_daily_closing_whose_pod_dies_is_settled_with_every_signature_once() {
    let world = World::new().await;
    let pod = world.pod("a");
    pod.activate().await;
    pod.sign_case(OperationId::random(), START_TRANSACTION)
        .await
        .unwrap();
    world.journal.direct(Step::Append, Direction::Panic);
    let operation = OperationId::random();
    pod.sign_case(operation, DAILY_CLOSING).await.unwrap_err();
    pod.until_gone().await;
    let closing = pod.sign_case(operation, DAILY_CLOSING).await.unwrap().unwrap();
    // The transaction that was open, then its own.
    assert_eq!(closing.receipt_identification, "ft2#IT3");
    assert_eq!(closing.signatures.len(), 15 + 3);
    assert!(
        closing
            .state_data
            .as_ref()
            .unwrap()
            .ends_with(r#""DailyClosingNumber":1}"#)
    );
    assert_eq!(pod.figure("byodc_orphan_signatures_total"), 0);
    let counted = world.journal.count(QUEUE).await.unwrap();
    assert_eq!(
        counted.journals_de, 1,
        "the export of the first attempt is the one that stays"
    );
    // A pod that compares journal and TSE anew finds nothing amiss.
    pod.registry.drain(&Pace::unhurried(1)).await;
    let next = world.pod("b");
    next.sign("R-1").await.unwrap();
    assert_eq!(next.figure("byodc_orphan_signatures_total"), 0);
}

#[tokio::test]
async fn a_migration_counts_what_the_journals_hold_and_locks_the_cashbox_in_every_pod() {
    let world = World::new().await;
    let pod = world.pod("a");
    pod.activate().await;
    pod.sign("R-1").await.unwrap();
    pod.sign_case(OperationId::random(), MIGRATION)
        .await
        .unwrap()
        .unwrap();
    let recorded = actions(&world).await;
    let record = recorded.last().unwrap();
    assert_eq!(record.kind, "4445000100000019");
    let before_it = recorded.len() - 1;
    assert_eq!(
        record.data_json.as_deref(),
        Some(&*format!(
            r#"{{"ActionJournalCount":{before_it},"JournalDECount":1,"QueueItemCount":3,"ReceiptJournalCount":3,"QueueRow":3}}"#
        ))
    );
    let next = world.pod("b");
    let stored = world.journal.count(QUEUE).await.unwrap();
    for pod in [&pod, &next] {
        let refused = pod.sign("R-2").await;
        let Err(CashboxError::Rejected { message }) = refused else {
            panic!("{refused:?}");
        };
        assert!(message.contains("migration mode"), "{message}");
        let asked_again = pod.sign_case(OperationId::random(), RECEIPT_REQUEST).await;
        assert_eq!(asked_again.unwrap().unwrap().queue_row, 3);
        pod.registry.drain(&Pace::unhurried(1)).await;
    }
    let afterwards = world.journal.count(QUEUE).await.unwrap();
    assert_eq!(
        (afterwards.items, afterwards.receipts),
        (stored.items, stored.receipts)
    );
    // No start is noted any more: only what was asked for again.
    assert_eq!(afterwards.actions, stored.actions + 2);
}

#[tokio::test]
async fn the_end_of_a_queue_whose_pod_dies_is_settled_with_the_signatures_made_before() {
    let world = World::new().await;
    let pod = world.pod("a");
    pod.activate().await;
    world.journal.direct(Step::Append, Direction::Panic);
    let operation = OperationId::random();
    pod.sign_case(operation, OUT_OF_OPERATION).await.unwrap_err();
    pod.until_gone().await;
    let last = pod.sign_case(operation, OUT_OF_OPERATION).await.unwrap().unwrap();
    assert_eq!(last.receipt_identification, "ft1#IT2");
    assert_eq!(last.signatures.len(), 17);
    assert_eq!(pod.figure("byodc_orphan_signatures_total"), 0);
}

#[tokio::test]
async fn a_cashbox_out_of_operation_goes_on_answering_without_its_tse() {
    let world = World::new().await;
    let pod = world.pod("a");
    pod.activate().await;
    let last = pod
        .sign_case(OperationId::random(), OUT_OF_OPERATION)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(last.signatures.len(), 17);
    pod.registry.drain(&Pace::unhurried(1)).await;
    let next = world.pod("b");
    let receipt = next.sign("R-1").await.unwrap().unwrap();
    assert_eq!(
        (receipt.state, receipt.signatures.len()),
        (0x4445_0000_0000_0001, 0)
    );
}
