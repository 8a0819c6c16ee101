//! Asks an FCC, logged on in the way that a call needs.
//!
//! A token of a client is used for nine tenths of its life. One that is refused before that has signed nothing, so the
//! call is made once more with a new one; nothing else is repeated here.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use reqwest::{RequestBuilder, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::call::{As, Call};
use super::settings::Settings;
use super::wire::Token;
use crate::scu::ScuError;
use crate::scu::http_client::{Answer, Download, HttpClient, NoBase};

/// How many clients' tokens are kept. A cashbox has one client; information about the TSE asks for the others, too.
const TOKENS_MAX: usize = 256;

/// An FCC, and how to log on to it.
#[derive(Debug)]
pub struct FccClient {
    http: HttpClient,
    ers_code: SecretString,
    tokens: Mutex<HashMap<String, BearerToken>>,
}

#[derive(Debug)]
struct BearerToken {
    text: SecretString,
    used_until: Instant,
}

impl FccClient {
    /// The FCC that the settings name, asked through `http`.
    ///
    /// # Errors
    /// When its address is none.
    pub fn new(http: reqwest::Client, settings: &Settings) -> Result<Self, NoBase> {
        Ok(Self {
            http: HttpClient::new(http, &settings.base, settings.timeout)?,
            ers_code: settings.ers_code.clone(),
            tokens: Mutex::default(),
        })
    }

    /// Makes a call and reads its answer.
    ///
    /// # Errors
    /// What the answer means when it does not say yes, or that it cannot be read.
    pub async fn ask<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<T, ScuError> {
        let answer = call.judge(self.send(call).await?)?;
        answer.json().map_err(|error| call.unanswered(error))
    }

    /// Makes a call that may find nothing: 404.
    ///
    /// # Errors
    /// As [`FccClient::ask`].
    pub async fn find(&self, call: &Call<'_>) -> Result<Option<Answer>, ScuError> {
        let answer = self.send(call).await?;
        match answer.status {
            StatusCode::NOT_FOUND => Ok(None),
            _ => call.judge(answer).map(Some),
        }
    }

    /// Makes a call; answers whatever comes back.
    ///
    /// # Errors
    /// When nothing came back, or there is no token.
    pub async fn send(&self, call: &Call<'_>) -> Result<Answer, ScuError> {
        let answer = self.send_once(call).await?;
        match call.as_whom {
            As::Bearer(client) if answer.status == StatusCode::UNAUTHORIZED => {
                self.tokens().remove(client);
                self.send_once(call).await
            }
            _ => Ok(answer),
        }
    }

    async fn send_once(&self, call: &Call<'_>) -> Result<Answer, ScuError> {
        let request = self.http.request(call.method.clone(), &call.path);
        let request = self.logged_on(call, call.with_body(request)).await?;
        let answer = self.http.send(request).await;
        answer.map_err(|error| call.unanswered(error))
    }

    /// Makes a call whose answer is a file. Anything but a success is answered whole.
    ///
    /// # Errors
    /// When nothing came back.
    pub async fn download(&self, call: &Call<'_>) -> Result<Result<Download, Answer>, ScuError> {
        let request = self.http.request(call.method.clone(), &call.path);
        let request = self.logged_on(call, request).await?;
        let answer = self.http.download(request).await;
        answer.map_err(|error| call.unanswered(error))
    }

    /// The next part of a file that `call` fetches; none at its end.
    ///
    /// # Errors
    /// When it broke off.
    pub async fn more(&self, call: &Call<'_>, file: &mut Download) -> Result<Option<Bytes>, ScuError> {
        let more = self.http.more(file).await;
        more.map_err(|error| call.unanswered(error))
    }

    async fn logged_on(&self, call: &Call<'_>, request: RequestBuilder) -> Result<RequestBuilder, ScuError> {
        let password = Some(self.ers_code.expose_secret());
        Ok(match call.as_whom {
            As::Admin => request.basic_auth("admin", password),
            As::Restricted => request.basic_auth("admin_restricted", password),
            As::Client(client) => request.basic_auth(client, password),
            As::Bearer(client) => request.bearer_auth(self.token(client).await?.expose_secret()),
        })
    }

    async fn token(&self, client: &str) -> Result<SecretString, ScuError> {
        let asked_at = Instant::now();
        if let Some(token) = self.tokens().get(client)
            && asked_at < token.used_until
        {
            return Ok(token.text.clone());
        }
        // Boxed, because sending a call asks for a token, though this call needs none.
        let token: Token = Box::pin(self.ask(&Call::token(client))).await?;
        let text = SecretString::from(token.access_token);
        let life = Duration::from_secs(token.expires_in);
        let used_until = asked_at.checked_add(life.mul_f64(0.9)).unwrap_or(asked_at);
        let kept = BearerToken {
            text: text.clone(),
            used_until,
        };
        let mut tokens = self.tokens();
        if tokens.len() >= TOKENS_MAX {
            tokens.clear();
        }
        tokens.insert(client.to_owned(), kept);
        Ok(text)
    }

    fn tokens(&self) -> MutexGuard<'_, HashMap<String, BearerToken>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
