//! `/health/live` and `/health/ready`.
//!
//! Live means that the process turns: it never depends on Redis, a database or the configuration service, whose
//! loss would otherwise restart every pod. Ready means that this pod takes cashboxes: not while it starts, not
//! while it drains, and not when it only looks well: its watchdog does not come to its turn, or cashbox after cashbox
//! was wedged and none was served since. A loss that all pods share shows in typed refusals instead.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};

use super::{Pod, reply};
use crate::cashbox::registry::watchdog::Vitality;

/// The process turns.
pub async fn live() -> Response<Body> {
    reply::json(r#"{"status":"live"}"#)
}

/// The pod takes cashboxes.
pub async fn ready(State(pod): State<Arc<Pod>>) -> Response<Body> {
    let is_draining = pod.draining.is_cancelled();
    let why_not = match pod.registry.vitality() {
        _ if is_draining => r#"{"status":"draining"}"#,
        Vitality::Well => return reply::json(r#"{"status":"ready"}"#),
        Vitality::Stuck => r#"{"status":"stuck"}"#,
        Vitality::Stalled => r#"{"status":"stalled"}"#,
    };
    let mut response = reply::json(why_not);
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}
