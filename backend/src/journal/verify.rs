//! Verifies a queue's chain as it is stored, in any database, ours or the original's: every number, every row, every
//! hash of a stored text, every link (`fiscal-spec.md` 3.2, 3.5, 3.6).
//!
//! Nothing is written, and memory stays small however long the queue is: journals are read page by page in the order of
//! their writing, and only what still waits for its counterpart is kept. A queue in operation may be verified; what is
//! written at the very end meanwhile may be told as a finding that is gone the next time.

/// Numbers that come nearly in order.
mod in_order;
/// The walk along the chain, without any database.
mod walk;

use shared::clock::Ticks;
use shared::identity::QueueId;

use super::JournalError;
use super::connection_string::{ConnectionStringError, Database};
use super::entry::{JournalKind, JournalPage, JournalQuery, JournalRange, JournalRows};
use super::place::{Place, database_of};
use super::sql::QueueReader;
use walk::Walk;

/// Rows of a page.
const PAGE_ROWS: u32 = 1000;

/// What a queue's chain came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Receipts in the chain.
    pub receipts: u64,
    /// Number of the last one; 0 without any.
    pub last_number: i64,
    /// The hash that the chain ends with.
    pub end: Option<String>,
    /// Requests stored.
    pub requests: u64,
    /// Of them, those that were answered with an error and are not chained.
    pub errors: u64,
    /// Of them, those without an answer.
    pub unanswered: u64,
    /// What breaks a rule, in words and in order, without contents of receipts: the first [`Verdict::FINDINGS_MAX`].
    pub findings: Vec<String>,
    /// How many findings there are.
    pub findings_total: u64,
}

impl Verdict {
    /// Findings that are kept in words; further ones are counted.
    pub const FINDINGS_MAX: usize = 100;

    /// Whether nothing breaks a rule.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.findings_total == 0
    }

    fn find(&mut self, finding: String) {
        self.findings_total += 1;
        if self.findings.len() < Self::FINDINGS_MAX {
            self.findings.push(finding);
        }
    }
}

/// What a queue's own row says of its journals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct QueueEnd {
    pub(super) receipt_numerator: i64,
    pub(super) receipt_hash: Option<String>,
    pub(super) queued_row: i64,
}

/// Where a queue is read: an address as in the settings, or a MySQL connection string as a queue's configuration has it.
/// A MySQL address without a database, or with the queue's own, means the original's tables.
///
/// # Errors
/// When the text names no database. Nothing of it is part of the error.
pub fn address(text: &str, queue: QueueId) -> Result<(Database, Place), ConnectionStringError> {
    let own = |server| (Database::MySql(server), Place::PodsJournal);
    match text.parse() {
        Ok(Database::MySql(server)) if server.database != database_of(queue) => Ok(own(server)),
        Ok(Database::MySql(server)) => Ok((Database::MySql(server.clone()), Place::Original(server))),
        Ok(other) => Ok((other, Place::PodsJournal)),
        Err(ConnectionStringError::Missing("database")) => {
            match Place::original(queue, &text.to_owned().into())? {
                Place::Original(server) => Ok((Database::MySql(server.clone()), Place::Original(server))),
                Place::PodsJournal => Err(ConnectionStringError::Missing("database")),
            }
        }
        Err(error) => Err(error),
    }
}

/// Walks along a queue's chain.
///
/// # Errors
/// When the database cannot be reached or read. A chain that is broken is no error: see [`Verdict::findings`].
pub async fn verify(database: &Database, place: &Place, queue: QueueId) -> Result<Verdict, JournalError> {
    let reader = QueueReader::new(database, place, queue);
    let mut walk = Walk::default();
    let mut items = Pages::of(JournalKind::QueueItem);
    let mut receipts = Pages::of(JournalKind::Receipt);
    while let Some(page) = receipts.next(&reader).await? {
        let JournalRows::Receipt(rows) = page.rows else {
            unreachable!("receipts were asked for");
        };
        for receipt in rows {
            while !walk.knows(receipt.item) && walk.may_read_ahead() {
                let Some(page) = items.next(&reader).await? else {
                    break;
                };
                take_items(&mut walk, page);
            }
            walk.receipt(receipt);
        }
    }
    while let Some(page) = items.next(&reader).await? {
        take_items(&mut walk, page);
    }
    let end = reader.end().await?;
    reader.close().await;
    Ok(walk.end(end))
}

fn take_items(walk: &mut Walk, page: JournalPage) {
    let JournalRows::QueueItem(rows) = page.rows else {
        unreachable!("items were asked for");
    };
    rows.into_iter().for_each(|item| walk.item(&item));
}

/// The pages of a journal, one after the other.
struct Pages {
    query: Option<JournalQuery>,
}

impl Pages {
    fn of(kind: JournalKind) -> Self {
        let query = JournalQuery {
            kind,
            range: JournalRange::From(Ticks(i64::MIN)),
            after: None,
            limit: PAGE_ROWS,
        };
        Self { query: Some(query) }
    }

    async fn next(&mut self, reader: &QueueReader) -> Result<Option<JournalPage>, JournalError> {
        let Some(query) = self.query else {
            return Ok(None);
        };
        let page = reader.read(&query).await?;
        self.query = query.following(&page);
        Ok(Some(page))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUEUE: QueueId = QueueId::from_u128(0xAB);

    #[test]
    fn an_address_says_whose_tables_are_meant() {
        let own = database_of(QUEUE);
        for (text, original) in [
            ("sqlite:///tmp/journal.db".to_owned(), false),
            ("mysql://u:p@h/byodc".to_owned(), false),
            ("Server=h;Uid=u;Pwd=p;Database=byodc".to_owned(), false),
            (format!("mysql://u:p@h/{own}"), true),
            ("raw:Server=h;Uid=u;Pwd=p;".to_owned(), true),
        ] {
            let (_, place) = address(&text, QUEUE).unwrap();
            assert_eq!(matches!(place, Place::Original(_)), original, "{text}");
        }
        assert!(address("Uid=hunter2", QUEUE).is_err());
    }
}
