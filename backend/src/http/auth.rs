//! From headers to a caller: an extractor, so that no handler of a cashbox can be reached without one.
//!
//! Whether the caller may is decided where the cashbox is found ([`crate::cashbox::registry`]); nothing is loaded,
//! claimed or revealed for one who may not.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::FromRequestParts;
use axum::extract::rejection::BytesRejection;
use axum::http::request::Parts;
use axum::http::{Response, StatusCode};
use shared::identity::Epoch;
use shared::trace::current;

use super::extract::Addressed;
use super::failure::Failure;
use super::path::Endpoint;
use super::{Pod, admissible, reply};
use crate::cashbox::registry::{Asked, Visit};

impl FromRequestParts<Arc<Pod>> for Addressed {
    type Rejection = Response<Body>;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Pod>) -> Result<Self, Self::Rejection> {
        let takes_a_body = parts.extensions.get::<Endpoint>() != Some(&Endpoint::Journal);
        let content = match takes_a_body {
            true => admissible::content(&parts.headers),
            false => Ok(()),
        };
        let read = Self::read(&parts.headers).map_err(Failure::from);
        read.inspect(|addressed| current::concerns(addressed.cashbox))
            .and_then(|addressed| content.map(|()| addressed))
            .map_err(|failure| reply::failure(&failure))
    }
}

impl Addressed {
    /// The visit to the cashbox that the request makes.
    #[must_use]
    pub fn visit(&self) -> Visit {
        Visit {
            cashbox: self.cashbox,
            caller: self.caller.clone(),
            suspect: self.suspect,
        }
    }
}

/// What a handler of a cashbox came to, and under which epoch.
#[derive(Debug)]
pub struct Said {
    /// The epoch, where one is known.
    pub epoch: Option<Epoch>,
    /// The answer.
    pub answer: Result<Response<Body>, Failure>,
}

impl Said {
    /// A failure before any cashbox was found.
    #[must_use]
    pub fn early(failure: Failure) -> Self {
        Self {
            epoch: None,
            answer: Err(failure),
        }
    }

    /// What a cashbox said, made into an answer.
    pub fn of<T>(asked: Asked<T>, answer: impl FnOnce(T) -> Result<Response<Body>, Failure>) -> Self {
        let answer = asked.outcome.map_err(Failure::from).and_then(answer);
        Self {
            epoch: asked.epoch,
            answer,
        }
    }

    /// The answer as it goes out: with the names of cashbox, operation, pod and epoch.
    #[must_use]
    pub fn respond(self, pod: &Pod, addressed: &Addressed) -> Response<Body> {
        let mut response = self.answer.unwrap_or_else(|failure| reply::failure(&failure));
        reply::echo(&mut response, &pod.id, addressed, self.epoch);
        response
    }
}

/// The whole body.
///
/// # Errors
/// When it is too large or did not arrive whole.
pub fn whole(body: Result<Bytes, BytesRejection>, bytes_max: usize) -> Result<Bytes, Failure> {
    body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Failure::BodyTooLarge { bytes_max },
        _ => Failure::BodyCutOff,
    })
}
