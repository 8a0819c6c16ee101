//! The chain rule (`fiscal-spec.md` 3.5 to 3.7), implemented a second time, from the stored texts alone.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use super::journals::{Item, Journals, Receipt};

/// Everything in which a queue's journals break the chain rule, in words (I1).
#[must_use]
pub fn judge(journals: &Journals) -> Vec<String> {
    let mut violations = judge_rows(&journals.items);
    let mut receipts: Vec<&Receipt> = journals.receipts.iter().collect();
    receipts.sort_by_key(|receipt| receipt.number);
    let mut previous: Option<&str> = None;
    for (at, receipt) in (1..).zip(receipts) {
        if receipt.number != at {
            violations.push(format!(
                "receipt number {at} is expected, {} is stored",
                receipt.number
            ));
        }
        violations.extend(judge_receipt(receipt, previous, &journals.items));
        previous = Some(&receipt.hash);
    }
    for item in journals.items.iter().filter(|item| item.is_signed()) {
        let chained = journals
            .receipts
            .iter()
            .filter(|receipt| receipt.item == item.id)
            .count();
        if chained != 1 {
            violations.push(format!(
                "item {} (row {}) is chained {chained} times",
                item.id, item.row
            ));
        }
    }
    violations
}

/// Rows count 1, 2, 3 … and hashes are those of the stored texts.
fn judge_rows(items: &[Item]) -> Vec<String> {
    let mut violations = Vec::new();
    let mut rows: Vec<u64> = items.iter().map(|item| item.row).collect();
    rows.sort_unstable();
    if !rows.iter().copied().eq(1..=items.len() as u64) {
        violations.push(format!("rows are not 1 to {}: {rows:?}", items.len()));
    }
    for item in items {
        if item.request_hash != hash_of(&item.request) {
            violations.push(format!(
                "the request hash of row {} is not its request's",
                item.row
            ));
        }
        if item.is_finished() && item.response_hash != hash_of(&item.response) {
            violations.push(format!(
                "the response hash of row {} is not its response's",
                item.row
            ));
        }
    }
    violations
}

fn judge_receipt(receipt: &Receipt, previous: Option<&str>, items: &[Item]) -> Vec<String> {
    let number = receipt.number;
    let Some(item) = items.iter().find(|item| item.id == receipt.item) else {
        return vec![format!(
            "receipt {number} stands for item {}, which is not stored",
            receipt.item
        )];
    };
    let mut violations = Vec::new();
    if receipt.hash != chain_hash(previous, receipt, &item.request_hash, &item.response_hash) {
        violations.push(format!(
            "the hash of receipt {number} does not follow from the one before"
        ));
    }
    let response = serde_json::from_str(&item.response).unwrap_or_default();
    // The identification shows the numerator before the increment (3.6).
    if Item::numerator(&response).map(|numerator| numerator + 1) != Some(number) {
        violations.push(format!(
            "receipt {number} calls itself {}",
            response["ftReceiptIdentification"]
        ));
    }
    violations
}

/// The hash of a stored text.
#[must_use]
pub fn hash_of(text: &str) -> String {
    BASE64_STANDARD.encode(Sha256::digest(text))
}

/// The hash of a receipt in the chain, by the table of 3.5.
#[must_use]
pub fn chain_hash(
    previous: Option<&str>,
    receipt: &Receipt,
    request_hash: &str,
    response_hash: &str,
) -> String {
    let decoded = |text: &str| BASE64_STANDARD.decode(text).unwrap_or_default();
    let id = uuid::Uuid::parse_str(&receipt.id).unwrap_or_default();
    let mut sha = Sha256::new();
    sha.update(previous.map(decoded).unwrap_or_default());
    sha.update(id.to_bytes_le());
    sha.update(receipt.moment_ticks.to_le_bytes());
    sha.update(i64::try_from(receipt.number).unwrap_or(-1).to_le_bytes());
    sha.update(decoded(request_hash));
    sha.update(decoded(response_hash));
    BASE64_STANDARD.encode(sha.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(id: &str, moment_ticks: i64, number: u64) -> Receipt {
        Receipt {
            id: id.to_owned(),
            number,
            moment_ticks,
            written_ticks: moment_ticks,
            item: String::new(),
            hash: String::new(),
        }
    }

    /// TV-17 of the fiscal specification.
    #[test]
    fn the_chain_hash_is_that_of_the_specification() {
        let request_hash = "TZxj47dH5ZYIcHaZOWo2Av5OPuhvJ5+p4HSo+J0NS0o=";
        let response_hash = "audjfNYZRSvF70TuZcbUgo/jZtc+RHvV0WRLMEuwmdo=";
        let first = receipt("0f1e2d3c-4b5a-4678-9786-a5b4c3d2e1f0", 640_659_828_306_000_000, 1);
        let second = receipt("a0b1c2d3-e4f5-4607-9819-2a3b4c5d6e7f", 640_659_828_317_000_001, 2);
        let hash = chain_hash(None, &first, request_hash, response_hash);
        assert_eq!(hash, "3Dw5IwqOklMaLhYLsaangXQqspVJea2dyLum+fSKVPE=");
        let hash = chain_hash(Some(&hash), &second, request_hash, response_hash);
        assert_eq!(hash, "vx4l8BEM0WP3RP7SckOvkL/dSrfhdmjw1TDXrRojIrk=");
    }
}
