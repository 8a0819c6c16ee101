//! What a kept configuration looks like in the database: sealed with AES-256-GCM, bound to its cashbox.
//!
//! ```text
//! version (1) │ key id (8) │ nonce (12) │ ciphertext and tag
//! ```
//! Version, key id and the cashbox id are authenticated with it, so a copy that is moved to another cashbox does
//! not open. A key is replaced by naming the old ones as previous keys: the newest seals, all open, and what an older
//! one sealed is sealed anew when it is read.

use std::fmt;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};
use shared::env::{Faults, Setting, Settings};
use shared::identity::CashBoxId;
use thiserror::Error;

/// The key in use.
pub const KEY: Setting = Setting::secret(
    "Byodc__Configuration__Key",
    "",
    "key that seals configurations kept in the journal database for outages of the configuration service: \
     32 bytes as base64 or hex; empty = none is kept",
);
/// The keys before.
pub const PREVIOUS_KEY: Setting = Setting::secret(
    "Byodc__Configuration__PreviousKey",
    "",
    "keys before the current one, while copies sealed with them are still in the database; each 32 bytes as base64 \
     or hex, separated by commas",
);

const VERSION: u8 = 1;
const KEY_ID_BYTES: usize = 8;
const NONCE_BYTES: usize = 12;
const HEAD_BYTES: usize = 1 + KEY_ID_BYTES;

/// Seals and opens.
#[derive(Clone)]
pub struct Seal {
    current: Key,
    previous: Vec<Key>,
}

#[derive(Clone)]
struct Key {
    id: [u8; KEY_ID_BYTES],
    cipher: Aes256Gcm,
}

/// Why a sealed text does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SealError {
    /// It is cut off, or of a version this build does not know.
    #[error("it has a form that this build does not know")]
    Form,
    /// It was sealed with a key that is neither the current nor the previous one.
    #[error("it was sealed with a key that is not configured")]
    UnknownKey,
    /// It was changed, or belongs to another cashbox.
    #[error("it was changed or belongs to another cashbox")]
    Broken,
}

/// Why a text is no key. Never repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be 32 bytes as base64 or as 64 hexadecimal digits")]
pub struct KeyError;

impl Seal {
    /// Seals with `current` and also opens what was sealed with one of `previous`.
    #[must_use]
    pub fn new(current: [u8; 32], previous: impl IntoIterator<Item = [u8; 32]>) -> Self {
        Self {
            current: Key::new(current),
            previous: previous.into_iter().map(Key::new).collect(),
        }
    }

    pub(super) fn read(settings: &Settings, faults: &mut Faults) -> Option<Self> {
        let mut keys = |setting: &Setting| -> Vec<[u8; 32]> {
            let effective = settings.effective(setting);
            let texts = effective.value.split(',').map(str::trim);
            let parsed: Result<_, KeyError> = texts.filter(|text| !text.is_empty()).map(parse_key).collect();
            parsed.unwrap_or_else(|error| {
                faults.add(setting, &effective, &error);
                Vec::new()
            })
        };
        let (current, previous) = (keys(&KEY), keys(&PREVIOUS_KEY));
        if current.len() > 1 {
            faults.add_text(format!(
                "{} is one key; older ones belong to {}",
                KEY.name, PREVIOUS_KEY.name
            ));
        }
        let current = current.first().copied();
        if current.is_none() && !previous.is_empty() {
            faults.add_text(format!("{} is given without {}", PREVIOUS_KEY.name, KEY.name));
        }
        Some(Self::new(current?, previous))
    }

    /// Seals a text for a cashbox.
    #[must_use]
    pub fn seal(&self, cashbox: CashBoxId, text: &[u8]) -> Vec<u8> {
        let mut sealed = vec![VERSION];
        sealed.extend_from_slice(&self.current.id);
        let bound = bound(&sealed, cashbox);
        let mut nonce = [0; NONCE_BYTES];
        OsRng
            .try_fill_bytes(&mut nonce)
            .expect("the operating system gives random bytes");
        let payload = Payload {
            msg: text,
            aad: &bound,
        };
        let ciphertext = self.current.cipher.encrypt(&Nonce::from(nonce), payload);
        sealed.extend_from_slice(&nonce);
        sealed
            .extend_from_slice(&ciphertext.expect("a configuration is far shorter than the cipher's limit"));
        sealed
    }

    /// Whether it was sealed with the key in use.
    #[must_use]
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        sealed.get(1..HEAD_BYTES) == Some(&self.current.id)
    }

    /// Opens what was sealed for this cashbox.
    ///
    /// # Errors
    /// Why it does not open.
    pub fn open(&self, cashbox: CashBoxId, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (head, rest) = sealed.split_at_checked(HEAD_BYTES).ok_or(SealError::Form)?;
        let (nonce, ciphertext) = rest.split_at_checked(NONCE_BYTES).ok_or(SealError::Form)?;
        if head[0] != VERSION {
            return Err(SealError::Form);
        }
        let mut keys = std::iter::once(&self.current).chain(&self.previous);
        let key = keys
            .find(|key| key.id == head[1..])
            .ok_or(SealError::UnknownKey)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().expect("split off with this length");
        let bound = bound(head, cashbox);
        let payload = Payload {
            msg: ciphertext,
            aad: &bound,
        };
        key.cipher
            .decrypt(&Nonce::from(nonce), payload)
            .map_err(|_| SealError::Broken)
    }
}

impl Key {
    fn new(bytes: [u8; 32]) -> Self {
        let digest = Sha256::new()
            .chain_update(b"byodc kept configuration key id")
            .chain_update(bytes)
            .finalize();
        Self {
            id: digest[..KEY_ID_BYTES].try_into().expect("a digest has 32 bytes"),
            cipher: Aes256Gcm::new(&bytes.into()),
        }
    }
}

/// What is authenticated besides the text.
fn bound(head: &[u8], cashbox: CashBoxId) -> Vec<u8> {
    [head, &cashbox.as_u128().to_be_bytes()].concat()
}

/// 64 hexadecimal digits are a key in hex, not 48 bytes in base64.
fn parse_key(text: &str) -> Result<[u8; 32], KeyError> {
    let bytes = hex::decode(text)
        .or_else(|_| BASE64.decode(text))
        .map_err(|_| KeyError)?;
    bytes.try_into().map_err(|_| KeyError)
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seal")
            .field("key", &hex::encode(self.current.id))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use shared::env::Origin;

    const BOX: CashBoxId = CashBoxId::from_u128(7);

    #[test]
    fn a_copy_opens_for_its_own_cashbox_only() {
        let seal = Seal::new([1; 32], None);
        let sealed = seal.seal(BOX, b"secret document");
        assert_eq!(seal.open(BOX, &sealed).unwrap(), b"secret document");
        assert_eq!(
            seal.open(CashBoxId::from_u128(8), &sealed),
            Err(SealError::Broken)
        );
        assert!(!sealed.windows(6).any(|bytes| bytes == b"secret"));
    }

    #[test]
    fn after_a_change_of_key_old_copies_still_open_until_the_old_key_is_gone() {
        let sealed = Seal::new([1; 32], None).seal(BOX, b"text");
        assert_eq!(
            Seal::new([3; 32], [[2; 32], [1; 32]]).open(BOX, &sealed).unwrap(),
            b"text"
        );
        assert_eq!(
            Seal::new([2; 32], None).open(BOX, &sealed),
            Err(SealError::UnknownKey)
        );
    }

    #[test]
    fn several_keys_before_are_read_and_only_one_in_use() {
        let seal = |current: &str, previous: &str| {
            let mut faults = Faults::default();
            let given = [
                (KEY.name, current.to_owned()),
                (PREVIOUS_KEY.name, previous.to_owned()),
            ];
            let settings = Settings::default().with(Origin::Environment, given);
            (Seal::read(&settings, &mut faults), faults.to_string())
        };
        let hex = |byte: u8| hex::encode([byte; 32]);
        let (read, faults) = seal(&hex(3), &format!("{}, {}", hex(2), hex(1)));
        assert!(faults.contains("0 fault"), "{faults}");
        for key in 1..=3 {
            let sealed = Seal::new([key; 32], None).seal(BOX, b"text");
            let read = read.as_ref().unwrap();
            assert_eq!(
                (read.open(BOX, &sealed).unwrap(), read.is_current(&sealed)),
                (b"text".to_vec(), key == 3)
            );
        }
        assert!(
            seal(&format!("{},{}", hex(3), hex(2)), "")
                .1
                .contains("is one key")
        );
        assert!(seal("", &hex(1)).1.contains("without"));
    }

    #[test]
    fn a_key_is_read_in_both_spellings_and_a_wrong_one_is_not_repeated() {
        let read = |text: String| {
            let mut faults = Faults::default();
            let settings = Settings::default().with(Origin::Environment, [(KEY.name, text)]);
            (Seal::read(&settings, &mut faults), faults)
        };
        let sealed = Seal::new([0xA5; 32], None).seal(BOX, b"text");
        for text in [hex::encode([0xA5; 32]), BASE64.encode([0xA5; 32])] {
            assert_eq!(read(text).0.unwrap().open(BOX, &sealed).unwrap(), b"text");
        }
        let (none, faults) = read("hunter2".to_owned());
        assert!(
            none.is_none() && !faults.to_string().contains("hunter2"),
            "{faults}"
        );
        assert!(read(String::new()).0.is_none());
    }

    proptest! {
        #[test]
        fn no_foreign_bytes_open(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            prop_assert!(Seal::new([1; 32], None).open(BOX, &bytes).is_err());
        }

        #[test]
        fn a_copy_with_one_bit_changed_does_not_open(text in ".{0,40}", at in any::<prop::sample::Index>(), bit in 0_u8..8) {
            let seal = Seal::new([1; 32], None);
            let mut sealed = seal.seal(BOX, text.as_bytes());
            let at = at.index(sealed.len());
            sealed[at] ^= 1_u8 << bit;
            prop_assert!(seal.open(BOX, &sealed).is_err());
        }
    }
}
