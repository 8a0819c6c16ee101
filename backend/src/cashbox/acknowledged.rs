//! What this pod has acknowledged: the end of each chain when it last ran here.
//!
//! A chain never gets shorter, whoever goes on with it. So a journal that ends before what this process remembers,
//! or with another receipt of the same number, went back in time.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use shared::clock::Ticks;
use shared::identity::QueueId;

use crate::journal::entry::QueueRow;

/// How many queues are remembered; of more, those that ended here first are forgotten.
const KEPT: usize = 65_536;

/// The ends of chains that this process has seen.
#[derive(Debug, Default)]
pub struct Acknowledged(Mutex<Ends>);

#[derive(Debug, Default)]
struct Ends {
    of_queue: HashMap<QueueId, End>,
    in_order: VecDeque<QueueId>,
}

#[derive(Debug)]
struct End {
    number: i64,
    hash: Option<String>,
    at: Ticks,
}

impl Acknowledged {
    /// Remembers where a chain ends now.
    pub(super) fn remember(&self, row: &QueueRow, at: Ticks) {
        let end = End {
            number: row.receipt_numerator,
            hash: row.receipt_hash.clone(),
            at,
        };
        let mut ends = self.ends();
        if ends.of_queue.insert(row.queue, end).is_none() {
            ends.in_order.push_back(row.queue);
        }
        if ends.in_order.len() > KEPT
            && let Some(first) = ends.in_order.pop_front()
        {
            ends.of_queue.remove(&first);
        }
    }

    /// What contradicts a stored chain, in words; nothing where it may be continued. What was remembered before an
    /// operator accepted the journal does not count.
    pub(super) fn contradiction(&self, stored: &QueueRow, accepted_at: Option<Ticks>) -> Option<String> {
        let ends = self.ends();
        let end = ends.of_queue.get(&stored.queue)?;
        if accepted_at.is_some_and(|accepted| end.at <= accepted) {
            return None;
        }
        let (remembered, found) = (end.number, stored.receipt_numerator);
        if found < remembered {
            return Some(format!(
                "this pod acknowledged receipt {remembered}, and the journal ends with receipt {found}"
            ));
        }
        (found == remembered && end.hash != stored.receipt_hash)
            .then(|| format!("this pod acknowledged another receipt {remembered} than the journal holds"))
    }

    fn ends(&self) -> MutexGuard<'_, Ends> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_decimal::Decimal;
    use shared::identity::CashBoxId;

    fn chain(number: i64, hash: &str) -> QueueRow {
        QueueRow {
            queue: QueueId::from_u128(1),
            cashbox: CashBoxId::from_u128(1),
            current_row: number,
            queued_row: number,
            receipt_numerator: number,
            receipt_totalizer: Decimal::ZERO,
            receipt_hash: Some(hash.to_owned()),
            start_moment: None,
            stop_moment: None,
            country_code: "DE".to_owned(),
            timeout_ms: 0,
            time_stamp: Ticks(0),
        }
    }

    #[test]
    fn a_chain_may_go_on_and_never_back() {
        let acknowledged = Acknowledged::default();
        assert_eq!(acknowledged.contradiction(&chain(0, ""), None), None);
        acknowledged.remember(&chain(7, "G"), Ticks(100));
        assert_eq!(acknowledged.contradiction(&chain(7, "G"), None), None);
        assert_eq!(acknowledged.contradiction(&chain(9, "I"), None), None);
        let shorter = acknowledged.contradiction(&chain(6, "F"), None).unwrap();
        assert!(
            shorter.contains("receipt 7") && shorter.contains("receipt 6"),
            "{shorter}"
        );
        assert!(acknowledged.contradiction(&chain(7, "H"), None).is_some());
    }

    #[test]
    fn what_was_remembered_before_an_acceptance_does_not_count() {
        let acknowledged = Acknowledged::default();
        acknowledged.remember(&chain(7, "G"), Ticks(100));
        assert_eq!(acknowledged.contradiction(&chain(6, "F"), Some(Ticks(100))), None);
        assert!(
            acknowledged
                .contradiction(&chain(6, "F"), Some(Ticks(99)))
                .is_some()
        );
    }
}
