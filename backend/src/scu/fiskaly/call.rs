//! One call of the queue to fiskaly: with its token, its retries, and the time that its caller waits.
//!
//! ```text
//! answer ─ success ───────────────────────────────────────────────▶ that is it
//!        ├ 401 ─ first time ─ a fresh token, once more
//!        ├ with Retry-After, or 429 and above ─ tries and time left ─ pause, the same request again
//!        └ otherwise ─ 5xx, 408, 499 ─ signs ─▶ outcome unknown ── reads ─▶ unreachable
//!                    ├ 429 ────────────────────▶ unreachable: it was not begun
//!                    └ 4xx ────────────────────▶ refused, with fiskaly's code
//! ```
//!
//! A 5xx may come after the TSS has signed, so it is never a no. A refusal that follows such an answer proves nothing
//! either: see [`Failure::Refused`](crate::scu::fiskaly::call::Failure::Refused).

use std::time::Duration;

use reqwest::{Method, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::token::Token;
use super::tss::Tss;
use super::wire::{ErrorBody, TokenBody};
use crate::scu::ScuError;
use crate::scu::http_client::Answer;

/// How much of fiskaly's words is repeated.
const MESSAGE_CHARS_MAX: usize = 300;
/// The closed connection of a client, in fiskaly's words: to be repeated.
const CLIENT_WENT: u16 = 499;

/// A call that is under way.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// Which TSS.
    pub tss: &'a Tss,
    until: Instant,
}

/// What a request does where it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: not to know the answer is as good as not to have asked.
    Reads,
    /// It signs, or changes something else.
    Changes,
}

/// Why there is no answer that helps.
#[derive(Debug)]
pub enum Failure {
    /// fiskaly said no.
    Refused {
        /// The status.
        status: StatusCode,
        /// Such as `E_TX_NOT_FOUND`.
        code: String,
        /// In words, for whoever reads the journal.
        message: String,
        /// Whether a try before may have had its effect: then this no says nothing of that one.
        after_unknown: bool,
    },
    /// Nobody said anything that settles it.
    Silent(ScuError),
}

impl Failure {
    /// A refusal of our own.
    pub fn ours(message: impl Into<String>) -> Self {
        Self::Silent(ScuError::Rejected {
            message: message.into(),
        })
    }

    /// Whether it is a refusal with this code.
    #[must_use]
    pub fn is(&self, wanted: &str) -> bool {
        matches!(self, Self::Refused { code, .. } if code == wanted)
    }
}

impl From<ScuError> for Failure {
    fn from(error: ScuError) -> Self {
        Self::Silent(error)
    }
}

impl From<Failure> for ScuError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Silent(error) => error,
            Failure::Refused {
                message,
                after_unknown: true,
                ..
            } => Self::OutcomeUnknown { message },
            Failure::Refused { message, .. } => Self::Rejected { message },
        }
    }
}

impl<'a> Call<'a> {
    /// A call whose caller waits until then.
    #[must_use]
    pub fn new(tss: &'a Tss, until: Instant) -> Self {
        Self { tss, until }
    }

    /// Reads what stands at a path below the TSS.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn get(&self, path: &str) -> Result<Answer, Failure> {
        self.ask(Method::GET, path, None, Effect::Reads).await
    }

    /// Puts something to a path below the TSS.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn put(&self, path: &str, body: &Value) -> Result<Answer, Failure> {
        self.ask(Method::PUT, path, Some(body), Effect::Changes).await
    }

    /// Changes a part of what stands at a path below the TSS.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn patch(&self, path: &str, body: &Value) -> Result<Answer, Failure> {
        self.ask(Method::PATCH, path, Some(body), Effect::Changes).await
    }

    /// Posts to a path below the TSS.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer, Failure> {
        self.ask(Method::POST, path, Some(body), Effect::Reads).await
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        effect: Effect,
    ) -> Result<Answer, Failure> {
        let request = |token: &SecretString| self.request(method.clone(), path, body, token);
        let token = self.token().await?;
        let refused = match self.patiently(|| request(&token), effect).await {
            Err(
                refused @ Failure::Refused {
                    status: StatusCode::UNAUTHORIZED,
                    ..
                },
            ) => refused,
            settled => return settled,
        };
        // It may have been withdrawn before its time. A fresh one that is refused as well settles it.
        tracing::debug!(tss.id = %self.tss.id, "fiskaly refused a token; asking for a fresh one");
        self.tss.tokens.refused(&token).await;
        let fresh = self.token().await?;
        let answer = self.patiently(|| request(&fresh), effect).await;
        answer.map_err(|failure| match (failure, &refused) {
            (
                Failure::Refused {
                    status,
                    code,
                    message,
                    ..
                },
                Failure::Refused {
                    after_unknown: true, ..
                },
            ) => Failure::Refused {
                status,
                code,
                message,
                after_unknown: true,
            },
            (failure, _) => failure,
        })
    }

    /// A request to a path below the TSS.
    pub fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        token: &SecretString,
    ) -> RequestBuilder {
        let path = match path {
            "" => format!("tss/{}", self.tss.id),
            path => format!("tss/{}/{path}", self.tss.id),
        };
        let request = self
            .tss
            .http
            .request(method, &path)
            .bearer_auth(token.expose_secret());
        match body {
            Some(body) => request.json(body),
            None => request,
        }
    }

    /// The token in use, fetched if need be.
    ///
    /// # Errors
    /// When fiskaly does not give one. What it says to that is not repeated: it was shown the credentials.
    pub async fn token(&self) -> Result<SecretString, Failure> {
        let current = self.in_time(self.tss.tokens.current()).await;
        let renewal = match current.map_err(|late| silent(late, Effect::Reads, false))? {
            Ok(token) => return Ok(token),
            Err(renewal) => renewal,
        };
        let credentials = &self.tss.settings.credentials;
        let body = json!({
            "api_key": credentials.key.expose_secret(),
            "api_secret": credentials.secret.expose_secret(),
        });
        let asked_at = Instant::now();
        let request = || self.tss.http.request(Method::POST, "auth").json(&body);
        let answer = self.patiently(request, Effect::Reads).await;
        let answer = answer.map_err(|failure| match failure {
            Failure::Refused { status, .. } => Failure::ours(format!(
                "fiskaly does not accept the ApiKey and ApiSecret of the SCU (status {})",
                status.as_u16()
            )),
            silent => silent,
        })?;
        let body: TokenBody = read(&answer)?;
        let lives = Duration::from_secs(body.access_token_expires_in.min(86_400));
        Ok(renewal.put(Token::new(body.access_token, asked_at, lives)))
    }

    /// Waits no longer than the caller does. So the caller hears what was going on instead of cutting it off: where
    /// nothing had been asked of the TSS yet, nothing was signed.
    ///
    /// # Errors
    /// That time was up.
    pub async fn in_time<T>(&self, wait: impl Future<Output = T>) -> Result<T, ScuError> {
        let waited = tokio::time::timeout_at(self.until, wait).await;
        waited.map_err(|_| ScuError::OutcomeUnknown {
            message: "no answer in time".to_owned(),
        })
    }

    /// Sends a request, and again as long as the rules and the caller's time allow it.
    async fn patiently(
        &self,
        request: impl Fn() -> RequestBuilder,
        effect: Effect,
    ) -> Result<Answer, Failure> {
        let retries = self.tss.settings.retries;
        let (mut tries, mut may_be_done) = (0, false);
        loop {
            let sent = self.in_time(self.tss.http.send(request())).await;
            let sent = sent.unwrap_or_else(Err);
            let answer = sent.map_err(|error| silent(error, effect, may_be_done))?;
            if answer.status.is_success() {
                return Ok(answer);
            }
            let pause = match answer.retry_after {
                None if answer.status.as_u16() >= 429 => Some(retries.pause),
                asked => asked,
            };
            let pause = pause.filter(|pause| tries < retries.max && Instant::now() + *pause < self.until);
            let Some(pause) = pause else {
                return Err(self.conclude(&answer, effect, may_be_done));
            };
            tracing::debug!(tss.id = %self.tss.id, status = answer.status.as_u16(), pause_ms = pause.as_secs_f64() * 1000.0, "asking fiskaly again");
            may_be_done |= effect == Effect::Changes && is_unsettled(answer.status);
            tries += 1;
            tokio::time::sleep(pause).await;
        }
    }

    /// What an answer means that is no success and is not asked for again.
    fn conclude(&self, answer: &Answer, effect: Effect, may_be_done: bool) -> Failure {
        let said: ErrorBody = serde_json::from_slice(&answer.body).unwrap_or_default();
        let code = said.code.unwrap_or_default();
        let status = answer.status;
        let words: String = said
            .message
            .unwrap_or_default()
            .chars()
            .take(MESSAGE_CHARS_MAX)
            .collect();
        let message = match code.as_str() {
            "E_TSS_DELETED" => self.tss.deleted(),
            _ => format!("fiskaly answered with status {} {code}: {words}", status.as_u16()),
        };
        if is_unsettled(status) || status == StatusCode::TOO_MANY_REQUESTS {
            let is_unknown = may_be_done || (effect == Effect::Changes && is_unsettled(status));
            return Failure::Silent(match is_unknown {
                true => ScuError::OutcomeUnknown { message },
                false => ScuError::Unreachable { message },
            });
        }
        Failure::Refused {
            status,
            code,
            message,
            after_unknown: may_be_done,
        }
    }
}

/// An answer as a document.
///
/// # Errors
/// When it cannot be read: what was asked for has happened.
pub fn read<T: serde::de::DeserializeOwned>(answer: &Answer) -> Result<T, Failure> {
    Ok(answer.json()?)
}

/// Answers that do not say whether it was done.
fn is_unsettled(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT || status.as_u16() == CLIENT_WENT
}

/// A call without an answer: one that changes nothing did nothing.
fn silent(error: ScuError, effect: Effect, may_be_done: bool) -> Failure {
    let is_unknown = may_be_done || (effect == Effect::Changes && error.may_have_signed());
    let message = format!("fiskaly was not reached: {error}");
    Failure::Silent(match is_unknown {
        true => ScuError::OutcomeUnknown { message },
        false => ScuError::Unreachable { message },
    })
}
