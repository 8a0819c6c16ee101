//! Requests and answers, in both shapes of fiscal specification 2.1: the cashbox's id in a header, or in the path.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode};
use shared::header::{ACCESS_TOKEN, CASHBOX_ID};
use shared::identity::CashBoxId;
use shared::trace::context::Incoming;
use shared::trace::current;
use shared::trace::tracer::Tracer;

use super::directory::{Directory, Document};
use super::error::Refusal;

/// Every path of the configuration service.
pub fn router(directory: Arc<Directory>) -> Router {
    Router::new()
        .route("/api/configuration", get(by_header))
        .route("/api/configuration/{cashbox}", get(by_path))
        .route("/health/live", get(StatusCode::OK))
        .route("/health/ready", get(ready))
        .with_state(directory)
}

async fn by_header(State(directory): State<Arc<Directory>>, headers: HeaderMap) -> Response {
    let id = header(&headers, CASHBOX_ID).map(str::to_owned);
    answer(&directory, id, &headers).await
}

/// The newer shape. Its body asks for encryption with the caller's key; the answer is not encrypted all the same.
async fn by_path(
    State(directory): State<Arc<Directory>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    answer(&directory, Ok(id), &headers).await
}

async fn ready(State(directory): State<Arc<Directory>>) -> StatusCode {
    if directory.is_readable().await {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}

async fn answer(directory: &Directory, id: Result<String, Refusal>, headers: &HeaderMap) -> Response {
    let began = Instant::now();
    let id = id.and_then(|id| cashbox(&id));
    let known = id.clone().ok();
    let trace = Incoming::of(headers).context();
    let span = Tracer::default().follow("configuration", trace);
    let found = current::within(span.place().clone(), find(directory, id, headers)).await;
    let response = match found {
        Ok(document) => send(document, headers),
        Err(refusal) => refusal.into_response(),
    };
    tracing::info!(
        target: "request",
        status = response.status().as_u16(),
        cashbox.id = known.map(tracing::field::display),
        duration_ms = began.elapsed().as_secs_f64() * 1000.0,
        trace.id = span.place().trace_id().map(tracing::field::display),
        "configuration asked for"
    );
    response
}

async fn find(
    directory: &Directory,
    id: Result<CashBoxId, Refusal>,
    headers: &HeaderMap,
) -> Result<Document, Refusal> {
    let token = header(headers, ACCESS_TOKEN)?.to_owned();
    let id = id?;
    let found = directory.document(id, token).await;
    if let Err(Refusal::Broken { faults }) = &found {
        tracing::error!(cashbox.id = %id, "the document is not served: {}", faults.join("; "));
    }
    found
}

fn send(document: Document, headers: &HeaderMap) -> Response {
    let known = headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .any(|tags| tags.to_str().is_ok_and(|tags| names(tags, &document.tag)));
    // A configuration holds secrets: whoever may keep it must at least ask again.
    let keep = [
        (ETAG, document.tag),
        (CACHE_CONTROL, "private, no-cache".to_owned()),
    ];
    if known {
        return (StatusCode::NOT_MODIFIED, keep).into_response();
    }
    (
        keep,
        [(CONTENT_TYPE, "application/json; charset=utf-8")],
        document.bytes,
    )
        .into_response()
}

/// Whether `If-None-Match` names a tag (RFC 9110, 13.1.2: weak comparison).
fn names(tags: &str, tag: &str) -> bool {
    tags.split(',')
        .map(str::trim)
        .any(|named| named == "*" || named.trim_start_matches("W/") == tag)
}

fn cashbox(text: &str) -> Result<CashBoxId, Refusal> {
    text.parse().map_err(|error| Refusal::Malformed {
        rule: format!("{CASHBOX_ID}: {error}"),
    })
}

/// A header that must be there once.
fn header<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Refusal> {
    let mut values = headers.get_all(name).iter();
    match (values.next().map(http::HeaderValue::to_str), values.next()) {
        (Some(Ok(text)), None) if !text.trim().is_empty() => Ok(text.trim()),
        _ => Err(Refusal::Malformed {
            rule: format!("the header {name} must be given, once"),
        }),
    }
}
