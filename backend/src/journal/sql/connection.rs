//! One connection to any of the three databases, so that a statement is written once.
//!
//! Statements are written with `?`; PostgreSQL's `$n` are put in here. Values and columns are of four kinds:
//! integers, texts, ids and bytes.

use std::borrow::Cow;
use std::fmt::Write as _;

use shared::identity::QueueId;
use sqlx::mysql::{MySqlArguments, MySqlConnection, MySqlRow};
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Arguments as _, AssertSqlSafe, Connection as _, Executor as _, Row as _};

use super::nul;

/// Which database: where the dialects differ, it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Sqlite,
    MySql,
    Postgres,
}

impl Kind {
    /// Numbers the places of values for PostgreSQL. None of our statements holds another question mark.
    fn places(self, sql: &str) -> String {
        if self != Self::Postgres {
            return sql.to_owned();
        }
        let mut numbered = String::with_capacity(2 * sql.len());
        for (number, part) in sql.split('?').enumerate() {
            if number > 0 {
                // Thousands of places in a group's statement: no text of its own for each.
                let _ = write!(numbered, "${number}");
            }
            numbered += part;
        }
        numbered
    }
}

/// A value for a statement.
#[derive(Debug, Clone)]
pub(super) enum Value<'a> {
    Int(Option<i64>),
    Text(Option<Cow<'a, str>>),
    Id(Option<[u8; 16]>),
    Bytes(&'a [u8]),
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(Some(Cow::Borrowed(value)))
    }
}

impl<'a> From<&'a Option<String>> for Value<'a> {
    fn from(value: &'a Option<String>) -> Self {
        Self::Text(value.as_deref().map(Cow::Borrowed))
    }
}

impl From<QueueId> for Value<'_> {
    fn from(queue: QueueId) -> Self {
        Self::Id(Some(queue.as_u128().to_be_bytes()))
    }
}

/// A connection. One that is dropped before its transaction ended is closed, and the database rolls back.
#[derive(Debug)]
pub(super) enum Connection {
    Sqlite(SqliteConnection),
    MySql(MySqlConnection),
    Postgres(PgConnection),
}

/// Does the same with the connection of each kind.
macro_rules! on_each {
    ($self:expr, $connection:ident => $work:expr) => {
        match $self {
            Connection::Sqlite($connection) => $work,
            Connection::MySql($connection) => $work,
            Connection::Postgres($connection) => $work,
        }
    };
}

impl Connection {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Sqlite(_) => Kind::Sqlite,
            Self::MySql(_) => Kind::MySql,
            Self::Postgres(_) => Kind::Postgres,
        }
    }

    /// Begins a transaction. SQLite takes its one write lock here, so that no later statement finds it taken.
    pub(super) async fn begin(&mut self) -> sqlx::Result<()> {
        match self {
            Self::Sqlite(connection) => connection
                .execute(sqlx::raw_sql("BEGIN IMMEDIATE"))
                .await
                .map(drop),
            Self::MySql(connection) => connection.execute(sqlx::raw_sql("BEGIN")).await.map(drop),
            Self::Postgres(connection) => connection.execute(sqlx::raw_sql("BEGIN")).await.map(drop),
        }
    }

    pub(super) async fn commit(&mut self) -> sqlx::Result<()> {
        on_each!(self, connection => connection.execute(sqlx::raw_sql("COMMIT")).await.map(drop))
    }

    pub(super) async fn roll_back(&mut self) -> sqlx::Result<()> {
        on_each!(self, connection => connection.execute(sqlx::raw_sql("ROLLBACK")).await.map(drop))
    }

    /// Executes a statement.
    pub(super) async fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> sqlx::Result<()> {
        let sql = AssertSqlSafe(self.kind().places(sql));
        match self {
            Self::Sqlite(connection) => connection
                .execute(sqlx::query_with(sql, sqlite_arguments(values)?))
                .await
                .map(drop),
            Self::MySql(connection) => connection
                .execute(sqlx::query_with(sql, mysql_arguments(values)?))
                .await
                .map(drop),
            Self::Postgres(connection) => connection
                .execute(sqlx::query_with(sql, postgres_arguments(values)?))
                .await
                .map(drop),
        }
    }

    /// Runs statements without values, one after the other.
    pub(super) async fn script(&mut self, sql: String) -> sqlx::Result<()> {
        on_each!(self, connection => connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.map(drop))
    }

    /// The rows of a statement.
    pub(super) async fn rows(&mut self, sql: &str, values: &[Value<'_>]) -> sqlx::Result<Vec<Row>> {
        let sql = AssertSqlSafe(self.kind().places(sql));
        Ok(match self {
            Self::Sqlite(connection) => {
                let query = sqlx::query_with(sql, sqlite_arguments(values)?);
                connection
                    .fetch_all(query)
                    .await?
                    .into_iter()
                    .map(Row::Sqlite)
                    .collect()
            }
            Self::MySql(connection) => {
                let query = sqlx::query_with(sql, mysql_arguments(values)?);
                connection
                    .fetch_all(query)
                    .await?
                    .into_iter()
                    .map(Row::MySql)
                    .collect()
            }
            Self::Postgres(connection) => {
                let query = sqlx::query_with(sql, postgres_arguments(values)?);
                connection
                    .fetch_all(query)
                    .await?
                    .into_iter()
                    .map(Row::Postgres)
                    .collect()
            }
        })
    }

    /// Takes leave of the database.
    pub(super) async fn close(self) -> sqlx::Result<()> {
        on_each!(self, connection => connection.close().await)
    }
}

fn sqlite_arguments(values: &[Value<'_>]) -> sqlx::Result<SqliteArguments> {
    let mut arguments = SqliteArguments::default();
    for value in values.iter().cloned() {
        match value {
            Value::Int(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value.map(Cow::into_owned)),
            Value::Id(value) => arguments.add(value.map(|id| id.to_vec())),
            Value::Bytes(value) => arguments.add(value.to_vec()),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

fn mysql_arguments(values: &[Value<'_>]) -> sqlx::Result<MySqlArguments> {
    let mut arguments = MySqlArguments::default();
    for value in values {
        match value {
            Value::Int(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value.as_deref()),
            Value::Id(value) => arguments.add(value.as_ref().map(|id| &id[..])),
            Value::Bytes(value) => arguments.add(*value),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

fn postgres_arguments(values: &[Value<'_>]) -> sqlx::Result<PgArguments> {
    let mut arguments = PgArguments::default();
    for value in values {
        match value {
            Value::Int(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value.as_deref().map(nul::escaped).as_deref()),
            Value::Id(value) => arguments.add(value.as_ref().map(|id| &id[..])),
            Value::Bytes(value) => arguments.add(*value),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

/// A row of an answer.
pub(super) enum Row {
    Sqlite(SqliteRow),
    MySql(MySqlRow),
    Postgres(PgRow),
}

impl Row {
    /// Reads the columns from left to right.
    pub(super) fn columns(&self) -> Columns<'_> {
        Columns { row: self, next: 0 }
    }
}

/// The columns of a row, from left to right.
pub(super) struct Columns<'r> {
    row: &'r Row,
    next: usize,
}

/// Reads the next column as some type. Unchecked for MySQL, whose binary collations look like bytes.
macro_rules! next_column {
    ($self:expr, $type:ty) => {{
        let column = $self.next;
        $self.next += 1;
        match $self.row {
            Row::Sqlite(row) => row.try_get::<$type, _>(column),
            Row::MySql(row) => row.try_get_unchecked::<$type, _>(column),
            Row::Postgres(row) => row.try_get::<$type, _>(column),
        }
    }};
}

impl Columns<'_> {
    pub(super) fn int(&mut self) -> sqlx::Result<i64> {
        next_column!(self, i64)
    }

    pub(super) fn int_if_any(&mut self) -> sqlx::Result<Option<i64>> {
        next_column!(self, Option<i64>)
    }

    pub(super) fn text(&mut self) -> sqlx::Result<String> {
        let text = next_column!(self, String)?;
        Ok(self.unescaped(text))
    }

    pub(super) fn text_if_any(&mut self) -> sqlx::Result<Option<String>> {
        let text = next_column!(self, Option<String>)?;
        Ok(text.map(|text| self.unescaped(text)))
    }

    pub(super) fn bytes<const LENGTH: usize>(&mut self) -> sqlx::Result<[u8; LENGTH]> {
        array(&next_column!(self, Vec<u8>)?)
    }

    pub(super) fn byte_string(&mut self) -> sqlx::Result<Vec<u8>> {
        next_column!(self, Vec<u8>)
    }

    pub(super) fn id(&mut self) -> sqlx::Result<u128> {
        self.bytes().map(u128::from_be_bytes)
    }

    pub(super) fn id_if_any(&mut self) -> sqlx::Result<Option<u128>> {
        let bytes = next_column!(self, Option<Vec<u8>>)?;
        bytes
            .map(|bytes| array(&bytes).map(u128::from_be_bytes))
            .transpose()
    }

    fn unescaped(&self, text: String) -> String {
        match self.row {
            Row::Postgres(_) => nul::unescaped(text),
            _ => text,
        }
    }
}

fn array<const LENGTH: usize>(bytes: &[u8]) -> sqlx::Result<[u8; LENGTH]> {
    bytes
        .try_into()
        .map_err(|_| sqlx::Error::Decode(format!("{} bytes where {LENGTH} belong", bytes.len()).into()))
}
