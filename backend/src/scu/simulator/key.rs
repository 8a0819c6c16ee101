//! The TSE's key: P-256, and what is derived from it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};

/// A key with what TR-03153 derives from it.
pub struct TseKey {
    signing: SigningKey,
    /// SHA-256 of the public key: the TSE's serial number.
    pub serial: [u8; 32],
    /// The serial number in hex.
    pub serial_hex: String,
    /// The public key as an uncompressed point (65 bytes), base64.
    pub public_key_base64: String,
}

impl TseKey {
    /// The key with these private bytes.
    ///
    /// # Errors
    /// When the bytes are no private key of the curve.
    pub fn from_private(bytes: &[u8]) -> Result<Self, p256::ecdsa::Error> {
        Ok(Self::new(SigningKey::from_slice(bytes)?))
    }

    /// The key with everything derived from it.
    #[must_use]
    pub fn new(signing: SigningKey) -> Self {
        let point = signing.verifying_key().to_sec1_point(false);
        let serial: [u8; 32] = Sha256::digest(point.as_bytes()).into();
        Self {
            serial,
            serial_hex: hex::encode(serial),
            public_key_base64: BASE64.encode(point.as_bytes()),
            signing,
        }
    }

    /// Plain ECDSA over SHA-256: r and s, 32 bytes each.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let signature: Signature = self.signing.sign(message);
        signature.to_bytes().into()
    }
}

impl std::fmt::Debug for TseKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TseKey")
            .field("serial", &self.serial_hex)
            .finish_non_exhaustive()
    }
}

/// A new random key.
#[must_use]
pub fn fresh() -> SigningKey {
    loop {
        let mut bytes = [0; 32];
        OsRng
            .try_fill_bytes(&mut bytes)
            .expect("the operating system gives random bytes");
        // Fails for 0 and for numbers beyond the curve's order: about one in 2^32.
        if let Ok(key) = SigningKey::from_slice(&bytes) {
            return key;
        }
    }
}
