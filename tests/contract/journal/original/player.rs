//! What the original does to its tables, statement by statement, each committed alone (`fiscal-spec.md` 3.2, 8.1).

use backend::journal::place::database_of;
use harness::history::chain::{chain_hash, hash_of};
use harness::history::journals::Receipt;
use shared::identity::QueueId;
use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection, Row as _};
use uuid::Uuid;

/// The original, at the database of one queue.
pub struct Original {
    queue: QueueId,
    connection: MySqlConnection,
    clock: i64,
}

/// `ftQueue`, as far as signing needs it.
#[derive(Debug, Clone)]
pub struct Queue {
    pub current_row: i64,
    pub queued_row: i64,
    pub numerator: i64,
    pub hash: Option<String>,
}

/// Where the original is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stops {
    Never,
    AfterTheItem,
    AfterTheReceipt,
}

impl Original {
    pub async fn of(queue: QueueId, url: &str) -> Self {
        let (server, _) = url.rsplit_once('/').unwrap();
        let url = format!("{server}/{}", database_of(queue));
        Self {
            queue,
            connection: MySqlConnection::connect(&url).await.unwrap(),
            clock: super::NOON.0 + 1_000,
        }
    }

    pub async fn execute(&mut self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        sqlx::query(sql).execute(&mut self.connection).await.unwrap();
    }

    /// The first column of every row.
    pub async fn texts(&mut self, sql: &str) -> Vec<String> {
        let sql = AssertSqlSafe(sql.to_owned());
        let rows = sqlx::query(sql).fetch_all(&mut self.connection).await.unwrap();
        rows.iter().map(|row| row.try_get_unchecked(0).unwrap()).collect()
    }

    pub async fn queue(&mut self) -> Queue {
        let sql = "SELECT ftCurrentRow, ftQueuedRow, ftReceiptNumerator, ftReceiptHash FROM ftQueue";
        let row = sqlx::query(sql).fetch_one(&mut self.connection).await.unwrap();
        Queue {
            current_row: row.get(0),
            queued_row: row.get(1),
            numerator: row.get(2),
            hash: row.try_get_unchecked(3).unwrap(),
        }
    }

    /// Signs one receipt.
    pub async fn signs(&mut self, stops: Stops) {
        let queue = self.queue().await;
        self.signs_from(queue, stops).await;
    }

    /// Signs one receipt, believing what it read before.
    pub async fn signs_from(&mut self, mut queue: Queue, stops: Stops) {
        self.clock += 10;
        let (item, request) = (Uuid::new_v4().to_string(), r#"{"by":"the original"}"#);
        queue.queued_row += 1;
        self.put_item(&item, queue.queued_row, request, None).await;
        if stops == Stops::AfterTheItem {
            return;
        }
        self.put_queue(&queue).await;
        let response = format!(
            r#"{{"ftState":4919338167972134912,"ftReceiptIdentification":"ft{:X}#IT7"}}"#,
            queue.numerator
        );
        self.put_item(&item, queue.queued_row, request, Some(&response))
            .await;
        queue.current_row += 1;
        self.put_queue(&queue).await;
        queue.numerator += 1;
        let receipt = Receipt {
            id: Uuid::new_v4().to_string(),
            number: u64::try_from(queue.numerator).unwrap(),
            moment_ticks: self.clock,
            item,
            hash: String::new(),
            written_ticks: self.clock,
        };
        let hash = chain_hash(
            queue.hash.as_deref(),
            &receipt,
            &hash_of(request),
            &hash_of(&response),
        );
        self.add_receipt(&receipt, &hash).await;
        if stops == Stops::AfterTheReceipt {
            return;
        }
        queue.hash = Some(hash);
        self.put_queue(&queue).await;
        self.execute("UPDATE ftQueue SET ftReceiptTotalizer = ftReceiptTotalizer + 9.5")
            .await;
    }

    async fn put_item(&mut self, item: &str, row: i64, request: &str, response: Option<&str>) {
        let done = response.map(|_| self.clock);
        sqlx::query(
            "REPLACE INTO ftQueueItem (ftQueueItemId, ftQueueId, ftQueueRow, ftQueueTimeout, ftWorkMoment, ftDoneMoment, \
             ftQueueMoment, cbReceiptMoment, cbTerminalID, cbReceiptReference, country, version, request, requestHash, \
             response, responseHash, TimeStamp, ProcessingVersion) \
             VALUES (?, ?, ?, 15000, ?, ?, ?, ?, '', 'original', 'DE', 'v1', ?, ?, ?, ?, ?, '1.3.80')",
        )
        .bind(item)
        .bind(self.queue.to_string())
        .bind(row)
        .bind(done)
        .bind(done)
        .bind(self.clock)
        .bind(self.clock)
        .bind(request)
        .bind(hash_of(request))
        .bind(response)
        .bind(response.map(hash_of))
        .bind(self.clock)
        .execute(&mut self.connection)
        .await
        .unwrap();
    }

    async fn put_queue(&mut self, queue: &Queue) {
        sqlx::query(
            "UPDATE ftQueue SET ftCurrentRow = ?, ftQueuedRow = ?, ftReceiptNumerator = ?, ftReceiptHash = ?, \
             TimeStamp = ? WHERE ftQueueId = ?",
        )
        .bind(queue.current_row)
        .bind(queue.queued_row)
        .bind(queue.numerator)
        .bind(&queue.hash)
        .bind(self.clock)
        .bind(self.queue.to_string())
        .execute(&mut self.connection)
        .await
        .unwrap();
    }

    async fn add_receipt(&mut self, receipt: &Receipt, hash: &str) {
        sqlx::query(
            "INSERT INTO ftReceiptJournal (ftReceiptJournalId, ftReceiptMoment, ftReceiptNumber, ftReceiptTotal, \
             ftQueueId, ftQueueItemId, ftReceiptHash, TimeStamp) VALUES (?, ?, ?, 9.5, ?, ?, ?, ?)",
        )
        .bind(&receipt.id)
        .bind(receipt.moment_ticks)
        .bind(i64::try_from(receipt.number).unwrap())
        .bind(self.queue.to_string())
        .bind(&receipt.item)
        .bind(hash)
        .bind(receipt.written_ticks)
        .execute(&mut self.connection)
        .await
        .unwrap();
    }
}
