//! Whether a chain that the original may have written to can be continued, and where (`fiscal-spec.md` 3.2, 3.11).
//!
//! The original commits each statement alone. Where it was stopped between two of them, `ftQueue` is one step behind
//! the journals, and would give a row or a number twice: the step is made up for here. Whatever else does not fit
//! together (two writers at once, rows that are gone) is told in words, and nothing is written.

use crate::journal::entry::QueueRow;
use crate::journal::tail::ChainedReceipt;

/// The newest rows of a queue's journals.
#[derive(Debug, Clone, Default)]
pub(super) struct Tail {
    /// The highest row of the newest items; none without items.
    pub(super) highest_row: Option<i64>,
    /// The newest receipts, highest number first, with the hashes of request and response.
    pub(super) receipts: Vec<ChainedReceipt>,
}

/// The queue from where it can be continued.
pub(super) fn resume(stored: &QueueRow, tail: &Tail) -> Result<QueueRow, String> {
    let mut queue = stored.clone();
    queue.queued_row = queue.queued_row.max(tail.highest_row.unwrap_or_default());
    let Some(newest) = tail.receipts.first() else {
        return Ok(queue);
    };
    if let Some(twice) = number_given_twice(&tail.receipts) {
        return Err(format!(
            "two receipts have number {twice}: two backends wrote at the same time, and the chain has two ends"
        ));
    }
    let (newest_number, numerator) = (newest.receipt.number, stored.receipt_numerator);
    match newest_number - numerator {
        0 if stored.receipt_hash.as_deref() == Some(&newest.receipt.hash) => Ok(queue),
        0 => Err(format!(
            "the hash of receipt {numerator} is not the one that ftQueue ends with"
        )),
        1 if newest.follows(stored.receipt_hash.as_deref()) == Some(true) => {
            queue.receipt_numerator = newest_number;
            queue.receipt_hash = Some(newest.receipt.hash.clone());
            queue.receipt_totalizer += newest.receipt.total;
            Ok(queue)
        }
        _ => Err(format!(
            "ftReceiptJournal ends with receipt {newest_number}, and ftQueue with receipt {numerator}"
        )),
    }
}

fn number_given_twice(receipts: &[ChainedReceipt]) -> Option<i64> {
    let twice = receipts
        .windows(2)
        .find(|pair| pair[0].receipt.number == pair[1].receipt.number);
    twice.map(|pair| pair[0].receipt.number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::tail::tests::{after, queue};
    use crate::queue::chain::content_hash;

    fn tail(receipts: Vec<ChainedReceipt>) -> Tail {
        Tail {
            highest_row: Some(10),
            receipts,
        }
    }

    #[test]
    fn a_queue_that_agrees_with_its_journals_goes_on_where_it_is() {
        let ninth = after(Some(&content_hash("8")), 9);
        let stored = queue(9, Some(&ninth.receipt.hash));
        assert_eq!(resume(&stored, &tail(vec![ninth])), Ok(stored));
        let new = queue(0, None);
        assert_eq!(resume(&new, &Tail::default()), Ok(new));
    }

    #[test]
    fn a_receipt_that_ftqueue_does_not_know_yet_is_taken_over_if_it_follows() {
        let end = content_hash("9");
        let tenth = after(Some(&end), 10);
        let resumed = resume(&queue(9, Some(&end)), &tail(vec![tenth.clone()])).unwrap();
        assert_eq!(
            (resumed.receipt_numerator, resumed.receipt_hash),
            (10, Some(tenth.receipt.hash))
        );
        assert_eq!(resumed.receipt_totalizer.to_string(), "12.75");
        let elsewhere = after(Some(&content_hash("other")), 10);
        assert!(resume(&queue(9, Some(&end)), &tail(vec![elsewhere])).is_err());
    }

    #[test]
    fn a_row_that_ftqueue_does_not_know_yet_is_not_given_again() {
        let tail = Tail {
            highest_row: Some(11),
            receipts: Vec::new(),
        };
        assert_eq!(resume(&queue(0, None), &tail).unwrap().queued_row, 11);
    }

    #[test]
    fn a_fork_and_lost_rows_are_told_in_words() {
        let end = content_hash("8");
        let forked = tail(vec![after(Some(&end), 9), after(Some(&end), 9)]);
        assert!(
            resume(&queue(9, Some(&end)), &forked)
                .unwrap_err()
                .contains("two receipts have number 9")
        );
        let other_end = tail(vec![after(Some(&end), 9)]);
        assert!(
            resume(&queue(9, Some(&end)), &other_end)
                .unwrap_err()
                .contains("hash of receipt 9")
        );
        assert!(
            resume(&queue(12, Some(&end)), &other_end)
                .unwrap_err()
                .contains("ends with receipt 9")
        );
    }
}
