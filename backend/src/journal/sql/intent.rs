//! Beginning a receipt: its request, its row and its operation id become durable before the TSE is called.

use std::collections::HashSet;

use shared::identity::{OperationId, QueueId};
use shared::sabotage::{self, Mutant};

use super::changes::Rows;
use super::connection::{Connection, Value};
use super::rows;
use super::table::in_powers_of_two;
use super::write::Write;
use crate::journal::JournalError;
use crate::journal::entry::Intent;
use crate::journal::fence::{self, StoredQueue};
use crate::ownership::tenure::Tenure;

/// Which of the operations that a group begins are known already. Asked with the queues' rows locked, so nobody
/// adds one meanwhile.
pub(super) async fn known_operations(
    connection: &mut Connection,
    writes: &[&Write],
) -> sqlx::Result<HashSet<(QueueId, OperationId)>> {
    let begun: Vec<(QueueId, OperationId)> = writes.iter().filter_map(|write| begun(write)).collect();
    let mut known = HashSet::new();
    for begun in in_powers_of_two(&begun) {
        let condition = vec!["(queue = ? AND operation = ?)"; begun.len()].join(" OR ");
        let sql = format!("SELECT queue, operation FROM queue_item WHERE {condition}");
        let values: Vec<Value<'_>> = begun
            .iter()
            .flat_map(|(queue, operation)| [Value::from(*queue), rows::id(operation.as_u128())])
            .collect();
        for row in connection.rows(&sql, &values).await? {
            let mut columns = row.columns();
            known.insert((
                QueueId::from_u128(columns.id()?),
                OperationId::from_u128(columns.id()?),
            ));
        }
    }
    Ok(known)
}

fn begun(write: &Write) -> Option<(QueueId, OperationId)> {
    match write {
        Write::Begin { tenure, intent } => Some((tenure.queue(), intent.operation)),
        _ => None,
    }
}

/// Lets an intent pass, and adds its rows.
pub(super) fn decide<'a>(
    stored: &StoredQueue,
    tenure: &Tenure,
    intent: &'a Intent,
    known: &HashSet<(QueueId, OperationId)>,
    rows: &mut Rows<'a>,
) -> Result<(), JournalError> {
    let used_before = known.contains(&(tenure.queue(), intent.operation));
    if used_before && !sabotage::mutant(Mutant::OperationIdForgotten) {
        return Err(JournalError::OperationExists);
    }
    rows.queues.push(fence::begin(Some(stored), tenure, intent)?);
    rows.items.push((tenure.queue(), intent));
    Ok(())
}
