//! Beside the requests of POS systems: figures and health for scrapers, on a port of their own, and the admin port,
//! which answers the same and where the proxy thinks a cashbox lives. The admin port is never on the public Service.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use serde_json::json;
use shared::access::admin_keys::Role;
use shared::figures::TEXT_FORMAT;
use shared::identity::pod::PodName;
use shared::identity::{CashBoxId, Incarnation};

use crate::gateway::Shared;
use crate::listener::certificate::Certificate;
use crate::listener::connections::Connections;
use crate::metrics::Levels;
use crate::readiness::Readiness;
use crate::route::Route;
use crate::route::peer::Peer;

/// What operators and scrapers can see.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The proxy's parts.
    pub shared: Arc<Shared>,
    /// The clients' connections.
    pub connections: Arc<Connections>,
    /// The certificate for TLS, if there is TLS.
    pub certificate: Option<Arc<Certificate>>,
}

/// The admin port's paths.
pub fn router(seen: Seen) -> Router {
    let looks = Router::new()
        .route("/admin/v1/route/{cashbox}", get(route))
        .route("/admin/v1/pods", get(pods))
        .route_layer(middleware::from_fn_with_state(seen.clone(), admitted));
    scraped_routes().merge(looks).with_state(seen)
}

/// The paths of the port for scrapers.
pub fn scraped(seen: Seen) -> Router {
    scraped_routes().with_state(seen)
}

fn scraped_routes() -> Router<Seen> {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/health/live", get(|| async { "live" }))
        .route("/health/ready", get(ready))
}

/// Lets operators through, as far as keys are asked for. The proxy changes nothing, so whoever may look may ask all.
async fn admitted(State(seen): State<Seen>, request: Request, next: Next) -> Response {
    match seen.shared.config.admin_keys.admit(request.headers(), Role::Read) {
        Ok(_) => next.run(request).await,
        Err(refused) => {
            let mut response = problem(refused.status(), "Not admitted", &refused.to_string());
            if refused.status() == StatusCode::UNAUTHORIZED {
                let scheme = HeaderValue::from_static("Bearer");
                response.headers_mut().insert(WWW_AUTHENTICATE, scheme);
            }
            response
        }
    }
}

fn problem(status: StatusCode, title: &str, detail: &str) -> Response {
    let body = json!({ "type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail });
    let content_type = [(CONTENT_TYPE, "application/problem+json")];
    (status, content_type, body.to_string()).into_response()
}

async fn metrics(State(seen): State<Seen>) -> impl IntoResponse {
    let membership = seen.shared.routes.membership.load();
    let newest = membership
        .pods()
        .filter(|(pod, _)| Some(pod.generation.as_str()) == membership.generation())
        .map(|(pod, _)| pod.started_at_ms / 1000);
    let text = seen.shared.metrics.text(Levels {
        waiting: seen.shared.waiting_room.waiting(),
        ring_members: membership.ring_members(),
        ring_generation_s: newest.min().unwrap_or(0),
        connections: seen.connections.open_now(),
        routes: seen.shared.routes.table.len(),
        store_is_up: seen.shared.routes.lookup.store_is_up(),
        dropped_spans: seen.shared.tracer.dropped(),
        certificate_expiry_s: seen
            .certificate
            .as_ref()
            .map(|certificate| certificate.expires_s()),
    });
    ([("content-type", TEXT_FORMAT)], text)
}

async fn ready(State(seen): State<Seen>) -> Response {
    let readiness = Readiness::of(&seen.shared);
    let status = StatusCode::from_u16(readiness.status()).expect("200 and 503 are statuses");
    (status, readiness.text()).into_response()
}

/// Where a cashbox lives, as far as this proxy knows.
#[derive(Debug, Serialize)]
struct Whereabouts {
    cashbox: CashBoxId,
    /// `table`, `store`, `candidate` or `no_pod_ready`.
    source: &'static str,
    pod: Option<PodSeen>,
    epoch: Option<u64>,
}

#[derive(Debug, Serialize)]
struct PodSeen {
    name: PodName,
    incarnation: Option<Incarnation>,
    address: String,
    state: &'static str,
}

impl From<&Peer> for PodSeen {
    fn from(peer: &Peer) -> Self {
        Self {
            name: peer.name.clone(),
            incarnation: peer.incarnation,
            address: peer.address.to_string(),
            state: peer.state_word(),
        }
    }
}

async fn route(State(seen): State<Seen>, Path(cashbox): Path<String>) -> Response {
    let Ok(cashbox) = cashbox.parse::<CashBoxId>() else {
        return problem(StatusCode::BAD_REQUEST, "Bad query", "the cashbox is not a GUID");
    };
    let route = seen.shared.routes.find(cashbox, None).await;
    let source = route.reason();
    let (pod, epoch) = match &route {
        Route::Owner { peer, epoch, .. } => (Some(PodSeen::from(&**peer)), Some(epoch.0)),
        Route::Candidate(peer) => (Some(PodSeen::from(&**peer)), None),
        Route::NoPodReady => (None, None),
    };
    Json(Whereabouts {
        cashbox,
        source,
        pod,
        epoch,
    })
    .into_response()
}

async fn pods(State(seen): State<Seen>) -> Json<Vec<PodSeen>> {
    let membership = seen.shared.routes.membership.load();
    Json(
        membership
            .pods()
            .map(|(_, peer)| PodSeen::from(&**peer))
            .collect(),
    )
}
