//! The configuration kept for bad times: the last good document, for the token it was fetched with.
//!
//! Nothing here may stop a cashbox that can run without it: when the database does not take or give a copy, that is
//! logged and the fetch goes on as if there were none.

use std::sync::Arc;

use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};
use shared::clock::Ticks;
use shared::identity::CashBoxId;
use subtle::ConstantTimeEq;

use super::TokenDigest;
use super::seal::Seal;
use crate::journal::JournalStore;
use crate::journal::entry::KeptConfiguration;

const SALT_BYTES: usize = 16;
const DIGEST_BYTES: usize = 32;

/// The copies of all cashboxes.
#[derive(Debug)]
pub struct KeptCopies {
    seal: Option<Seal>,
    journal: Arc<dyn JournalStore>,
}

/// A document out of the database.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptCopy {
    /// The document as the service gave it.
    pub document: String,
    /// When.
    pub fetched_at: Ticks,
}

impl KeptCopies {
    /// Copies kept in `journal`; none at all without a seal.
    #[must_use]
    pub fn new(seal: Option<Seal>, journal: Arc<dyn JournalStore>) -> Self {
        Self { seal, journal }
    }

    /// Keeps a document, replacing the one before.
    pub async fn keep(&self, cashbox: CashBoxId, token: &TokenDigest, document: &str, at: Ticks) {
        let Some(seal) = &self.seal else { return };
        let kept = KeptConfiguration {
            sealed: seal.seal(cashbox, &Plain::new(token, document).0),
            fetched_at: at,
        };
        if let Err(error) = self.journal.keep_configuration(cashbox, &kept).await {
            tracing::warn!(cashbox.id = %cashbox, %error, "the configuration could not be kept for outages");
        }
    }

    /// The document kept last, if it was fetched with this token.
    pub async fn recall(&self, cashbox: CashBoxId, token: &TokenDigest) -> Option<KeptCopy> {
        let (plain, fetched_at) = self.read(cashbox).await?;
        let document = plain.document_for(token)?;
        Some(KeptCopy {
            document: document.to_owned(),
            fetched_at,
        })
    }

    /// Empties the copy if it was fetched with this token, which the service does not accept any more.
    pub async fn forget(&self, cashbox: CashBoxId, token: &TokenDigest, at: Ticks) {
        let was_for_it = match self.read(cashbox).await {
            Some((plain, _)) => plain.document_for(token).is_some(),
            None => false,
        };
        if was_for_it {
            // A document for no token at all: the digest of nothing is never asked for.
            self.keep(cashbox, &[0; DIGEST_BYTES], "", at).await;
            tracing::info!(cashbox.id = %cashbox, "the access token was withdrawn; its kept configuration is gone");
        }
    }

    /// After a change of key: what an older one sealed gets the newest, so that the older can be taken away. Should
    /// another pod have kept a newer copy meanwhile, the next fetch writes it again.
    async fn seal_anew(&self, cashbox: CashBoxId, seal: &Seal, plain: &[u8], fetched_at: Ticks) {
        let kept = KeptConfiguration {
            sealed: seal.seal(cashbox, plain),
            fetched_at,
        };
        match self.journal.keep_configuration(cashbox, &kept).await {
            Ok(()) => {
                tracing::info!(cashbox.id = %cashbox, "the kept configuration was sealed with the new key")
            }
            Err(error) => {
                tracing::warn!(cashbox.id = %cashbox, %error, "the kept configuration still has an older seal");
            }
        }
    }

    async fn read(&self, cashbox: CashBoxId) -> Option<(Plain, Ticks)> {
        let seal = self.seal.as_ref()?;
        let kept = match self.journal.kept_configuration(cashbox).await {
            Ok(kept) => kept?,
            Err(error) => {
                tracing::warn!(cashbox.id = %cashbox, %error, "the kept configuration could not be read");
                return None;
            }
        };
        match seal.open(cashbox, &kept.sealed) {
            Ok(plain) => {
                if !seal.is_current(&kept.sealed) {
                    self.seal_anew(cashbox, seal, &plain, kept.fetched_at).await;
                }
                Some((Plain(plain), kept.fetched_at))
            }
            Err(error) => {
                tracing::warn!(cashbox.id = %cashbox, %error, "the kept configuration does not open");
                None
            }
        }
    }
}

/// What is sealed: a salt, the salted digest of the token's digest, the document.
struct Plain(Vec<u8>);

impl Plain {
    fn new(token: &TokenDigest, document: &str) -> Self {
        let mut salt = [0; SALT_BYTES];
        OsRng
            .try_fill_bytes(&mut salt)
            .expect("the operating system gives random bytes");
        Self([&salt[..], &salted(&salt, token), document.as_bytes()].concat())
    }

    /// The document, if it was fetched with this token; compared in constant time.
    fn document_for(&self, token: &TokenDigest) -> Option<&str> {
        let (salt, rest) = self.0.split_at_checked(SALT_BYTES)?;
        let (digest, document) = rest.split_at_checked(DIGEST_BYTES)?;
        let same: bool = digest.ct_eq(&salted(salt, token)).into();
        same.then(|| std::str::from_utf8(document).ok()).flatten()
    }
}

fn salted(salt: &[u8], token: &TokenDigest) -> [u8; DIGEST_BYTES] {
    Sha256::new()
        .chain_update(salt)
        .chain_update(token)
        .finalize()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::in_memory::InMemoryJournal;

    #[tokio::test]
    async fn a_copy_of_an_older_key_is_sealed_anew_when_it_is_read() {
        let journal: Arc<dyn JournalStore> = Arc::new(InMemoryJournal::default());
        let (cashbox, token) = (CashBoxId::from_u128(7), [1; 32]);
        let with = |seal| KeptCopies::new(Some(seal), journal.clone());
        with(Seal::new([1; 32], None))
            .keep(cashbox, &token, "{}", Ticks(5))
            .await;
        let recalled = with(Seal::new([2; 32], [[1; 32]]))
            .recall(cashbox, &token)
            .await
            .unwrap();
        assert_eq!(
            (recalled.document.as_str(), recalled.fetched_at),
            ("{}", Ticks(5))
        );
        // The older key is gone, and the copy opens still.
        let recalled = with(Seal::new([2; 32], None))
            .recall(cashbox, &token)
            .await
            .unwrap();
        assert_eq!(
            (recalled.document.as_str(), recalled.fetched_at),
            ("{}", Ticks(5))
        );
    }

    #[test]
    fn a_document_is_given_for_the_token_it_was_fetched_with_and_no_other() {
        let plain = Plain::new(&[1; 32], "{}");
        assert_eq!(plain.document_for(&[1; 32]), Some("{}"));
        assert_eq!(plain.document_for(&[2; 32]), None);
        assert_eq!(Plain(vec![0; 47]).document_for(&[1; 32]), None);
    }
}
