//! `POST …/echo`: the same text back; with an empty one, the cashbox begins anew (`fiscal-spec.md` 1.6).

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::Response;
use shared::api::echo::Echo;
use shared::api::writing::{self, Shape};

use super::auth::{Said, whole};
use super::extract::Addressed;
use super::failure::Failure;
use super::{Pod, reply};

/// Answers `{"message": …}`.
pub async fn echo(
    State(pod): State<Arc<Pod>>,
    addressed: Addressed,
    body: Result<Bytes, BytesRejection>,
) -> Response<Body> {
    answered(&pod, &addressed, body, pod.config.shape).await
}

/// Answers an echo in a shape.
pub async fn answered(
    pod: &Pod,
    addressed: &Addressed,
    body: Result<Bytes, BytesRejection>,
    shape: Shape,
) -> Response<Body> {
    let read =
        whole(body, pod.config.body_bytes_max).and_then(|body| Echo::from_json(&body).map_err(Failure::from));
    let said = match read {
        Ok(echo) => served(pod, addressed, &echo, || echo.to_json(shape)).await,
        Err(failure) => Said::early(failure),
    };
    said.respond(pod, addressed)
}

/// Answers a bare JSON string, as the first version of the interface did.
pub async fn echo_v0(
    State(pod): State<Arc<Pod>>,
    addressed: Addressed,
    body: Result<Bytes, BytesRejection>,
) -> Response<Body> {
    let said = match whole(body, pod.config.body_bytes_max).and_then(|body| bare(&body)) {
        Ok(echo) => served(&pod, &addressed, &echo, || quoted(&echo)).await,
        Err(failure) => Said::early(failure),
    };
    said.respond(&pod, &addressed)
}

async fn served(pod: &Pod, addressed: &Addressed, echo: &Echo, answer: impl FnOnce() -> String) -> Said {
    let visit = addressed.visit();
    let asked = if echo.asks_for_reset() {
        pod.registry.reset(&visit).await
    } else {
        pod.registry.visit(&visit).await
    };
    Said::of(asked, |()| Ok(reply::json(answer())))
}

fn bare(body: &[u8]) -> Result<Echo, Failure> {
    if body.trim_ascii().is_empty() {
        return Ok(Echo::default());
    }
    let detail = "a JSON string or null is expected";
    let message = serde_json::from_slice(body).map_err(|_| Failure::Body {
        detail: detail.to_owned(),
    })?;
    Ok(Echo { message })
}

fn quoted(echo: &Echo) -> String {
    let mut out = String::new();
    writing::quote(&mut out, echo.message.as_deref().unwrap_or_default());
    out
}
