//! A queue's journals, as they are exported (`fiscal-spec.md` chapter 7).

use serde_json::Value;

use crate::client::Pos;

/// The low 32 bits of the state of a stored error.
const ERROR_STATE: i64 = 0xEEEE_EEEE;

/// One stored request, a row of `ftQueueItem`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its id.
    pub id: String,
    /// Its row.
    pub row: u64,
    /// The receipt's reference.
    pub reference: String,
    /// The stored request.
    pub request: String,
    /// Its hash, as stored.
    pub request_hash: String,
    /// The stored response; empty while there is none.
    pub response: String,
    /// Its hash, as stored.
    pub response_hash: String,
    /// When it was received, in steps of 100 ns since the year 1.
    pub received_ticks: i64,
    /// When it was answered, in the same; none while it is not.
    pub answered_ticks: Option<i64>,
    /// When it was written last, in the same: the order of exports.
    pub written_ticks: i64,
}

impl Item {
    /// Whether it has an answer.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        !self.response.is_empty()
    }

    /// Whether its answer is a receipt and no stored error.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        let state = serde_json::from_str::<Value>(&self.response)
            .ok()
            .and_then(|response| response["ftState"].as_i64());
        state.is_some_and(|state| state & 0xFFFF_FFFF != ERROR_STATE)
    }

    /// The numerator in a receipt's `ftReceiptIdentification`, such as 10 in `ftA#IT20`.
    #[must_use]
    pub fn numerator(receipt: &Value) -> Option<u64> {
        let identification = receipt["ftReceiptIdentification"].as_str()?;
        let (numerator, _) = identification.strip_prefix("ft")?.split_once('#')?;
        u64::from_str_radix(numerator, 16).ok()
    }
}

/// One link of the chain, a row of `ftReceiptJournal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Its id.
    pub id: String,
    /// Its number.
    pub number: u64,
    /// Its moment, in steps of 100 ns since the year 1.
    pub moment_ticks: i64,
    /// The request it stands for.
    pub item: String,
    /// Its hash, as stored.
    pub hash: String,
    /// When it was written, in the same steps.
    pub written_ticks: i64,
}

/// The two journals that make the chain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Journals {
    /// Every stored request.
    pub items: Vec<Item>,
    /// Every link of the chain.
    pub receipts: Vec<Receipt>,
}

impl Journals {
    /// Asks for the journals over HTTP. Links are asked for first: what is written in between can then only be
    /// an item too many, never a link without one.
    pub async fn read(pos: &Pos) -> Self {
        let receipts = pos.journal(2).await.iter().map(receipt).collect();
        let items = pos.journal(3).await.iter().map(item).collect();
        Self { items, receipts }
    }

    /// The items that were begun and have no answer.
    #[must_use]
    pub fn unfinished(&self) -> Vec<&Item> {
        self.items.iter().filter(|item| !item.is_finished()).collect()
    }

    /// The signed items with this reference.
    #[must_use]
    pub fn signed(&self, reference: &str) -> Vec<&Item> {
        let wanted = |item: &&Item| item.is_signed() && item.reference == reference;
        self.items.iter().filter(wanted).collect()
    }
}

fn item(row: &Value) -> Item {
    Item {
        id: text(row, "ftQueueItemId"),
        row: number(row, "ftQueueRow"),
        reference: text(row, "cbReceiptReference"),
        request: text(row, "request"),
        request_hash: text(row, "requestHash"),
        response: text(row, "response"),
        response_hash: text(row, "responseHash"),
        received_ticks: ticks(&text(row, "ftQueueMoment")),
        answered_ticks: row["ftDoneMoment"].as_str().map(ticks),
        written_ticks: written(row),
    }
}

fn receipt(row: &Value) -> Receipt {
    Receipt {
        id: text(row, "ftReceiptJournalId"),
        number: number(row, "ftReceiptNumber"),
        moment_ticks: ticks(&text(row, "ftReceiptMoment")),
        item: text(row, "ftQueueItemId"),
        hash: text(row, "ftReceiptHash"),
        written_ticks: written(row),
    }
}

fn text(row: &Value, member: &str) -> String {
    row[member].as_str().unwrap_or_default().to_owned()
}

fn written(row: &Value) -> i64 {
    i64::try_from(number(row, "TimeStamp")).expect("a moment is 63 bits")
}

fn number(row: &Value, member: &str) -> u64 {
    row[member]
        .as_u64()
        .unwrap_or_else(|| panic!("no number {member} in {row}"))
}

/// A date as ticks: days and seconds since the year 1, counted without the code under test.
fn ticks(date: &str) -> i64 {
    let date: jiff::civil::DateTime = date
        .trim_end_matches('Z')
        .parse()
        .unwrap_or_else(|fault| panic!("{date:?}: {fault}"));
    let since = date.duration_since(jiff::civil::date(1, 1, 1).at(0, 0, 0, 0));
    since.as_secs() * 10_000_000 + i64::from(since.subsec_nanos()) / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_count_hundred_nanoseconds_since_the_year_one() {
        assert_eq!(ticks("2031-03-04T10:20:30.6Z"), 640_659_828_306_000_000);
        assert_eq!(ticks("2031-03-04T10:20:31.7000001"), 640_659_828_317_000_001);
    }

    #[test]
    fn the_numerator_is_read_as_hexadecimal() {
        let receipt = serde_json::json!({ "ftReceiptIdentification": "ftFF#IT20" });
        assert_eq!(Item::numerator(&receipt), Some(255));
        assert_eq!(Item::numerator(&serde_json::json!({})), None);
    }
}
