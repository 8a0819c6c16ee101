//! The chain rule (`fiscal-spec.md` 3.5), written once more and by nobody else's code.

use backend::journal::entry::{QueueItemRow, ReceiptJournalRow};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// The hash that a receipt must have after `previous`.
pub(super) fn hash(previous: Option<&str>, receipt: &ReceiptJournalRow, item: &QueueItemRow) -> String {
    let bytes = |text: &str| STANDARD.decode(text).unwrap_or_default();
    let response_hash = item.response_hash.as_deref().unwrap_or_default();
    let mut sha = Sha256::new();
    sha.update(previous.map(bytes).unwrap_or_default());
    sha.update(receipt.id.to_bytes_le());
    sha.update(receipt.moment.0.to_le_bytes());
    sha.update(receipt.number.to_le_bytes());
    sha.update(bytes(&item.request_hash));
    sha.update(bytes(response_hash));
    STANDARD.encode(sha.finalize())
}

/// Whether a stored text has the hash that is stored beside it.
pub(super) fn is_hash_of(hash: &str, text: &str) -> bool {
    hash == STANDARD.encode(Sha256::digest(text))
}
