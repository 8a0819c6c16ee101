//! What a write changes: an intent, an entry, journals. The queue's rows are locked and the fence has decided.

use shared::identity::QueueId;
use shared::sabotage::{self, Mutant};

use super::super::connection::{Connection, Value};
use super::super::rows;
use super::super::rows::item::outcome_code;
use super::database::{Database, guid};
use super::item::{ITEM, OPERATION, item_values, operation_values, outcome_values};
use super::journals::{ACTION, JOURNAL_DE, RECEIPT, action_values, journal_de_values, receipt_values};
use super::master_data;
use super::queue::{put_queue, put_queue_de, put_scu};
use super::unfinished::{self, Kind};
use crate::journal::JournalError;
use crate::journal::entry::{ActionJournalRow, Change, Entry, Intent, JournalDeRow};
use crate::journal::fence::{self, StoredQueue};
use crate::ownership::tenure::Tenure;

/// Begins a receipt: item, operation id, the queue's counter.
pub(super) async fn begin(
    connection: &mut Connection,
    database: &Database,
    stored: &StoredQueue,
    tenure: &Tenure,
    intent: &Intent,
) -> sqlx::Result<Result<(), JournalError>> {
    let known = format!("SELECT queue_row FROM {database}.byodc_operation WHERE operation = ?");
    let known = connection
        .rows(&known, &[rows::id(intent.operation.as_u128())])
        .await?;
    if !known.is_empty() && !sabotage::mutant(Mutant::OperationIdForgotten) {
        return Ok(Err(JournalError::OperationExists));
    }
    let next = match fence::begin(Some(stored), tenure, intent) {
        Ok(next) => next,
        Err(fenced) => return Ok(Err(fenced)),
    };
    let values = item_values(tenure.queue(), &intent.item);
    ITEM.insert(connection, database, &values).await?;
    OPERATION
        .insert(connection, database, &operation_values(intent))
        .await?;
    put_queue(connection, database, &next).await.map(Ok)
}

/// Ends a receipt: answer, chain, counters, journals.
pub(super) async fn append(
    connection: &mut Connection,
    database: &Database,
    stored: &StoredQueue,
    tenure: &Tenure,
    entry: &Entry,
) -> sqlx::Result<Result<(), JournalError>> {
    let next = match fence::append(Some(stored), tenure, entry) {
        Ok(next) => next,
        Err(fenced) => return Ok(Err(fenced)),
    };
    let queue = tenure.queue();
    end(connection, database, entry).await?;
    if let Some(receipt) = &entry.receipt {
        RECEIPT
            .insert(connection, database, &receipt_values(queue, receipt))
            .await?;
    }
    put_queue(connection, database, &next).await?;
    if let Some(row) = &entry.queue_de {
        put_queue_de(connection, database, queue, row).await?;
    }
    for change in &entry.changes {
        apply(connection, database, queue, change).await?;
    }
    Ok(Ok(()))
}

/// The outcome of an item and of its operation. An abandoned request stays without an answer, as the original leaves
/// those that it was interrupted in.
async fn end(connection: &mut Connection, database: &Database, entry: &Entry) -> sqlx::Result<()> {
    let sql = format!(
        "UPDATE {database}.ftQueueItem SET ftWorkMoment = ?, ftDoneMoment = ?, response = ?, responseHash = ?, \
         TimeStamp = ?, ProcessingVersion = ? WHERE ftQueueItemId = ?"
    );
    connection.execute(&sql, &outcome_values(&entry.item)).await?;
    let sql = format!("UPDATE {database}.byodc_operation SET outcome = ? WHERE operation = ?");
    let values = [
        Value::from(outcome_code(entry.outcome)),
        rows::id(entry.operation.as_u128()),
    ];
    connection.execute(&sql, &values).await
}

/// Adds rows to the action journal.
pub(super) async fn append_actions(
    connection: &mut Connection,
    database: &Database,
    queue: QueueId,
    actions: &[ActionJournalRow],
) -> sqlx::Result<()> {
    for action in actions {
        ACTION
            .insert(connection, database, &action_values(queue, action))
            .await?;
    }
    Ok(())
}

/// Keeps an export of the TSE.
pub(super) async fn keep_export(
    connection: &mut Connection,
    database: &Database,
    queue: QueueId,
    row: &JournalDeRow,
) -> sqlx::Result<()> {
    JOURNAL_DE
        .insert(connection, database, &journal_de_values(queue, row))
        .await
}

/// Makes one change.
pub(super) async fn apply(
    connection: &mut Connection,
    database: &Database,
    queue: QueueId,
    change: &Change,
) -> sqlx::Result<()> {
    match change {
        Change::AddActionJournal(row) => {
            ACTION
                .insert(connection, database, &action_values(queue, row))
                .await
        }
        Change::AddJournalDe(row) => keep_export(connection, database, queue, row).await,
        Change::RemoveJournalDe { id, .. } => {
            let sql = format!("DELETE FROM {database}.ftJournalDE WHERE ftJournalDEId = ?");
            connection.execute(&sql, &[guid(id.as_u128())]).await
        }
        Change::PutOpenTransaction(row) => unfinished::put(connection, database, &row.into()).await,
        Change::PutFailedStart(row) => unfinished::put(connection, database, &row.into()).await,
        Change::PutFailedFinish(row) => unfinished::put(connection, database, &row.into()).await,
        Change::RemoveOpenTransaction { receipt_reference } => {
            unfinished::remove(connection, database, Kind::Open, receipt_reference).await
        }
        Change::RemoveFailedStart { receipt_reference } => {
            unfinished::remove(connection, database, Kind::FailedStart, receipt_reference).await
        }
        Change::RemoveFailedFinish { receipt_reference } => {
            unfinished::remove(connection, database, Kind::FailedFinish, receipt_reference).await
        }
        Change::PutScu(row) => put_scu(connection, database, row).await,
        Change::PutMasterData(document) => master_data::put(connection, database, document).await,
    }
}
