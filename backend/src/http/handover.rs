//! Handing cashboxes over, on the admin port alone: `POST /peer/v1/cashboxes/{id}/prepare` and `…/take` for pods,
//! `POST /admin/v1/cashboxes/{id}/move` for operators.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Extension, Path, State};
use axum::http::{Response, StatusCode};
use axum::response::{IntoResponse as _, Json};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::access::admin_keys::Operator;
use shared::identity::CashBoxId;
use shared::identity::pod::PodName;
use shared::trace::current;

use super::audit::{Change, REASON_CHARS_MAX};
use super::failure::Failure;
use super::{Pod, reply};
use crate::cashbox::handover::{HandoverOutcome, HandoverReason};
use crate::ownership::handover::http::Attributed;
use crate::ownership::handover::{HandoverTarget, Offer};

/// What an operator says about a move.
#[derive(Debug, Default, Deserialize)]
pub struct Move {
    /// The pod's stable name; none = the best that placement offers.
    to: Option<PodName>,
    /// Why, in the operator's words, for the audit log; at most 500 characters.
    #[serde(default)]
    reason: String,
}

/// Makes ready for a cashbox of another pod.
pub async fn prepare(
    State(pod): State<Arc<Pod>>,
    Path(id): Path<String>,
    offer: Result<Json<Offer>, JsonRejection>,
) -> Response<Body> {
    match addressed(&id, offer) {
        Ok((cashbox, offer)) => attributed(&pod, pod.registry.prepare(cashbox, &offer).await),
        Err(failure) => reply::failure(&failure),
    }
}

/// Takes a cashbox that another pod serves no more.
pub async fn take(
    State(pod): State<Arc<Pod>>,
    Path(id): Path<String>,
    offer: Result<Json<Offer>, JsonRejection>,
) -> Response<Body> {
    match addressed(&id, offer) {
        Ok((cashbox, offer)) => attributed(&pod, pod.registry.take(cashbox, &offer).await),
        Err(failure) => reply::failure(&failure),
    }
}

/// Moves a cashbox of this pod to another; answers what became of it. Without a body: to any pod.
pub async fn relocate(
    State(pod): State<Arc<Pod>>,
    Extension(operator): Extension<Operator>,
    Path(id): Path<String>,
    asked: axum::body::Bytes,
) -> Response<Body> {
    let (cashbox, asked) = match cashbox(&id).and_then(|cashbox| Ok((cashbox, asked_move(&asked)?))) {
        Ok(read) => read,
        Err(failure) => return reply::failure(&failure),
    };
    let change = Change::of(operator, "move", cashbox, &asked.reason);
    let target = asked.to.map_or(HandoverTarget::Any, HandoverTarget::Pod);
    let moving = pod.registry.hand_over(cashbox, &target, HandoverReason::Operator);
    let outcome = moving.await;
    change.ends(match outcome.successor() {
        Some(to) => format!("{} to {to}", outcome.word()),
        None => outcome.word().to_owned(),
    });
    told(cashbox, &outcome)
}

fn asked_move(body: &[u8]) -> Result<Move, Failure> {
    if body.trim_ascii().is_empty() {
        return Ok(Move::default());
    }
    let bad = |detail: String| Failure::Body { detail };
    let asked: Move = serde_json::from_slice(body).map_err(|error| bad(error.to_string()))?;
    if asked.reason.chars().count() > REASON_CHARS_MAX {
        return Err(bad(format!("the reason may have {REASON_CHARS_MAX} characters")));
    }
    Ok(asked)
}

fn told(cashbox: CashBoxId, outcome: &HandoverOutcome) -> Response<Body> {
    let (to, epoch, pause_ms) = match outcome {
        HandoverOutcome::Moved { to, epoch, pause } => {
            (Some(to), Some(*epoch), Some(pause.as_secs_f64() * 1000.0))
        }
        HandoverOutcome::Expected { to } => (Some(to), None, None),
        _ => (None, None, None),
    };
    let mut response = reply::json(
        json!({
            "cashbox": cashbox,
            "outcome": outcome.word(),
            "to": to.map(ToString::to_string),
            "epoch": epoch,
            "pauseMs": pause_ms,
        })
        .to_string(),
    );
    *response.status_mut() = match outcome {
        HandoverOutcome::Moved { .. } | HandoverOutcome::Expected { .. } => StatusCode::OK,
        HandoverOutcome::NotHere => StatusCode::NOT_FOUND,
        HandoverOutcome::Freed | HandoverOutcome::Overtaken | HandoverOutcome::NoSuccessor => {
            StatusCode::CONFLICT
        }
    };
    response
}

fn addressed(id: &str, offer: Result<Json<Offer>, JsonRejection>) -> Result<(CashBoxId, Offer), Failure> {
    let Json(offer) = offer.map_err(|error| Failure::Body {
        detail: error.body_text(),
    })?;
    Ok((cashbox(id)?, offer))
}

fn cashbox(id: &str) -> Result<CashBoxId, Failure> {
    let cashbox = id.parse().map_err(|_| Failure::Query {
        detail: "the cashbox is not a GUID".to_owned(),
    });
    cashbox.inspect(|cashbox| current::concerns(*cashbox))
}

fn attributed<T: Serialize>(pod: &Pod, answer: T) -> Response<Body> {
    let pod = pod.id.clone();
    Json(Attributed { pod, answer }).into_response()
}
