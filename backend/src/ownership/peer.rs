//! Asking another pod directly, at its admin address.
//!
//! `GET /peer/v1/cashboxes/{id}` answers who the pod is and whether it holds the cashbox, in one question. What
//! cannot be told from a pod that is merely slow is [`Answer::Silent`], which is evidence of nothing. A pod that does
//! not know our key is [`Answer::Unwilling`]: it says nothing of the cashbox.
//!
//! [`Answer::Silent`]: crate::ownership::peer::Answer::Silent
//! [`Answer::Unwilling`]: crate::ownership::peer::Answer::Unwilling

use std::fmt::Debug;
use std::io;

use async_trait::async_trait;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::identity::pod::PodId;
use shared::identity::{CashBoxId, Epoch};
use shared::ownership::store::Era;
use shared::placement::pod::PodRecord;
use shared::timings::{PEER_ANSWER, PEER_CONNECT};

use super::peer_keys::PeerKeys;
use crate::outbound;

/// Where a pod tells who it is.
pub const IDENTITY_PATH: &str = "/peer/v1/identity";
/// Where a pod tells whether it holds a cashbox; the id follows.
pub const CASHBOXES_PATH: &str = "/peer/v1/cashboxes/";

/// The longest answer that is read.
const ANSWER_BYTES_MAX: usize = 4096;

/// The body of an answer at [`IDENTITY_PATH`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerIdentity {
    /// Who answers, as `name/incarnation`.
    #[serde(with = "as_text")]
    pub pod: PodId,
}

/// The body of an answer below [`CASHBOXES_PATH`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerCashbox {
    /// Who answers, as `name/incarnation`.
    #[serde(with = "as_text")]
    pub pod: PodId,
    /// Whether it holds the cashbox.
    pub holds: bool,
    /// The epoch under which it does; 0 when it does not.
    pub epoch: Epoch,
    /// The era of the ownership store in which everything the pod holds is on record; none while something is not.
    #[serde(default)]
    pub recorded_in: Option<Era>,
}

/// What a pod says to one that shows no key of its own, with status 401.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerRefusal {
    /// Who answers, as `name/incarnation`.
    #[serde(with = "as_text")]
    pub pod: PodId,
    /// As in [`PeerCashbox`]: without it, a mistyped key in one pod would keep all others from every cashbox that the
    /// store does not know.
    pub recorded_in: Option<Era>,
    /// Why it says no more.
    pub detail: String,
}

/// What asking a pod came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Nothing listens at its address: the process is gone.
    Refused,
    /// Another process has its address.
    OtherIncarnation,
    /// It answers itself.
    Same {
        /// The epoch under which it holds the cashbox; `None` when it does not.
        holds: Option<Epoch>,
        /// The era in which all that it holds is on record, if that is so.
        recorded_in: Option<Era>,
    },
    /// It answers itself, and does not say whether it holds the cashbox, because it does not know our key.
    Unwilling {
        /// The era in which all that it holds is on record, if that is so.
        recorded_in: Option<Era>,
    },
    /// It neither answered in time nor refused; it may be slow, stopped or cut off.
    Silent,
}

/// How another pod is asked.
#[async_trait]
pub trait Peers: Send + Sync + Debug {
    /// Asks a pod whether it holds a cashbox. Bounded in time.
    async fn ask(&self, pod: &PodRecord, cashbox: CashBoxId) -> Answer;
}

/// Asks over HTTP.
#[derive(Debug, Clone)]
pub struct HttpPeers {
    client: reqwest::Client,
    keys: PeerKeys,
}

impl HttpPeers {
    /// A client for pods of the same cluster: no outgoing proxy, no redirects, no connection kept (a kept one
    /// would outlive the process that it is meant to prove).
    ///
    /// # Errors
    /// When the process has no TLS provider installed.
    pub fn new(keys: PeerKeys) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .default_headers(keys.sent())
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(0)
            .connect_timeout(PEER_CONNECT)
            .timeout(PEER_ANSWER)
            .build()?;
        Ok(Self { client, keys })
    }

    async fn get(&self, pod: &PodRecord, cashbox: CashBoxId) -> reqwest::Result<Answer> {
        let url = format!("http://{}{CASHBOXES_PATH}{cashbox}", pod.admin_address);
        let response = outbound::traced(self.client.get(url)).send().await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            self.keys.were_refused_by(&pod.id);
            return Ok(understand_refusal(&pod.id, &whole(response).await?));
        }
        let body = whole(response.error_for_status()?).await?;
        Ok(understand(&pod.id, &body))
    }
}

/// The body of a pod's answer, read up to a bound.
pub(super) async fn whole(mut response: reqwest::Response) -> reqwest::Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_BYTES_MAX {
            break;
        }
    }
    Ok(body)
}

#[async_trait]
impl Peers for HttpPeers {
    async fn ask(&self, pod: &PodRecord, cashbox: CashBoxId) -> Answer {
        match self.get(pod, cashbox).await {
            Ok(answer) => answer,
            Err(error) if is_refusal(&error) => Answer::Refused,
            Err(error) => {
                tracing::debug!(pod.id = %pod.id, error = &error as &dyn std::error::Error, "a pod did not answer its peer");
                Answer::Silent
            }
        }
    }
}

fn understand(asked: &PodId, body: &[u8]) -> Answer {
    match serde_json::from_slice::<PeerCashbox>(body) {
        Ok(answer) if answer.pod.incarnation != asked.incarnation => Answer::OtherIncarnation,
        Ok(answer) => Answer::Same {
            holds: answer.holds.then_some(answer.epoch),
            recorded_in: answer.recorded_in,
        },
        // Whatever lives there speaks differently; a newer build may. No evidence.
        Err(_) => Answer::Silent,
    }
}

/// Of a stranger nothing is taken for evidence that somebody is gone.
fn understand_refusal(asked: &PodId, body: &[u8]) -> Answer {
    match serde_json::from_slice::<PeerRefusal>(body) {
        Ok(refusal) if refusal.pod.incarnation == asked.incarnation => Answer::Unwilling {
            recorded_in: refusal.recorded_in,
        },
        _ => Answer::Silent,
    }
}

pub(super) fn is_refusal(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let refused = |error: &io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
        if error.downcast_ref::<io::Error>().is_some_and(refused) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// A pod id as one text.
pub(crate) mod as_text {
    use serde::{Deserialize, Deserializer, Serializer, de};
    use shared::identity::pod::PodId;

    pub(crate) fn serialize<S: Serializer>(pod: &PodId, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(pod)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PodId, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
