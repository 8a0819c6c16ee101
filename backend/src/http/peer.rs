//! What other pods and operators ask, on the admin port alone.
//!
//! `/peer/v1/…` lets a pod find out for itself whether another lives and what it owns, before it takes a cashbox
//! over. `/admin/v1/cashboxes` lists what this pod hosts, `/admin/v1/pod` says what the pod is.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::Response;
use axum::response::{IntoResponse as _, Json};
use serde::Deserialize;
use serde_json::json;
use shared::identity::CashBoxId;

use super::failure::Failure;
use super::{Pod, reply};
use crate::ownership::peer::{PeerCashbox, PeerIdentity};

/// Rows of a list, unless asked otherwise.
const ROWS_DEFAULT: usize = 100;
/// Rows of a list, at the most.
const ROWS_MAX: usize = 1000;

/// Who answers here. Another incarnation than expected is evidence that the one before is gone.
pub async fn identity(State(pod): State<Arc<Pod>>) -> Json<PeerIdentity> {
    Json(PeerIdentity { pod: pod.id.clone() })
}

/// Whether this pod holds a cashbox, and under which epoch.
pub async fn cashbox(State(pod): State<Arc<Pod>>, Path(id): Path<String>) -> Response<Body> {
    let Ok(cashbox) = id.parse::<CashBoxId>() else {
        return reply::failure(&Failure::Query {
            detail: "the cashbox is not a GUID".to_owned(),
        });
    };
    let held = pod.ownership.held(cashbox);
    let answer = PeerCashbox {
        pod: pod.id.clone(),
        holds: held.is_some(),
        epoch: held.unwrap_or_default(),
        recorded_in: pod.ownership.recorded_in(),
    };
    Json(answer).into_response()
}

/// This pod as the others see it, and what its removal would cost: the number of cashboxes that would have to move.
pub async fn own(State(pod): State<Arc<Pod>>) -> Response<Body> {
    let record = pod.ownership.pod().record();
    let answer = json!({
        "pod": record.id,
        "address": record.address,
        "adminAddress": record.admin_address,
        "version": record.version,
        "generation": record.generation,
        "startedAtMs": record.started_at_ms,
        "state": record.state,
        "deletionCost": record.load,
    });
    reply::json(answer.to_string())
}

/// Which part of the list.
#[derive(Debug, Deserialize)]
pub struct Part {
    /// Where the part before ended.
    after: Option<CashBoxId>,
    /// How many rows.
    limit: Option<usize>,
}

/// The cashboxes of this pod in order of id, a part at a time.
pub async fn cashboxes(
    State(pod): State<Arc<Pod>>,
    part: Result<Query<Part>, QueryRejection>,
) -> Response<Body> {
    let Ok(Query(part)) = part else {
        let detail = "after must be a cashbox id and limit a number".to_owned();
        return reply::failure(&Failure::Query { detail });
    };
    let limit = part.limit.unwrap_or(ROWS_DEFAULT).clamp(1, ROWS_MAX);
    let (rows, next) = pod.registry.hosted(part.after, limit);
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            json!({
                "cashbox": row.cashbox,
                "state": row.state,
                "stateMs": u64::try_from(row.state_ms).unwrap_or(u64::MAX),
                "epoch": row.epoch,
                "waiting": row.waiting,
                "silentMs": row.silent_ms.map(|ms| u64::try_from(ms).unwrap_or(u64::MAX)),
            })
        })
        .collect();
    reply::json(json!({ "pod": pod.id, "cashboxes": rows, "next": next }).to_string())
}
