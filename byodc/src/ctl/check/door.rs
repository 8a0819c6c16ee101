//! The installation as its callers see it: an address that is asked one question after the other.

use std::error::Error as _;
use std::fmt::Display;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use reqwest::{Certificate, Client, RequestBuilder, Response, StatusCode, Url};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use shared::header::{ACCESS_TOKEN, CASHBOX_ID};
use shared::identity::CashBoxId;

use super::trouble::Trouble;
use crate::cli::Check;

/// How long one answer may take: the first receipt of a cashbox starts it, and a TSE takes its time.
const ANSWER_MAX: Duration = Duration::from_secs(60);
/// How long connecting may take.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// The pause before a question is asked again.
const PAUSE: Duration = Duration::from_millis(500);
/// How much of an answer that is no JSON is told.
const TOLD_CHARS_MAX: usize = 200;

/// Whose receipts, and the proof that the caller may.
#[derive(Debug)]
pub struct Caller {
    /// The cashbox.
    pub cashbox: CashBoxId,
    /// Its access token.
    pub token: SecretString,
}

/// An installation's address, and how long to be patient with it.
#[derive(Debug)]
pub struct Door {
    client: Client,
    base: Url,
    wait: Duration,
}

impl Door {
    /// Gets ready to ask. What stands in the site is reached directly, whatever outgoing proxy the machine uses.
    ///
    /// # Errors
    /// The file of `--ca` cannot be read; the client cannot be made.
    pub fn open(mut base: Url, given: &Check) -> anyhow::Result<Self> {
        let mut client = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("byodc-ctl/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_MAX)
            .timeout(ANSWER_MAX);
        if let Some(file) = &given.ca {
            let told = || format!("reading --ca {}", file.display());
            let bundle = std::fs::read(file).with_context(told)?;
            client = client.tls_certs_merge(Certificate::from_pem_bundle(&bundle).with_context(told)?);
        }
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        Ok(Self {
            client: client.build().context("making an HTTP client")?,
            base,
            wait: Duration::from_secs(given.wait.into()),
        })
    }

    /// Asks until the answer is settled, and tells how it went.
    ///
    /// # Errors
    /// The trouble that was told.
    pub async fn step<T: Display>(
        &self,
        name: &str,
        ask: impl AsyncFn() -> Result<T, Trouble>,
    ) -> Result<(), Trouble> {
        tell(name, self.patiently(ask).await)
    }

    /// Asks again while that may help and the patience lasts.
    ///
    /// # Errors
    /// The last trouble.
    pub async fn patiently<T>(&self, ask: impl AsyncFn() -> Result<T, Trouble>) -> Result<T, Trouble> {
        let until = Instant::now() + self.wait;
        loop {
            match ask().await {
                Err(trouble) if trouble.may_pass() && Instant::now() < until => {
                    tokio::time::sleep(PAUSE).await;
                }
                settled => return settled,
            }
        }
    }

    /// Gets a path whose answer is one word, or a small document.
    ///
    /// # Errors
    /// It cannot be asked, or does not answer well.
    pub async fn word(&self, path: &str) -> Result<String, Trouble> {
        let text = answered(self.client.get(self.url(path))).await?;
        Ok(shortened(&text))
    }

    /// The product, its version and its interface.
    ///
    /// # Errors
    /// It cannot be asked, or answers something else.
    pub async fn version(&self) -> Result<String, Trouble> {
        let text = answered(self.client.get(self.url("api/version"))).await?;
        match serde_json::from_str::<Vec<String>>(&text) {
            Ok(parts) if !parts.is_empty() => Ok(parts.join(" ")),
            _ => Err(Trouble::Wrong(format!(
                "the answer names no version: {}",
                shortened(&text)
            ))),
        }
    }

    /// Sends a message and expects it back.
    ///
    /// # Errors
    /// It cannot be asked, or another message comes back.
    pub async fn echo(&self, caller: &Caller, message: &str) -> Result<String, Trouble> {
        let text = self
            .post(caller, "api/Echo", &json!({ "message": message }), &[])
            .await?;
        let answer: Value = serde_json::from_str(&text).unwrap_or_default();
        // Both spellings of the interface: as the cloud product writes it, and as the local one did.
        let back = answer.get("message").or_else(|| answer.get("Message"));
        if back.and_then(Value::as_str) == Some(message) {
            Ok(format!("the cashbox {} answers", caller.cashbox))
        } else {
            Err(Trouble::Wrong(format!(
                "another message came back: {}",
                shortened(&text)
            )))
        }
    }

    /// Posts a document for a cashbox.
    ///
    /// # Errors
    /// It cannot be asked, or does not answer well.
    pub async fn post(
        &self,
        caller: &Caller,
        path: &str,
        document: &Value,
        headers: &[(&'static str, String)],
    ) -> Result<String, Trouble> {
        let mut request = self
            .client
            .post(self.url(path))
            .header(CASHBOX_ID, caller.cashbox.to_string())
            .header(ACCESS_TOKEN, caller.token.expose_secret())
            .json(document);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        answered(request).await
    }

    fn url(&self, path: &str) -> Url {
        self.base
            .join(path)
            .expect("a relative path can follow every http address")
    }
}

/// Tells how a step went, in one line.
///
/// # Errors
/// The trouble that was told.
pub fn tell<T: Display>(name: &str, went: Result<T, Trouble>) -> Result<(), Trouble> {
    match went {
        Ok(told) => println!("ok      {name:8} {told}"),
        Err(trouble) => {
            println!("failed  {name:8} {trouble}");
            return Err(trouble);
        }
    }
    Ok(())
}

/// Tells that a step was left out, and why.
pub fn skip(name: &str, why: &str) {
    println!("skipped {name:8} {why}");
}

async fn answered(request: RequestBuilder) -> Result<String, Trouble> {
    let answer = request.send().await.map_err(unreachable)?;
    let status = answer.status();
    let text = text(answer).await?;
    if status.is_success() {
        return Ok(text);
    }
    let told = format!("{status}: {}", detail(&text));
    Err(match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Trouble::Denied(told),
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
            Trouble::NotNow(told)
        }
        _ => Trouble::Wrong(told),
    })
}

async fn text(answer: Response) -> Result<String, Trouble> {
    answer.text().await.map_err(unreachable)
}

/// A failure in words, down to its root.
fn unreachable(error: reqwest::Error) -> Trouble {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        words += &format!(": {cause}");
        source = cause.source();
    }
    Trouble::Unreachable(words)
}

/// What a refusal says (RFC 9457), or how it begins where it is no such document.
fn detail(text: &str) -> String {
    let problem: Value = serde_json::from_str(text).unwrap_or_default();
    match problem["detail"].as_str() {
        Some(detail) => shortened(detail),
        None => shortened(text),
    }
}

/// The beginning of an answer, in one line.
pub fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(TOLD_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_by_its_detail_and_anything_else_by_its_beginning() {
        assert_eq!(
            detail(r#"{"title":"No","detail":"the pod is full"}"#),
            "the pod is full"
        );
        assert_eq!(detail("<html>\n  <body>"), "<html> <body>");
        assert_eq!(detail(&"x".repeat(900)).chars().count(), TOLD_CHARS_MAX + 1);
    }
}
