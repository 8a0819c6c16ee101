//! `POST /v2/sign`: a receipt in, its signed answer out.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, Response, StatusCode};
use shared::api::reading;
use shared::api::writing::Shape;

use super::request::{self, Sender};
use crate::cashbox::command::{Made, Signed};
use crate::cashbox::mailbox::Posting;
use crate::http::auth::{Said, whole};
use crate::http::extract::{self, Addressed};
use crate::http::failure::Failure;
use crate::http::{Pod, admissible, operation, reply};

/// Signs a receipt.
pub async fn sign(
    State(pod): State<Arc<Pod>>,
    addressed: Addressed,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response<Body> {
    let said = match posting(&pod, &addressed, &headers, body) {
        Ok(posting) => Said::of(pod.registry.sign(&addressed.visit(), posting).await, told),
        Err(failure) => Said::early(failure),
    };
    said.respond(&pod, &addressed)
}

fn posting(
    pod: &Pod,
    addressed: &Addressed,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Posting, Failure> {
    let sender = Sender {
        cashbox: addressed.cashbox,
        pos_system: extract::pos_system(headers)?,
    };
    let body = whole(body, pod.config.body_bytes_max)?;
    let document = reading::parse(&body)?;
    let content_hash = operation::content_hash(&document);
    let request = request::read(document, &sender, pod.clock.now())?;
    admissible::dates(&request, pod.config.old_dates)?;
    Ok(Posting {
        operation: addressed.operation,
        content_hash,
        request: Arc::new(request),
    })
}

/// 201 with a receipt that was made for this request, 200 with one that was there; a receipt request that finds
/// nothing is 404, because answers here have no `null`.
fn told(signed: Signed) -> Result<Response<Body>, Failure> {
    let receipt = signed.answer.ok_or(Failure::NoSuchReceipt)?;
    let mut response = reply::json(receipt.to_json(Shape::Original));
    *response.status_mut() = match signed.made {
        Made::Now => StatusCode::CREATED,
        Made::Before => StatusCode::OK,
    };
    Ok(response)
}
