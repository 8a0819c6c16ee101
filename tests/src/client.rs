//! A POS: signs, echoes, asks for journals, and remembers what it asked and was answered.

use std::sync::Once;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shared::header;
use shared::identity::{CashBoxId, OperationId};

use crate::cashbox::Cashbox;
use crate::history::{Exchange, History};

/// Longer than every deadline in the system under test: running into it is a failure of the test.
const PATIENCE: Duration = Duration::from_secs(100);

/// An HTTP client for tests.
///
/// rustls wants its provider chosen once per process; the first client does so.
#[must_use]
pub fn http() -> reqwest::Client {
    builder().build().unwrap()
}

/// The same without keeping connections: for a client that tests with runtimes of their own share.
#[must_use]
pub fn http_without_pool() -> reqwest::Client {
    builder().pool_max_idle_per_host(0).build().unwrap()
}

fn builder() -> reqwest::ClientBuilder {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    reqwest::Client::builder().timeout(PATIENCE).no_proxy()
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: reqwest::header::HeaderMap,
    /// The body.
    pub body: String,
}

impl Answer {
    /// Reads an answer to its end.
    pub async fn read(response: reqwest::Response) -> reqwest::Result<Self> {
        Ok(Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.text().await?,
        })
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|fault| panic!("no JSON ({fault}): {self:?}"))
    }

    /// The receipt; fails the test if this is none, so it is asked for even where nobody looks at it.
    pub fn receipt(&self) -> Value {
        assert_eq!(self.status, 200, "no receipt: {self:?}");
        let receipt = self.json();
        assert!(receipt["ftQueueItemID"].is_string(), "no receipt: {self:?}");
        receipt
    }

    /// A header's text; empty when it is absent.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

/// The POS of one cashbox. It speaks to one address, of a proxy or, where a test wants that, of a pod.
#[derive(Debug, Clone)]
pub struct Pos {
    http: reqwest::Client,
    base: String,
    cashbox: CashBoxId,
    token: String,
    /// The `traceparent` of every request, if there is one.
    trace: Option<String>,
    history: History,
}

impl Pos {
    /// A POS that speaks to `base`, such as `http://127.0.0.1:8080`.
    #[must_use]
    pub fn new(base: &str, cashbox: &Cashbox) -> Self {
        Self {
            http: http(),
            base: base.to_owned(),
            cashbox: cashbox.id,
            token: cashbox.token.clone(),
            trace: None,
            history: History::default(),
        }
    }

    /// The same POS at another address; what both ask is one history.
    #[must_use]
    pub fn at(&self, base: &str) -> Self {
        Self {
            base: base.to_owned(),
            ..self.clone()
        }
    }

    /// The same POS with another token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self {
            token: token.to_owned(),
            ..self.clone()
        }
    }

    /// The same POS whose requests belong to this place in a trace.
    #[must_use]
    pub fn traced_under(&self, parent: &str) -> Self {
        Self {
            trace: Some(parent.to_owned()),
            ..self.clone()
        }
    }

    /// What this POS and its copies have asked and were answered.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Signs a receipt as a new operation.
    pub async fn sign(&self, receipt: &Value) -> Answer {
        self.sign_as(OperationId::random(), receipt).await
    }

    /// Signs a receipt as an operation that may have been sent before. Fails the test when no HTTP answer comes:
    /// that is never right through a proxy.
    pub async fn sign_as(&self, operation: OperationId, receipt: &Value) -> Answer {
        self.try_sign(operation, receipt)
            .await
            .unwrap_or_else(|fault| panic!("no answer to {operation}: {fault:?}"))
    }

    /// The same where a lost connection is to be expected.
    pub async fn try_sign(&self, operation: OperationId, receipt: &Value) -> reqwest::Result<Answer> {
        let sent_at = Instant::now();
        let answer = self.post("/api/Sign", Some(operation), receipt.to_string()).await;
        self.history.record(Exchange {
            cashbox: self.cashbox,
            operation,
            reference: receipt["cbReceiptReference"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            content: receipt.to_string(),
            sent_at,
            answered_at: Instant::now(),
            answer: answer.as_ref().ok().cloned(),
        });
        answer
    }

    /// Echoes a message; an empty one resets the cashbox.
    pub async fn echo(&self, message: &str) -> Answer {
        let body = json!({ "message": message }).to_string();
        self.post("/api/Echo", None, body).await.unwrap()
    }

    /// Resets the cashbox, which must succeed.
    pub async fn reset(&self) {
        let answer = self.echo("").await;
        assert_eq!(
            (answer.status, answer.json()),
            (200, json!({ "message": "" })),
            "{answer:?}"
        );
    }

    /// A whole journal: 1 actions, 2 receipts, 3 queue items (`fiscal-spec.md` chapter 7).
    pub async fn journal(&self, kind: i64) -> Vec<Value> {
        let path = format!("/api/Journal?type={kind}&from=0&to=0");
        let answer = self.post(&path, None, String::new()).await.unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        serde_json::from_str(&answer.body).unwrap()
    }

    /// Posts whatever the test wants, with this POS's cashbox and token.
    pub async fn post(
        &self,
        path: &str,
        operation: Option<OperationId>,
        body: String,
    ) -> reqwest::Result<Answer> {
        let mut request = self
            .http
            .post(format!("{}{path}", self.base))
            .header(header::CASHBOX_ID, self.cashbox.to_string())
            .header(header::ACCESS_TOKEN, &self.token)
            .header("content-type", "application/json")
            .body(body);
        if let Some(operation) = operation {
            request = request.header(header::OPERATION_ID, operation.to_string());
        }
        if let Some(trace) = &self.trace {
            request = request.header("traceparent", trace);
        }
        Answer::read(request.send().await?).await
    }
}
