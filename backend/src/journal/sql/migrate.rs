//! Brings the schema up to date when a pod starts. Several pods may start at once: one migrates, the others wait.

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{Connection as _, migrate};

use super::connection::Connection;
use super::fault;
use crate::journal::JournalError;

/// Ours alone: other parts may keep tables in the same database.
const TABLE: &str = "journal_migrations";
const DOING: &str = "bringing the schema up to date";

/// Applies what is missing.
///
/// A database that a newer build has migrated is refused: this build cannot know what it would break.
pub(super) async fn migrate(connection: &mut Connection) -> Result<(), JournalError> {
    let migrated = match connection {
        Connection::Sqlite(connection) => {
            // SQLite's migrator has no lock of its own, so everything happens under the write lock.
            let mut transaction = connection
                .begin_with("BEGIN IMMEDIATE")
                .await
                .map_err(|error| fault::refusal(error, DOING))?;
            let migrated = named(migrate!("./migrations/sqlite"))
                .run_direct(None, &mut *transaction, false)
                .await;
            if migrated.is_ok() {
                transaction
                    .commit()
                    .await
                    .map_err(|error| fault::refusal(error, DOING))?;
            }
            migrated
        }
        Connection::MySql(connection) => {
            named(migrate!("./migrations/mysql"))
                .run_direct(None, connection, false)
                .await
        }
        Connection::Postgres(connection) => {
            named(migrate!("./migrations/postgres"))
                .run_direct(None, connection, false)
                .await
        }
    };
    migrated.map_err(refusal)
}

fn named(mut migrator: Migrator) -> Migrator {
    migrator.dangerous_set_table_name(TABLE);
    migrator
}

fn refusal(error: MigrateError) -> JournalError {
    match error {
        MigrateError::VersionMissing(version) => JournalError::Unusable {
            detail: format!("its schema has version {version}, written by a newer build than this one"),
        },
        MigrateError::VersionMismatch(version) => JournalError::Unusable {
            detail: format!("its schema's version {version} is not the one that this build knows"),
        },
        MigrateError::Dirty(version) => JournalError::Unusable {
            detail: format!("version {version} of its schema was applied in part only"),
        },
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            fault::refusal(error, DOING)
        }
        error => JournalError::Unavailable {
            doing: DOING,
            source: error.into(),
        },
    }
}
