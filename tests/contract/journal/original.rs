//! The original's own tables: found as it would find them, continued after it has written, given back.
//!
//! The original is played by plain SQL and the harness's own implementation of the chain: it shares no code with ours.

/// What the original does to its tables.
mod player;

use std::sync::Arc;

use backend::journal::config::{Home, JournalConfig};
use backend::journal::entry::{Change, JournalKind, JournalQuery, JournalRange, JournalRows, MasterDataJson};
use backend::journal::history::ClaimReason;
use backend::journal::metrics::JournalMetrics;
use backend::journal::place::Place;
use backend::journal::{JournalError, JournalStore, connect, verify};
use futures::future::join_all;
use harness::database::{DatabaseServer, Durability, Server};
use harness::history::chain::{chain_hash, hash_of};
use harness::history::journals::Receipt;
use shared::clock::Ticks;
use shared::identity::QueueId;
use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection, Row as _};
use tempfile::TempDir;

use super::stand::{config, connection_string, tell_place};
use super::till::{NOON, Till, assert_fenced, cashbox_of, pod};
use player::{Original, Stops};

/// A pod's store over a server on which each queue has its own database.
struct Site {
    store: Arc<dyn JournalStore>,
    server: String,
    url: String,
}

impl Site {
    async fn open() -> Self {
        Self::at(Server::MariaDb.fresh_database().await, None).await
    }

    async fn at(url: String, journal: Option<JournalConfig>) -> Self {
        let journal = journal.unwrap_or_else(|| config(&url));
        Self {
            store: connect(&journal, &JournalMetrics::default()).await.unwrap(),
            server: connection_string(&url),
            url,
        }
    }

    async fn till(&self, queue: QueueId) -> Till {
        tell_place(&self.store, queue, &self.server);
        let (mut till, opened) = Till::open(&self.store, queue).await;
        till.clock = Ticks(opened.latest.0 + 1);
        till
    }

    async fn original(&self, queue: QueueId) -> Original {
        Original::of(queue, &self.url).await
    }

    async fn findings(&self, queue: QueueId) -> Vec<String> {
        let (database, place) = verify::address(&self.server, queue).unwrap();
        let verdict = verify::verify(&database, &place, queue).await.unwrap();
        assert!(verdict.requests > 0);
        verdict.findings
    }

    async fn claim(&self, queue: QueueId) -> Result<(), JournalError> {
        tell_place(&self.store, queue, &self.server);
        let (cashbox, pod) = (cashbox_of(queue), pod());
        let claim = self
            .store
            .claim(queue, cashbox, &pod, ClaimReason::Reserved, NOON);
        claim.await.map(drop)
    }
}

/// Signs with the hashes that the specification asks for, instead of the till's.
async fn sign(till: &mut Till) -> Result<(), JournalError> {
    sign_with(till, Vec::new()).await
}

async fn sign_with(till: &mut Till, changes: Vec<Change>) -> Result<(), JournalError> {
    let mut intent = till.intent();
    intent.item.request_hash = hash_of(&intent.item.request);
    till.store.begin(&till.tenure, intent.clone()).await?;
    till.queue.queued_row = intent.item.row;
    let mut entry = till.entry(&intent);
    let number = till.queue.receipt_numerator;
    let response =
        format!(r#"{{"ftState":4919338167972134912,"ftReceiptIdentification":"ft{number:X}#T1"}}"#);
    entry.item.response_hash = Some(hash_of(&response));
    let receipt = entry.receipt.as_mut().unwrap();
    let link = Receipt {
        id: receipt.id.to_string(),
        number: u64::try_from(receipt.number).unwrap(),
        moment_ticks: receipt.moment.0,
        item: receipt.item.to_string(),
        hash: String::new(),
        written_ticks: receipt.time_stamp.0,
    };
    let previous = till.queue.receipt_hash.as_deref();
    receipt.hash = chain_hash(previous, &link, &intent.item.request_hash, &hash_of(&response));
    entry.queue.receipt_hash = Some(receipt.hash.clone());
    entry.item.response = Some(response);
    entry.changes = changes;
    till.append(entry).await
}

#[tokio::test(flavor = "multi_thread")]
async fn pods_without_a_journal_of_their_own_fence_each_other_in_the_queues_database() {
    crate::ends(async {
        let url = Server::MariaDb.fresh_database().await;
        let journal = || JournalConfig {
            home: Home::None,
            ..config(&url)
        };
        let (one, other) = (
            Site::at(url.clone(), Some(journal())).await,
            Site::at(url.clone(), Some(journal())).await,
        );
        let mut till = one.till(QueueId::random()).await;
        sign(&mut till).await.unwrap();
        other.claim(till.queue.queue).await.unwrap();
        assert!(matches!(sign(&mut till).await, Err(JournalError::Fenced { .. })));
        assert_eq!(one.findings(till.queue.queue).await, [""; 0]);

        let refused = one
            .store
            .place(QueueId::random(), &Place::PodsJournal)
            .unwrap_err();
        assert!(refused.to_string().contains("Byodc__Journal__Url"), "{refused}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_original_finds_what_it_would_have_written() {
    crate::ends(async {
        let site = Site::open().await;
        let mut till = site.till(QueueId::random()).await;
        let master_data =
            r#"{"Account":{"AccountId":"a0000000-0000-4000-8000-000000000001","AccountName":"Müller"}}"#;
        sign(&mut till).await.unwrap();
        till.clock = Ticks(NOON.0 + 6);
        let master_data = Change::PutMasterData(MasterDataJson(master_data.to_owned()));
        sign_with(&mut till, vec![master_data]).await.unwrap();
        assert_eq!(site.findings(till.queue.queue).await, [""; 0]);
        till.begin().await.unwrap();

        let mut original = site.original(till.queue.queue).await;
        assert_eq!(
            original
                .texts("SELECT CurrentVersion FROM ftDatabaseSchema")
                .await,
            ["010_AddProcessingVersion"]
        );
        let queue = original.queue().await;
        assert_eq!((queue.numerator, queue.queued_row, queue.current_row), (2, 3, 2));
        assert_eq!(queue.hash, till.queue.receipt_hash);
        let totalizer = "SELECT CAST(ftReceiptTotalizer AS CHAR) FROM ftQueue";
        assert_eq!(original.texts(totalizer).await, ["25.00000"]);
        let id = till.queue.queue.to_string();
        assert_eq!(
            original.texts("SELECT DISTINCT ftQueueId FROM ftQueueItem").await,
            [id.to_lowercase()]
        );
        let unfinished =
            "SELECT cbReceiptReference FROM ftQueueItem WHERE ftDoneMoment IS NULL AND response IS NULL";
        assert_eq!(original.texts(unfinished).await, ["reference 3"]);
        let moments = "SELECT CAST(ftReceiptMoment AS CHAR) FROM ftReceiptJournal ORDER BY ftReceiptNumber";
        assert_eq!(
            original.texts(moments).await,
            [(NOON.0 + 1).to_string(), (NOON.0 + 6).to_string()]
        );
        assert_eq!(
            original.texts("SELECT AccountName FROM AccountMasterData").await,
            ["Müller"]
        );
        assert_eq!(
            original.texts("SELECT Message FROM ftActionJournal").await,
            ["Queue started"]
        );
        assert_eq!(
            original
                .texts("SELECT CashBoxIdentification FROM ftQueueDE")
                .await,
            ["till 1"]
        );
        assert_eq!(
            original.texts("SELECT Url FROM ftSignaturCreationUnitDE").await,
            ["grpc://scu"]
        );
        let cashbox = cashbox_of(till.queue.queue).to_string();
        assert_eq!(
            original.texts("SELECT ftCashBoxId FROM ftCashBox").await,
            [cashbox.to_lowercase()]
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_the_original_went_on_with_is_gone_on_with_and_never_forked() {
    crate::ends(async {
        let site = Site::open().await;
        let queue = QueueId::random();
        let mut till = site.till(queue).await;
        sign(&mut till).await.unwrap();
        let mut original = site.original(queue).await;
        for _ in 0..2 {
            original.signs(Stops::Never).await;
        }
        // The pod still believes that it holds the end of the chain.
        assert_fenced(sign(&mut till).await);
        let mut till = site.till(queue).await;
        assert_eq!((till.queue.receipt_numerator, till.queue.queued_row), (3, 3));
        sign(&mut till).await.unwrap();
        // Back to the original, and to us again.
        original.signs(Stops::Never).await;
        let mut till = site.till(queue).await;
        sign(&mut till).await.unwrap();
        assert_eq!(till.queue.receipt_numerator, 6);
        assert_eq!(till.queue.receipt_totalizer, "66".parse().unwrap());
        assert_eq!(site.findings(queue).await, [""; 0]);
        let read = receipts(&site, queue).await;
        assert_eq!(read, [1, 2, 3, 4, 5, 6]);
    })
    .await;
}

async fn receipts(site: &Site, queue: QueueId) -> Vec<i64> {
    let query = JournalQuery {
        kind: JournalKind::Receipt,
        range: JournalRange::From(Ticks(0)),
        after: None,
        limit: 100,
    };
    let JournalRows::Receipt(rows) = site.store.read(queue, &query).await.unwrap().rows else {
        panic!("receipts were asked for");
    };
    rows.into_iter().map(|row| row.number).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_the_original_was_stopped_in_is_made_up_for() {
    crate::ends(async {
        let site = Site::open().await;
        let queue = QueueId::random();
        sign(&mut site.till(queue).await).await.unwrap();
        let mut original = site.original(queue).await;
        original.signs(Stops::AfterTheItem).await;
        let mut till = site.till(queue).await;
        assert_eq!((till.queue.queued_row, till.queue.receipt_numerator), (2, 1));
        sign(&mut till).await.unwrap();
        original.signs(Stops::AfterTheReceipt).await;
        let mut till = site.till(queue).await;
        assert_eq!(till.queue.receipt_numerator, 3);
        sign(&mut till).await.unwrap();
        assert_eq!(site.findings(queue).await, [""; 0]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_two_have_written_to_at_once_is_refused_in_words() {
    crate::ends(async {
        let site = Site::open().await;
        let queue = QueueId::random();
        let mut till = site.till(queue).await;
        sign(&mut till).await.unwrap();
        // The original has read the queue's row, and writes over what is committed meanwhile.
        let mut original = site.original(queue).await;
        let read = original.queue().await;
        sign(&mut till).await.unwrap();
        original.signs_from(read, Stops::Never).await;
        let fenced = till.begin().await;
        assert_fenced(fenced);
        let tenure = super::till::claim(&site.store, queue).await;
        let opened = site.store.open(&tenure, &super::till::seed(queue), NOON).await;
        let Err(JournalError::ChainBroken { detail }) = opened else {
            panic!("{opened:?}");
        };
        assert!(detail.contains("two receipts have number 2"), "{detail}");
        assert!(
            site.findings(queue)
                .await
                .iter()
                .any(|finding| finding.contains("given twice"))
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_database_is_brought_up_to_date_and_a_newer_one_refused() {
    crate::ends(async {
        let site = Site::open().await;
        let queue = QueueId::random();
        let mut till = site.till(queue).await;
        sign(&mut till).await.unwrap();
        let mut original = site.original(queue).await;
        for older in [
            "ALTER TABLE ftQueueItem DROP COLUMN ProcessingVersion",
            "DROP INDEX idx_ftQueueItem_cbReceiptReference ON ftQueueItem",
            "ALTER TABLE ftQueueItem MODIFY cbReceiptReference LONGTEXT NULL",
            "ALTER TABLE ftQueueDE DROP COLUMN DailyClosingNumber",
            "DROP TABLE ftJournalIT",
            "DROP TABLE byodc_schema",
            "UPDATE ftDatabaseSchema SET CurrentVersion = '003_DailyClosingNumber'",
        ] {
            original.execute(older).await;
        }
        let mut till = site.till(queue).await;
        sign(&mut till).await.unwrap();
        assert_eq!(original.texts("SELECT CurrentVersion FROM ftDatabaseSchema").await, ["010_AddProcessingVersion"]);
        let column = "SELECT CAST(COLUMN_TYPE AS CHAR) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() \
                      AND TABLE_NAME = 'ftQueueItem' AND COLUMN_NAME = 'cbReceiptReference'";
        assert_eq!(original.texts(column).await, ["varchar(450)"]);
        assert_eq!(site.findings(queue).await, [""; 0]);

        original.execute("UPDATE ftDatabaseSchema SET CurrentVersion = '011_Next'").await;
        let refused = site.claim(queue).await;
        let Err(JournalError::Unusable { detail }) = refused else {
            panic!("{refused:?}");
        };
        assert!(detail.contains("011_Next"), "{detail}");
        original.execute("UPDATE ftDatabaseSchema SET CurrentVersion = '010_AddProcessingVersion'").await;
        original.execute("UPDATE byodc_schema SET version = 4711").await;
        let refused = site.claim(queue).await;
        assert!(matches!(&refused, Err(JournalError::Unusable { detail }) if detail.contains("4711")), "{refused:?}");
    })
    .await;
}

const QUEUES: usize = 40;

/// On a server of its own, which counts its connections.
#[tokio::test(flavor = "multi_thread")]
async fn many_queues_of_one_server_share_a_handful_of_connections() {
    crate::ends(async {
        let server = DatabaseServer::start(Server::MariaDb, Durability::Fast).await;
        let url = server.fresh_database().await;
        let folder = TempDir::new().unwrap();
        let home = config(&format!(
            "sqlite://{}",
            folder.path().join("journal.db").display()
        ));
        let most = home.writers + home.readers as usize + 2;
        let site = Site::at(url.clone(), Some(home)).await;
        let tills = join_all((0..QUEUES).map(|_| site.till(QueueId::random()))).await;
        join_all(tills.into_iter().map(async |mut till| {
            sign(&mut till).await.unwrap();
            sign(&mut till).await.unwrap();
        }))
        .await;
        let mut connection = MySqlConnection::connect(&url).await.unwrap();
        let sql = AssertSqlSafe("SHOW STATUS LIKE 'Max_used_connections'");
        let status = sqlx::query(sql).fetch_one(&mut connection).await.unwrap();
        let used: usize = status.try_get::<String, _>(1).unwrap().parse().unwrap();
        // The test's own came before and after.
        assert!(used <= most + 1, "{used} connections for {QUEUES} queues");
    })
    .await;
}
