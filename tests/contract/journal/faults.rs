//! Databases that go away, that are started upon by several pods, or that belong to a newer build.

use std::time::Duration;

use backend::journal::config::JournalConfig;
use backend::journal::connection_string::Database;
use backend::journal::entry::Outcome;
use backend::journal::history::{ChangeKind, OwnershipChange};
use backend::journal::metrics::JournalMetrics;
use backend::journal::{JournalError, connect};
use futures::future::join_all;
use harness::database::{DatabaseServer, Durability, Server};
use harness::eventually::eventually;
use harness::fault_proxy::{FaultProxy, Line};
use shared::identity::QueueId;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, MySqlConnection, PgConnection, SqliteConnection};

use super::on_every_store;
use super::stand::{Stand, config};
use super::till::{NOON, Till, assert_fenced};

on_every_store!(
    pods_that_start_at_once_share_one_migration,
    a_newer_schema_is_refused,
    a_history_that_cannot_be_written_stops_no_receipt
);

const RECOVERS_WITHIN: Duration = Duration::from_secs(60);

async fn pods_that_start_at_once_share_one_migration(stand: Stand) {
    let stores = join_all((0..6).map(|_| stand.store())).await;
    for store in &stores {
        Till::start(store, stand.queue()).await.sign().await.unwrap();
    }
}

async fn a_newer_schema_is_refused(stand: Stand) {
    // The memory has no schema.
    let Some(url) = stand.url() else { return };
    stand.store().await.close().await;
    let migrated = "INSERT INTO journal_migrations \
         (version, description, success, checksum, execution_time) VALUES (4711, 'newer', TRUE, '', 0)";
    execute(url, migrated).await;
    let error = connect(&config(url), &JournalMetrics::default())
        .await
        .unwrap_err();
    assert!(
        matches!(&error, JournalError::Unusable { detail } if detail.contains("4711")),
        "{error:?}"
    );
}

/// Only a claim needs the history; what is noted afterwards may be lost.
async fn a_history_that_cannot_be_written_stops_no_receipt(stand: Stand) {
    let Some(url) = stand.url() else { return };
    let (store, metrics) = stand.counted().await;
    let mut till = Till::start(&store, stand.queue()).await;
    execute(url, "DROP TABLE ownership_history").await;
    for lost in 1..=3 {
        let change = OwnershipChange::ending(&till.tenure, ChangeKind::Release, "idle", NOON);
        store.note_change(change);
        till.sign().await.unwrap();
        eventually("the loss is counted", RECOVERS_WITHIN, async || {
            (metrics.history_lost.get() == lost).then_some(())
        })
        .await;
    }
}

/// Does this to the database, beside the store.
pub(super) async fn execute(url: &str, sql: &str) {
    let sql = AssertSqlSafe(sql.to_owned());
    match url.split(':').next().unwrap() {
        "sqlite" => SqliteConnection::connect(url)
            .await
            .unwrap()
            .execute(sql)
            .await
            .map(drop),
        "mysql" => MySqlConnection::connect(url)
            .await
            .unwrap()
            .execute(sql)
            .await
            .map(drop),
        _ => PgConnection::connect(url)
            .await
            .unwrap()
            .execute(sql)
            .await
            .map(drop),
    }
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_maria_db_refuses_at_once_and_loses_nothing_acknowledged() {
    a_killed_server_refuses_at_once_and_loses_nothing_acknowledged(Server::MariaDb).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_postgres_refuses_at_once_and_loses_nothing_acknowledged() {
    a_killed_server_refuses_at_once_and_loses_nothing_acknowledged(Server::Postgres).await;
}

async fn a_killed_server_refuses_at_once_and_loses_nothing_acknowledged(server: Server) {
    let mut server = DatabaseServer::start(server, Durability::Durable).await;
    let url = server.fresh_database().await;
    let mut till = Till::start(&Stand::of(url).store().await, QueueId::random()).await;
    till.sign().await.unwrap();
    let begun = till.begin().await.unwrap();
    server.kill();
    assert_unavailable(&mut till).await;
    server.restart().await;
    assert_goes_on(&mut till, &begun).await;
}

async fn assert_unavailable(till: &mut Till) {
    let begun = till.begin().await;
    assert!(
        matches!(&begun, Err(error @ JournalError::Unavailable { .. }) if error.may_retry()),
        "{begun:?}"
    );
    let confirmed = till.store.confirm(&till.tenure).await;
    assert!(
        matches!(confirmed, Err(JournalError::Unavailable { .. })),
        "{confirmed:?}"
    );
}

/// The same store and tenure end what was begun before, as soon as the database answers again.
async fn assert_goes_on(till: &mut Till, begun: &backend::journal::entry::Intent) {
    let entry = till.entry(begun);
    eventually("the journal recovers", RECOVERS_WITHIN, async || {
        match till.store.append(&till.tenure, entry.clone()).await {
            Ok(()) => Some(()),
            Err(JournalError::Unavailable { .. }) => None,
            Err(other) => panic!("{other:?}"),
        }
    })
    .await;
    till.queue = entry.queue;
    assert_eq!(till.sign().await.unwrap().receipt.unwrap().number, 3);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable_and_a_folder_that_is_not_there_as_well() {
    let port = harness::ports::free_port();
    for url in [
        format!("mysql://u:p@127.0.0.1:{port}/d"),
        format!("postgres://u:p@127.0.0.1:{port}/d"),
        "sqlite:///nowhere/at/all/journal.db".to_owned(),
    ] {
        let error = connect(&config(&url), &JournalMetrics::default())
            .await
            .unwrap_err();
        assert!(
            matches!(error, JournalError::Unavailable { .. }),
            "{url}: {error:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_maria_db_is_given_up_in_time() {
    let server = DatabaseServer::start(Server::MariaDb, Durability::Fast).await;
    let database: Database = server.fresh_database().await.parse().unwrap();
    let patience = Duration::from_secs(2);
    let short = JournalConfig {
        timeout: patience,
        ..JournalConfig::of(database)
    };
    let store = connect(&short, &JournalMetrics::default()).await.unwrap();
    let mut till = Till::start(&store, QueueId::random()).await;
    server.pause();
    // A process stops a moment after it is told to; until then it answers.
    let error = eventually("a call is given up", RECOVERS_WITHIN, async || {
        till.begin().await.err()
    })
    .await;
    let given_up = matches!(
        error,
        JournalError::Unavailable { .. } | JournalError::OutcomeUnknown { .. }
    );
    assert!(given_up, "{error:?}");
    server.resume();
    eventually("the journal recovers", RECOVERS_WITHIN, async || {
        store.confirm(&till.tenure).await.ok()
    })
    .await;
    Till::start(&store, till.queue.queue).await.sign().await.unwrap();
}

/// A commit that takes seconds, so that the network can fail while it is under way.
const SLOW_COMMIT: [&str; 2] = [
    "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(4); RETURN NULL; END'",
    "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON queue_answer DEFERRABLE INITIALLY DEFERRED \
     FOR EACH ROW EXECUTE FUNCTION slow()",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_is_unknown_and_then_found() {
    let direct = Server::Postgres.fresh_database().await;
    let (scheme_and_login, rest) = direct.split_once('@').unwrap();
    let (address, database) = rest.split_once('/').unwrap();
    let network = FaultProxy::to(address.parse().unwrap()).await;
    let through = format!(
        "{scheme_and_login}@{}/{database}?sslmode=disable",
        network.address()
    );
    let mut short = config(&through);
    short.timeout = Duration::from_secs(8);
    let store = connect(&short, &JournalMetrics::default()).await.unwrap();
    let mut till = Till::start(&store, QueueId::random()).await;
    let intent = till.begin().await.unwrap();
    for statement in SLOW_COMMIT {
        execute(&direct, statement).await;
    }
    let entry = till.entry(&intent);
    let appending = tokio::spawn({
        let (store, tenure, entry) = (store.clone(), till.tenure.clone(), entry.clone());
        async move { store.append(&tenure, entry).await }
    });
    let mut watcher = PgConnection::connect(&direct).await.unwrap();
    eventually("the commit is under way", RECOVERS_WITHIN, async || {
        let committing = "SELECT 1 FROM pg_stat_activity \
             WHERE datname = current_database() AND query = 'COMMIT' AND state = 'active'";
        watcher.fetch_optional(committing).await.unwrap()
    })
    .await;
    network.back(Line::Lost);
    let error = appending.await.unwrap().unwrap_err();
    assert!(matches!(error, JournalError::OutcomeUnknown { .. }), "{error:?}");

    network.heal();
    let queue = till.queue.queue;
    let found = eventually("the journal recovers", RECOVERS_WITHIN, async || {
        store.find_operation(queue, intent.operation).await.ok()
    })
    .await;
    assert_eq!(found.unwrap().outcome, Some(Outcome::Answered));
    assert_fenced(store.append(&till.tenure, entry).await);
}
