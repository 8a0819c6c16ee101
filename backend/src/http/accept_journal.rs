//! `POST /admin/v1/cashboxes/{id}/accept-journal` with `{"reason": "…"}`: an operator goes on with a journal that was
//! found older than what was signed. Asked of the pod that holds the cashbox; another one names it (421).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Extension, Json, Path, State};
use axum::http::Response;
use serde::Deserialize;
use serde_json::json;
use shared::access::admin_keys::Operator;
use shared::identity::CashBoxId;

use super::audit::{Change, REASON_CHARS_MAX};
use super::failure::Failure;
use super::{Pod, reply};

/// Why the journal is accepted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// In the operator's words, 1 to 500 characters; kept in the action journal.
    reason: String,
}

/// Accepts a stale journal.
pub async fn accept_journal(
    State(pod): State<Arc<Pod>>,
    Extension(operator): Extension<Operator>,
    Path(id): Path<String>,
    decision: Result<Json<Decision>, JsonRejection>,
) -> Response<Body> {
    let Ok(cashbox) = id.parse::<CashBoxId>() else {
        return bad_body("the cashbox is not a GUID");
    };
    let Ok(Json(Decision { reason })) = decision else {
        return bad_body("the body must be {\"reason\": \"…\"}");
    };
    let reason = reason.trim();
    if !(1..=REASON_CHARS_MAX).contains(&reason.chars().count()) {
        return bad_body("the reason must have 1 to 500 characters");
    }
    let change = Change::of(operator, "accept-journal", cashbox, reason);
    match pod.registry.accept_journal(cashbox, reason).await {
        Ok(accepted) => {
            change.ends("accepted");
            let told = json!({
                "cashbox": cashbox,
                "evidence": accepted.evidence,
                "orphans": accepted.orphans,
            });
            reply::json(told.to_string())
        }
        Err(error) => {
            change.ends(format!("not accepted: {error}"));
            reply::failure(&error.into())
        }
    }
}

fn bad_body(detail: &str) -> Response<Body> {
    reply::failure(&Failure::Body {
        detail: detail.to_owned(),
    })
}
