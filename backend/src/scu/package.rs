//! An SCU as a cashbox's configuration names it: a package and its settings.

use std::fmt;

use secrecy::SecretString;
use serde_json::{Map, Value};
use shared::identity::ScuId;

use super::deadline::Patience;

/// An entry of `ftSignaturCreationDevices`. Its debug form shows no secret.
#[derive(Debug, Clone)]
pub struct ScuPackage {
    /// Which SCU; for the simulator also which TSE.
    pub scu: ScuId,
    /// Such as `Byodc.SCU.DE.Simulator`.
    pub package: String,
    /// Such as `1.3.80`; informational.
    pub version: String,
    /// Where it would listen as a process of its own; informational.
    pub urls: Vec<String>,
    /// Its settings.
    pub keys: PackageKeys,
    /// How long and how often it is asked.
    pub patience: Patience,
}

/// The settings of a package, in any letter case. They hold credentials, so the debug form shows names only.
#[derive(Clone, Default)]
pub struct PackageKeys(Map<String, Value>);

impl PackageKeys {
    /// The settings out of a document.
    #[must_use]
    pub fn new(members: Option<&Map<String, Value>>) -> Self {
        Self(members.cloned().unwrap_or_default())
    }

    /// A setting as text; numbers and booleans are taken as their text.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<String> {
        let mut entries = self.0.iter();
        let value = entries.find_map(|(name, value)| name.eq_ignore_ascii_case(key).then_some(value))?;
        match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(on) => Some(on.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// A setting that is a credential.
    #[must_use]
    pub fn secret(&self, key: &str) -> Option<SecretString> {
        self.text(key).map(SecretString::from)
    }
}

impl fmt::Debug for PackageKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
