//! Who may ask on the admin port: operators by their keys, other pods by theirs. What is refused here reaches no
//! handler.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;
use axum::middleware::Next;
use shared::access::admin_keys::{Refused, Role};

use super::failure::Failure;
use super::{Pod, audit, reply};
use crate::ownership::peer::PeerRefusal;

/// Lets through who may look.
pub async fn looks(State(pod): State<Arc<Pod>>, request: Request, next: Next) -> Response<Body> {
    match pod.config.admin_keys.admit(request.headers(), Role::Read) {
        Ok(_) => next.run(request).await,
        Err(refused) => reply::failure(&Failure::from(refused)),
    }
}

/// Lets through who may change something, and hands the handler who that is.
pub async fn changes(State(pod): State<Arc<Pod>>, mut request: Request, next: Next) -> Response<Body> {
    match pod.config.admin_keys.admit(request.headers(), Role::Operate) {
        Ok(operator) => {
            request.extensions_mut().insert(operator);
            next.run(request).await
        }
        Err(refused) => {
            audit::refused(request.uri().path(), &refused);
            reply::failure(&Failure::from(refused))
        }
    }
}

/// Lets through pods of this installation.
pub async fn peers(State(pod): State<Arc<Pod>>, request: Request, next: Next) -> Response<Body> {
    match pod.peer_keys.admit(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refused) => {
            let mut response = reply::failure(&Failure::from(refused.clone()));
            *response.body_mut() = Body::from(refusal(&pod, &refused));
            response
        }
    }
}

fn refusal(pod: &Pod, refused: &Refused) -> String {
    let refusal = PeerRefusal {
        pod: pod.id.clone(),
        recorded_in: pod.ownership.recorded_in(),
        detail: refused.to_string(),
    };
    serde_json::to_string(&refusal).expect("texts and a number are JSON")
}
