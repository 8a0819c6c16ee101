//! The TSE's key: P-256, and what is derived from it.

use p256::ecdsa::SigningKey;
use rand::TryRngCore;
use rand::rngs::OsRng;

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
