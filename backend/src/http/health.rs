//! `/health/live` and `/health/ready`.
//!
//! Live means that the process turns: it never depends on Redis, a database or the configuration service, whose
//! loss would otherwise restart every pod. Ready means that this pod takes cashboxes: not while it starts, not
//! while it drains, and not when it only looks well: its watchdog does not come to its turn, or cashbox after cashbox
//! was wedged and none was served since. A loss that all pods share shows in typed refusals instead. Only a pod that
//! has not reached the ownership store a single time waits for it: then the setting is wrong more often than the store
//! is away, and a rollout stops at the first such pod. Proxies that know it by name use it all the same.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};

use serde_json::json;

use super::{Pod, reply};
use crate::cashbox::registry::watchdog::Vitality;

/// The process turns.
pub async fn live() -> Response<Body> {
    reply::json(r#"{"status":"live"}"#)
}

/// The pod takes cashboxes.
pub async fn ready(State(pod): State<Arc<Pod>>) -> Response<Body> {
    let is_draining = pod.draining.is_cancelled();
    let why_not = match (pod.registry.vitality(), pod.ownership.waits_for()) {
        _ if is_draining => json!({ "status": "draining" }),
        (Vitality::Stuck, _) => json!({ "status": "stuck" }),
        (Vitality::Stalled, _) => json!({ "status": "stalled" }),
        (Vitality::Well, Some(setting)) => {
            json!({ "status": "waiting", "for": [format!("ownership store ({setting})")] })
        }
        (Vitality::Well, None) => return reply::json(r#"{"status":"ready"}"#),
    };
    let mut response = reply::json(why_not.to_string());
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}
