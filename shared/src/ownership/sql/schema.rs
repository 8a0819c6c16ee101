//! The tables, made at the first use of a database.

use super::database::{Arg, Database};

/// What this build reads and writes.
const VERSION: i64 = 1;

const TABLES: [&str; 5] = [
    "CREATE TABLE IF NOT EXISTS byodc_ownership_schema (id BIGINT PRIMARY KEY, version BIGINT NOT NULL)",
    // A pod's record stays after its lease until it is buried: the next pod asks it before it takes over.
    "CREATE TABLE IF NOT EXISTS byodc_ownership_pod (
        incarnation {key} NOT NULL PRIMARY KEY, record TEXT NOT NULL, without_load TEXT NOT NULL,
        lease_until_ms BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS byodc_ownership_box (
        cashbox {key} NOT NULL PRIMARY KEY, holder {key} NULL, confirmed_by {key} NULL, epoch BIGINT NOT NULL)",
    // One row: a number by chance, another one after the tables were emptied.
    "CREATE TABLE IF NOT EXISTS byodc_ownership_era (id BIGINT PRIMARY KEY, era BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS byodc_ownership_change (
        id {serial}, at_ms BIGINT NOT NULL, message TEXT NOT NULL)",
];

/// Why the tables cannot be used.
#[derive(Debug)]
pub(super) enum SchemaError {
    /// The database refused or is away.
    Database(sqlx::Error),
    /// A newer build has been here.
    Newer(i64),
}

impl From<sqlx::Error> for SchemaError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

/// Makes the tables if they are not there, and checks that they are this build's.
pub(super) async fn prepare(database: &Database) -> Result<(), SchemaError> {
    for table in TABLES {
        let made = database.execute(table, &[]).await;
        // Processes that start together make them together; in PostgreSQL one of them is told of a duplicate.
        if let Err(error) = made
            && !error.as_database_error().is_some_and(is_duplicate)
        {
            return Err(error.into());
        }
    }
    let insert = "INSERT INTO byodc_ownership_schema (id, version) VALUES (1, ?)";
    let select = "SELECT version FROM byodc_ownership_schema WHERE id = 1";
    if database.rows(select, &[]).await?.is_empty() {
        match database.execute(insert, &[Arg::Number(VERSION)]).await {
            Err(error) if !error.as_database_error().is_some_and(is_duplicate) => return Err(error.into()),
            _ => {}
        }
    }
    match database
        .rows(select, &[])
        .await?
        .first()
        .map(|row| row.number(0))
        .transpose()?
    {
        Some(found) if found > VERSION => Err(SchemaError::Newer(found)),
        _ => Ok(()),
    }
}

fn is_duplicate(error: &dyn sqlx::error::DatabaseError) -> bool {
    // A table of this name was made meanwhile (42P07), or its row type, which is made with it (42710).
    let made_meanwhile = |code: &str| matches!(code, "42P07" | "42710");
    error.is_unique_violation() || error.code().is_some_and(|code| made_meanwhile(&code))
}
