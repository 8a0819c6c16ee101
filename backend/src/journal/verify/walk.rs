//! The walk along a chain: receipts and requests come in the order of their writing, each check is made once.

use std::collections::{HashMap, VecDeque};

use serde::Deserialize;
use shared::identity::QueueItemId;

use super::in_order::{Fault, InOrder};
use super::{QueueEnd, Verdict};
use crate::journal::entry::{QueueItemRow, ReceiptJournalRow};
use crate::queue::chain::{Link, content_hash};

/// Signed requests that may wait for their receipt.
const WAITING_MAX: usize = 10_000;
/// The low 32 bits of the state of a stored error.
const ERROR_STATE: i64 = 0xEEEE_EEEE;

/// A walk along a chain.
#[derive(Debug, Default)]
pub(super) struct Walk {
    verdict: Verdict,
    rows: InOrder<()>,
    numbers: InOrder<ReceiptJournalRow>,
    /// The hash before the next receipt; unknown after a gap.
    previous: Previous,
    waiting: HashMap<QueueItemId, Signed>,
    /// In the order of their coming.
    arrived: VecDeque<QueueItemId>,
}

#[derive(Debug, Default)]
enum Previous {
    #[default]
    None,
    Known(String),
    Unknown,
}

/// A request that was signed, as far as its receipt needs it.
#[derive(Debug)]
struct Signed {
    row: i64,
    request_hash: String,
    response_hash: String,
    identification: String,
}

#[derive(Deserialize)]
struct Response {
    #[serde(rename = "ftState")]
    state: i64,
    #[serde(rename = "ftReceiptIdentification", default)]
    identification: Option<String>,
}

impl Walk {
    /// Whether the request of a receipt has come by.
    pub(super) fn knows(&self, item: QueueItemId) -> bool {
        self.waiting.contains_key(&item)
    }

    /// Whether more requests may be read while their receipts are not there yet.
    pub(super) fn may_read_ahead(&self) -> bool {
        self.waiting.len() < WAITING_MAX
    }

    /// A request: its row, its hashes.
    pub(super) fn item(&mut self, item: &QueueItemRow) {
        self.verdict.requests += 1;
        let (row, verdict) = (item.row, &mut self.verdict);
        self.rows.put(row, (), &mut |fault| verdict.find(fault.of("row")));
        if item.request_hash != content_hash(&item.request) {
            verdict.find(format!("the request hash of row {row} is not its request's"));
        }
        let Some(response) = item.response.as_ref().filter(|_| item.done_moment.is_some()) else {
            verdict.unanswered += 1;
            return;
        };
        let response_hash = item.response_hash.clone().unwrap_or_default();
        if response_hash != content_hash(response) {
            verdict.find(format!("the response hash of row {row} is not its response's"));
        }
        let read: Option<Response> = serde_json::from_str(response).ok();
        if read
            .as_ref()
            .is_some_and(|read| read.state & 0xFFFF_FFFF == ERROR_STATE)
        {
            verdict.errors += 1;
            return;
        }
        let signed = Signed {
            row,
            request_hash: item.request_hash.clone(),
            response_hash,
            identification: read.and_then(|read| read.identification).unwrap_or_default(),
        };
        self.waiting.insert(item.item, signed);
        self.arrived.push_back(item.item);
        self.forget_the_oldest();
    }

    /// A receipt; it is checked when those before it were.
    pub(super) fn receipt(&mut self, receipt: ReceiptJournalRow) {
        self.verdict.receipts += 1;
        let mut faults = Vec::new();
        let next = self
            .numbers
            .put(receipt.number, receipt, &mut |fault| faults.push(fault));
        self.link(faults, next);
    }

    /// What is left when both journals have ended.
    pub(super) fn end(mut self, end: Option<QueueEnd>) -> Verdict {
        let mut faults = Vec::new();
        let next = self.numbers.finish(&mut |fault| faults.push(fault));
        self.link(faults, next);
        let verdict = &mut self.verdict;
        self.rows.finish(&mut |fault| verdict.find(fault.of("row")));
        let mut left: Vec<i64> = self.waiting.values().map(|signed| signed.row).collect();
        left.sort_unstable();
        left.into_iter().for_each(|row| self.verdict.find(unchained(row)));
        if let Previous::Known(hash) = &self.previous {
            self.verdict.end = Some(hash.clone());
        }
        self.compare(end);
        self.verdict
    }

    fn link(&mut self, faults: Vec<Fault>, receipts: Vec<ReceiptJournalRow>) {
        for fault in faults {
            if let Fault::Missing { .. } = fault {
                self.previous = Previous::Unknown;
            }
            self.verdict.find(fault.of("receipt number"));
        }
        for receipt in receipts {
            self.check(&receipt);
            self.verdict.last_number = receipt.number;
            self.previous = Previous::Known(receipt.hash);
        }
    }

    fn check(&mut self, receipt: &ReceiptJournalRow) {
        let number = receipt.number;
        let Some(signed) = self.waiting.remove(&receipt.item) else {
            self.verdict.find(format!(
                "receipt {number} stands for item {}, which is not stored as signed",
                receipt.item
            ));
            return;
        };
        let previous = match &self.previous {
            Previous::None => None,
            Previous::Known(hash) => Some(hash.as_str()),
            Previous::Unknown => return,
        };
        let link = Link {
            previous,
            id: receipt.id,
            moment: receipt.moment,
            number,
            request_hash: &signed.request_hash,
            response_hash: &signed.response_hash,
        };
        if link.hash().as_deref() != Some(&receipt.hash) {
            self.verdict.find(format!(
                "the hash of receipt {number} does not follow from the one before"
            ));
        }
        // The identification shows the numerator before the increment (3.6).
        if !signed.identification.starts_with(&format!("ft{:X}#", number - 1)) {
            self.verdict.find(format!(
                "receipt {number} calls itself {:?}",
                signed.identification
            ));
        }
    }

    /// A request that waits for so long has no receipt.
    fn forget_the_oldest(&mut self) {
        while self.arrived.len() > WAITING_MAX {
            let oldest = self
                .arrived
                .pop_front()
                .and_then(|item| self.waiting.remove(&item));
            if let Some(oldest) = oldest {
                self.verdict.find(unchained(oldest.row));
            }
        }
    }

    fn compare(&mut self, end: Option<QueueEnd>) {
        let Some(end) = end else {
            if self.verdict.requests > 0 {
                self.verdict.find("the queue itself is not stored".to_owned());
            }
            return;
        };
        let (numerator, last) = (end.receipt_numerator, self.verdict.last_number);
        if self.verdict.receipts > 0 && numerator != last {
            self.verdict.find(format!(
                "the queue says that {numerator} receipts are chained, and the last is {last}"
            ));
        }
        if self.verdict.end.is_some() && end.receipt_hash != self.verdict.end {
            self.verdict
                .find("the queue ends with another hash than its last receipt".to_owned());
        }
        let highest = self.rows.last;
        if end.queued_row < highest {
            self.verdict.find(format!(
                "the queue has given {} rows, and row {highest} is stored",
                end.queued_row
            ));
        }
    }
}

fn unchained(row: i64) -> String {
    format!("row {row} is signed and has no receipt in the chain")
}

#[cfg(test)]
mod tests;
