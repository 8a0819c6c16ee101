//! From a configuration to connections: what each database is told when one is opened.

use std::time::Duration;

use secrecy::ExposeSecret as _;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlSslMode};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};

use super::connection::Connection;
use super::fault::{self, Remedy};
use crate::journal::connection_string::{Database, Server, Tls};

/// Prepared statements kept per connection: each kind of statement in nine lengths (`in_powers_of_two`).
const STATEMENTS_KEPT: usize = 512;
/// Likewise where each queue has statements of its own, in its own database: a server bounds what all its connections
/// keep together (`max_prepared_stmt_count`).
const STATEMENTS_KEPT_OF_MANY: usize = 128;
/// A server ends a transaction that a frozen or vanished pod left open after this long, so that its locks do not
/// keep the next owner away.
const ORPHANED_TRANSACTION_SECONDS: u64 = 10;
/// Pages of SQLite's log between two checkpoints (4 KiB each).
const CHECKPOINT_PAGES: &str = "4000";
/// How long a pod waits before it tries again to open a file that others are just opening.
const BUSY_FILE_PAUSE: Duration = Duration::from_millis(20);
/// KiB of SQLite's page cache; negative, as SQLite wants KiB written.
const CACHE_KIB: &str = "-32768";
/// The same for connections that only read.
const READERS_CACHE_KIB: &str = "-4096";

/// How to open connections to one database.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    options: Options,
    timeout: Duration,
}

#[derive(Debug, Clone)]
enum Options {
    Sqlite(Box<SqliteConnectOptions>),
    MySql(Box<MySqlConnectOptions>),
    Postgres(Box<PgConnectOptions>),
}

impl Connector {
    /// A connector to a database. `lock_wait` is how long SQLite waits for its file by itself.
    pub(super) fn new(database: &Database, timeout: Duration, lock_wait: Duration) -> Self {
        let options = match database {
            Database::Sqlite { file } => Options::Sqlite(Box::new(sqlite(file, lock_wait))),
            Database::MySql(server) => Options::MySql(Box::new(mysql(server).database(&server.database))),
            Database::Postgres(server) => Options::Postgres(Box::new(postgres(server, timeout))),
        };
        Self { options, timeout }
    }

    /// The same for connections that only read: they look rows up and stream journals, which no cache helps, and there
    /// are many of them.
    pub(super) fn for_reading(self) -> Self {
        let options = match self.options {
            Options::Sqlite(options) => {
                Options::Sqlite(Box::new(options.pragma("cache_size", READERS_CACHE_KIB)))
            }
            server => server,
        };
        Self { options, ..self }
    }

    /// A connector to a MySQL server as a whole: its statements name their database each.
    pub(super) fn to_mysql(server: &Server, timeout: Duration) -> Self {
        let options = mysql(server).statement_cache_capacity(STATEMENTS_KEPT_OF_MANY);
        Self {
            options: Options::MySql(Box::new(options)),
            timeout,
        }
    }

    /// Opens a connection. A server that refuses is reported at once, not waited for.
    pub(super) async fn connect(&self) -> sqlx::Result<Connection> {
        in_time(self.timeout, async {
            Ok(match &self.options {
                Options::Sqlite(options) => Connection::Sqlite(sqlite_file(options).await?),
                Options::MySql(options) => Connection::MySql(self.mysql_session(options).await?),
                Options::Postgres(options) => {
                    Connection::Postgres(PgConnection::connect_with(options).await?)
                }
            })
        })
        .await
    }

    /// What MySQL takes only after the connection stands. A row is locked for its queue alone: without READ
    /// COMMITTED, InnoDB locks the gaps beside it as well and cashboxes wait for each other.
    async fn mysql_session(&self, options: &MySqlConnectOptions) -> sqlx::Result<MySqlConnection> {
        let mut connection = MySqlConnection::connect_with(options).await?;
        let lock_wait_seconds = self.timeout.as_secs().max(1);
        let session = format!(
            "SET SESSION innodb_lock_wait_timeout = {lock_wait_seconds}, \
             wait_timeout = {ORPHANED_TRANSACTION_SECONDS}; \
             SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"
        );
        connection
            .execute(sqlx::raw_sql(sqlx::AssertSqlSafe(session)))
            .await?;
        Ok(connection)
    }
}

/// Opens SQLite's file. Turning a new file's journal to WAL does not wait for others who do the same, whatever the busy
/// timeout, so it is tried again; the caller's bound ends it.
async fn sqlite_file(options: &SqliteConnectOptions) -> sqlx::Result<SqliteConnection> {
    loop {
        match SqliteConnection::connect_with(options).await {
            Err(busy) if fault::remedy(&busy) == Remedy::Repeat => tokio::time::sleep(BUSY_FILE_PAUSE).await,
            opened => return opened,
        }
    }
}

/// Bounds a call; past the bound it fails as a lost connection does.
pub(super) async fn in_time<T>(
    bound: Duration,
    work: impl Future<Output = sqlx::Result<T>>,
) -> sqlx::Result<T> {
    match tokio::time::timeout(bound, work).await {
        Ok(result) => result,
        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
    }
}

/// Durable (every commit reaches the disk) and readable while it is written, by several processes.
fn sqlite(file: &std::path::Path, lock_wait: Duration) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(lock_wait)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        .pragma("cache_size", CACHE_KIB)
        .statement_cache_capacity(STATEMENTS_KEPT)
        .disable_statement_logging()
}

fn mysql(server: &Server) -> MySqlConnectOptions {
    let mode = match server.tls {
        Tls::Disabled => MySqlSslMode::Disabled,
        Tls::Preferred => MySqlSslMode::Preferred,
        Tls::Required => MySqlSslMode::Required,
        Tls::VerifyAuthority => MySqlSslMode::VerifyCa,
        Tls::VerifyHost => MySqlSslMode::VerifyIdentity,
    };
    let mut options = MySqlConnectOptions::new()
        .host(&server.host)
        .port(server.port)
        .username(&server.user)
        .ssl_mode(mode)
        .statement_cache_capacity(STATEMENTS_KEPT)
        .disable_statement_logging();
    if let Some(password) = &server.password {
        options = options.password(password.expose_secret());
    }
    if let Some(file) = &server.certificate_authority {
        options = options.ssl_ca(file);
    }
    options
}

fn postgres(server: &Server, timeout: Duration) -> PgConnectOptions {
    let mode = match server.tls {
        Tls::Disabled => PgSslMode::Disable,
        Tls::Preferred => PgSslMode::Prefer,
        Tls::Required => PgSslMode::Require,
        Tls::VerifyAuthority => PgSslMode::VerifyCa,
        Tls::VerifyHost => PgSslMode::VerifyFull,
    };
    let timeout_ms = timeout.as_millis().to_string();
    let orphaned_ms = (ORPHANED_TRANSACTION_SECONDS * 1000).to_string();
    let mut options = PgConnectOptions::new_without_pgpass()
        .host(&server.host)
        .port(server.port)
        .username(&server.user)
        .database(&server.database)
        .ssl_mode(mode)
        .application_name("byodc")
        .options([
            ("statement_timeout", timeout_ms.as_str()),
            ("lock_timeout", timeout_ms.as_str()),
            ("idle_in_transaction_session_timeout", orphaned_ms.as_str()),
            ("default_transaction_isolation", "read committed"),
        ])
        .statement_cache_capacity(STATEMENTS_KEPT)
        .disable_statement_logging();
    if let Some(password) = &server.password {
        options = options.password(password.expose_secret());
    }
    if let Some(file) = &server.certificate_authority {
        options = options.ssl_root_cert(file);
    }
    options
}
