//! Values that the newer configuration service encrypts for whoever asks (`fiscal-spec.md` 2.5).
//!
//! In every queue's configuration `connectionstring` and each key that ends in `_encrypted` hold base64 of AES-256-CBC
//! with PKCS#7 padding. The key is SHA-256 of the point that the pod's private key and the access token (a public key)
//! share; the initial vector is the cashbox's GUID in mixed-endian order. Opened once, on arrival: what is kept for
//! outages is sealed by our own key.

use aes_gcm::aes::cipher::{BlockCipherDecrypt, KeyInit};
use aes_gcm::aes::{Aes256, Block};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use p256::PublicKey;
use p256::ecdsa::SigningKey;
use p256::elliptic_curve::point::AffineCoordinates as _;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use shared::identity::CashBoxId;
use thiserror::Error;

const BLOCK_BYTES: usize = 16;
const CONNECTION_STRING: &str = "connectionstring";
const ENCRYPTED: &str = "_encrypted";
/// A connection string that begins so is plain text after it.
const RAW: &str = "raw:";

/// Why a value does not open. Names places, never values.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EncryptedValueFault {
    /// The access token is no public key, so nothing can be encrypted with it.
    #[error("the access token is no public key of P-256, so {path} cannot be decrypted")]
    Token {
        /// The first encrypted value.
        path: String,
    },
    /// It is not what was encrypted for this pod and cashbox.
    #[error("{path} cannot be decrypted: it was encrypted for another key or cashbox, or was damaged")]
    Value {
        /// Which value.
        path: String,
    },
}

/// Gives a document with every encrypted value opened; the very same text where there is none.
///
/// # Errors
/// The first value that does not open.
pub fn opened(
    document: String,
    private: &SigningKey,
    token: &SecretString,
    cashbox: CashBoxId,
) -> Result<String, EncryptedValueFault> {
    // What is no JSON is told by whoever reads the document.
    let Ok(mut json) = serde_json::from_str::<Value>(&document) else {
        return Ok(document);
    };
    let mut opened_any = false;
    let key = shared_key(private, token);
    for (index, queue) in queues(&mut json) {
        for (name, value) in queue.iter_mut().filter(|(name, _)| is_encrypted(name)) {
            let Some(sealed) = value
                .as_str()
                .filter(|text| !text.is_empty() && !text.starts_with(RAW))
            else {
                continue;
            };
            let path = || format!("ftQueues[{index}].Configuration.{name}");
            let key = key.ok_or_else(|| EncryptedValueFault::Token { path: path() })?;
            let plain = decrypted(sealed, &key, cashbox)
                .ok_or_else(|| EncryptedValueFault::Value { path: path() })?;
            let is_connection = name.eq_ignore_ascii_case(CONNECTION_STRING);
            *value = Value::String(if is_connection {
                format!("{RAW}{plain}")
            } else {
                plain
            });
            opened_any = true;
        }
    }
    Ok(if opened_any { json.to_string() } else { document })
}

fn is_encrypted(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == CONNECTION_STRING || name.ends_with(ENCRYPTED)
}

/// The configurations of all queues, with their places in the list.
fn queues(document: &mut Value) -> impl Iterator<Item = (usize, &mut Map<String, Value>)> {
    let queues = member(document, "ftQueues").and_then(Value::as_array_mut);
    queues
        .into_iter()
        .flatten()
        .enumerate()
        .filter_map(|(index, queue)| {
            let configuration = member(queue, "Configuration")?.as_object_mut()?;
            Some((index, configuration))
        })
}

fn member<'a>(value: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    let mut members = value.as_object_mut()?.iter_mut();
    members.find_map(|(given, value)| given.eq_ignore_ascii_case(name).then_some(value))
}

/// None when the token is no public key.
fn shared_key(private: &SigningKey, token: &SecretString) -> Option<[u8; 32]> {
    let point = BASE64.decode(token.expose_secret().trim()).ok()?;
    let public = PublicKey::from_sec1_bytes(&point).ok()?;
    let shared = public.to_projective() * **private.as_nonzero_scalar();
    Some(Sha256::digest(shared.to_affine().x()).into())
}

/// None when it is not base64, not whole blocks, wrongly padded or no text.
fn decrypted(sealed: &str, key: &[u8; 32], cashbox: CashBoxId) -> Option<String> {
    let sealed = BASE64.decode(sealed).ok()?;
    let cipher = Aes256::new(&(*key).into());
    let mut previous = uuid::Uuid::from_u128(cashbox.as_u128()).to_bytes_le();
    let mut plain = Vec::with_capacity(sealed.len());
    let (blocks, []) = sealed.as_chunks::<BLOCK_BYTES>() else {
        return None;
    };
    for sealed in blocks {
        let mut block = Block::from(*sealed);
        cipher.decrypt_block(&mut block);
        plain.extend(block.iter().zip(previous).map(|(byte, chained)| byte ^ chained));
        previous = *sealed;
    }
    unpad(&mut plain)?;
    String::from_utf8(plain).ok()
}

/// PKCS#7: the last byte says how often it is there.
fn unpad(plain: &mut Vec<u8>) -> Option<()> {
    let count = *plain.last()?;
    let length = plain.len().checked_sub(usize::from(count))?;
    let sound = (1..=16).contains(&count) && plain[length..].iter().all(|byte| *byte == count);
    sound.then(|| plain.truncate(length))
}

#[cfg(test)]
mod tests {
    use aes_gcm::aes::cipher::BlockCipherEncrypt;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::scu::simulator::key::fresh;

    const CASHBOX: &str = "00112233-4455-6677-8899-aabbccddeeff";

    /// What the service does: the same agreement from its side.
    fn encrypted(text: &str, service: &SigningKey, pod: &SigningKey, cashbox: CashBoxId) -> String {
        let pod = BASE64.encode(pod.verifying_key().to_sec1_point(false).as_bytes());
        let key = shared_key(service, &pod.into()).unwrap();
        let cipher = Aes256::new(&key.into());
        let mut plain = text.as_bytes().to_vec();
        let count = BLOCK_BYTES - plain.len() % BLOCK_BYTES;
        plain.extend(vec![u8::try_from(count).unwrap(); count]);
        let mut previous = uuid::Uuid::from_u128(cashbox.as_u128()).to_bytes_le();
        let mut sealed = Vec::new();
        for plain in plain.as_chunks::<BLOCK_BYTES>().0 {
            let mixed: [u8; BLOCK_BYTES] = std::array::from_fn(|at| plain[at] ^ previous[at]);
            let mut block = Block::from(mixed);
            cipher.encrypt_block(&mut block);
            previous = block.into();
            sealed.extend(previous);
        }
        BASE64.encode(sealed)
    }

    fn token(service: &SigningKey) -> SecretString {
        BASE64
            .encode(service.verifying_key().to_sec1_point(false).as_bytes())
            .into()
    }

    fn cashbox() -> CashBoxId {
        CASHBOX.parse().unwrap()
    }

    fn document(connection: &str, other: &str) -> String {
        json!({ "ftQueues": [{ "configuration": { "ConnectionString": connection, "Key_ENCRYPTED": other, "x": 1 } }] })
            .to_string()
    }

    #[test]
    fn every_encrypted_value_is_opened_and_a_connection_string_marked_as_plain() {
        let (service, pod) = (fresh(), fresh());
        let sealed = |text| encrypted(text, &service, &pod, cashbox());
        let sent = document(&sealed("Server=db;Pwd=hunter2;"), &sealed("Käse, sixteen b."));
        let opened = opened(sent, &pod, &token(&service), cashbox()).unwrap();
        assert_eq!(opened, document("raw:Server=db;Pwd=hunter2;", "Käse, sixteen b."));
    }

    #[test]
    fn a_document_without_encrypted_values_stays_the_same_text() {
        let pod = fresh();
        for text in [
            document("raw:Server=db", ""),
            "{} ".to_owned(),
            "no json".to_owned(),
        ] {
            assert_eq!(opened(text.clone(), &pod, &"no key".into(), cashbox()), Ok(text));
        }
    }

    #[test]
    fn what_does_not_open_is_named_by_its_place_and_never_shown() {
        let (service, pod) = (fresh(), fresh());
        let sealed = encrypted("hunter2", &service, &pod, cashbox());
        let place = "ftQueues[0].Configuration.ConnectionString";
        for (sent, token, fault) in [
            (sealed.as_str(), "no key".into(), "is no public key"),
            ("hunter2", token(&service), "cannot be decrypted"),
            (
                &sealed[..sealed.len() - 4],
                token(&service),
                "cannot be decrypted",
            ),
        ] {
            let told = opened(document(sent, ""), &pod, &token, cashbox());
            let told = told.unwrap_err().to_string();
            assert!(told.contains(place) && told.contains(fault), "{told}");
            assert!(!told.contains("hunter2") && !told.contains(&sealed), "{told}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_service_encrypts_is_opened(text in "[^\0]{0,50}") {
            let (service, pod) = (fresh(), fresh());
            let sealed = encrypted(&text, &service, &pod, cashbox());
            let key = shared_key(&pod, &token(&service)).unwrap();
            prop_assert_eq!(decrypted(&sealed, &key, cashbox()), Some(text));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = decrypted(&BASE64.encode(bytes), &[7; 32], cashbox());
        }
    }
}
