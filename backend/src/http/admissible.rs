//! What a body may be and a receipt may say, besides being readable: refused here, nothing is stored.

use std::str::FromStr;

use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use shared::api::moment::Moment;
use shared::api::moment::civil::Civil;
use shared::api::reading::ReadError;
use shared::api::receipt_request::ReceiptRequest;
use thiserror::Error;

use super::failure::Failure;

/// No cash register signed anything before; an older date is a clock that was never set, or a member never filled.
const FIRST_YEAR: i64 = 2000;

/// What becomes of a receipt with a date before the year 2000 (`Byodc__Receipt__OldDates`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldDates {
    /// It is refused with the path of the date.
    Refuse,
    /// It is taken as it is.
    Accept,
}

/// A word that is none of the two.
#[derive(Debug, Error)]
#[error("must be refuse or accept")]
pub struct OldDatesError;

impl FromStr for OldDates {
    type Err = OldDatesError;

    fn from_str(word: &str) -> Result<Self, OldDatesError> {
        match word.to_ascii_lowercase().as_str() {
            "refuse" => Ok(Self::Refuse),
            "accept" => Ok(Self::Accept),
            _ => Err(OldDatesError),
        }
    }
}

/// Checks the dates of a receipt.
///
/// # Errors
/// The first that is too old, where such are refused.
pub fn dates(request: &ReceiptRequest, old: OldDates) -> Result<(), ReadError> {
    if old == OldDates::Accept {
        return Ok(());
    }
    recent("cbReceiptMoment".to_owned(), Some(request.receipt_moment))?;
    for (index, item) in request.charge_items.iter().enumerate() {
        recent(format!("cbChargeItems[{index}].Moment"), item.moment)?;
    }
    for (index, item) in request.pay_items.iter().enumerate() {
        recent(format!("cbPayItems[{index}].Moment"), item.moment)?;
    }
    Ok(())
}

fn recent(path: String, moment: Option<Moment>) -> Result<(), ReadError> {
    match moment {
        Some(moment) if Civil::of(moment.ticks).year < FIRST_YEAR => Err(ReadError::Member {
            path,
            problem: format!("a date before the year {FIRST_YEAR}"),
        }),
        _ => Ok(()),
    }
}

/// Checks that a body is said to be JSON in UTF-8, or not said to be anything else: many clients name no type, or the
/// one their tool writes by itself.
///
/// # Errors
/// When it is said to be XML, of several parts, compressed, or in other characters.
pub fn content(headers: &HeaderMap) -> Result<(), Failure> {
    let unsupported = |detail: &'static str| Err(Failure::UnsupportedContent { detail });
    let value = |name| {
        headers
            .get(name)
            .map(|value: &axum::http::HeaderValue| value.to_str())
    };
    match value(CONTENT_ENCODING) {
        None => {}
        Some(Ok(coding)) if coding.trim().eq_ignore_ascii_case("identity") => {}
        Some(_) => return unsupported("a body must not be compressed (Content-Encoding)"),
    }
    let kind = match value(CONTENT_TYPE) {
        None => return Ok(()),
        Some(Ok(kind)) => kind.to_ascii_lowercase(),
        Some(Err(_)) => return unsupported("the header Content-Type cannot be read"),
    };
    let (essence, parameters) = kind.split_once(';').unwrap_or((&kind, ""));
    let essence = essence.trim();
    if essence.ends_with("/xml") || essence.ends_with("+xml") || essence.starts_with("multipart/") {
        return unsupported("a body must be application/json");
    }
    let charset = parameters
        .split(';')
        .find_map(|one| one.trim().strip_prefix("charset="));
    match charset.map(|charset| charset.trim_matches('"')) {
        None | Some("utf-8" | "utf8" | "us-ascii") => Ok(()),
        Some(_) => unsupported("a body must be in UTF-8"),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;
    use shared::clock::Ticks;

    use super::*;

    fn said(headers: &[(HeaderName, &str)]) -> Result<(), Failure> {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), value.parse().unwrap()));
        content(&HeaderMap::from_iter(headers))
    }

    #[test]
    fn json_and_what_says_nothing_else_pass() {
        for kind in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "text/json;charset=\"utf-8\"",
            "text/plain",
            "application/x-www-form-urlencoded",
        ] {
            assert_eq!(
                said(&[(CONTENT_TYPE, kind), (CONTENT_ENCODING, "identity")]),
                Ok(()),
                "{kind}"
            );
        }
        assert_eq!(said(&[]), Ok(()));
    }

    #[test]
    fn what_is_said_to_be_something_else_is_refused() {
        for (name, value) in [
            (CONTENT_TYPE, "text/xml"),
            (CONTENT_TYPE, "application/soap+xml; charset=utf-8"),
            (CONTENT_TYPE, "multipart/form-data; boundary=x"),
            (CONTENT_TYPE, "application/json; charset=iso-8859-1"),
            (CONTENT_ENCODING, "gzip"),
        ] {
            let refused = said(&[(name, value)]);
            assert!(
                matches!(refused, Err(Failure::UnsupportedContent { .. })),
                "{value}"
            );
        }
    }

    #[test]
    fn a_date_before_2000_is_named_by_its_path() {
        let request =
            |text: &str| ReceiptRequest::from_json(text.as_bytes(), Ticks(640_659_828_306_000_000)).unwrap();
        for (sent, path) in [
            (
                r#"{"cbReceiptMoment":"1999-12-31T23:59:59.9999999Z"}"#,
                "cbReceiptMoment",
            ),
            (
                r#"{"cbChargeItems":[{},{"Moment":"0001-01-01"}]}"#,
                "cbChargeItems[1].Moment",
            ),
            (
                r#"{"cbPayItems":[{"Moment":"/Date(0)/"}]}"#,
                "cbPayItems[0].Moment",
            ),
        ] {
            let error = dates(&request(sent), OldDates::Refuse).unwrap_err().to_string();
            assert_eq!(error, format!("{path}: a date before the year 2000"));
            assert_eq!(dates(&request(sent), OldDates::Accept), Ok(()));
        }
        let first = request(r#"{"cbReceiptMoment":"2000-01-01T00:00:00Z"}"#);
        assert_eq!(dates(&first, OldDates::Refuse), Ok(()));
    }
}
