//! The certificate for TLS: read at start, read again when its files change.
//!
//! Wrong files are an error at start and a warning later: the last good pair keeps serving.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Why a pair of files cannot serve.
#[derive(Debug, Error)]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{} holds no {what} in PEM form", path.display())]
    Empty {
        /// Which one.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// The certificate cannot be read as one.
    #[error("a certificate in {} is malformed", path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
    },
    /// The key does not belong to the certificate, or is of a kind that cannot sign.
    #[error("the key in {} does not fit the certificate in {}", key.display(), certificate.display())]
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What is wrong.
        #[source]
        source: rustls::Error,
    },
}

/// The certificate in force.
#[derive(Debug)]
pub struct Certificate {
    certificate: PathBuf,
    key: PathBuf,
    current: ArcSwap<Loaded>,
}

#[derive(Debug)]
struct Loaded {
    /// The files' contents, to notice a change whatever the files' times say.
    files: (Vec<u8>, Vec<u8>),
    pair: Arc<CertifiedKey>,
    /// When the first certificate of the chain to end does, in seconds of the Unix epoch.
    expires_s: i64,
}

impl Certificate {
    /// Reads a certificate chain and its key.
    ///
    /// # Errors
    /// When the files are no good.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, CertificateError> {
        Ok(Self {
            current: ArcSwap::from_pointee(load(certificate, key)?),
            certificate: certificate.to_owned(),
            key: key.to_owned(),
        })
    }

    /// When the chain in force ends: with the first of its certificates to end, in seconds of the Unix epoch.
    #[must_use]
    pub fn expires_s(&self) -> i64 {
        self.current.load().expires_s
    }

    /// Looks at the files from time to time until `stop`.
    pub async fn follow(self: Arc<Self>, stop: CancellationToken) {
        let mut said = None;
        let mut tick = tokio::time::interval(LOOK_EVERY);
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            match self.look() {
                Ok(changed) => {
                    if changed {
                        tracing::info!(certificate = %self.certificate.display(), "the certificate was read anew");
                    }
                    said = None;
                }
                Err(error) => {
                    let error = error.to_string();
                    if said.as_ref() != Some(&error) {
                        tracing::warn!(%error, "the certificate's files are no good: the last good one serves on");
                        said = Some(error);
                    }
                }
            }
        }
    }

    /// Reads the files; says whether they changed.
    ///
    /// # Errors
    /// When they are no good. Nothing changes then.
    pub fn look(&self) -> Result<bool, CertificateError> {
        let files = (contents(&self.certificate)?, contents(&self.key)?);
        if files == self.current.load().files {
            return Ok(false);
        }
        self.current.store(Arc::new(load(&self.certificate, &self.key)?));
        Ok(true)
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.load().pair))
    }
}

fn contents(path: &Path) -> Result<Vec<u8>, CertificateError> {
    std::fs::read(path).map_err(|source| CertificateError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

fn load(certificate: &Path, key: &Path) -> Result<Loaded, CertificateError> {
    let files = (contents(certificate)?, contents(key)?);
    let empty = |path: &Path, what| CertificateError::Empty {
        path: path.to_owned(),
        what,
    };
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&files.0)
        .collect::<Result<_, _>>()
        .map_err(|_| empty(certificate, "certificate"))?;
    if chain.is_empty() {
        return Err(empty(certificate, "certificate"));
    }
    let expires_s = expiry(&chain).ok_or_else(|| CertificateError::Malformed {
        path: certificate.to_owned(),
    })?;
    let private = PrivateKeyDer::from_pem_slice(&files.1).map_err(|_| empty(key, "private key"))?;
    let pair = CertifiedKey::from_der(chain, private, &default_provider()).map_err(|source| {
        CertificateError::Mismatch {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            source,
        }
    })?;
    Ok(Loaded {
        files,
        pair: Arc::new(pair),
        expires_s,
    })
}

/// None for an empty chain, and for one of which a certificate is none.
fn expiry(chain: &[CertificateDer<'_>]) -> Option<i64> {
    let expiries = chain.iter().map(|certificate| {
        let (_, read) = X509Certificate::from_der(certificate).ok()?;
        Some(read.validity().not_after.timestamp())
    });
    expiries.min_by_key(|expiry| expiry.unwrap_or(i64::MIN)).flatten()
}
