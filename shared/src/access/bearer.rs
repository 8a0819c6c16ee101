//! A key that comes with a request, as `Authorization: Bearer <key>`, and what is kept of it: a digest.
//!
//! Keys are random and long, so a plain SHA-256 of one is as good as the key is, and comparing digests in constant
//! time tells a guesser nothing. A request costs one digest of at most [`KEY_CHARS_MAX`] characters.
//!
//! [`KEY_CHARS_MAX`]: crate::access::bearer::KEY_CHARS_MAX

use std::fmt;
use std::str::FromStr;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq};
use thiserror::Error;

/// The longest key that is looked at.
pub const KEY_CHARS_MAX: usize = 256;

const SCHEME: &str = "Bearer ";

/// What is kept of a key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyDigest([u8; 32]);

impl KeyDigest {
    /// The digest of a key.
    #[must_use]
    pub fn of(key: &str) -> Self {
        Self(Sha256::digest(key.as_bytes()).into())
    }

    /// Whether both are of one key, in constant time.
    pub(super) fn is(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }

    /// Whether it is among these, in a time that does not depend on which.
    #[must_use]
    pub fn is_any_of<'a>(&self, known: impl IntoIterator<Item = &'a Self>) -> bool {
        let none = Choice::from(0);
        let found = known.into_iter().fold(none, |found, one| found | self.is(one));
        found.into()
    }
}

impl fmt::Display for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyDigest(••••••)")
    }
}

/// A text that is no digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a SHA-256 is written as 64 hexadecimal digits")]
pub struct KeyDigestError;

impl FromStr for KeyDigest {
    type Err = KeyDigestError;

    fn from_str(text: &str) -> Result<Self, KeyDigestError> {
        let mut digest = [0; 32];
        hex::decode_to_slice(text, &mut digest).map_err(|_| KeyDigestError)?;
        Ok(Self(digest))
    }
}

/// What a request shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presented {
    /// No key.
    Nothing,
    /// Something that cannot be a key: another scheme, several headers, too long.
    Unreadable,
    /// A key.
    Key(KeyDigest),
}

impl Presented {
    /// Reads the header of a request.
    #[must_use]
    pub fn by(headers: &HeaderMap) -> Self {
        let mut shown = headers.get_all(AUTHORIZATION).iter();
        let (first, second) = (shown.next(), shown.next());
        match (first, second) {
            (None, _) => Self::Nothing,
            (Some(only), None) => key(only.as_bytes()).map_or(Self::Unreadable, Self::Key),
            (Some(_), Some(_)) => Self::Unreadable,
        }
    }
}

fn key(header: &[u8]) -> Option<KeyDigest> {
    let header = std::str::from_utf8(header).ok()?;
    let (scheme, key) = header.split_at_checked(SCHEME.len())?;
    let key = key.trim();
    let fits = scheme.eq_ignore_ascii_case(SCHEME) && (1..=KEY_CHARS_MAX).contains(&key.len());
    fits.then(|| KeyDigest::of(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(values: &[&str]) -> Presented {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        Presented::by(&headers)
    }

    #[test]
    fn one_bearer_header_is_a_key_in_any_letter_case_of_the_scheme() {
        let key = Presented::Key(KeyDigest::of("abc"));
        assert_eq!(shown(&["Bearer abc"]), key);
        assert_eq!(shown(&["bearer  abc "]), key);
        assert_eq!(shown(&[]), Presented::Nothing);
    }

    #[test]
    fn what_is_no_single_bearer_key_is_unreadable() {
        let long = format!("Bearer {}", "x".repeat(KEY_CHARS_MAX + 1));
        for values in [
            &["Basic YTpi"][..],
            &["Bearer"],
            &["Bearer "],
            &["Bearerabc"],
            &[long.as_str()],
            &["Bearer abc", "Bearer abc"],
        ] {
            assert_eq!(shown(values), Presented::Unreadable, "{values:?}");
        }
    }

    #[test]
    fn a_digest_is_found_among_others_and_is_never_shown() {
        let [one, other, third] = ["one", "other", "third"].map(KeyDigest::of);
        assert!(other.is_any_of(&[one, other]) && !third.is_any_of(&[one, other]));
        assert_eq!(one.to_string().parse(), Ok(one));
        assert!(!format!("{one:?}").contains(&one.to_string()));
        assert_eq!("abc".parse::<KeyDigest>(), Err(KeyDigestError));
    }
}
