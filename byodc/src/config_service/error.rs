//! Why a document is not served, and what the caller is told. The body of a failure is its message in plain text, as
//! clients of the original show it (fiscal specification 2.1).

use axum::response::{IntoResponse, Response};
use http::StatusCode;

/// Why a document is not served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// A header or the path is missing something or is malformed.
    Malformed {
        /// Which, and the rule.
        rule: String,
    },
    /// The cashbox is unknown or the token wrong: never told which.
    NotAllowed,
    /// The document breaks rules. Only whoever knows the token learns of it.
    Broken {
        /// Each fault with file, path and rule.
        faults: Vec<String>,
    },
}

impl Refusal {
    /// The answer's status. A broken document is not a failure of the service (500): asking again does not help.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Malformed { .. } => StatusCode::BAD_REQUEST,
            Self::NotAllowed => StatusCode::UNAUTHORIZED,
            Self::Broken { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = self.status();
        let text = match self {
            Self::Malformed { rule } => rule,
            Self::NotAllowed => "the cashbox is unknown or its access token is wrong".to_owned(),
            Self::Broken { faults } => faults.join("\n"),
        };
        (status, text).into_response()
    }
}
