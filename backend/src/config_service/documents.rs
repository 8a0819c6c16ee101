//! Where the documents come from: one question to the configuration service, without patience.

use std::fmt::Debug;

use async_trait::async_trait;
use reqwest::{Response, StatusCode};
use secrecy::SecretString;
use shared::identity::CashBoxId;

use super::client::Config;
use super::error::{AnswerFault, BuildError, FetchError};
use super::metrics::Metrics;
use super::wire::Wire;
use crate::outbound;

/// Where the documents come from: the service over HTTP, or a simulated one.
#[async_trait]
pub trait Documents: Send + Sync + Debug {
    /// The document of a cashbox as the service gives it for this token. Asked once; whoever asks bounds the time.
    ///
    /// # Errors
    /// Why there is none; [`FetchError::Unreachable`] where another try may help.
    async fn get(&self, cashbox: CashBoxId, token: &SecretString) -> Result<String, FetchError>;
}

/// Documents over HTTP.
#[derive(Debug)]
pub struct HttpDocuments {
    http: reqwest::Client,
    wire: Wire,
    body_bytes_max: usize,
    metrics: Metrics,
}

impl HttpDocuments {
    /// The way to the service as configured.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn new(config: &Config, metrics: Metrics) -> Result<Self, BuildError> {
        let http = config.proxy.apply(outbound::builder());
        let http = http.and_then(|http| http.build());
        Ok(Self {
            http: http.map_err(BuildError::Http)?,
            wire: Wire::new(config.shape, config.base.clone()),
            body_bytes_max: config.body_bytes_max,
            metrics,
        })
    }

    /// The body, read no further than it may be long.
    async fn read(&self, mut response: Response) -> Result<String, FetchError> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > self.body_bytes_max {
                let bytes_max = self.body_bytes_max;
                return Err(AnswerFault::TooLarge { bytes_max }.into());
            }
            body.extend_from_slice(&chunk);
        }
        let text = String::from_utf8(body).map_err(|_| AnswerFault::NotText)?;
        if text.trim().is_empty() {
            return Err(AnswerFault::Empty.into());
        }
        Ok(text)
    }
}

#[async_trait]
impl Documents for HttpDocuments {
    async fn get(&self, cashbox: CashBoxId, token: &SecretString) -> Result<String, FetchError> {
        let request = self
            .wire
            .request(&self.http, cashbox, token)
            .ok_or(FetchError::Refused)?;
        let answered = outbound::traced(request).send().await;
        self.metrics
            .count(answered.as_ref().ok().map(|response| response.status().as_u16()));
        let response = answered.map_err(unreachable)?;
        match response.status() {
            StatusCode::OK => {
                let document = self.read(response).await?;
                Ok(self
                    .wire
                    .opened(document, cashbox, token)
                    .map_err(AnswerFault::from)?)
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
                Err(FetchError::Refused)
            }
            status if is_passing(status) => Err(FetchError::Unreachable {
                reason: format!("status {status}"),
            }),
            status => Err(AnswerFault::Status(status.as_u16()).into()),
        }
    }
}

/// Statuses that another try may turn into an answer.
fn is_passing(status: StatusCode) -> bool {
    status.is_server_error()
        || status == StatusCode::REQUEST_TIMEOUT
        || status == StatusCode::TOO_MANY_REQUESTS
}

fn unreachable(error: reqwest::Error) -> FetchError {
    FetchError::Unreachable {
        reason: outbound::in_words(error),
    }
}
