//! Which operators may look, and which may change something, on the admin ports of pods and proxies.
//!
//! ```text
//! Byodc__Admin__Keys   a request that looks    a request that changes something
//! (empty)              answered                403, naming the setting
//! name:role:sha256,…   needs any key           needs a key of the role operate
//! open                 answered                done, by "anybody"
//! ```
//!
//! A key itself is kept nowhere: `byodc admin-key` makes one and shows it once.

/// The setting, read.
mod list;

use std::fmt;
use std::str::FromStr;

use http::{HeaderMap, StatusCode};
use thiserror::Error;

use super::bearer::{KeyDigest, Presented};
use crate::env::{Faults, Setting, Settings};
use list::ListedKeys;

/// The keys of operators.
pub const KEYS: Setting = Setting::secret(
    "Byodc__Admin__Keys",
    "",
    "keys for the admin API, at most 64: name:role:sha256 separated by commas, role read or operate, as `byodc \
     admin-key` prints them; empty: anybody may look and nobody may change; open: anybody may do everything",
);

/// What a key entitles to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// To look.
    Read,
    /// To look, and to change something.
    Operate,
}

impl Role {
    /// Its word in the setting.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Operate => "operate",
        }
    }
}

/// A word that is no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the role must be read or operate")]
pub struct RoleError;

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, RoleError> {
        match text {
            "read" => Ok(Self::Read),
            "operate" => Ok(Self::Operate),
            _ => Err(RoleError),
        }
    }
}

/// What a key is called in the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyName(String);

/// A text that names no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the name must be 1 to 64 letters, digits, '-', '_' or '.'")]
pub struct KeyNameError;

impl FromStr for KeyName {
    type Err = KeyNameError;

    fn from_str(text: &str) -> Result<Self, KeyNameError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let fits = (1..=64).contains(&text.len()) && text.chars().all(plain);
        fits.then(|| Self(text.to_owned())).ok_or(KeyNameError)
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One operator's key, without the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminKey {
    /// What it is called.
    pub name: KeyName,
    /// What it entitles to.
    pub role: Role,
    /// What is kept of it.
    pub digest: KeyDigest,
}

/// A key in plain text, for the one who will use it. Never logged: it has no debug form.
pub struct PlainKey(String);

impl PlainKey {
    /// The key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AdminKey {
    /// A new random key of 256 bits, and what is kept of it.
    #[must_use]
    pub fn fresh(name: KeyName, role: Role) -> (PlainKey, Self) {
        let plain = hex::encode(rand::random::<[u8; 32]>());
        let digest = KeyDigest::of(&plain);
        (PlainKey(plain), Self { name, role, digest })
    }
}

impl fmt::Display for AdminKey {
    /// As an entry of the setting.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.name, self.role.word(), self.digest)
    }
}

/// Who is let in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum AdminKeys {
    /// No key is set: anybody may look, nobody may change.
    #[default]
    NoneSet,
    /// Anybody may do everything: for development.
    Open,
    /// Who has one of these.
    Keys(Vec<AdminKey>),
}

/// Who asks, once let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operator {
    /// No key was asked for.
    Anybody,
    /// The holder of a key.
    Holder(KeyName, Role),
}

impl Operator {
    /// What the audit log calls him.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Anybody => "anybody",
            Self::Holder(KeyName(name), _) => name,
        }
    }

    /// The role of his key, if he has one.
    #[must_use]
    pub fn role(&self) -> Option<Role> {
        match self {
            Self::Anybody => None,
            Self::Holder(_, role) => Some(*role),
        }
    }
}

/// Why somebody is not let in.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refused {
    /// There is no key with the request.
    #[error("this needs a key: Authorization: Bearer <key>")]
    KeyMissing,
    /// The key is not known.
    #[error("the key is not known here")]
    KeyUnknown,
    /// The key does not entitle to this.
    #[error("the key {0} may look and change nothing: its role is read")]
    RoleTooLow(KeyName),
    /// Nobody may.
    #[error("changes are closed: set {} to keys of operators", KEYS.name)]
    ChangesClosed,
}

impl Refused {
    /// The status of the answer. One with 401 carries `WWW-Authenticate: Bearer`.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::KeyMissing | Self::KeyUnknown => StatusCode::UNAUTHORIZED,
            Self::RoleTooLow(_) | Self::ChangesClosed => StatusCode::FORBIDDEN,
        }
    }
}

impl AdminKeys {
    /// Reads who is let in. What is wrong with the setting becomes faults that name entries by their number.
    pub fn read(settings: &Settings, faults: &mut Faults) -> Self {
        let effective = settings.effective(&KEYS);
        match effective.value.trim() {
            "" => Self::NoneSet,
            "open" => Self::Open,
            text => match text.parse::<ListedKeys>() {
                Ok(ListedKeys(keys)) => Self::Keys(keys),
                Err(error) => {
                    faults.add(&KEYS, &effective, &error);
                    Self::NoneSet
                }
            },
        }
    }

    /// Who sent a request that needs this role, if he is let in.
    ///
    /// # Errors
    /// Why not.
    pub fn admit(&self, headers: &HeaderMap, needed: Role) -> Result<Operator, Refused> {
        match (self, needed) {
            (Self::Open, _) | (Self::NoneSet, Role::Read) => Ok(Operator::Anybody),
            (Self::NoneSet, Role::Operate) => Err(Refused::ChangesClosed),
            (Self::Keys(keys), _) => match Presented::by(headers) {
                Presented::Nothing => Err(Refused::KeyMissing),
                Presented::Unreadable => Err(Refused::KeyUnknown),
                Presented::Key(digest) => holder(keys, &digest, needed),
            },
        }
    }
}

fn holder(keys: &[AdminKey], shown: &KeyDigest, needed: Role) -> Result<Operator, Refused> {
    // Every key is compared, so that the time does not tell which one it was.
    let known = keys.iter().fold(None, |known, key| {
        let same: bool = key.digest.is(shown).into();
        if same { Some(key) } else { known }
    });
    let AdminKey { name, role, .. } = known.ok_or(Refused::KeyUnknown)?;
    if *role < needed {
        return Err(Refused::RoleTooLow(name.clone()));
    }
    Ok(Operator::Holder(name.clone(), *role))
}

#[cfg(test)]
mod tests;
