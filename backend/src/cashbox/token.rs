//! The access token, of which a pod keeps no more than a digest.

use std::fmt;
use std::sync::Mutex;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// SHA-256 of an access token. Compared in constant time; shown as dots.
#[derive(Clone, Copy)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// The digest of a token.
    #[must_use]
    pub fn of(token: &SecretString) -> Self {
        Self(Sha256::digest(token.expose_secret().as_bytes()).into())
    }

    /// A digest that another pod computed.
    #[must_use]
    pub(super) fn from_bytes(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// The digest, to be sealed.
    #[must_use]
    pub(super) fn bytes(&self) -> [u8; 32] {
        self.0
    }
}

impl PartialEq for TokenDigest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for TokenDigest {}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest(…)")
    }
}

/// The token a running cashbox accepts. A rotated one replaces it after the configuration service has accepted it.
#[derive(Debug)]
pub struct Accepted(Mutex<TokenDigest>);

impl Accepted {
    /// Accepts one token.
    #[must_use]
    pub fn new(digest: TokenDigest) -> Self {
        Self(Mutex::new(digest))
    }

    /// Whether a token is the accepted one.
    #[must_use]
    pub fn is(&self, digest: &TokenDigest) -> bool {
        *self.lock() == *digest
    }

    /// The digest of the accepted token.
    #[must_use]
    pub fn current(&self) -> TokenDigest {
        *self.lock()
    }

    /// Accepts another token from now on.
    pub fn replace(&self, digest: TokenDigest) {
        *self.lock() = digest;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, TokenDigest> {
        self.0.lock().expect("nothing panics while it holds this lock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_accepted_token_is_accepted_and_neither_is_shown() {
        let (old, new) = (TokenDigest::of(&"old".into()), TokenDigest::of(&"new".into()));
        let accepted = Accepted::new(old);
        assert!(accepted.is(&old) && !accepted.is(&new));
        accepted.replace(new);
        assert!(accepted.is(&new) && !accepted.is(&old));
        assert!(!format!("{accepted:?}").contains(&format!("{:?}", old.0)));
    }
}
