//! The schema of a queue's database: made where it is missing, brought up to date where it is older, refused where it
//! is newer than what this build knows (`fiscal-spec.md` 8.1).
//!
//! Several pods, and the original, may come at once: ours wait for each other on a lock of the server, and every step
//! can be repeated.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use shared::identity::QueueId;
use tokio::sync::Semaphore;

use super::super::connect::{Connector, in_time};
use super::super::connection::{Connection, Value};
use super::super::fault;
use super::super::readers::{Question, Readers};
use super::database::Database;
use super::schema::{self, CURRENT_NUMBER, CURRENT_VERSION, INDEXES, OWN, OWN_VERSION, Shape, Type};
use super::unusable;
use crate::journal::JournalError;

const DOING: &str = "bringing the schema of a queue's own database up to date";
/// How long a database may take to be brought up to date: as long as the original gives itself (`MigrationsTimeoutSec`).
const WITHIN: Duration = Duration::from_secs(1800);

/// Makes sure that a queue's database can be used.
///
/// # Errors
/// [`JournalError::Unusable`] when it is newer than this build; [`JournalError::Unavailable`] when it cannot be reached,
/// made or changed.
pub(in crate::journal::sql) async fn migrate(
    readers: &Readers,
    places: &Semaphore,
    connector: &Connector,
    queue: QueueId,
) -> Result<(), JournalError> {
    let database = Database::of(queue);
    let versions = readers.ask(&VersionsOf(&database)).await?;
    if versions.acceptable(&database)? == UpToDate::Yes {
        return Ok(());
    }
    let _place = places.acquire().await.expect("the semaphore is never closed");
    let connected = connector.connect().await;
    let mut connection = connected.map_err(|error| fault::refusal(error, DOING))?;
    let migrated = in_time(WITHIN, bring_up_to_date(&mut connection, &database)).await;
    // Closing it gives back the lock on the server, too.
    let _ = connection.close().await;
    migrated.map_err(|error| fault::refusal(error, DOING))??;
    tracing::info!(queue.id = %queue, from = versions.original.as_deref().unwrap_or("nothing"), to = CURRENT_VERSION,
        "the schema of a queue's own database was brought up to date");
    Ok(())
}

/// What a database says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Versions {
    /// `ftDatabaseSchema.CurrentVersion`.
    original: Option<String>,
    /// Of our own tables.
    own: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UpToDate {
    Yes,
    No,
}

impl Versions {
    /// Whether anything is left to do; refuses what a newer build or a newer original has made.
    fn acceptable(&self, database: &Database) -> Result<UpToDate, JournalError> {
        let original = match &self.original {
            None => None,
            Some(version) => Some(number_of(version).ok_or_else(|| {
                unusable(
                    database,
                    format_args!("ftDatabaseSchema names the version {version:?}, which is none"),
                )
            })?),
        };
        if let (Some(number), Some(version)) = (original, &self.original)
            && number > CURRENT_NUMBER
        {
            let detail = format_args!(
                "its version is {version}, written by a newer version of the original than this build knows \
                 ({CURRENT_VERSION})"
            );
            return Err(unusable(database, detail));
        }
        if let Some(own) = self.own.filter(|own| *own > OWN_VERSION) {
            let detail =
                format_args!("its byodc tables have version {own}, written by a newer build than this one");
            return Err(unusable(database, detail));
        }
        match original == Some(CURRENT_NUMBER) && self.own == Some(OWN_VERSION) {
            true => Ok(UpToDate::Yes),
            false => Ok(UpToDate::No),
        }
    }
}

/// The number that a version of the original begins with.
fn number_of(version: &str) -> Option<u32> {
    version.split('_').next()?.parse().ok()
}

struct VersionsOf<'a>(&'a Database);

impl Question for VersionsOf<'_> {
    const DOING: &'static str = "reading the version of a queue's own database";
    type Answer = Versions;

    async fn ask(&self, connection: &mut Connection) -> sqlx::Result<Versions> {
        versions(connection, self.0).await
    }
}

async fn versions(connection: &mut Connection, database: &Database) -> sqlx::Result<Versions> {
    let sql = "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? \
               AND TABLE_NAME IN ('ftDatabaseSchema', 'byodc_schema')";
    let mut versions = Versions::default();
    for row in connection.rows(sql, &[Value::from(database.name())]).await? {
        if row.columns().text()? == "byodc_schema" {
            let sql = format!("SELECT MAX(version) FROM {database}.byodc_schema");
            let rows = connection.rows(&sql, &[]).await?;
            versions.own = rows
                .first()
                .map(|row| row.columns().int_if_any())
                .transpose()?
                .flatten();
        } else {
            let sql = format!("SELECT CurrentVersion FROM {database}.ftDatabaseSchema LIMIT 1");
            let rows = connection.rows(&sql, &[]).await?;
            versions.original = rows
                .first()
                .map(|row| row.columns().text_if_any())
                .transpose()?
                .flatten();
        }
    }
    Ok(versions)
}

async fn bring_up_to_date(
    connection: &mut Connection,
    database: &Database,
) -> sqlx::Result<Result<(), JournalError>> {
    wait_for_our_turn(connection, database).await?;
    // Who waited finds it done, or done by a newer build.
    let found = versions(connection, database).await?;
    match found.acceptable(database) {
        Ok(UpToDate::Yes) => return Ok(Ok(())),
        Ok(UpToDate::No) => {}
        Err(newer) => return Ok(Err(newer)),
    }
    let present = present(connection, database).await?;
    connection.script(missing(&present, database)).await?;
    let own: Vec<String> = OWN
        .iter()
        .map(|(name, columns)| own_table(database, name, columns))
        .collect();
    connection.script(own.join("; ")).await?;
    let sql = format!("REPLACE INTO {database}.byodc_schema (version) VALUES (?)");
    connection.execute(&sql, &[OWN_VERSION.into()]).await?;
    note_version(connection, database, &found).await.map(Ok)
}

async fn wait_for_our_turn(connection: &mut Connection, database: &Database) -> sqlx::Result<()> {
    let seconds = i64::try_from(WITHIN.as_secs()).unwrap_or(i64::MAX);
    let name = format!("byodc.{}", database.name());
    let values = [Value::from(&*name), seconds.into()];
    connection.rows("SELECT GET_LOCK(?, ?)", &values).await.map(drop)
}

fn own_table(database: &Database, name: &str, columns: &str) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS {database}.{name} ({columns}) \
         ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin"
    )
}

/// What a database has.
#[derive(Debug, Default)]
struct Present {
    /// Columns by table, each with the name of its type.
    columns: HashMap<String, HashMap<String, String>>,
    indexes: HashSet<String>,
}

async fn present(connection: &mut Connection, database: &Database) -> sqlx::Result<Present> {
    let mut present = Present::default();
    let name = [Value::from(database.name())];
    let sql =
        "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ?";
    for row in connection.rows(sql, &name).await? {
        let mut columns = row.columns();
        let (table, column) = (columns.text()?, columns.text()?);
        present
            .columns
            .entry(table)
            .or_default()
            .insert(column, columns.text()?);
    }
    let sql = "SELECT DISTINCT INDEX_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ?";
    for row in connection.rows(sql, &name).await? {
        present.indexes.insert(row.columns().text()?);
    }
    Ok(present)
}

/// Statements that make what is missing. Texts may hold every character, whatever the server's default is.
fn missing(present: &Present, database: &Database) -> String {
    let mut statements = vec![format!(
        "CREATE DATABASE IF NOT EXISTS {database} CHARACTER SET utf8mb4"
    )];
    for shape in schema::original() {
        match present.columns.get(shape.name) {
            None => statements.push(shape.create(database)),
            Some(columns) => statements.extend(alterations(&shape, columns, database)),
        }
    }
    let indexes = INDEXES
        .iter()
        .filter(|(_, index, _)| !present.indexes.contains(*index));
    statements.extend(
        indexes
            .map(|(table, index, column)| format!("CREATE INDEX {index} ON {database}.{table} ({column})")),
    );
    statements.join("; ")
}

fn alterations(shape: &Shape, present: &HashMap<String, String>, database: &Database) -> Vec<String> {
    let mut changes = Vec::new();
    for column in &shape.columns {
        let definition = schema::definition(column);
        match present.get(&column.0).map(String::as_str) {
            None => changes.push(format!("ADD COLUMN {definition}")),
            // Before it was searched for, it had no bound, and cannot be indexed so.
            Some("longtext") if column.1 == Type::Reference => changes.push(format!("MODIFY {definition}")),
            Some(_) => {}
        }
    }
    match changes.is_empty() {
        true => Vec::new(),
        false => vec![format!(
            "ALTER TABLE {database}.{} {}",
            shape.name,
            changes.join(", ")
        )],
    }
}

/// Tells the original that it finds its own tables up to date. A version that it wrote with the same number stays.
async fn note_version(
    connection: &mut Connection,
    database: &Database,
    found: &Versions,
) -> sqlx::Result<()> {
    let sql = match &found.original {
        None => format!("INSERT INTO {database}.ftDatabaseSchema (CurrentVersion) VALUES (?)"),
        Some(version) if number_of(version) == Some(CURRENT_NUMBER) => return Ok(()),
        Some(_) => format!("UPDATE {database}.ftDatabaseSchema SET CurrentVersion = ?"),
    };
    connection.execute(&sql, &[Value::from(CURRENT_VERSION)]).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(original: Option<&str>, own: Option<i64>) -> Versions {
        Versions {
            original: original.map(str::to_owned),
            own,
        }
    }

    #[test]
    fn older_databases_are_brought_up_to_date_and_newer_ones_refused() {
        let database = Database::of(QueueId::from_u128(1));
        let judged = |original, own| versions(original, own).acceptable(&database);
        assert_eq!(
            judged(Some("010_AddProcessingVersion"), Some(1)).unwrap(),
            UpToDate::Yes
        );
        for (original, own) in [
            (None, None),
            (Some("001_Init"), None),
            (Some("008_Italy"), Some(1)),
            (Some("010_Setutf8mb4"), None),
        ] {
            assert_eq!(judged(original, own).unwrap(), UpToDate::No, "{original:?}");
        }
        for (original, own, word) in [
            (Some("011_Next"), Some(1), "011_Next"),
            (Some("010_AddProcessingVersion"), Some(2), "version 2"),
            (Some("soon"), None, "soon"),
        ] {
            let refused = judged(original, own).unwrap_err().to_string();
            assert!(refused.contains(word), "{refused}");
        }
    }

    #[test]
    fn only_what_is_missing_is_made() {
        let database = Database::of(QueueId::from_u128(1));
        let mut present = Present::default();
        for shape in schema::original() {
            let columns = shape
                .columns
                .into_iter()
                .map(|(name, _)| (name, "any".to_owned()));
            present.columns.insert(shape.name.to_owned(), columns.collect());
        }
        present.indexes = INDEXES.iter().map(|(_, index, _)| (*index).to_owned()).collect();
        let items = present.columns.get_mut("ftQueueItem").unwrap();
        items.remove("ProcessingVersion");
        items.insert("cbReceiptReference".to_owned(), "longtext".to_owned());
        let script = missing(&present, &database);
        assert!(
            script.contains("MODIFY cbReceiptReference VARCHAR(450) NULL, ADD COLUMN ProcessingVersion"),
            "{script}"
        );
        assert_eq!(script.split("; ").count(), 2, "{script}");
    }
}
