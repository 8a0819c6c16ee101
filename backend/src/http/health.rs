//! `/health/live` and `/health/ready`.
//!
//! Live means that the process turns: it never depends on Redis, a database or the configuration service, whose
//! loss would otherwise restart every pod. Ready means that this pod takes cashboxes: not while it starts, not
//! while it drains. A loss that all pods share shows in typed refusals instead.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};

use super::{Pod, reply};

/// The process turns.
pub async fn live() -> Response<Body> {
    reply::json(r#"{"status":"live"}"#)
}

/// The pod takes cashboxes.
pub async fn ready(State(pod): State<Arc<Pod>>) -> Response<Body> {
    if !pod.draining.is_cancelled() {
        return reply::json(r#"{"status":"ready"}"#);
    }
    let mut response = reply::json(r#"{"status":"draining"}"#);
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}
