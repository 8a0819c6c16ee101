//! A pod: its stable name and the incarnation of this start.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Incarnation;

/// The longest pod name, as in Kubernetes.
const POD_NAME_LENGTH_MAX: usize = 253;

/// The stable name of a pod: what the placement ring hashes. A pod that is started again under its name gets its
/// old cashboxes proposed again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PodName(String);

/// Why a text is no pod name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("not a pod name: 1 to 253 characters of a-z, 0-9, '-' and '.', as Kubernetes names pods")]
pub struct PodNameError;

impl PodName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PodName {
    type Err = PodNameError;

    fn from_str(text: &str) -> Result<Self, PodNameError> {
        let plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
        if text.is_empty() || text.len() > POD_NAME_LENGTH_MAX || !text.bytes().all(plain) {
            return Err(PodNameError);
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for PodName {
    type Error = PodNameError;

    fn try_from(text: String) -> Result<Self, PodNameError> {
        text.parse()
    }
}

impl From<PodName> for String {
    fn from(name: PodName) -> Self {
        name.0
    }
}

impl fmt::Display for PodName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One process: a pod name and the incarnation of this start. Written `name/incarnation`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PodId {
    /// The stable name.
    pub name: PodName,
    /// This start of it.
    pub incarnation: Incarnation,
}

/// Why a text is no pod id.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("not a pod id: expected name/incarnation")]
pub struct PodIdError;

impl FromStr for PodId {
    type Err = PodIdError;

    fn from_str(text: &str) -> Result<Self, PodIdError> {
        let (name, incarnation) = text.split_once('/').ok_or(PodIdError)?;
        Ok(Self {
            name: name.parse().map_err(|_| PodIdError)?,
            incarnation: incarnation.parse().map_err(|_| PodIdError)?,
        })
    }
}

impl fmt::Display for PodId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.name, self.incarnation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_id_is_read_back_as_written() {
        let pod = PodId {
            name: "byodc-0".parse().unwrap(),
            incarnation: Incarnation::random(),
        };
        assert_eq!(pod.to_string().parse(), Ok(pod));
    }

    #[test]
    fn names_that_kubernetes_would_refuse_are_refused() {
        for name in ["", "Upper", "space here", "line\nbreak", "a/b"] {
            assert_eq!(name.parse::<PodName>(), Err(PodNameError), "{name:?}");
        }
    }
}
