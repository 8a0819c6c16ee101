//! The pod's own object in Kubernetes, reached as every pod reaches it: address from the environment, token, namespace
//! and the cluster's certificate authority from the service account's folder.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Certificate, Client, StatusCode, Url};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use shared::env::Settings;
use thiserror::Error;

/// Where Kubernetes puts a pod's service account.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// What a ReplicaSet looks at when it chooses whom to remove.
const ANNOTATION: &str = "controller.kubernetes.io/pod-deletion-cost";
/// How long one call may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Where this pod is in Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The API server's host (`KUBERNETES_SERVICE_HOST`).
    pub host: String,
    /// Its port (`KUBERNETES_SERVICE_PORT`).
    pub port: String,
    /// The pod's name in Kubernetes (`HOSTNAME`); `Byodc__Pod__Name` may be another.
    pub pod: String,
    /// The folder with `token`, `namespace` and `ca.crt`.
    pub account: PathBuf,
}

impl Place {
    /// The place that the environment names; none outside of a cluster.
    #[must_use]
    pub fn read(settings: &Settings) -> Option<Self> {
        let given = |name| {
            let value = settings.given(name)?.value;
            (!value.is_empty()).then_some(value)
        };
        Some(Self {
            host: given("KUBERNETES_SERVICE_HOST")?,
            port: given("KUBERNETES_SERVICE_PORT")?,
            pod: given("HOSTNAME")?,
            account: PathBuf::from(SERVICE_ACCOUNT),
        })
    }

    fn url(&self, namespace: &str) -> Option<Url> {
        let host = match self.host.parse::<IpAddr>() {
            Ok(IpAddr::V6(address)) => format!("[{address}]"),
            _ => self.host.clone(),
        };
        let mut url = Url::parse(&format!("https://{host}:{}", self.port)).ok()?;
        url.path_segments_mut()
            .ok()?
            .extend(["api", "v1", "namespaces", namespace, "pods", &self.pod]);
        Some(url)
    }
}

/// Why the cost was not told.
#[derive(Debug, Error)]
pub enum TellError {
    /// A file of the service account cannot be read.
    #[error("reading the service account's {file}")]
    Account {
        /// Which one.
        file: &'static str,
        /// What failed.
        #[source]
        source: std::io::Error,
    },
    /// The environment names no address.
    #[error("the API server's address is none: check KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT")]
    Address,
    /// The API server was not reached, or its certificate is not the cluster's.
    #[error("asking the API server")]
    Unreachable(#[from] reqwest::Error),
    /// It refused; 403: the service account may not patch pods.
    #[error("the API server answered {0}")]
    Refused(StatusCode),
}

/// The way to the pod's own object, for one call.
#[derive(Debug)]
pub struct OwnObject {
    client: Client,
    url: Url,
    token: SecretString,
}

impl OwnObject {
    /// Reads the account and trusts the cluster's authority alone.
    ///
    /// # Errors
    /// When a file of the account is missing or breaks a rule.
    pub async fn at(place: &Place) -> Result<Self, TellError> {
        let authority = file(&place.account, "ca.crt").await?;
        let namespace = file(&place.account, "namespace").await?;
        let token = file(&place.account, "token").await?;
        let client = Client::builder()
            .tls_certs_only(Certificate::from_pem_bundle(authority.as_bytes())?)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .user_agent(concat!("byodc/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self {
            client,
            url: place.url(namespace.trim()).ok_or(TellError::Address)?,
            token: token.trim().into(),
        })
    }

    /// Writes the annotation; everything else of the object stays as it is.
    ///
    /// # Errors
    /// When the API server is not reached or refuses.
    pub async fn set_deletion_cost(&self, cost: u32) -> Result<(), TellError> {
        // Kubernetes reads it as a signed number of 32 bits.
        let cost = cost.min(i32::MAX.unsigned_abs()).to_string();
        let patch = json!({ "metadata": { "annotations": { ANNOTATION: cost } } });
        let asked = self
            .client
            .patch(self.url.clone())
            .bearer_auth(self.token.expose_secret())
            .header("content-type", "application/merge-patch+json")
            .body(patch.to_string());
        let answered = asked.send().await?;
        match answered.status() {
            status if status.is_success() => Ok(()),
            status => Err(TellError::Refused(status)),
        }
    }
}

async fn file(account: &Path, file: &'static str) -> Result<String, TellError> {
    let read = tokio::fs::read_to_string(account.join(file)).await;
    read.map_err(|source| TellError::Account { file, source })
}
