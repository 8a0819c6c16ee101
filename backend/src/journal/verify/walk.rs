//! The walk along a chain: receipts and requests come in the order of their writing, each check is made once.

use std::collections::{BTreeMap, HashMap, VecDeque};

use serde::Deserialize;
use shared::identity::QueueItemId;

use super::{QueueEnd, Verdict};
use crate::journal::entry::{QueueItemRow, ReceiptJournalRow};
use crate::queue::chain::{Link, content_hash};

/// Rows and receipts that may stand out of their order: the original's clock may have been set back.
const OUT_OF_ORDER_MAX: usize = 1000;
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

/// Something that breaks the order of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Missing { from: i64, to: i64 },
    Twice(i64),
}

impl Fault {
    fn of(self, what: &str) -> String {
        match self {
            Self::Missing { from, to } if from == to => format!("{what} {from} is missing"),
            Self::Missing { from, to } => format!("{what}s {from} to {to} are missing"),
            Self::Twice(number) => format!("{what} {number} is given twice"),
        }
    }
}

/// Puts numbers that come nearly in order into their order, and tells of gaps and repetitions.
#[derive(Debug)]
struct InOrder<T> {
    /// The last number that was passed on.
    last: i64,
    early: BTreeMap<i64, T>,
}

impl<T> Default for InOrder<T> {
    fn default() -> Self {
        Self {
            last: 0,
            early: BTreeMap::new(),
        }
    }
}

impl<T> InOrder<T> {
    /// Takes one; answers those whose turn it is.
    fn put(&mut self, number: i64, what: T, fault: &mut dyn FnMut(Fault)) -> Vec<T> {
        if number <= self.last || self.early.contains_key(&number) {
            fault(Fault::Twice(number));
            return Vec::new();
        }
        self.early.insert(number, what);
        let mut next = self.in_turn();
        if self.early.len() > OUT_OF_ORDER_MAX {
            self.step_over(fault);
            next.extend(self.in_turn());
        }
        next
    }

    /// What is left when none comes any more.
    fn finish(&mut self, fault: &mut dyn FnMut(Fault)) -> Vec<T> {
        let mut rest = Vec::new();
        while !self.early.is_empty() {
            self.step_over(fault);
            rest.extend(self.in_turn());
        }
        rest
    }

    fn in_turn(&mut self) -> Vec<T> {
        let mut next = Vec::new();
        while let Some(what) = self.early.remove(&(self.last + 1)) {
            self.last += 1;
            next.push(what);
        }
        next
    }

    fn step_over(&mut self, fault: &mut dyn FnMut(Fault)) {
        if let Some((&first, _)) = self.early.first_key_value() {
            fault(Fault::Missing {
                from: self.last + 1,
                to: first - 1,
            });
            self.last = first - 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::clock::Ticks;
    use shared::identity::QueueItemId;
    use uuid::Uuid;

    use super::*;

    /// A queue of so many receipts, each with its request, and the row that ends it.
    fn queue(receipts: i64) -> (Vec<QueueItemRow>, Vec<ReceiptJournalRow>, QueueEnd) {
        let (mut items, mut links) = (Vec::new(), Vec::<ReceiptJournalRow>::new());
        for number in 1..=receipts {
            let item = item(
                number,
                &format!(
                    r#"{{"ftState":0,"ftReceiptIdentification":"ft{:X}#T1"}}"#,
                    number - 1
                ),
            );
            let link = Link {
                previous: links.last().map(|link| link.hash.as_str()),
                id: Uuid::from_u128(number as u128),
                moment: Ticks(number),
                number,
                request_hash: &item.request_hash,
                response_hash: item.response_hash.as_ref().unwrap(),
            };
            links.push(ReceiptJournalRow {
                id: link.id,
                moment: link.moment,
                number,
                total: "1".parse().unwrap(),
                item: item.item,
                hash: link.hash().unwrap(),
                time_stamp: Ticks(number),
            });
            items.push(item);
        }
        let end = QueueEnd {
            receipt_numerator: receipts,
            receipt_hash: links.last().map(|link| link.hash.clone()),
            queued_row: receipts,
        };
        (items, links, end)
    }

    fn item(row: i64, response: &str) -> QueueItemRow {
        let request = format!("request {row}");
        QueueItemRow {
            item: QueueItemId::from_u128(row as u128),
            row,
            queue_moment: Ticks(row),
            timeout_ms: 0,
            work_moment: None,
            done_moment: Some(Ticks(row)),
            receipt_moment: Ticks(row),
            terminal_id: String::new(),
            receipt_reference: String::new(),
            country: "DE".to_owned(),
            version: "v1".to_owned(),
            request_hash: content_hash(&request),
            request,
            response_hash: Some(content_hash(response)),
            response: Some(response.to_owned()),
            processing_version: String::new(),
            time_stamp: Ticks(row),
        }
    }

    fn walked(items: &[QueueItemRow], links: Vec<ReceiptJournalRow>, end: QueueEnd) -> Verdict {
        let mut walk = Walk::default();
        items.iter().for_each(|item| walk.item(item));
        links.into_iter().for_each(|link| walk.receipt(link));
        walk.end(Some(end))
    }

    #[test]
    fn a_sound_chain_has_no_findings_whatever_the_order_of_writing() {
        let (items, mut links, end) = queue(20);
        links.swap(3, 7);
        let verdict = walked(&items, links, end.clone());
        assert_eq!(verdict.findings, [""; 0]);
        assert_eq!(
            (verdict.receipts, verdict.last_number, verdict.end),
            (20, 20, end.receipt_hash)
        );
    }

    #[test]
    fn errors_and_interrupted_requests_are_counted_and_not_missed_in_the_chain() {
        let (mut items, links, mut end) = queue(2);
        items.push(item(
            3,
            &format!(r#"{{"ftState":{}}}"#, 0x4445_2000_EEEE_EEEE_i64),
        ));
        items.push(QueueItemRow {
            done_moment: None,
            response: None,
            ..item(4, "")
        });
        end.queued_row = 4;
        let verdict = walked(&items, links, end);
        assert_eq!(
            (verdict.findings.len(), verdict.errors, verdict.unanswered),
            (0, 1, 1),
            "{verdict:?}"
        );
    }

    #[test]
    fn whatever_was_changed_afterwards_is_found() {
        type Change = fn(&mut Vec<QueueItemRow>, &mut Vec<ReceiptJournalRow>, &mut QueueEnd);
        let changes: [(Change, &str); 10] = [
            (
                |items, _, _| items[4].request.push('x'),
                "the request hash of row 5",
            ),
            (
                |items, _, _| items[4].response = Some("{}".to_owned()),
                "the response hash of row 5",
            ),
            (|_, links, _| links[4].moment = Ticks(99), "the hash of receipt 5"),
            (|_, links, _| drop(links.remove(4)), "receipt number 5 is missing"),
            (
                |_, links, _| links.push(links[4].clone()),
                "receipt number 5 is given twice",
            ),
            (|items, _, _| drop(items.remove(4)), "row 5 is missing"),
            (|items, _, _| items[4].row = 4, "row 4 is given twice"),
            (
                |_, links, _| links[4].item = QueueItemId::from_u128(99),
                "stands for item",
            ),
            (
                |_, _, end| end.receipt_numerator = 9,
                "the queue says that 9 receipts",
            ),
            (|_, _, end| end.receipt_hash = None, "another hash"),
        ];
        for (change, finding) in changes {
            let (mut items, mut links, mut end) = queue(8);
            change(&mut items, &mut links, &mut end);
            let verdict = walked(&items, links, end);
            assert!(
                verdict.findings.iter().any(|found| found.contains(finding)),
                "{finding}: {verdict:?}"
            );
        }
    }

    #[test]
    fn a_signed_request_without_a_receipt_is_found() {
        let (items, mut links, mut end) = queue(3);
        links.pop();
        end.receipt_numerator = 2;
        end.receipt_hash = links.last().map(|link| link.hash.clone());
        let verdict = walked(&items, links, end);
        assert_eq!(
            verdict.findings,
            ["row 3 is signed and has no receipt in the chain"]
        );
    }
}
