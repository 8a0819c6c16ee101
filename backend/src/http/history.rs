//! The history of a cashbox's ownership, on the admin port: `GET /admin/v1/cashboxes/{id}/history?after=&limit=`.
//!
//! Any pod answers for any cashbox: the journal database is asked, not the owner. Rows come newest first. `next` is
//! the `after` of the following, older part; it is null at the end.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::api::refusal::Refusal;
use shared::identity::CashBoxId;

use super::failure::Failure;
use super::{Pod, reply};
use crate::cashbox::error::CashboxError;
use crate::journal::JournalError;
use crate::journal::history::HistoryRow;

/// Rows of a part, unless asked otherwise.
const ROWS_DEFAULT: u32 = 100;
/// Rows of a part, at the most.
const ROWS_MAX: u32 = 1000;

/// Which part of the history.
#[derive(Debug, Deserialize)]
pub struct Part {
    /// The number of the last row of the part before.
    after: Option<i64>,
    /// How many rows, 1 to 1000; 100 if nothing is said.
    limit: Option<u32>,
}

/// Who held a cashbox when, and why it changed hands.
pub async fn history(
    State(pod): State<Arc<Pod>>,
    Path(id): Path<String>,
    part: Result<Query<Part>, QueryRejection>,
) -> Response<Body> {
    let Ok(cashbox) = id.parse::<CashBoxId>() else {
        return bad_query("the cashbox is not a GUID");
    };
    let Ok(Query(part)) = part else {
        return bad_query("after must be a row's number and limit a number");
    };
    let limit = part.limit.unwrap_or(ROWS_DEFAULT);
    if !(1..=ROWS_MAX).contains(&limit) {
        return bad_query("limit must be 1 to 1000");
    }
    // One more than asked for tells whether there is a next part.
    match pod.journal.history(cashbox, part.after, limit + 1).await {
        Ok(rows) => page(cashbox, rows, limit as usize),
        Err(error) => unreadable(cashbox, &error),
    }
}

fn bad_query(detail: &str) -> Response<Body> {
    reply::failure(&Failure::Query {
        detail: detail.to_owned(),
    })
}

fn page(cashbox: CashBoxId, mut rows: Vec<HistoryRow>, limit: usize) -> Response<Body> {
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|last| last.number);
    let rows: Vec<Value> = rows.iter().map(shown).collect();
    reply::json(json!({ "cashbox": cashbox, "history": rows, "next": next }).to_string())
}

fn shown(row: &HistoryRow) -> Value {
    let change = &row.change;
    json!({
        "number": row.number,
        "kind": change.kind.word(),
        "at": change.at.to_timestamp().map(|at| at.to_string()),
        "from": change.from.as_ref().map(ToString::to_string),
        "to": change.to.as_ref().map(ToString::to_string),
        "epoch": change.epoch,
        "reason": change.reason,
        "queue": change.queue,
    })
}

fn unreadable(cashbox: CashBoxId, error: &JournalError) -> Response<Body> {
    tracing::warn!(cashbox.id = %cashbox, error = error as &dyn std::error::Error,
        "a history of ownership cannot be read");
    let answer = match error {
        JournalError::ChainBroken { .. } | JournalError::Unusable { .. } => CashboxError::Broken,
        _ => Refusal::JournalUnavailable.into(),
    };
    reply::failure(&answer.into())
}
