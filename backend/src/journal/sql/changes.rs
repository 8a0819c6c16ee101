//! The rows that a group adds and replaces, gathered table by table so that each takes few statements.

use shared::identity::QueueId;

use super::account;
use super::connection::{Connection, Value};
use super::rows::item::{ANSWER, ITEM, answer_values, item_values};
use super::rows::journals::{ACTION, JOURNAL_DE, RECEIPT, action_values, journal_de_values, receipt_values};
use super::rows::queue::{
    MASTER_DATA, QUEUE, QUEUE_DE, SCU, master_data_values, queue_de_values, queue_values, scu_values,
};
use super::rows::transactions::{
    FAILED_FINISH, FAILED_START, OPEN, failed_finish_values, failed_start_values, open_values, reference_key,
};
use super::rows::{moment, uuid};
use super::table::Table;
use crate::journal::account::Account;
use crate::journal::entry::{
    ActionJournalRow, Change, Entry, Intent, JournalDeRow, QueueDeRow, ReceiptJournalRow,
};
use crate::journal::fence::StoredQueue;

/// What a group writes.
#[derive(Default)]
pub(super) struct Rows<'a> {
    pub(super) queues: Vec<StoredQueue>,
    pub(super) items: Vec<(QueueId, &'a Intent)>,
    pub(super) answers: Vec<(QueueId, &'a Entry)>,
    pub(super) receipts: Vec<(QueueId, &'a ReceiptJournalRow)>,
    pub(super) queues_de: Vec<(QueueId, &'a QueueDeRow)>,
    pub(super) actions: Vec<(QueueId, &'a ActionJournalRow)>,
    pub(super) exports: Vec<(QueueId, &'a JournalDeRow)>,
    pub(super) accounts: Vec<(QueueId, &'a Account)>,
    others: Vec<(QueueId, &'a Change)>,
}

impl<'a> Rows<'a> {
    /// Adds a change. Action journals depend on nothing and are written together; the others keep their order.
    pub(super) fn change(&mut self, queue: QueueId, change: &'a Change) {
        match change {
            Change::AddActionJournal(action) => self.actions.push((queue, action)),
            other => self.others.push((queue, other)),
        }
    }

    /// Writes everything.
    pub(super) async fn write(&self, connection: &mut Connection) -> sqlx::Result<()> {
        QUEUE
            .put(connection, &values(self.queues.iter().map(queue_values)))
            .await?;
        ITEM.insert(
            connection,
            &values(self.items.iter().map(|(queue, row)| item_values(*queue, row))),
        )
        .await?;
        ANSWER
            .insert(
                connection,
                &values(self.answers.iter().map(|(queue, row)| answer_values(*queue, row))),
            )
            .await?;
        RECEIPT
            .insert(
                connection,
                &values(
                    self.receipts
                        .iter()
                        .map(|(queue, row)| receipt_values(*queue, row)),
                ),
            )
            .await?;
        QUEUE_DE
            .put(
                connection,
                &values(
                    self.queues_de
                        .iter()
                        .map(|(queue, row)| queue_de_values(*queue, row)),
                ),
            )
            .await?;
        ACTION
            .insert(
                connection,
                &values(self.actions.iter().map(|(queue, row)| action_values(*queue, row))),
            )
            .await?;
        for (queue, row) in &self.exports {
            JOURNAL_DE
                .insert(connection, &[journal_de_values(*queue, row)])
                .await?;
        }
        account::put_all(connection, &self.accounts).await?;
        for (queue, change) in &self.others {
            apply(connection, *queue, change).await?;
        }
        Ok(())
    }
}

fn values<'a>(rows: impl Iterator<Item = Vec<Value<'a>>>) -> Vec<Vec<Value<'a>>> {
    rows.collect()
}

async fn apply(connection: &mut Connection, queue: QueueId, change: &Change) -> sqlx::Result<()> {
    match change {
        Change::AddActionJournal(row) => ACTION.insert(connection, &[action_values(queue, row)]).await,
        Change::AddJournalDe(row) => {
            JOURNAL_DE
                .insert(connection, &[journal_de_values(queue, row)])
                .await
        }
        Change::RemoveJournalDe { id, time_stamp } => {
            let key = [queue.into(), moment(*time_stamp), uuid(*id)];
            JOURNAL_DE.remove(connection, &key).await
        }
        Change::PutOpenTransaction(row) => {
            let key = reference_key(&row.receipt_reference);
            OPEN.put(connection, &[open_values(queue, &key, row)]).await
        }
        Change::PutFailedStart(row) => {
            let key = reference_key(&row.receipt_reference);
            FAILED_START
                .put(connection, &[failed_start_values(queue, &key, row)])
                .await
        }
        Change::PutFailedFinish(row) => {
            let key = reference_key(&row.receipt_reference);
            FAILED_FINISH
                .put(connection, &[failed_finish_values(queue, &key, row)])
                .await
        }
        Change::RemoveOpenTransaction { receipt_reference } => {
            remove(connection, &OPEN, queue, receipt_reference).await
        }
        Change::RemoveFailedStart { receipt_reference } => {
            remove(connection, &FAILED_START, queue, receipt_reference).await
        }
        Change::RemoveFailedFinish { receipt_reference } => {
            remove(connection, &FAILED_FINISH, queue, receipt_reference).await
        }
        Change::PutScu(row) => SCU.put(connection, &[scu_values(queue, row)]).await,
        Change::PutMasterData(row) => {
            MASTER_DATA
                .put(connection, &[master_data_values(queue, row)])
                .await
        }
    }
}

async fn remove(
    connection: &mut Connection,
    table: &Table,
    queue: QueueId,
    receipt_reference: &str,
) -> sqlx::Result<()> {
    let key = reference_key(receipt_reference);
    table
        .remove(connection, &[queue.into(), Value::Bytes(&key)])
        .await
}
