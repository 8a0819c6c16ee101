//! Brings the schema up to date when a pod starts. Several pods may start at once: one migrates, the others wait.

use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{Connection as _, migrate};

use super::connection::{Connection, Kind};
use super::fault;
use crate::journal::JournalError;

/// Ours alone: other parts may keep tables in the same database.
const TABLE: &str = "journal_migrations";
const DOING: &str = "bringing the schema up to date";

/// Applies what is missing.
///
/// A database that a newer build has migrated is refused: this build cannot know what it would break.
pub(super) async fn migrate(connection: &mut Connection, timeout: Duration) -> Result<(), JournalError> {
    if connection.kind() == Kind::MySql {
        wait_for_our_turn(connection, timeout).await?;
    }
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
    migrated.map_err(refusal)?;
    #[cfg(feature = "sabotage")]
    forget_operations(connection).await?;
    Ok(())
}

/// The index would notice what the mutant's other half lets pass.
#[cfg(feature = "sabotage")]
async fn forget_operations(connection: &mut Connection) -> Result<(), JournalError> {
    use shared::sabotage::{Mutant, mutant};
    if !mutant(Mutant::OperationIdForgotten) {
        return Ok(());
    }
    let drop_index = match connection.kind() {
        Kind::MySql => "DROP INDEX IF EXISTS queue_item_operation ON queue_item",
        Kind::Sqlite | Kind::Postgres => "DROP INDEX IF EXISTS queue_item_operation",
    };
    let dropped = connection.rows(drop_index, &[]).await;
    dropped.map(drop).map_err(|error| fault::refusal(error, DOING))
}

/// MariaDB does not wait for the lock of sqlx's migrator, whose timeout is negative, so we take our own. It is given
/// back when the connection is closed.
async fn wait_for_our_turn(connection: &mut Connection, timeout: Duration) -> Result<(), JournalError> {
    let lock = "SELECT GET_LOCK(CONCAT('byodc.journal.', SHA1(DATABASE())), ?)";
    let seconds = i64::try_from(timeout.as_secs().max(1)).unwrap_or(i64::MAX);
    let waited = connection.rows(lock, &[seconds.into()]).await;
    let rows = waited.map_err(|error| fault::refusal(error, DOING))?;
    let taken = rows.first().map(|row| row.columns().int_if_any()).transpose();
    match taken.map_err(|error| fault::refusal(error, DOING))?.flatten() {
        Some(1) => Ok(()),
        _ => Err(JournalError::Unavailable {
            doing: DOING,
            source: "another pod is still at it".into(),
        }),
    }
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
