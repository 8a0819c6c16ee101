//! One face for three databases: statements, transactions, rows.
//!
//! Statements are written once, with `?` for arguments and these words in braces:
//! `{now}` the database's clock in milliseconds of the Unix epoch, `{for_update}` the lock on the rows read,
//! `{key}` and `{serial}` the column types of ids.

use std::time::Duration;

use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions, MySqlRow};
use sqlx::postgres::{PgPoolOptions, PgRow};
use sqlx::sqlite::{SqlitePoolOptions, SqliteRow};
use sqlx::{AssertSqlSafe, MySql, Postgres, Row as _, Sqlite};

use super::address::DatabaseAddress;

/// Connections of one process. Calls are short; more would only queue inside the database.
const CONNECTIONS_MAX: u32 = 8;
/// How long a call waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);

/// A database.
#[derive(Debug)]
pub(super) enum Database {
    Sqlite(sqlx::Pool<Sqlite>),
    MySql(sqlx::Pool<MySql>),
    Postgres(sqlx::Pool<Postgres>),
}

/// A transaction; rolled back unless it is committed.
pub(super) enum Transaction {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    MySql(sqlx::Transaction<'static, MySql>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

/// An argument of a statement.
#[derive(Debug, Clone)]
pub(super) enum Arg {
    Text(String),
    MaybeText(Option<String>),
    Number(i64),
}

/// A row of an answer.
pub(super) enum Row {
    Sqlite(SqliteRow),
    MySql(MySqlRow),
    Postgres(PgRow),
}

/// How a database writes what is not the same everywhere.
#[derive(Debug, Clone, Copy)]
struct Dialect {
    now: &'static str,
    for_update: &'static str,
    key: &'static str,
    serial: &'static str,
    arguments: Arguments,
}

/// How arguments are marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arguments {
    QuestionMarks,
    Numbered,
}

const SQLITE: Dialect = Dialect {
    now: "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
    // A writing transaction holds the whole file from its beginning.
    for_update: "",
    key: "TEXT",
    serial: "INTEGER PRIMARY KEY AUTOINCREMENT",
    arguments: Arguments::QuestionMarks,
};
const MYSQL: Dialect = Dialect {
    now: "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)",
    for_update: "FOR UPDATE",
    key: "VARCHAR(36) CHARACTER SET ascii",
    serial: "BIGINT AUTO_INCREMENT PRIMARY KEY",
    arguments: Arguments::QuestionMarks,
};
const POSTGRES: Dialect = Dialect {
    now: "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
    for_update: "FOR UPDATE",
    key: "VARCHAR(36)",
    serial: "BIGSERIAL PRIMARY KEY",
    arguments: Arguments::Numbered,
};

impl Dialect {
    fn write(self, statement: &'static str) -> AssertSqlSafe<String> {
        let mut text = statement
            .replace("{now}", self.now)
            .replace("{for_update}", self.for_update)
            .replace("{key}", self.key)
            .replace("{serial}", self.serial);
        if self.arguments == Arguments::Numbered {
            text = numbered(&text);
        }
        // Made of constants of this program alone; every value is an argument.
        AssertSqlSafe(text)
    }
}

/// No statement of ours has a question mark inside a literal.
fn numbered(text: &str) -> String {
    let mut parts = text.split('?');
    let first = parts.next().unwrap_or_default().to_owned();
    parts
        .enumerate()
        .fold(first, |text, (index, part)| format!("{text}${}{part}", index + 1))
}

/// Builds a statement with its arguments, whichever database it is for.
macro_rules! query {
    ($text:expr, $args:expr) => {
        $args.iter().fold(sqlx::query($text), |query, arg| match arg {
            Arg::Text(text) => query.bind(text.clone()),
            Arg::MaybeText(text) => query.bind(text.clone()),
            Arg::Number(number) => query.bind(*number),
        })
    };
}

impl Database {
    /// Connects when it is first used.
    pub(super) fn new(address: &DatabaseAddress) -> Self {
        match address {
            DatabaseAddress::Sqlite(options) => Self::Sqlite(
                SqlitePoolOptions::new()
                    .max_connections(CONNECTIONS_MAX)
                    .acquire_timeout(ACQUIRE_TIMEOUT)
                    .connect_lazy_with(options.clone()),
            ),
            DatabaseAddress::MySql(options) => Self::MySql(mysql(options)),
            DatabaseAddress::Postgres(options) => Self::Postgres(
                PgPoolOptions::new()
                    .max_connections(CONNECTIONS_MAX)
                    .acquire_timeout(ACQUIRE_TIMEOUT)
                    .connect_lazy_with((**options).clone()),
            ),
        }
    }

    /// Begins to write. Of two transactions that touch the same rows one waits.
    pub(super) async fn begin(&self) -> Result<Transaction, sqlx::Error> {
        Ok(match self {
            // Taken from the beginning: a transaction that first reads cannot become a writer without conflict.
            Self::Sqlite(pool) => Transaction::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await?),
            Self::MySql(pool) => Transaction::MySql(pool.begin().await?),
            Self::Postgres(pool) => Transaction::Postgres(pool.begin().await?),
        })
    }

    /// Reads rows, outside of any transaction.
    pub(super) async fn rows(&self, text: &'static str, args: &[Arg]) -> Result<Vec<Row>, sqlx::Error> {
        Ok(match self {
            Self::Sqlite(pool) => {
                let rows = query!(SQLITE.write(text), args).fetch_all(pool).await?;
                rows.into_iter().map(Row::Sqlite).collect()
            }
            Self::MySql(pool) => {
                let rows = query!(MYSQL.write(text), args).fetch_all(pool).await?;
                rows.into_iter().map(Row::MySql).collect()
            }
            Self::Postgres(pool) => {
                let rows = query!(POSTGRES.write(text), args).fetch_all(pool).await?;
                rows.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    /// Runs one statement on its own.
    pub(super) async fn execute(&self, text: &'static str, args: &[Arg]) -> Result<u64, sqlx::Error> {
        let mut transaction = self.begin().await?;
        let changed = transaction.execute(text, args).await?;
        transaction.commit().await?;
        Ok(changed)
    }
}

/// Rows are locked one by one, without the gaps between them: two first reservations would lock each other out.
fn mysql(options: &MySqlConnectOptions) -> sqlx::Pool<MySql> {
    MySqlPoolOptions::new()
        .max_connections(CONNECTIONS_MAX)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .after_connect(|connection, _| {
            Box::pin(async move {
                let isolation = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";
                sqlx::query(isolation).execute(connection).await.map(drop)
            })
        })
        .connect_lazy_with(options.clone())
}

impl Transaction {
    /// Runs a statement; answers how many rows it found.
    pub(super) async fn execute(&mut self, text: &'static str, args: &[Arg]) -> Result<u64, sqlx::Error> {
        Ok(match self {
            Self::Sqlite(inner) => {
                let done = query!(SQLITE.write(text), args).execute(&mut **inner).await?;
                done.rows_affected()
            }
            Self::MySql(inner) => {
                let done = query!(MYSQL.write(text), args).execute(&mut **inner).await?;
                done.rows_affected()
            }
            Self::Postgres(inner) => {
                let done = query!(POSTGRES.write(text), args).execute(&mut **inner).await?;
                done.rows_affected()
            }
        })
    }

    /// Reads at most one row.
    pub(super) async fn row(&mut self, text: &'static str, args: &[Arg]) -> Result<Option<Row>, sqlx::Error> {
        Ok(match self {
            Self::Sqlite(inner) => {
                let row = query!(SQLITE.write(text), args)
                    .fetch_optional(&mut **inner)
                    .await?;
                row.map(Row::Sqlite)
            }
            Self::MySql(inner) => {
                let row = query!(MYSQL.write(text), args)
                    .fetch_optional(&mut **inner)
                    .await?;
                row.map(Row::MySql)
            }
            Self::Postgres(inner) => {
                let row = query!(POSTGRES.write(text), args)
                    .fetch_optional(&mut **inner)
                    .await?;
                row.map(Row::Postgres)
            }
        })
    }

    /// Makes it permanent.
    pub(super) async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(inner) => inner.commit().await,
            Self::MySql(inner) => inner.commit().await,
            Self::Postgres(inner) => inner.commit().await,
        }
    }
}

impl Row {
    pub(super) fn text(&self, column: usize) -> Result<String, sqlx::Error> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::MySql(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }

    pub(super) fn maybe_text(&self, column: usize) -> Result<Option<String>, sqlx::Error> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::MySql(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }

    pub(super) fn number(&self, column: usize) -> Result<i64, sqlx::Error> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::MySql(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_numbered_where_the_database_wants_that() {
        assert_eq!(numbered("a = ? AND b = ?"), "a = $1 AND b = $2");
        assert_eq!(
            POSTGRES
                .write("WHERE x > {now} {for_update}")
                .0
                .matches('{')
                .count(),
            0
        );
    }
}
