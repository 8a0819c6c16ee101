//! Intents and entries.

use backend::journal::JournalError;
use backend::journal::entry::{
    Change, Entry, FailedFinishRow, FailedStartRow, JournalDeRow, MasterDataJson, OpenTransactionRow,
    Outcome, ScuRow,
};
use shared::clock::Ticks;
use shared::identity::{OperationId, QueueItemId, ScuId};
use uuid::Uuid;

use super::on_every_store;
use super::stand::Stand;
use super::till::{NOON, Till, action, assert_fenced};

on_every_store!(
    a_finished_operation_is_found_as_it_was_written,
    an_intent_must_take_the_next_row,
    an_entry_must_continue_the_stored_chain,
    an_entry_ends_its_intent_once,
    a_used_operation_id_is_told_apart_from_a_lost_queue,
    one_operation_id_may_be_used_in_two_queues,
    every_change_of_an_entry_is_loaded_by_the_next_open,
    a_refused_entry_leaves_nothing_behind,
    an_abandoned_intent_is_settled_without_a_receipt,
    actions_without_a_receipt_consume_no_row,
);

async fn a_finished_operation_is_found_as_it_was_written(stand: Stand) {
    let mut till = Till::start(&stand.store().await, stand.queue()).await;
    let intent = till.begin().await.unwrap();
    let operation = till
        .store
        .find_operation(till.queue.queue, intent.operation)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((operation.outcome, &operation.item), (None, &intent.item));
    let entry = till.entry(&intent);
    till.append(entry.clone()).await.unwrap();
    let operation = till
        .store
        .find_operation(till.queue.queue, intent.operation)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (operation.outcome, operation.item),
        (Some(Outcome::Answered), entry.item)
    );
    assert_eq!(operation.content_hash, intent.content_hash);
    let unknown = till
        .store
        .find_operation(till.queue.queue, OperationId::random())
        .await
        .unwrap();
    assert_eq!(unknown, None);
}

async fn an_intent_must_take_the_next_row(stand: Stand) {
    let mut till = Till::start(&stand.store().await, stand.queue()).await;
    till.sign().await.unwrap();
    for wrong_row in [0, 1, 3] {
        let mut intent = till.intent();
        intent.item.row = wrong_row;
        assert_fenced(till.store.begin(&till.tenure, intent).await);
    }
    till.sign().await.unwrap();
}

async fn an_entry_must_continue_the_stored_chain(stand: Stand) {
    let mut till = Till::start(&stand.store().await, stand.queue()).await;
    till.sign().await.unwrap();
    let intent = till.begin().await.unwrap();
    let right = till.entry(&intent);
    let wrong: [fn(&mut Entry); 8] = [
        |entry| entry.previous_hash = None,
        |entry| entry.previous_hash = Some("another hash".to_owned()),
        |entry| entry.item.row += 1,
        |entry| entry.item.row -= 1,
        |entry| entry.queue.current_row += 1,
        |entry| entry.queue.queued_row += 1,
        |entry| entry.queue.receipt_numerator += 1,
        |entry| entry.receipt.as_mut().unwrap().number += 1,
    ];
    for (number, make_wrong) in wrong.into_iter().enumerate() {
        let mut entry = right.clone();
        make_wrong(&mut entry);
        let result = till.store.append(&till.tenure, entry).await;
        assert!(
            matches!(result, Err(JournalError::Fenced { .. })),
            "{number}: {result:?}"
        );
    }
    till.append(right).await.unwrap();
}

async fn an_entry_ends_its_intent_once(stand: Stand) {
    let mut till = Till::start(&stand.store().await, stand.queue()).await;
    let entry = till.sign().await.unwrap();
    assert_fenced(till.store.append(&till.tenure, entry).await);
    till.sign().await.unwrap();
}

async fn a_used_operation_id_is_told_apart_from_a_lost_queue(stand: Stand) {
    let mut till = Till::start(&stand.store().await, stand.queue()).await;
    let used = till.sign().await.unwrap().operation;
    let mut intent = till.intent();
    intent.operation = used;
    let result = till.store.begin(&till.tenure, intent).await;
    assert!(matches!(result, Err(JournalError::OperationExists)), "{result:?}");
    // Nothing was consumed: the next row is still free.
    till.sign().await.unwrap();
}

async fn one_operation_id_may_be_used_in_two_queues(stand: Stand) {
    let store = stand.store().await;
    let operation = OperationId::random();
    for _ in 0..2 {
        let till = Till::start(&store, stand.queue()).await;
        let mut intent = till.intent();
        intent.operation = operation;
        till.store.begin(&till.tenure, intent).await.unwrap();
    }
}

async fn every_change_of_an_entry_is_loaded_by_the_next_open(stand: Stand) {
    let store = stand.store().await;
    let (mut till, opened) = Till::open(&store, stand.queue()).await;
    let mut first = {
        let intent = till.begin().await.unwrap();
        till.entry(&intent)
    };
    let item = first.item.item;
    let scu = ScuRow {
        tse_info_json: Some("{}".to_owned()),
        ..opened.scus[0].clone()
    };
    let second_scu = ScuRow {
        scu: ScuId::from_u128(9),
        ..scu.clone()
    };
    let mut queue_de = opened.queue_de.clone();
    queue_de.daily_closing_number = 12;
    queue_de.sscd_fail_queue_item = Some(item);
    queue_de.sscd_fail_moment = Some(NOON);
    queue_de.last_hash = Some("last".to_owned());
    first.queue_de = Some(queue_de.clone());
    first.queue.start_moment = Some(NOON);
    first.changes = vec![
        Change::PutOpenTransaction(open_transaction("a", 1)),
        Change::PutOpenTransaction(open_transaction("b", u64::MAX)),
        Change::PutOpenTransaction(open_transaction("a", 3)),
        Change::PutFailedStart(failed_start("c", item)),
        Change::PutFailedStart(failed_start("d", item)),
        Change::PutFailedFinish(failed_finish("e", item)),
        Change::PutFailedFinish(failed_finish("f", item)),
        Change::AddActionJournal(action("closed", NOON)),
        Change::AddJournalDe(journal_de(item)),
        Change::PutScu(scu.clone()),
        Change::PutScu(second_scu.clone()),
        Change::PutMasterData(MasterDataJson("{\"Account\":{}}".to_owned())),
    ];
    till.append(first).await.unwrap();
    let intent = till.begin().await.unwrap();
    let mut second = till.entry(&intent);
    second.changes = ["b", "d", "f"]
        .map(str::to_owned)
        .into_iter()
        .zip([
            (|receipt_reference| Change::RemoveOpenTransaction { receipt_reference }) as fn(String) -> Change,
            |receipt_reference| Change::RemoveFailedStart { receipt_reference },
            |receipt_reference| Change::RemoveFailedFinish { receipt_reference },
        ])
        .map(|(reference, remove)| remove(reference))
        .collect();
    till.append(second.clone()).await.unwrap();

    let (_, opened) = Till::open(&store, till.queue.queue).await;
    assert_eq!(opened.queue, second.queue);
    assert_eq!(opened.queue_de, queue_de);
    assert_eq!(opened.scus, [scu, second_scu]);
    assert_eq!(opened.open_transactions, [open_transaction("a", 3)]);
    assert_eq!(opened.failed_starts, [failed_start("c", item)]);
    assert_eq!(opened.failed_finishes, [failed_finish("e", item)]);
    assert_eq!(
        opened.master_data,
        Some(MasterDataJson("{\"Account\":{}}".to_owned()))
    );
}

async fn a_refused_entry_leaves_nothing_behind(stand: Stand) {
    let store = stand.store().await;
    let mut till = Till::start(&store, stand.queue()).await;
    let intent = till.begin().await.unwrap();
    let mut entry = till.entry(&intent);
    entry.previous_hash = Some("not the stored one".to_owned());
    entry.changes = vec![
        Change::PutOpenTransaction(open_transaction("a", 1)),
        Change::AddActionJournal(action("never", NOON)),
    ];
    assert_fenced(store.append(&till.tenure, entry).await);
    let (_, opened) = Till::open(&store, till.queue.queue).await;
    assert_eq!(opened.open_transactions, []);
    assert_eq!(
        (
            opened.queue.current_row,
            opened.queue.queued_row,
            opened.queue.receipt_numerator
        ),
        (0, 1, 0)
    );
    assert_eq!(opened.interrupted.len(), 1);
}

async fn an_abandoned_intent_is_settled_without_a_receipt(stand: Stand) {
    let store = stand.store().await;
    let mut till = Till::start(&store, stand.queue()).await;
    let intent = till.begin().await.unwrap();
    let mut entry = till.entry(&intent);
    entry.outcome = Outcome::Abandoned;
    entry.receipt = None;
    entry.item.response = None;
    entry.item.response_hash = None;
    entry.queue = till.queue.clone();
    entry.queue.current_row += 1;
    till.append(entry).await.unwrap();
    let operation = store
        .find_operation(till.queue.queue, intent.operation)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(operation.outcome, Some(Outcome::Abandoned));
    let found = store
        .find_by_reference(till.queue.queue, &intent.item.receipt_reference, None, 9)
        .await;
    assert_eq!(found.unwrap(), []);
    let (mut till, opened) = Till::open(&store, till.queue.queue).await;
    assert_eq!(opened.interrupted, []);
    assert_eq!(till.sign().await.unwrap().receipt.unwrap().number, 1);
}

async fn actions_without_a_receipt_consume_no_row(stand: Stand) {
    let store = stand.store().await;
    let mut till = Till::start(&store, stand.queue()).await;
    let rows = vec![action("one", NOON), action("two", Ticks(NOON.0 + 1))];
    store.append_actions(&till.tenure, rows).await.unwrap();
    assert_eq!(till.sign().await.unwrap().item.row, 1);
}

fn open_transaction(reference: &str, number: u64) -> OpenTransactionRow {
    OpenTransactionRow {
        receipt_reference: reference.to_owned(),
        transaction_number: number,
        start_moment: NOON,
        start_signature_base64: Some("c2ln".to_owned()),
    }
}

fn failed_start(reference: &str, item: QueueItemId) -> FailedStartRow {
    FailedStartRow {
        receipt_reference: reference.to_owned(),
        start_moment: NOON,
        item,
        request: "{}".to_owned(),
        cash_box_identification: "till 1".to_owned(),
    }
}

fn failed_finish(reference: &str, item: QueueItemId) -> FailedFinishRow {
    FailedFinishRow {
        receipt_reference: reference.to_owned(),
        transaction_number: 5,
        finish_moment: NOON,
        item,
        request: "{}".to_owned(),
        cash_box_identification: "till 1".to_owned(),
    }
}

fn journal_de(item: QueueItemId) -> JournalDeRow {
    JournalDeRow {
        id: Uuid::new_v4(),
        number: 1,
        file_name: "export".to_owned(),
        file_extension: ".zip".to_owned(),
        content_base64: "UEs=".to_owned(),
        item,
        time_stamp: NOON,
    }
}
