//! The way to a successor over HTTP, at its admin address.
//!
//! Unlike the question whether a pod lives, these connections may be kept: what matters is the answer, and whose it
//! is stands in it.

use std::time::Duration;

use async_trait::async_trait;
use http::StatusCode;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::identity::CashBoxId;
use shared::identity::pod::PodId;
use shared::placement::pod::PodRecord;

use super::{Offer, Readiness, Successors, Taking};
use crate::outbound;
use crate::ownership::peer::{self, CASHBOXES_PATH};
use crate::ownership::peer_keys::PeerKeys;

/// Follows the cashbox's id: make ready for it.
pub const PREPARE: &str = "/prepare";
/// Follows the cashbox's id: claim it.
pub const TAKE: &str = "/take";

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);
/// How long a pod may make ready: it reads a configuration from the database, while the owner serves.
const PREPARE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a pod may take a cashbox, during which nobody serves it: a claim and the reading of its state, a few
/// milliseconds as a rule. Whoever takes longer is left to finish, and requests are sent there.
const TAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// An answer, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attributed<T> {
    /// Who answers, as `name/incarnation`.
    #[serde(with = "crate::ownership::peer::as_text")]
    pub pod: PodId,
    /// What it answers.
    pub answer: T,
}

/// Asks over HTTP.
#[derive(Debug, Clone)]
pub struct HttpSuccessors {
    client: reqwest::Client,
    keys: PeerKeys,
}

/// Why there is no answer.
enum Unanswered {
    /// Nothing listens there, or another process: the pod is gone.
    Gone,
    /// Not in time, or not understood.
    Silent,
}

impl HttpSuccessors {
    /// A client for pods of the same cluster: no outgoing proxy, no redirects.
    ///
    /// # Errors
    /// When the process has no TLS provider installed.
    pub fn new(keys: PeerKeys) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .default_headers(keys.sent())
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .build()?;
        Ok(Self { client, keys })
    }

    async fn answer(
        &self,
        pod: &PodRecord,
        asked: reqwest::Result<reqwest::Response>,
    ) -> reqwest::Result<Vec<u8>> {
        let response = asked?;
        if response.status() == StatusCode::UNAUTHORIZED {
            self.keys.were_refused_by(&pod.id);
        }
        peer::whole(response.error_for_status()?).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        pod: &PodRecord,
        path: String,
        offer: &Offer,
        limit: Duration,
    ) -> Result<T, Unanswered> {
        let asked = self.client.post(format!("http://{}{path}", pod.admin_address));
        let asking = outbound::traced(asked).json(offer).timeout(limit).send();
        let body = match self.answer(pod, asking.await).await {
            Ok(body) => body,
            Err(error) if peer::is_refusal(&error) => return Err(Unanswered::Gone),
            Err(error) => {
                tracing::debug!(pod.id = %pod.id, error = &error as &dyn std::error::Error, "a successor did not answer");
                return Err(Unanswered::Silent);
            }
        };
        match serde_json::from_slice::<Attributed<T>>(&body) {
            Ok(told) if told.pod.incarnation != pod.id.incarnation => Err(Unanswered::Gone),
            Ok(told) => Ok(told.answer),
            Err(_) => Err(Unanswered::Silent),
        }
    }
}

#[async_trait]
impl Successors for HttpSuccessors {
    async fn prepare(&self, pod: &PodRecord, cashbox: CashBoxId, offer: &Offer) -> Readiness {
        let path = format!("{CASHBOXES_PATH}{cashbox}{PREPARE}");
        let answer = self.ask(pod, path, offer, PREPARE_TIMEOUT).await;
        answer.unwrap_or(Readiness::Unreachable)
    }

    async fn take(&self, pod: &PodRecord, cashbox: CashBoxId, offer: &Offer) -> Taking {
        let path = format!("{CASHBOXES_PATH}{cashbox}{TAKE}");
        match self.ask(pod, path, offer, TAKE_TIMEOUT).await {
            Ok(taking) => taking,
            Err(Unanswered::Gone) => Taking::Gone,
            Err(Unanswered::Silent) => Taking::Silent,
        }
    }
}
