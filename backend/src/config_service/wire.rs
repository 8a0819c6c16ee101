//! How the question looks on the wire. The original's configuration service has two forms (`fiscal-spec.md` 2.1).

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use p256::ecdsa::SigningKey;
use p256::pkcs8::EncodePublicKey;
use reqwest::header::HeaderValue;
use reqwest::{RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};
use shared::identity::CashBoxId;
use thiserror::Error;

use super::encrypted_values::{self, EncryptedValueFault};

/// Which of the two forms is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `GET {base}/api/configuration` with id and token as headers.
    Helipad,
    /// `GET {base}/api/configuration/{cashboxid}` with the token as a header and a public key as a JSON body.
    Launcher,
}

/// A word that is no shape.
#[derive(Debug, Error)]
#[error("must be helipad or launcher")]
pub struct ShapeError;

impl FromStr for Shape {
    type Err = ShapeError;

    fn from_str(word: &str) -> Result<Self, ShapeError> {
        match word.to_ascii_lowercase().as_str() {
            "helipad" => Ok(Self::Helipad),
            "launcher" => Ok(Self::Launcher),
            _ => Err(ShapeError),
        }
    }
}

/// Builds the questions of one pod.
pub struct Wire {
    shape: Shape,
    base: Url,
    /// The launcher's form wants a key to encrypt secrets for.
    private_key: SigningKey,
    /// Its public half, as the service reads it.
    public_key_x509: String,
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire")
            .field("shape", &self.shape)
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}

impl Wire {
    /// Speaks `shape` to the service at `base`.
    #[must_use]
    pub fn new(shape: Shape, base: Url) -> Self {
        let private_key = crate::scu::simulator::key::fresh();
        Self {
            shape,
            base,
            public_key_x509: x509(&private_key),
            private_key,
        }
    }

    /// The question for one cashbox; `None` when no header can hold the token, which then cannot be right.
    #[must_use]
    pub fn request(
        &self,
        http: &reqwest::Client,
        cashbox: CashBoxId,
        token: &SecretString,
    ) -> Option<RequestBuilder> {
        let mut token = HeaderValue::from_str(token.expose_secret()).ok()?;
        token.set_sensitive(true);
        let request = match self.shape {
            Shape::Helipad => http
                .get(self.address("api/configuration"))
                .header("cashboxid", cashbox.to_string()),
            Shape::Launcher => http
                .get(self.address(&format!("api/configuration/{cashbox}")))
                .json(&serde_json::json!({ "publicKeyX509": self.public_key_x509 })),
        };
        Some(request.header("accesstoken", token))
    }

    /// The document with the values opened that the service encrypted; only the launcher's form has such.
    ///
    /// # Errors
    /// The first value that does not open.
    pub fn opened(
        &self,
        document: String,
        cashbox: CashBoxId,
        token: &SecretString,
    ) -> Result<String, EncryptedValueFault> {
        match self.shape {
            Shape::Helipad => Ok(document),
            Shape::Launcher => encrypted_values::opened(document, &self.private_key, token, cashbox),
        }
    }

    /// The base may have a path of its own and may end in a slash.
    fn address(&self, path: &str) -> Url {
        let mut address = self.base.clone();
        address.set_path(&format!("{}/{path}", self.base.path().trim_end_matches('/')));
        address
    }
}

fn x509(key: &SigningKey) -> String {
    let document = key.verifying_key().to_public_key_der();
    BASE64.encode(document.expect("every P-256 key has this form").as_bytes())
}
