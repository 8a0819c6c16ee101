//! The journal database, read without the code under test: its tables, one queue at a time.

use serde_json::Value;
use shared::identity::{OperationId, QueueId};
use sqlx::{Connection as _, MySqlConnection, PgConnection, Row as _, SqliteConnection};

use crate::history::journals::{Item, Journals, Receipt};

const ITEMS: &str = "SELECT i.queue_row, i.item, i.operation, i.receipt_reference, i.request, i.request_hash, \
     a.outcome, a.response, a.response_hash, i.queue_moment, a.done_moment, \
     COALESCE(a.time_stamp, i.time_stamp) FROM queue_item i \
     LEFT JOIN queue_answer a ON a.queue = i.queue AND a.queue_row = i.queue_row WHERE i.queue = ? ORDER BY i.queue_row";
const RECEIPTS: &str = "SELECT receipt_number, id, moment, item, hash, time_stamp FROM receipt_journal WHERE queue = ? ORDER BY receipt_number";
const ORPHANS: &str = "SELECT data_json FROM action_journal WHERE queue = ? AND kind = 'TseOrphanSignature'";
const EPOCH: &str = "SELECT epoch FROM queue WHERE queue = ?";

/// What is stored of one queue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dump {
    /// Every request.
    pub items: Vec<StoredItem>,
    /// Every link of the chain.
    pub receipts: Vec<Receipt>,
    /// The signatures, base64, that were journaled as belonging to no receipt.
    pub orphans: Vec<String>,
    /// How often it was claimed.
    pub epoch: u64,
}

/// One stored request and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredItem {
    /// As it is exported.
    pub item: Item,
    /// Its operation.
    pub operation: OperationId,
    /// Whether it has its outcome, be it that it was abandoned.
    pub is_settled: bool,
}

impl Dump {
    /// Reads a queue from the database at `url`, a URL as pods take it.
    pub async fn read(url: &str, queue: QueueId) -> Self {
        let queue = queue.as_u128().to_be_bytes().to_vec();
        match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => sqlite(url, queue).await,
            Some("mysql") => my_sql(url, queue).await,
            Some("postgres" | "postgresql") => postgres(url, queue).await,
            _ => panic!("no journal database is reached by {url:?}"),
        }
        .unwrap_or_else(|fault| panic!("reading {url:?}: {fault}"))
    }

    /// The part that is exported too.
    #[must_use]
    pub fn journals(&self) -> Journals {
        Journals {
            items: self.items.iter().map(|stored| stored.item.clone()).collect(),
            receipts: self.receipts.clone(),
        }
    }

    /// The items of an operation. There must never be two.
    pub fn of_operation(&self, operation: OperationId) -> impl Iterator<Item = &StoredItem> {
        self.items
            .iter()
            .filter(move |stored| stored.operation == operation)
    }

    /// The item of this id.
    #[must_use]
    pub fn item(&self, id: &str) -> Option<&StoredItem> {
        self.items.iter().find(|stored| stored.item.id == id)
    }
}

/// One reader for each kind of database: their row types have no common form.
macro_rules! reader {
    ($name:ident, $connection:ty, $dialect:expr) => {
        async fn $name(url: &str, queue: Vec<u8>) -> sqlx::Result<Dump> {
            let mut connection = <$connection>::connect(url).await?;
            let mut dump = Dump::default();
            for row in sqlx::query(sqlx::AssertSqlSafe($dialect(ITEMS)))
                .bind(queue.clone())
                .fetch_all(&mut connection)
                .await?
            {
                let text = |column| {
                    row.try_get::<Option<String>, _>(column)
                        .map(Option::unwrap_or_default)
                };
                dump.items.push(StoredItem {
                    item: Item {
                        id: id(row.try_get(1)?),
                        row: count(row.try_get(0)?),
                        reference: text(3)?,
                        request: text(4)?,
                        request_hash: text(5)?,
                        response: text(7)?,
                        response_hash: text(8)?,
                        received_ticks: row.try_get(9)?,
                        answered_ticks: row.try_get(10)?,
                        written_ticks: row.try_get(11)?,
                    },
                    operation: id(row.try_get(2)?)
                        .parse()
                        .expect("16 bytes are an operation id"),
                    is_settled: row.try_get::<Option<i64>, _>(6)?.is_some(),
                });
            }
            for row in sqlx::query(sqlx::AssertSqlSafe($dialect(RECEIPTS)))
                .bind(queue.clone())
                .fetch_all(&mut connection)
                .await?
            {
                dump.receipts.push(Receipt {
                    id: id(row.try_get(1)?),
                    number: count(row.try_get(0)?),
                    moment_ticks: row.try_get(2)?,
                    item: id(row.try_get(3)?),
                    hash: row.try_get(4)?,
                    written_ticks: row.try_get(5)?,
                });
            }
            for row in sqlx::query(sqlx::AssertSqlSafe($dialect(ORPHANS)))
                .bind(queue.clone())
                .fetch_all(&mut connection)
                .await?
            {
                dump.orphans.push(signature(row.try_get(0)?));
            }
            for row in sqlx::query(sqlx::AssertSqlSafe($dialect(EPOCH)))
                .bind(queue)
                .fetch_all(&mut connection)
                .await?
            {
                dump.epoch = count(row.try_get(0)?);
            }
            connection.close().await?;
            Ok(dump)
        }
    };
}

reader!(sqlite, SqliteConnection, str::to_owned);
reader!(my_sql, MySqlConnection, str::to_owned);
reader!(postgres, PgConnection, |sql: &str| sql.replace('?', "$1"));

fn id(bytes: Vec<u8>) -> String {
    let bytes: [u8; 16] = bytes.try_into().expect("ids have 16 bytes");
    uuid::Uuid::from_bytes(bytes).to_string()
}

fn count(number: i64) -> u64 {
    u64::try_from(number).expect("the journal counts from 0 or 1 upwards")
}

fn signature(data: Option<String>) -> String {
    let data: Value = serde_json::from_str(&data.unwrap_or_default()).expect("an orphan's data is JSON");
    data["SignatureBase64"]
        .as_str()
        .expect("an orphan names its signature")
        .to_owned()
}
