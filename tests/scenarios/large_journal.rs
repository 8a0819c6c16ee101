//! A journal that is larger than a pod may be: streamed, never held.

use std::io::{BufRead as _, Cursor};
use std::path::Path;
use std::time::Duration;

use harness::client;
use harness::cluster::{Cluster, Ownership};
use harness::receipt;
use shared::header;
use sqlx::{Connection as _, SqliteConnection};

/// The journal's size in MB, unless this variable says otherwise; 1000 takes minutes without optimisation.
const MEGABYTES: &str = "BYODC_TEST_JOURNAL_MB";
const MEGABYTES_BY_DEFAULT: usize = 96;
/// Bytes of most requests, and of a few large ones.
const REQUEST_BYTES: usize = 10_000;
const LARGE_REQUEST_BYTES: usize = 10_000_000;
const LARGE_REQUESTS: usize = 2;
/// How long reading it may take.
const READ_WITHIN: Duration = Duration::from_secs(600);
/// What a pod, and the proxy before it, may need more for it.
const MEMORY_MAX: usize = 64 << 20;

#[tokio::test]
async fn a_journal_larger_than_memory_is_streamed_through_pod_and_proxy() {
    let megabytes = std::env::var(MEGABYTES).map_or(MEGABYTES_BY_DEFAULT, |set| set.parse().unwrap());
    let mut cluster = Cluster::of_pods(1).owned_in(Ownership::Sql).start().await;
    let cashbox = cluster.new_cashbox();
    let pos = cluster.pos(&cashbox);
    pos.sign(&receipt::initial_operation(&cashbox)).await.receipt();
    let rows = megabytes * 1_000_000 / REQUEST_BYTES;
    fill(&cluster.journal_url(), rows, REQUEST_BYTES).await;
    fill(&cluster.journal_url(), LARGE_REQUESTS, LARGE_REQUEST_BYTES).await;

    let processes = [cluster.pods[0].process().id(), cluster.proxies[0].process().id()];
    let before = processes.map(|process| {
        forget_peak(process);
        memory(process, "VmRSS:")
    });
    let request = client::http()
        .post(format!("{}/api/Journal?type=3", cluster.proxies[0].url()))
        .header(header::CASHBOX_ID, cashbox.id.to_string())
        .header(header::ACCESS_TOKEN, &cashbox.token)
        .timeout(READ_WITHIN);
    let mut answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let mut array = Array::default();
    while let Some(piece) = answer.chunk().await.unwrap() {
        array.take(&piece);
    }
    array.assert_whole(1 + rows + LARGE_REQUESTS);
    assert!(array.bytes > rows * REQUEST_BYTES + LARGE_REQUESTS * LARGE_REQUEST_BYTES);
    for (process, before) in processes.into_iter().zip(before) {
        let more = memory(process, "VmHWM:").saturating_sub(before);
        println!("{} bytes of journal took {more} bytes of memory", array.bytes);
        assert!(
            more < MEMORY_MAX,
            "{more} bytes more for {} of journal",
            array.bytes
        );
    }
}

/// The id of an added item: 16 bytes, the same in both tables.
const ITEM: &str = "CAST(printf('%016d', queue_row + n) AS BLOB)";

/// Adds answered requests of this size behind the newest one.
async fn fill(journal: &str, rows: usize, bytes: usize) {
    let mut database = SqliteConnection::connect(journal).await.unwrap();
    let rows = i64::try_from(rows).unwrap();
    let mut transaction = database.begin().await.unwrap();
    for (table, columns, copied) in [
        (
            "queue_item",
            "queue, queue_row, item, operation, content_hash, queue_moment, timeout_ms, receipt_moment, terminal_id, \
             receipt_reference, reference_key, country, version, request, request_hash, processing_version, time_stamp",
            format!(
                "queue, queue_row + n, {ITEM}, randomblob(16), content_hash, queue_moment, timeout_ms, \
             receipt_moment, terminal_id, receipt_reference, reference_key, country, version, \
             '\"' || hex(zeroblob(?2 / 2)), request_hash, processing_version, time_stamp + n"
            ),
        ),
        (
            "queue_answer",
            "queue, queue_row, item, outcome, work_moment, done_moment, response, response_hash, processing_version, \
             time_stamp",
            format!(
                "queue, queue_row + n, {ITEM}, outcome, work_moment, done_moment, response || ?2, response_hash, \
             processing_version, time_stamp + n"
            ),
        ),
    ] {
        let sql = format!(
            "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?1) \
             INSERT INTO {table} ({columns}) SELECT {copied} FROM numbers, \
             (SELECT * FROM {table} ORDER BY queue_row DESC LIMIT 1)"
        );
        let bytes = i64::try_from(bytes).unwrap();
        let filling = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(rows).bind(bytes);
        filling.execute(&mut *transaction).await.unwrap();
    }
    let count = "UPDATE queue SET settled_row = settled_row + ?1, current_row = current_row + ?1, \
                 queued_row = queued_row + ?1";
    sqlx::query(count)
        .bind(rows)
        .execute(&mut *transaction)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
}

/// An array of rows as it comes, none of it kept. Every row begins with its id; in texts, quotes are escaped.
#[derive(Debug, Default)]
struct Array {
    bytes: usize,
    rows: usize,
    first: Option<u8>,
    last: Option<u8>,
    /// What has come since the last brace, which may be the beginning of a row.
    carried: Vec<u8>,
}

const ROW: &[u8] = b"\"ftQueueItemId\":\"";

impl Array {
    fn take(&mut self, piece: &[u8]) {
        self.bytes += piece.len();
        self.first = self.first.or(piece.first().copied());
        self.last = piece.last().copied().or(self.last);
        self.carried.extend_from_slice(piece);
        let mut rest = Cursor::new(&self.carried[..]);
        let mut kept = self.carried.len();
        // The library looks for one byte quickly even where this is not optimised.
        while rest.skip_until(b'{').unwrap() > 0 {
            let from = usize::try_from(rest.position()).unwrap();
            let after = &self.carried[from..];
            if after.starts_with(ROW) {
                self.rows += 1;
            } else if ROW.starts_with(after) && self.carried[from - 1] == b'{' {
                kept = from - 1;
            }
        }
        self.carried.drain(..kept);
    }

    fn assert_whole(&self, rows: usize) {
        assert_eq!((self.first, self.last), (Some(b'['), Some(b']')));
        assert_eq!(self.rows, rows);
    }
}

/// Lets the peak of a process begin anew.
fn forget_peak(process: u32) {
    std::fs::write(format!("/proc/{process}/clear_refs"), "5").unwrap();
}

/// A figure of a process's memory in bytes.
fn memory(process: u32, figure: &str) -> usize {
    let status =
        std::fs::read_to_string(Path::new("/proc").join(process.to_string()).join("status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(figure)).unwrap();
    let kilobytes: usize = line.trim().trim_end_matches(" kB").parse().unwrap();
    kilobytes * 1024
}
