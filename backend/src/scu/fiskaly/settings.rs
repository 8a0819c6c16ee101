//! What a cashbox's configuration sets for fiskaly (`fiscal-spec.md` 2.2 and 6.1), checked once.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use shared::identity::guid;
use uuid::Uuid;

use crate::scu::package::PackageKeys;

/// Where fiskaly is, unless `ApiEndpoint` says otherwise.
const BASE: &str = "https://kassensichv-middleware.fiskaly.com/api/v2";
/// What the TSE is certified as, unless `CertificationId` says otherwise.
const CERTIFICATION: &str = "BSI-K-TR-0490-2021";

/// What a package sets. Its debug form shows no credential.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `ApiEndpoint`.
    pub base: String,
    /// `TssId`.
    pub tss: Uuid,
    /// `ApiKey`, `ApiSecret` and `AdminPin`.
    pub credentials: Credentials,
    /// `CertificationId`.
    pub certification: String,
    /// How long one HTTP call may take: `FiskalyClientTimeout`, 120 s.
    pub timeout: Duration,
    /// `RetriesOn5xxError` and `DelayOnRetriesInMs`.
    pub retries: Retries,
    /// `MaxClientCount`: no further client is registered beyond.
    pub clients_max: Option<usize>,
    /// How the TSS's log is exported.
    pub export: ExportSettings,
    /// Everything that makes one way to a TSS another one than the next: equal digests may share what they learn.
    pub digest: [u8; 32],
}

/// Who asks.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// `ApiKey`.
    pub key: SecretString,
    /// `ApiSecret`.
    pub secret: SecretString,
    /// `AdminPin`; without it nothing can be done that an administrator must do.
    pub admin_pin: Option<SecretString>,
}

/// How often an answer that is no success is asked for again.
#[derive(Debug, Clone, Copy)]
pub struct Retries {
    /// How often at the most: 5.
    pub max: u32,
    /// The pause where fiskaly names none: 1 s.
    pub pause: Duration,
}

/// How the TSS's log is exported.
#[derive(Debug, Clone, Copy)]
pub struct ExportSettings {
    /// `EnableTarFileExport`: without it exports are empty.
    pub enabled: bool,
    /// `MaxExportTransaction`: more transactions are exported in several parts.
    pub transactions_max: u64,
    /// `RetriesOnTarExportWebException`: how often a download that broke off begins anew.
    pub download_retries: u32,
}

/// A setting that is wrong, and its rule. Its value is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wrong(pub &'static str, pub &'static str);

impl Settings {
    /// Reads a package's settings.
    ///
    /// # Errors
    /// The first setting that is missing or wrong.
    pub fn read(keys: &PackageKeys) -> Result<Self, Wrong> {
        let credentials = Credentials {
            key: secret(keys, "ApiKey")?,
            secret: secret(keys, "ApiSecret")?,
            admin_pin: given(keys, "AdminPin").map(SecretString::from),
        };
        let tss = given(keys, "TssId").ok_or(Wrong("TssId", "set"))?;
        let ms = |key, default, max| number(keys, key, default, max).map(Duration::from_millis);
        Ok(Self {
            base: given(keys, "ApiEndpoint").unwrap_or_else(|| BASE.to_owned()),
            tss: guid::parse(&tss)
                .map(Uuid::from_u128)
                .map_err(|_| Wrong("TssId", "a GUID"))?,
            digest: digest(keys),
            credentials,
            certification: given(keys, "CertificationId").unwrap_or_else(|| CERTIFICATION.to_owned()),
            timeout: ms("FiskalyClientTimeout", 120_000, 3_600_000)?.max(Duration::from_millis(1)),
            retries: Retries {
                max: small(keys, "RetriesOn5xxError", 5)?,
                pause: ms("DelayOnRetriesInMs", 1_000, 600_000)?,
            },
            clients_max: match given(keys, "MaxClientCount") {
                None => None,
                Some(_) => Some(small(keys, "MaxClientCount", 0)? as usize),
            },
            export: ExportSettings {
                enabled: switch(keys, "EnableTarFileExport", true)?,
                transactions_max: number(keys, "MaxExportTransaction", 320_000, u64::MAX)?.max(1),
                download_retries: small(keys, "RetriesOnTarExportWebException", 2)?,
            },
        })
    }
}

fn given(keys: &PackageKeys, key: &str) -> Option<String> {
    let text = keys.text(key)?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn secret(keys: &PackageKeys, key: &'static str) -> Result<SecretString, Wrong> {
    given(keys, key).map(SecretString::from).ok_or(Wrong(key, "set"))
}

fn number(keys: &PackageKeys, key: &'static str, default: u64, max: u64) -> Result<u64, Wrong> {
    let rule = Wrong(key, "a whole number, 0 or more, and not beyond all reason");
    match given(keys, key).map(|text| text.parse::<u64>()) {
        None => Ok(default),
        Some(Ok(number)) if number <= max => Ok(number),
        Some(_) => Err(rule),
    }
}

fn small(keys: &PackageKeys, key: &'static str, default: u32) -> Result<u32, Wrong> {
    let number = number(keys, key, default.into(), u32::MAX.into())?;
    Ok(u32::try_from(number).expect("it was just bounded"))
}

fn switch(keys: &PackageKeys, key: &'static str, default: bool) -> Result<bool, Wrong> {
    match given(keys, key) {
        None => Ok(default),
        Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        Some(_) => Err(Wrong(key, "true or false")),
    }
}

/// Of every setting that is read here or by the HTTP client.
fn digest(keys: &PackageKeys) -> [u8; 32] {
    let mut hash = Sha256::new();
    for key in [
        "ApiEndpoint",
        "TssId",
        "ApiKey",
        "ApiSecret",
        "AdminPin",
        "CertificationId",
        "FiskalyClientTimeout",
        "RetriesOn5xxError",
        "DelayOnRetriesInMs",
        "MaxClientCount",
        "EnableTarFileExport",
        "MaxExportTransaction",
        "RetriesOnTarExportWebException",
        "ProxyServer",
        "ProxyPort",
        "ProxyUsername",
        "ProxyPassword",
    ] {
        let value = keys.secret(key).unwrap_or_default();
        let value = value.expose_secret();
        // With its length, so that no two sets of values are written alike.
        hash.update((value.len() as u64).to_be_bytes());
        hash.update(value);
    }
    hash.finalize().into()
}
