//! The setting as it is written: `name:role:sha256`, separated by commas. An entry that breaks a rule is named by its
//! number alone: whoever mixes the parts up may have put the key itself where the name belongs.

use std::str::FromStr;

use thiserror::Error;

use super::{AdminKey, KeyNameError, RoleError};
use crate::access::bearer::KeyDigestError;

/// How many keys there may be: each is compared with every key that is shown.
pub(super) const KEYS_MAX: usize = 64;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct ListedKeys(pub(super) Vec<AdminKey>);

/// Why the list cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum ListError {
    #[error("there are {0} keys, at most {KEYS_MAX} are possible")]
    TooMany(usize),
    #[error("it names no key")]
    Empty,
    #[error("entry {0} is not name:role:sha256")]
    Parts(usize),
    #[error("entry {0}: {1}")]
    Name(usize, KeyNameError),
    #[error("entry {0}: {1}")]
    Role(usize, RoleError),
    #[error("entry {0}: {1}")]
    Digest(usize, KeyDigestError),
    #[error("entry {0} has the name of an entry before it")]
    NameTwice(usize),
    #[error("entry {0} is the same key as an entry before it")]
    KeyTwice(usize),
}

impl FromStr for ListedKeys {
    type Err = ListError;

    fn from_str(text: &str) -> Result<Self, ListError> {
        let entries: Vec<&str> = text
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
            .collect();
        match entries.len() {
            0 => return Err(ListError::Empty),
            1..=KEYS_MAX => {}
            more => return Err(ListError::TooMany(more)),
        }
        let mut keys = Vec::new();
        for (at, entry) in entries.into_iter().enumerate() {
            let key = read(at + 1, entry)?;
            unlike_those_before(at + 1, &key, &keys)?;
            keys.push(key);
        }
        Ok(Self(keys))
    }
}

fn read(number: usize, entry: &str) -> Result<AdminKey, ListError> {
    let parts: Vec<&str> = entry.split(':').map(str::trim).collect();
    let [name, role, digest] = parts[..] else {
        return Err(ListError::Parts(number));
    };
    Ok(AdminKey {
        name: name.parse().map_err(|error| ListError::Name(number, error))?,
        role: role.parse().map_err(|error| ListError::Role(number, error))?,
        digest: digest.parse().map_err(|error| ListError::Digest(number, error))?,
    })
}

/// Two entries of one name, or one key under two names, and the audit log would not tell who it was.
fn unlike_those_before(number: usize, key: &AdminKey, before: &[AdminKey]) -> Result<(), ListError> {
    if before.iter().any(|other| other.name == key.name) {
        return Err(ListError::NameTwice(number));
    }
    if before.iter().any(|other| other.digest == key.digest) {
        return Err(ListError::KeyTwice(number));
    }
    Ok(())
}
