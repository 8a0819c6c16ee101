//! From path to handler, and what surrounds every handler.
//!
//! ```text
//! spelling → one path per endpoint → record (line, figures, goodbye) → panic → body limit → handler
//! ```

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::uri::PathAndQuery;
use axum::http::{Response, Uri};
use axum::middleware;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use shared::figures::TEXT_FORMAT;
use tower::Layer;
use tower::util::{MapRequest, MapRequestLayer};
use tower_http::catch_panic::CatchPanicLayer;

use super::failure::Failure;
use super::path::Endpoint;
use super::{
    Pod, accept_journal, access, echo, handover, health, history, journal, peer, record, reply, sign,
    swagger, v2, version,
};

/// A router that knows every spelling of its paths.
pub type Front = MapRequest<Router, fn(Request) -> Request>;

/// What POS systems and proxies reach.
#[must_use]
pub fn main(pod: &Arc<Pod>) -> Front {
    let routes = Router::new()
        .route(Endpoint::Sign.route(), post(sign::sign))
        .route(Endpoint::Echo.route(), post(echo::echo))
        .route(Endpoint::EchoV0.route(), post(echo::echo_v0))
        .route(
            Endpoint::Journal.route(),
            get(journal::journal).post(journal::journal),
        )
        .route(Endpoint::SignV2.route(), post(v2::sign::sign))
        .route(Endpoint::EchoV2.route(), post(v2::echo::echo))
        .route(Endpoint::JournalV2.route(), post(v2::journal::journal))
        .route(Endpoint::Version.route(), get(version::version))
        .merge(health_routes())
        .with_state(pod.clone())
        .merge(swagger::routes());
    surrounded(routes, pod)
}

/// What scrapers reach.
#[must_use]
pub fn scraped(pod: &Arc<Pod>) -> Front {
    surrounded(scraped_routes().with_state(pod.clone()), pod)
}

/// What peers and operators reach, and what scrapers do.
#[must_use]
pub fn admin(pod: &Arc<Pod>) -> Front {
    let routes = peers(pod)
        .merge(looks(pod))
        .merge(changes(pod))
        .merge(scraped_routes())
        .with_state(pod.clone());
    surrounded(routes, pod)
}

fn peers(pod: &Arc<Pod>) -> Router<Arc<Pod>> {
    Router::new()
        .route("/peer/v1/identity", get(peer::identity))
        .route("/peer/v1/cashboxes/{id}", get(peer::cashbox))
        .route("/peer/v1/cashboxes/{id}/prepare", post(handover::prepare))
        .route("/peer/v1/cashboxes/{id}/take", post(handover::take))
        .route_layer(middleware::from_fn_with_state(pod.clone(), access::peers))
}

fn looks(pod: &Arc<Pod>) -> Router<Arc<Pod>> {
    Router::new()
        .route("/admin/v1/pod", get(peer::own))
        .route("/admin/v1/cashboxes", get(peer::cashboxes))
        .route("/admin/v1/cashboxes/{id}/history", get(history::history))
        .route_layer(middleware::from_fn_with_state(pod.clone(), access::looks))
}

/// Each of these takes the [`Operator`] who asks and writes one audit line.
///
/// [`Operator`]: shared::access::admin_keys::Operator
fn changes(pod: &Arc<Pod>) -> Router<Arc<Pod>> {
    Router::new()
        .route("/admin/v1/cashboxes/{id}/move", post(handover::relocate))
        .route(
            "/admin/v1/cashboxes/{id}/accept-journal",
            post(accept_journal::accept_journal),
        )
        .route_layer(middleware::from_fn_with_state(pod.clone(), access::changes))
}

async fn metrics(State(pod): State<Arc<Pod>>) -> impl IntoResponse {
    pod.metrics.heard(&pod.ownership, &pod.tracer);
    ([(CONTENT_TYPE, TEXT_FORMAT)], pod.metrics.text())
}

fn scraped_routes() -> Router<Arc<Pod>> {
    health_routes().route("/metrics", get(metrics))
}

fn health_routes() -> Router<Arc<Pod>> {
    Router::new()
        .route(Endpoint::Live.route(), get(health::live))
        .route(Endpoint::Ready.route(), get(health::ready))
}

fn surrounded(routes: Router, pod: &Arc<Pod>) -> Front {
    let routes = routes
        .fallback(|| async { reply::failure(&Failure::NoSuchPath) })
        .method_not_allowed_fallback(|| async { reply::failure(&Failure::NoSuchMethod) })
        .layer(DefaultBodyLimit::max(pod.config.body_bytes_max))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(pod.clone(), record::record));
    MapRequestLayer::new(to_route as fn(Request) -> Request).layer(routes)
}

/// Gives every spelling of a path the one that the router knows.
fn to_route(mut request: Request) -> Request {
    let Some(endpoint) = Endpoint::of(request.uri().path()) else {
        return request;
    };
    if request.uri().path() != endpoint.route() {
        *request.uri_mut() = with_path(request.uri(), endpoint.route());
    }
    request.extensions_mut().insert(endpoint);
    request
}

fn with_path(uri: &Uri, path: &'static str) -> Uri {
    let path_and_query = match uri.query() {
        None => PathAndQuery::from_static(path),
        Some(query) => PathAndQuery::try_from(format!("{path}?{query}"))
            .expect("a query that was read once can be read again"),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path_and_query);
    Uri::from_parts(parts).expect("only the path was replaced, by another path")
}

fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response<Body> {
    let said = panic.downcast_ref::<&str>().copied();
    let said = said.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(panic = said.unwrap_or("(no text)"), "a request handler panicked");
    reply::failure(&Failure::Panicked)
}
