//! A queue's database and its tables, in statements. Every table is named with its database, so that one connection
//! serves all queues of a server.

use std::borrow::Cow;
use std::fmt;

use shared::identity::QueueId;
use uuid::Uuid;

use super::super::connection::{Columns, Connection, Value};
use super::super::rows::broken;
use super::super::table::places;
use crate::journal::place::database_of;

/// A queue's database. Displayed as a statement names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Database(String);

impl Database {
    pub(super) fn of(queue: QueueId) -> Self {
        Self(database_of(queue))
    }

    pub(super) fn name(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Database {
    /// Hexadecimal digits alone, so nothing has to be escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0)
    }
}

/// A table: its key first, then the other columns, in the order of values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) key: &'static str,
    pub(super) columns: &'static [&'static str],
}

impl Table {
    /// Adds a row; one that exists is an error.
    pub(super) async fn insert(
        &self,
        connection: &mut Connection,
        database: &Database,
        values: &[Value<'_>],
    ) -> sqlx::Result<()> {
        connection.execute(&self.insert_sql(database), values).await
    }

    /// Adds a row; of one that exists, every column is replaced.
    pub(super) async fn put(
        &self,
        connection: &mut Connection,
        database: &Database,
        values: &[Value<'_>],
    ) -> sqlx::Result<()> {
        let replaced: Vec<String> = self
            .columns
            .iter()
            .map(|column| format!("{column} = VALUES({column})"))
            .collect();
        let sql = format!(
            "{} ON DUPLICATE KEY UPDATE {}",
            self.insert_sql(database),
            replaced.join(", ")
        );
        connection.execute(&sql, values).await
    }

    /// All columns, key first, in a `SELECT` from a table or an alias.
    pub(super) fn all(&self) -> String {
        let mut all = vec![self.key];
        all.extend(self.columns);
        all.join(", ")
    }

    /// `SELECT` with all columns, key first.
    pub(super) fn select(&self, database: &Database) -> String {
        format!("SELECT {} FROM {database}.{}", self.all(), self.name)
    }

    fn insert_sql(&self, database: &Database) -> String {
        format!(
            "INSERT INTO {database}.{} ({}) VALUES {}",
            self.name,
            self.all(),
            places(1 + self.columns.len())
        )
    }
}

/// A GUID as the original writes it: lower case, with dashes.
pub(super) fn guid(bits: u128) -> Value<'static> {
    Value::Text(Some(Cow::Owned(Uuid::from_u128(bits).to_string())))
}

/// A GUID, if there is one.
pub(super) fn guid_if_any(bits: Option<u128>) -> Value<'static> {
    Value::Text(bits.map(|bits| Cow::Owned(Uuid::from_u128(bits).to_string())))
}

/// Reads a GUID in any letter case.
pub(super) fn read_guid(columns: &mut Columns<'_>) -> sqlx::Result<u128> {
    let text = columns.text()?;
    let id = Uuid::parse_str(&text).map_err(broken)?;
    Ok(id.as_u128())
}

/// Reads a GUID, if there is one.
pub(super) fn read_guid_if_any(columns: &mut Columns<'_>) -> sqlx::Result<Option<u128>> {
    let text = columns.text_if_any()?.filter(|text| !text.is_empty());
    let id = text
        .map(|text| Uuid::parse_str(&text))
        .transpose()
        .map_err(broken)?;
    Ok(id.map(|id| id.as_u128()))
}

/// A text of a column that may hold nothing, where nothing means the empty text.
pub(super) fn read_text(columns: &mut Columns<'_>) -> sqlx::Result<String> {
    Ok(columns.text_if_any()?.unwrap_or_default())
}
