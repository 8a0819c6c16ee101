//! `POST …/sign`: a receipt in, its signed answer out.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::Response;
use shared::api::reading;
use shared::api::receipt_request::ReceiptRequest;
use shared::api::writing::Shape;

use super::auth::{Said, whole};
use super::extract::Addressed;
use super::failure::Failure;
use super::{Pod, admissible, operation, reply};
use crate::cashbox::command::Answer;
use crate::cashbox::mailbox::Posting;

/// Signs a receipt.
pub async fn sign(
    State(pod): State<Arc<Pod>>,
    addressed: Addressed,
    body: Result<Bytes, BytesRejection>,
) -> Response<Body> {
    let said = match posting(&pod, &addressed, body) {
        Ok(posting) => {
            let shape = pod.config.shape;
            let asked = pod.registry.sign(&addressed.visit(), posting).await;
            Said::of(asked, |signed| Ok(reply::json(written(&signed.answer, shape))))
        }
        Err(failure) => Said::early(failure),
    };
    said.respond(&pod, &addressed)
}

fn posting(
    pod: &Pod,
    addressed: &Addressed,
    body: Result<Bytes, BytesRejection>,
) -> Result<Posting, Failure> {
    let body = whole(body, pod.config.body_bytes_max)?;
    let document = reading::parse(&body)?;
    let request = ReceiptRequest::from_document(&document, pod.clock.now())?;
    admissible::dates(&request, pod.config.old_dates)?;
    Ok(Posting {
        operation: addressed.operation,
        content_hash: operation::content_hash(&document),
        request: Arc::new(request),
    })
}

/// The answer in the shape that is asked for; `null` where a receipt was asked for that is not there (3.10).
fn written(answer: &Answer, shape: Shape) -> String {
    match answer {
        Some(response) => response.to_json(shape),
        None => "null".to_owned(),
    }
}
