//! `POST /v2/journal`: the journals of the first generation, asked for by a body.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::Response;
use shared::api::journal::JournalRequest;
use shared::api::reading::{self, Members, ReadError};

use crate::http::auth::{Said, whole};
use crate::http::extract::Addressed;
use crate::http::failure::Failure;
use crate::http::{Pod, journal};

/// Where a type carries the generation of its numbers.
const VERSION_BITS: i64 = 0xF000_0000_0000;
const VERSION_2: i64 = 0x2000_0000_0000;

/// Streams a journal.
pub async fn journal(
    State(pod): State<Arc<Pod>>,
    addressed: Addressed,
    body: Result<Bytes, BytesRejection>,
) -> Response<Body> {
    let request =
        whole(body, pod.config.body_bytes_max).and_then(|body| request(&body).map_err(Failure::from));
    let said = match request {
        Ok(request) => journal::asked(&pod, &addressed.visit(), request).await,
        Err(failure) => Said::early(failure),
    };
    said.respond(&pod, &addressed)
}

/// Reads `{"ftJournalType": …, "From": …, "To": …}`; what is missing is 0.
fn request(body: &[u8]) -> Result<JournalRequest, ReadError> {
    let document = reading::parse(body)?;
    let members = Members::of(&document)?;
    let number = |name| members.int64(name).map(Option::unwrap_or_default);
    Ok(JournalRequest {
        kind: first_generation(number("ftJournalType")?),
        from: number("From")?,
        to: number("To")?,
    })
}

/// The journals of both generations have the same numbers but for the version.
fn first_generation(kind: i64) -> i64 {
    match kind & VERSION_BITS {
        VERSION_2 => kind & !VERSION_BITS,
        _ => kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_the_same_journal_with_and_without_its_version() {
        for (kind, read) in [
            ("1", 1),
            (r#""4919338167972134914""#, 0x4445_0000_0000_0002),
            ("4919373352344223746", 0x4445_0000_0000_0002),
        ] {
            let body = format!(r#"{{"ftJournalType":{kind},"to":-2}}"#);
            let expected = JournalRequest {
                kind: read,
                from: 0,
                to: -2,
            };
            assert_eq!(request(body.as_bytes()), Ok(expected), "{kind}");
        }
    }

    #[test]
    fn what_is_no_number_is_named() {
        let error = request(br#"{"From":"yesterday"}"#).unwrap_err().to_string();
        assert_eq!(error, "From: an integer of 64 bits is expected");
    }
}
