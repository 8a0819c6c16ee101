//! Whether the end of a queue's chain, as it is stored, fits together: looked at whenever the queue is opened, so that
//! no receipt is chained to an end that is not one. The whole chain is verified on request (`verify.rs`).

use super::entry::{QueueRow, ReceiptJournalRow};
use crate::queue::chain::Link;

/// A receipt and what it chains.
#[derive(Debug, Clone)]
pub(super) struct ChainedReceipt {
    pub(super) receipt: ReceiptJournalRow,
    /// Of the receipt's request; none where it was not looked for, or is not near the end.
    pub(super) hashes: Option<ChainedHashes>,
}

/// The hashes of a request and of its answer.
#[derive(Debug, Clone)]
pub(super) struct ChainedHashes {
    pub(super) request: String,
    pub(super) response: String,
}

impl ChainedReceipt {
    /// Whether it is the next link of a chain that ends with `previous`; none where its request is not known.
    pub(super) fn follows(&self, previous: Option<&str>) -> Option<bool> {
        let hashes = self.hashes.as_ref()?;
        let link = Link {
            previous,
            id: self.receipt.id,
            moment: self.receipt.moment,
            number: self.receipt.number,
            request_hash: &hashes.request,
            response_hash: &hashes.response,
        };
        Some(link.hash().as_deref() == Some(&self.receipt.hash))
    }
}

/// Compares a queue's own row with its newest receipts, highest number first. A queue may continue a chain of which
/// none is stored here.
///
/// # Errors
/// What does not fit, in words and without anything of a receipt's contents.
pub(super) fn check(queue: &QueueRow, newest: &[ChainedReceipt]) -> Result<(), String> {
    let Some(last) = newest.first() else {
        return Ok(());
    };
    let (number, numerator) = (last.receipt.number, queue.receipt_numerator);
    if number != numerator {
        return Err(format!(
            "the chain ends with receipt {number}, and the queue with receipt {numerator}"
        ));
    }
    if queue.receipt_hash.as_deref() != Some(&last.receipt.hash) {
        return Err(format!(
            "the hash of receipt {number} is not the one that the queue ends with"
        ));
    }
    for (index, receipt) in newest.iter().enumerate() {
        check_link(receipt, newest.get(index + 1))?;
    }
    Ok(())
}

fn check_link(receipt: &ChainedReceipt, before: Option<&ChainedReceipt>) -> Result<(), String> {
    let number = receipt.receipt.number;
    let previous = match before {
        None if number > 1 => return Ok(()),
        None => None,
        Some(before) if before.receipt.number == number - 1 => Some(before.receipt.hash.as_str()),
        Some(before) => {
            return Err(format!(
                "receipt {number} stands behind receipt {}, and those between are missing",
                before.receipt.number
            ));
        }
    };
    match receipt.follows(previous) {
        Some(false) => Err(format!(
            "the hash of receipt {number} does not follow from the one before"
        )),
        Some(true) | None => Ok(()),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use shared::clock::Ticks;
    use shared::identity::{CashBoxId, QueueId, QueueItemId};
    use uuid::Uuid;

    use super::*;
    use crate::queue::chain::content_hash;

    /// A queue that ends with a receipt.
    pub(in crate::journal) fn queue(numerator: i64, hash: Option<&str>) -> QueueRow {
        QueueRow {
            queue: QueueId::from_u128(1),
            cashbox: CashBoxId::from_u128(2),
            current_row: 10,
            queued_row: 10,
            receipt_numerator: numerator,
            receipt_totalizer: "10.5".parse().unwrap(),
            receipt_hash: hash.map(str::to_owned),
            start_moment: None,
            stop_moment: None,
            country_code: "DE".to_owned(),
            timeout_ms: 0,
            time_stamp: Ticks(5),
        }
    }

    /// The receipt that continues a chain.
    pub(in crate::journal) fn after(previous: Option<&str>, number: i64) -> ChainedReceipt {
        let hashes = ChainedHashes {
            request: content_hash("request"),
            response: content_hash("response"),
        };
        let link = Link {
            previous,
            id: Uuid::from_u128(7),
            moment: Ticks(9),
            number,
            request_hash: &hashes.request,
            response_hash: &hashes.response,
        };
        ChainedReceipt {
            receipt: ReceiptJournalRow {
                id: link.id,
                moment: link.moment,
                number,
                total: "2.25".parse().unwrap(),
                item: QueueItemId::from_u128(3),
                hash: link.hash().unwrap(),
                time_stamp: Ticks(9),
            },
            hashes: Some(hashes),
        }
    }

    /// The newest receipts of a chain from its beginning, and the queue that ends with them.
    fn chain(length: i64) -> (QueueRow, Vec<ChainedReceipt>) {
        let mut receipts: Vec<ChainedReceipt> = Vec::new();
        for number in 1..=length {
            let previous = receipts.first().map(|receipt| receipt.receipt.hash.clone());
            receipts.insert(0, after(previous.as_deref(), number));
        }
        let end = receipts.first().map(|receipt| receipt.receipt.hash.clone());
        (queue(length, end.as_deref()), receipts)
    }

    #[test]
    fn a_chain_that_fits_together_may_be_continued() {
        for length in 0..4 {
            let (queue, newest) = chain(length);
            assert_eq!(check(&queue, &newest), Ok(()), "{length} receipts");
        }
        let (row, newest) = chain(3);
        assert_eq!(
            check(&row, &newest[..1]),
            Ok(()),
            "its end alone says nothing against it"
        );
        let moved_here = queue(4711, Some(&content_hash("4711")));
        assert_eq!(
            check(&moved_here, &[]),
            Ok(()),
            "its receipts are stored elsewhere"
        );
    }

    #[test]
    fn whatever_does_not_fit_is_told_in_words() {
        let refused = |spoil: fn(&mut QueueRow, &mut Vec<ChainedReceipt>), words: &str| {
            let (mut queue, mut newest) = chain(3);
            spoil(&mut queue, &mut newest);
            let why = check(&queue, &newest).unwrap_err();
            assert!(why.contains(words), "{why}");
        };
        refused(
            |queue, _| queue.receipt_numerator = 4,
            "ends with receipt 3, and the queue with receipt 4",
        );
        refused(
            |queue, _| queue.receipt_hash = Some(content_hash("other")),
            "hash of receipt 3 is not the one",
        );
        refused(
            |_, newest| drop(newest.remove(1)),
            "receipt 3 stands behind receipt 1",
        );
        refused(
            |_, newest| newest[1].receipt.moment.0 += 1,
            "hash of receipt 2 does not follow",
        );
        refused(
            |_, newest| newest[0].hashes.as_mut().unwrap().response = content_hash("another answer"),
            "hash of receipt 3 does not follow",
        );
        refused(
            |_, newest| newest[2].receipt.id = Uuid::from_u128(8),
            "hash of receipt 1 does not follow",
        );
    }
}
