//! What a cashbox needs to know, read out of the configuration service's document (`fiscal-spec.md` 2.2).
//!
//! The document is foreign: keys in any letter case, unknown keys, missing numbers. It is read once, at the edge,
//! into types with nothing left to check; whatever breaks a rule is a [`ConfigurationFault`] that names the place
//! and the rule. Merging it with what the journal holds (2.4) is the journal's part.
//!
//! [`ConfigurationFault`]: crate::cashbox::configuration::fault::ConfigurationFault

/// What is wrong with a document.
pub mod fault;
/// What a queue may do and leave.
pub mod options;
/// An object of the document, read without regard to letter case.
mod section;
/// The rows that a queue begins with.
mod seed;

use secrecy::SecretString;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use shared::clock::Ticks;
use shared::identity::{CashBoxId, QueueId, ScuId};

use crate::journal::entry::QueueSeed;
use crate::scu::deadline::Patience;
use crate::scu::package::{PackageKeys, ScuPackage};
use fault::ConfigurationFault;
use options::QueueOptions;
use section::Section;

/// Addresses by which the original marks a cashbox that runs in its own cloud.
const CLOUD_CASHBOX_HOSTS: [&str; 2] = [
    "https://cloudcashbox.fiskaltrust.cloud",
    "https://cloudcashbox-sandbox.fiskaltrust.cloud",
];

/// The most SCUs of a cashbox: the one in use, the one it is switched to, and some that were in use before.
const SCUS_MAX: usize = 8;

/// SHA-256 of a document: tells whether two pods mean the same configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 32]);

/// The configuration of one cashbox: exactly one queue, and its SCU, market DE. While the queue is switched to another
/// SCU the configuration names both. Its debug form shows no secret.
#[derive(Debug, Clone)]
pub struct CashboxConfiguration {
    /// The cashbox; it is the one that was asked for.
    pub cashbox: CashBoxId,
    /// Of the document it was read from.
    pub fingerprint: Fingerprint,
    /// When the configuration was built (`TimeStamp` of the document; 0 if it says nothing).
    pub built_at: Ticks,
    /// Its queue.
    pub queue: QueueId,
    /// The queue's package, which says how the original keeps it.
    pub package: String,
    /// What the queue's journal begins with, to be merged with what is stored.
    pub seed: QueueSeed,
    /// What the queue may do and leave.
    pub options: QueueOptions,
    /// The original's database, if the document names one.
    pub connection: Option<ConnectionString>,
    /// How the TSEs are reached: one for each SCU, at least one.
    pub scus: Vec<ScuPackage>,
}

/// The queue's `connectionstring` (2.5).
#[derive(Debug, Clone)]
pub enum ConnectionString {
    /// Plain text, written as `raw:…` or as `Key=Value;` pairs.
    Plain(SecretString),
    /// Encrypted for somebody else; kept as it is.
    Sealed(SecretString),
}

impl CashboxConfiguration {
    /// How long and how often TSEs are asked: the same for all, since the keys stand with the queue.
    #[must_use]
    pub fn patience(&self) -> Patience {
        self.scus
            .first()
            .map_or_else(Patience::default, |scu| scu.patience)
    }

    /// Reads the document that the configuration service gave for `asked`. `at` becomes the moment of the "Queue
    /// started" action journal.
    ///
    /// # Errors
    /// The first rule that the document breaks. No value of a secret is ever part of it.
    pub fn read(document: &str, asked: CashBoxId, at: Ticks) -> Result<Self, ConfigurationFault> {
        let value: Value = serde_json::from_str(document).map_err(ConfigurationFault::no_json)?;
        let root = Section::root(&value)?;
        let cashbox = root.id("ftCashBoxId")?;
        if cashbox != asked {
            return Err(ConfigurationFault::OtherCashbox {
                asked,
                found: cashbox,
            });
        }
        let queue = root.the_only("ftQueues")?;
        let devices = root.some("ftSignaturCreationDevices", SCUS_MAX)?;
        let package = package_served_here(&queue)?;

        let keys = queue.section("Configuration")?;
        let options = QueueOptions::read(&keys)?;
        let scus = scu_packages(&devices, &keys)?;
        let built_at = root.ticks("TimeStamp")?;
        let seed = seed::read(&seed::Source {
            cashbox,
            package: &queue,
            keys: &keys,
            scus: &scus,
            sandbox: options.sandbox,
            built_at,
            at,
        })?;
        Ok(Self {
            cashbox,
            fingerprint: Fingerprint(Sha256::digest(document).into()),
            built_at,
            queue: seed.queue.queue,
            package,
            seed,
            options,
            connection: connection(&keys)?,
            scus,
        })
    }
}

/// The package of the queue, if it is one that this pod can host: a queue package we stand in for, not hosted in the cloud.
fn package_served_here(queue: &Section<'_>) -> Result<String, ConfigurationFault> {
    let package = queue.required_text("Package")?;
    let ours = package.eq_ignore_ascii_case("Byodc.Queue")
        || package
            .to_ascii_lowercase()
            .starts_with("fiskaltrust.middleware.queue.");
    if !ours {
        return Err(queue.wrong("Package", "Byodc.Queue or fiskaltrust.Middleware.Queue.*"));
    }
    let in_the_cloud = |url: &String| {
        let url = url.trim_end_matches('/').to_ascii_lowercase();
        CLOUD_CASHBOX_HOSTS.contains(&url.as_str())
    };
    if queue.texts("Url")?.iter().any(in_the_cloud) {
        return Err(queue.wrong(
            "Url",
            "an address of this site: cloud cashboxes are not served here",
        ));
    }
    Ok(package)
}

fn scu_packages(
    devices: &[Section<'_>],
    queue_keys: &Section<'_>,
) -> Result<Vec<ScuPackage>, ConfigurationFault> {
    let mut packages: Vec<ScuPackage> = Vec::with_capacity(devices.len());
    for device in devices {
        let package = scu_package(device, queue_keys)?;
        if packages.iter().any(|other| other.scu == package.scu) {
            return Err(device.wrong("Id", "an id that no other entry has"));
        }
        packages.push(package);
    }
    Ok(packages)
}

fn scu_package(scu: &Section<'_>, queue_keys: &Section<'_>) -> Result<ScuPackage, ConfigurationFault> {
    let id: ScuId = scu.id("Id")?;
    Ok(ScuPackage {
        scu: id,
        package: scu.required_text("Package")?,
        version: scu.text("Version")?.unwrap_or_default(),
        urls: scu.texts("Url")?,
        keys: PackageKeys::new(scu.optional_section("Configuration")?.map(|keys| keys.members())),
        patience: options::patience(queue_keys)?,
    })
}

fn connection(keys: &Section<'_>) -> Result<Option<ConnectionString>, ConfigurationFault> {
    let Some(text) = keys.text("connectionstring")?.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    Ok(Some(match text.strip_prefix("raw:") {
        Some(plain) => ConnectionString::Plain(plain.into()),
        // Base64 has no `=` but at its end, so a pair of key and value gives plain text away.
        None if text.trim_end_matches('=').contains('=') => ConnectionString::Plain(text.into()),
        None => ConnectionString::Sealed(text.into()),
    }))
}

/// A document as the configuration service gives it, for tests.
#[cfg(test)]
pub(crate) mod example;
#[cfg(test)]
mod tests;
