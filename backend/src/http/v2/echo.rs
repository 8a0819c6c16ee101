//! `POST /v2/echo`: the same text back; with an empty one, the cashbox begins anew, as in the first generation.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::Response;
use shared::api::writing::Shape;

use crate::http::extract::Addressed;
use crate::http::{Pod, echo};

/// Answers `{"Message": …}`.
pub async fn echo(
    State(pod): State<Arc<Pod>>,
    addressed: Addressed,
    body: Result<Bytes, BytesRejection>,
) -> Response<Body> {
    echo::answered(&pod, &addressed, body, Shape::Original).await
}
