//! Out of the pod: what was done, or why it was not, as an HTTP answer.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, Response, StatusCode};
use shared::api::refusal::Refusal;
use shared::header;
use shared::identity::pod::PodId;
use shared::identity::{CashBoxId, Epoch, OperationId};
use shared::ownership::store::Owner;
use tracing::Level;

use super::extract::Addressed;
use super::failure::Failure;
use crate::cashbox::error::CashboxError;

/// When a refused client should ask again.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
const BEARER: HeaderValue = HeaderValue::from_static("Bearer");
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

/// What the line at a request's end needs to know; travels with the answer.
#[derive(Debug, Clone)]
pub struct Served {
    /// Which cashbox.
    pub cashbox: CashBoxId,
    /// Which operation.
    pub operation: OperationId,
    /// Under which epoch, where one is known.
    pub epoch: Option<Epoch>,
}

/// How severe an answer is; travels with it.
#[derive(Debug, Clone, Copy)]
pub struct Severity {
    /// The level of the line at the request's end.
    pub level: Level,
    /// The word for the proxy, if there is one.
    pub refusal: Option<Refusal>,
}

/// The answer that says no.
#[must_use]
pub fn failure(failure: &Failure) -> Response<Body> {
    let public = failure.public();
    let mut body = serde_json::json!({
        "type": "about:blank",
        "title": public.title,
        "status": public.status.as_u16(),
        "detail": public.detail,
    });
    if let Failure::Member { path, problem } = failure {
        body["errors"] = serde_json::json!({ path: [problem] });
    }
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = public.status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, PROBLEM);
    let refusal = failure.refusal();
    if let Some(refusal) = refusal {
        headers.insert(
            HeaderName::from_static(header::REFUSAL),
            HeaderValue::from_static(refusal.word()),
        );
        if public.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
        }
    }
    match failure {
        Failure::Cashbox(CashboxError::HeldByOther(owner)) => name_owner(headers, owner),
        Failure::NotAdmitted(_) if public.status == StatusCode::UNAUTHORIZED => {
            headers.insert(WWW_AUTHENTICATE, BEARER);
        }
        _ => {}
    }
    response.extensions_mut().insert(Severity {
        level: public.level,
        refusal,
    });
    response
}

fn name_owner(headers: &mut HeaderMap, owner: &Owner) {
    headers.insert(HeaderName::from_static(header::OWNER_POD), text(&owner.pod.id));
    headers.insert(
        HeaderName::from_static(header::OWNER_ADDRESS),
        text(&owner.pod.address),
    );
    headers.insert(
        HeaderName::from_static(header::EPOCH),
        HeaderValue::from(owner.epoch.0),
    );
}

/// The answer that is JSON already.
#[must_use]
pub fn json(body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

/// Says whose answer it is: on every answer that concerns a cashbox, good or bad.
pub fn echo(response: &mut Response<Body>, pod: &PodId, addressed: &Addressed, epoch: Option<Epoch>) {
    let headers = response.headers_mut();
    headers.insert(
        HeaderName::from_static(header::ANSWERED_CASHBOX),
        text(&addressed.cashbox),
    );
    headers.insert(
        HeaderName::from_static(header::OPERATION_ID),
        text(&addressed.operation),
    );
    headers.insert(HeaderName::from_static(header::ANSWERED_POD), text(pod));
    if let Some(epoch) = epoch {
        headers.insert(HeaderName::from_static(header::EPOCH), HeaderValue::from(epoch.0));
    }
    response.extensions_mut().insert(Served {
        cashbox: addressed.cashbox,
        operation: addressed.operation,
        epoch,
    });
}

/// Ids and addresses are visible ASCII by construction.
fn text(value: &impl std::fmt::Display) -> HeaderValue {
    HeaderValue::try_from(value.to_string()).expect("ids and addresses are visible ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(of: CashboxError) -> u16 {
        failure(&of.into()).status().as_u16()
    }

    #[test]
    fn every_refusal_travels_with_its_word_and_a_time_to_come_back() {
        for refusal in Refusal::ALL {
            let response = failure(&CashboxError::Refused(refusal).into());
            assert_eq!(response.status(), 503);
            assert_eq!(response.headers()[header::REFUSAL], refusal.word());
            assert!(response.headers().contains_key(RETRY_AFTER));
        }
    }

    #[test]
    fn what_the_caller_did_wrong_and_what_we_did_wrong_differ_by_status() {
        assert_eq!(status(CashboxError::Unauthorized), 401);
        assert_eq!(status(CashboxError::OtherContent), 409);
        assert_eq!(status(CashboxError::Rejected { message: "no".into() }), 500);
        assert_eq!(status(CashboxError::Broken), 500);
    }
}
