//! One call to an FCC, and what is known after it.
//!
//! ```text
//! call ─ 2xx ─────────────────▶ the answer
//!      ├ 408, 5xx, silence ───▶ reading: unreachable; changing something: outcome unknown
//!      ├ 429, no connection ──▶ unreachable
//!      └ other ───────────────▶ rejected, with the FCC's word for it
//! ```

use reqwest::{Method, RequestBuilder, StatusCode, header};
use serde::Serialize;

use super::wire::Refusal;
use crate::scu::ScuError;
use crate::scu::http_client::Answer;

/// How much of a word of the FCC is repeated.
const WORD_CHARACTERS_MAX: usize = 100;

/// As whom a call is made.
#[derive(Debug, Clone, Copy)]
pub enum As<'a> {
    /// Basic, `admin`.
    Admin,
    /// Basic, `admin_restricted`.
    Restricted,
    /// Basic, as a client: only to get its token.
    Client(&'a str),
    /// By the token of a client.
    Bearer(&'a str),
}

/// A call that is to be made, possibly twice. Has no debug form: its body may hold a token or a receipt.
#[derive(Clone)]
pub struct Call<'a> {
    /// What it is for, for error texts.
    pub doing: &'static str,
    /// As whom.
    pub as_whom: As<'a>,
    /// How.
    pub method: Method,
    /// Where, relative to the FCC.
    pub path: String,
    body: Option<(&'static str, Vec<u8>)>,
    changes_something: bool,
}

impl<'a> Call<'a> {
    /// A call that reads.
    #[must_use]
    pub fn get(doing: &'static str, as_whom: As<'a>, path: impl Into<String>) -> Self {
        Self {
            doing,
            as_whom,
            method: Method::GET,
            path: path.into(),
            body: None,
            changes_something: false,
        }
    }

    /// A call that changes something.
    ///
    /// # Panics
    /// When `body` cannot be JSON: it is made of texts and numbers.
    #[must_use]
    pub fn change(
        doing: &'static str,
        as_whom: As<'a>,
        method: Method,
        path: impl Into<String>,
        body: &impl Serialize,
    ) -> Self {
        let json = serde_json::to_vec(body).expect("bodies are made of texts and numbers");
        Self {
            method,
            body: Some(("application/json", json)),
            changes_something: true,
            ..Self::get(doing, as_whom, path)
        }
    }

    /// Asks for a token. Whatever becomes of it, nothing is signed.
    #[must_use]
    pub fn token(client: &'a str) -> Self {
        let form = b"grant_type=client_credentials".to_vec();
        Self {
            method: Method::POST,
            body: Some(("application/x-www-form-urlencoded", form)),
            ..Self::get("asking for a token", As::Client(client), "oauth/token")
        }
    }

    /// Says that an export has arrived.
    #[must_use]
    pub fn acknowledge(path: String) -> Self {
        Self {
            method: Method::POST,
            body: Some(("text/plain", b"ACK".to_vec())),
            changes_something: true,
            ..Self::get("acknowledging an export", As::Restricted, path)
        }
    }

    pub(super) fn with_body(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.body {
            Some((kind, body)) => request.header(header::CONTENT_TYPE, *kind).body(body.clone()),
            None => request,
        }
    }

    /// What is known when no whole answer came.
    pub(super) fn unanswered(&self, error: ScuError) -> ScuError {
        let message = format!("The FCC did not answer while {}: {error}", self.doing);
        match error.may_have_signed() && self.changes_something {
            true => ScuError::OutcomeUnknown { message },
            false => ScuError::Unreachable { message },
        }
    }

    /// The answer, if it says yes.
    ///
    /// # Errors
    /// What any other answer means.
    pub fn judge(&self, answer: Answer) -> Result<Answer, ScuError> {
        let (status, doing) = (answer.status, self.doing);
        if status.is_success() {
            return Ok(answer);
        }
        let word = word_of(&answer);
        let message = format!("The FCC answered {} while {doing}{word}.", status.as_u16());
        Err(match status {
            StatusCode::TOO_MANY_REQUESTS => ScuError::Unreachable { message },
            StatusCode::REQUEST_TIMEOUT => self.unclear(message),
            _ if status.is_server_error() => self.unclear(message),
            _ => ScuError::Rejected { message },
        })
    }

    fn unclear(&self, message: String) -> ScuError {
        match self.changes_something {
            true => ScuError::OutcomeUnknown { message },
            false => ScuError::Unreachable { message },
        }
    }
}

/// The FCC's word for a refusal. Nothing else of its answer is repeated: it may quote what it was sent.
fn word_of(answer: &Answer) -> String {
    error_type(answer).map_or_else(String::new, |word| format!(": {word}"))
}

/// `ErrorType`, as far as it is a word.
#[must_use]
pub fn error_type(answer: &Answer) -> Option<String> {
    let refusal: Refusal = serde_json::from_slice(&answer.body).ok()?;
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || "_-. ".contains(letter);
    let word = refusal.error_type;
    (word.len() <= WORD_CHARACTERS_MAX && word.chars().all(is_word)).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn answer(status: u16, body: &'static str) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            retry_after: None,
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    fn reading() -> Call<'static> {
        Call::get("reading", As::Admin, "info")
    }

    fn signing() -> Call<'static> {
        Call::change("signing", As::Bearer("K"), Method::POST, "transaction", &"x")
    }

    /// R rejected, U unreachable, ? outcome unknown, + answered.
    fn letter(judged: Result<Answer, ScuError>) -> char {
        match judged {
            Ok(_) => '+',
            Err(ScuError::Rejected { .. }) => 'R',
            Err(ScuError::Unreachable { .. }) => 'U',
            Err(ScuError::OutcomeUnknown { .. }) => '?',
        }
    }

    #[test]
    fn what_an_answer_means_depends_on_whether_the_call_changes_something() {
        for (status, read, signed) in [
            (200, '+', '+'),
            (204, '+', '+'),
            (302, 'R', 'R'),
            (400, 'R', 'R'),
            (401, 'R', 'R'),
            (408, 'U', '?'),
            (429, 'U', 'U'),
            (500, 'U', '?'),
            (503, 'U', '?'),
        ] {
            assert_eq!(letter(reading().judge(answer(status, ""))), read, "{status}");
            assert_eq!(letter(signing().judge(answer(status, ""))), signed, "{status}");
        }
    }

    #[test]
    fn silence_may_have_signed_only_where_something_was_sent_that_signs() {
        let silence = || ScuError::OutcomeUnknown {
            message: String::new(),
        };
        let refused = || ScuError::Unreachable {
            message: String::new(),
        };
        assert!(signing().unanswered(silence()).may_have_signed());
        assert!(!signing().unanswered(refused()).may_have_signed());
        assert!(!reading().unanswered(silence()).may_have_signed());
    }

    #[test]
    fn the_word_for_a_refusal_is_repeated_and_nothing_else() {
        let refused = signing().judge(answer(400, r#"{"ErrorType":"E_BAD","detail":"hunter2"}"#));
        assert_eq!(
            refused.unwrap_err().to_string(),
            "The FCC answered 400 while signing: E_BAD."
        );
        let odd = signing().judge(answer(400, r#"{"ErrorType":"<hunter2>"}"#));
        assert_eq!(
            odd.unwrap_err().to_string(),
            "The FCC answered 400 while signing."
        );
    }
}
