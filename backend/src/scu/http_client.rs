//! The way to a TSE that is asked over HTTP: what was sent, what came back, and what is known when nothing did.
//!
//! ```text
//! send ─ no connection ─────────────────────────▶ unreachable: it was not sent
//!      ├ sent, but no answer, or half of one ───▶ outcome unknown: it may have been done
//!      └ an answer, of any status ──────────────▶ for the vendor's adapter to judge
//! ```
//!
//! Nothing is repeated here: which call may be repeated, and how often, is the vendor's rule.

use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::ScuError;
use super::package::PackageKeys;
use crate::config_service::outgoing_proxy::ProxyAddress;
use crate::outbound;

/// The largest answer that is read as a whole; files are read in parts.
const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Asks one service.
#[derive(Debug, Clone)]
pub struct HttpClient {
    http: Client,
    base: Url,
    timeout: Duration,
}

/// What a service answered. Its debug form shows no body: it may hold a token or a receipt.
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// How long the service asks to be left alone, where it says so in whole seconds.
    pub retry_after: Option<Duration>,
    /// What it says.
    pub body: Bytes,
}

/// A file that a service sends, taken part by part.
#[derive(Debug)]
pub struct Download {
    response: Response,
}

/// Why a text is no address of a service. The text is not repeated: it may hold a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be {BASE_RULE}")]
pub struct NoBase;

/// What the address of a service must be.
pub const BASE_RULE: &str = "an absolute address such as https://host/path, without a query";

impl HttpClient {
    /// Asks the service at `base`, whose path may be empty; `timeout` bounds each call from connecting to the last
    /// byte, and each pause within a file.
    ///
    /// # Errors
    /// When `base` is no address.
    pub fn new(http: Client, base: &str, timeout: Duration) -> Result<Self, NoBase> {
        let mut base = Url::parse(base.trim()).map_err(|_| NoBase)?;
        if !matches!(base.scheme(), "http" | "https") || base.query().is_some() || base.fragment().is_some() {
            return Err(NoBase);
        }
        // What is joined to an address without it would replace its last part.
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        Ok(Self { http, base, timeout })
    }

    /// A request of `path`, relative to the service's address and with a query if need be.
    ///
    /// # Panics
    /// When `path` is an address of its own: paths are made by adapters.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = self.base.join(path).expect("adapters ask for relative paths");
        assert_eq!(
            url.origin(),
            self.base.origin(),
            "adapters ask for relative paths"
        );
        self.http.request(method, url)
    }

    /// Sends a request and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// [`ScuError::Unreachable`] when it was not sent, [`ScuError::OutcomeUnknown`] when it was and no whole answer came.
    pub async fn send(&self, request: RequestBuilder) -> Result<Answer, ScuError> {
        let response = request.timeout(self.timeout).send().await.map_err(unanswered)?;
        let (status, retry_after) = (response.status(), retry_after(response.headers()));
        let body = whole(response).await?;
        Ok(Answer {
            status,
            retry_after,
            body,
        })
    }

    /// Sends a request whose answer is a file. Anything but a success is read whole.
    ///
    /// # Errors
    /// As [`HttpClient::send`].
    pub async fn download(&self, request: RequestBuilder) -> Result<Result<Download, Answer>, ScuError> {
        // The whole file may take much longer than any call; what is bounded is each wait for more of it.
        let sent = tokio::time::timeout(self.timeout, request.send()).await;
        let response = sent.map_err(|_| out_of_time(self.timeout))?.map_err(unanswered)?;
        if response.status().is_success() {
            return Ok(Ok(Download { response }));
        }
        let (status, retry_after) = (response.status(), retry_after(response.headers()));
        let body = tokio::time::timeout(self.timeout, whole(response)).await;
        let body = body.map_err(|_| out_of_time(self.timeout))??;
        Ok(Err(Answer {
            status,
            retry_after,
            body,
        }))
    }

    /// The next part of a file; none at its end.
    ///
    /// # Errors
    /// [`ScuError::OutcomeUnknown`] when the file breaks off or pauses too long.
    pub async fn more(&self, file: &mut Download) -> Result<Option<Bytes>, ScuError> {
        let more = tokio::time::timeout(self.timeout, file.response.chunk()).await;
        more.map_err(|_| out_of_time(self.timeout))?.map_err(unanswered)
    }
}

impl Answer {
    /// The body as a document. Its text is not part of the error.
    ///
    /// # Errors
    /// [`ScuError::OutcomeUnknown`]: the service did something, and what it said of it cannot be read.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ScuError> {
        serde_json::from_slice(&self.body).map_err(|error| ScuError::OutcomeUnknown {
            message: format!(
                "the answer cannot be read (line {}, column {})",
                error.line(),
                error.column()
            ),
        })
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// The proxy that a package names for itself: `ProxyServer`, `ProxyPort`, `ProxyUsername`, `ProxyPassword` (6.1).
///
/// # Errors
/// The setting that is wrong, and its rule.
pub fn own_proxy(keys: &PackageKeys) -> Result<Option<ProxyAddress>, (&'static str, &'static str)> {
    let given = |key| keys.text(key).filter(|text| !text.trim().is_empty());
    let Some(server) = given("ProxyServer") else {
        return Ok(None);
    };
    let port = match given("ProxyPort").map(|port| port.trim().parse::<u16>()) {
        None => None,
        Some(Ok(port @ 1..)) => Some(port),
        Some(_) => return Err(("ProxyPort", "1 to 65535")),
    };
    let server = server.trim().trim_end_matches('/');
    let address = port.map_or_else(|| server.to_owned(), |port| format!("{server}:{port}"));
    let rule = (
        "ProxyServer",
        "a host, or http://host, without a port where ProxyPort is set",
    );
    let proxy = ProxyAddress::from_address(&address).map_err(|_| rule)?;
    Ok(Some(match given("ProxyUsername") {
        Some(name) => {
            let password = keys
                .secret("ProxyPassword")
                .unwrap_or_else(|| SecretString::from(""));
            proxy.as_user(name, password)
        }
        None => proxy,
    }))
}

async fn whole(mut response: Response) -> Result<Bytes, ScuError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(unanswered)? {
        if body.len() + chunk.len() > BODY_BYTES_MAX {
            return Err(ScuError::OutcomeUnknown {
                message: format!("the answer is longer than {BODY_BYTES_MAX} bytes"),
            });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

/// A request that cannot be built and a connection that cannot be made sent nothing. Everything else may have.
fn unanswered(error: reqwest::Error) -> ScuError {
    let was_sent = !(error.is_connect() || error.is_builder());
    let message = outbound::in_words(error);
    match was_sent {
        true => ScuError::OutcomeUnknown { message },
        false => ScuError::Unreachable { message },
    }
}

fn out_of_time(timeout: Duration) -> ScuError {
    ScuError::OutcomeUnknown {
        message: format!("no answer within {timeout:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::Outbound;
    use serde_json::json;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    fn client(base: &str, timeout_ms: u64) -> HttpClient {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Outbound::default().client(None).unwrap();
        HttpClient::new(http, base, Duration::from_millis(timeout_ms)).unwrap()
    }

    /// A service that reads one request, answers with these bytes and hangs up, or says nothing for ever.
    async fn service(answer: Option<&'static str>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut asked = [0; 1024];
            let _ = connection.read(&mut asked).await;
            match answer {
                Some(answer) => connection.write_all(answer.as_bytes()).await.unwrap(),
                None => std::future::pending().await,
            }
        });
        format!("http://{address}/api/v2")
    }

    async fn ask(base: &str, timeout_ms: u64) -> Result<Answer, ScuError> {
        let client = client(base, timeout_ms);
        client.send(client.request(Method::GET, "tss")).await
    }

    #[tokio::test]
    async fn nobody_there_means_that_nothing_was_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        assert!(matches!(
            ask(&base, 10_000).await,
            Err(ScuError::Unreachable { .. })
        ));
    }

    #[tokio::test]
    async fn silence_and_half_an_answer_leave_the_outcome_unknown() {
        let silent = service(None).await;
        assert!(ask(&silent, 50).await.unwrap_err().may_have_signed());
        for half in ["", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"] {
            let base = service(Some(half)).await;
            assert!(ask(&base, 10_000).await.unwrap_err().may_have_signed(), "{half}");
        }
    }

    #[tokio::test]
    async fn an_answer_keeps_its_status_and_how_long_to_wait_and_shows_no_body() {
        let answer = "HTTP/1.1 429 Too Many\r\nretry-after: 7\r\ncontent-length: 6\r\n\r\nsecret";
        let answer = ask(&service(Some(answer)).await, 10_000).await.unwrap();
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(answer.retry_after, Some(Duration::from_secs(7)));
        assert_eq!(answer.body, "secret");
        assert!(!format!("{answer:?}").contains("secret"));
        let unreadable = answer.json::<u8>().unwrap_err();
        assert!(unreadable.may_have_signed() && !unreadable.to_string().contains("secret"));
    }

    #[test]
    fn paths_are_joined_to_an_address_with_a_path_of_its_own() {
        for base in ["http://host:1/api/v2", "http://host:1/api/v2/"] {
            let request = client(base, 1).request(Method::GET, "tss/1/tx?states[]=ACTIVE");
            let url = request.build().unwrap().url().to_string();
            assert_eq!(url, "http://host:1/api/v2/tss/1/tx?states[]=ACTIVE");
        }
        let http = Client::new();
        for wrong in ["", "host", "ftp://host", "http://host?q"] {
            assert!(
                HttpClient::new(http.clone(), wrong, Duration::ZERO).is_err(),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_proxy_of_its_own_is_read_and_its_password_is_not_shown() {
        let read = |keys: serde_json::Value| own_proxy(&PackageKeys::new(keys.as_object()));
        assert!(read(json!({"ProxyServer": " "})).unwrap().is_none());
        let proxy = json!({
            "ProxyServer": "http://proxy", "ProxyPort": "3128", "ProxyUsername": "me", "ProxyPassword": "hunter2"
        });
        let shown = format!("{:?}", read(proxy).unwrap().unwrap());
        assert!(
            shown.contains("proxy") && shown.contains("3128") && !shown.contains("hunter2"),
            "{shown}"
        );
        let fault = read(json!({"ProxyServer": "proxy", "ProxyPort": "many"})).unwrap_err();
        assert_eq!(fault.0, "ProxyPort");
    }
}
