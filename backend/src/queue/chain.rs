//! The hash chain: every receipt's hash covers the one before (3.5).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rust_decimal::Decimal;
use sha2::{Digest, Sha256};
use shared::api::receipt_request::ReceiptRequest;
use shared::clock::Ticks;
use uuid::Uuid;

/// What is chained.
#[derive(Debug, Clone, Copy)]
pub struct Link<'a> {
    /// The chain hash before it, base64; none for the first.
    pub previous: Option<&'a str>,
    /// `ftReceiptJournalId`.
    pub id: Uuid,
    /// `ftReceiptMoment`.
    pub moment: Ticks,
    /// `ftReceiptNumber`.
    pub number: i64,
    /// `requestHash` of the queue item, base64.
    pub request_hash: &'a str,
    /// `responseHash` of the queue item, base64.
    pub response_hash: &'a str,
}

impl Link<'_> {
    /// The chain hash, base64; `None` when one of the hashes is no base64, so the chain is broken already.
    #[must_use]
    pub fn hash(&self) -> Option<String> {
        let mut hasher = Sha256::new();
        if let Some(previous) = self.previous.filter(|hash| !hash.trim().is_empty()) {
            hasher.update(STANDARD.decode(previous.trim()).ok()?);
        }
        // The order in which .NET lays a GUID out: the first three groups little-endian.
        hasher.update(self.id.to_bytes_le());
        hasher.update(self.moment.0.to_le_bytes());
        hasher.update(self.number.to_le_bytes());
        hasher.update(STANDARD.decode(self.request_hash.trim()).ok()?);
        hasher.update(STANDARD.decode(self.response_hash.trim()).ok()?);
        Some(STANDARD.encode(hasher.finalize()))
    }
}

/// `requestHash` and `responseHash`: base64 of the SHA-256 of the stored text.
#[must_use]
pub fn content_hash(canonical: &str) -> String {
    STANDARD.encode(Sha256::digest(canonical.as_bytes()))
}

/// Whether a text is a hash as stored: base64, or blank for none.
#[must_use]
pub fn is_hash(text: &str) -> bool {
    STANDARD.decode(text.trim()).is_ok()
}

/// `ftReceiptTotal`: what the request says, else the sum of its charge items. `None` beyond what the journal's
/// column holds (13 digits before the point).
#[must_use]
pub fn total(request: &ReceiptRequest) -> Option<Decimal> {
    let sum = match request.receipt_amount {
        Some(amount) => amount,
        None => request
            .charge_items
            .iter()
            .try_fold(Decimal::ZERO, |sum, item| sum.checked_add(item.amount))?,
    };
    fits_the_column(sum).then_some(sum)
}

/// `ftReceiptTotalizer` with one more total; `None` beyond what the column holds.
#[must_use]
pub fn totalizer(before: Decimal, total: Decimal) -> Option<Decimal> {
    before.checked_add(total).filter(|after| fits_the_column(*after))
}

fn fits_the_column(amount: Decimal) -> bool {
    amount.abs() < Decimal::new(10_000_000_000_000, 0)
}
