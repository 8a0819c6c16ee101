//! What a database's error means for a group of writes.

use std::sync::Arc;

use sqlx::error::ErrorKind;

use crate::journal::JournalError;

/// What an error before the commit calls for. Nothing has been written in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// The connection is gone or in an unknown state: go on with a new one.
    Reconnect,
    /// Others were in the way (a deadlock, a lock, a busy file): the same again.
    Repeat,
    /// Something of the group is refused: each write alone.
    Alone,
}

/// What an error before the commit calls for.
pub(super) fn remedy(error: &sqlx::Error) -> Remedy {
    match error {
        sqlx::Error::Database(refused) => match refused.code().as_deref() {
            Some(code) if is_contention(code, refused.message()) => Remedy::Repeat,
            Some(code) if is_going_down(code) => Remedy::Reconnect,
            _ => Remedy::Alone,
        },
        sqlx::Error::Encode(_) | sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } => Remedy::Alone,
        _ => Remedy::Reconnect,
    }
}

/// Whether a failed commit surely did not happen. Everything else may have.
pub(super) fn surely_not_committed(error: &sqlx::Error) -> bool {
    let refused = error.as_database_error();
    refused.is_some_and(|refused| {
        refused
            .code()
            .is_some_and(|code| is_contention(&code, refused.message()) || is_full(&code))
    })
}

/// SQLITE_FULL: a write to the log fell short, so the frame that would commit is not whole and counts for nothing. Other
/// failed writes (SQLITE_IOERR) and servers with a full disk do not tell as much.
fn is_full(code: &str) -> bool {
    code == SQLITE_FULL
}

const SQLITE_FULL: &str = "13";

/// Deadlocks, serialization failures and lock timeouts of PostgreSQL (40001, 40P01, 55P03) and MySQL (SQLSTATE
/// 40001; lock wait timeout has only HY000 and its number), and SQLITE_BUSY with its extended codes.
fn is_contention(code: &str, message: &str) -> bool {
    match code {
        "40001" | "40P01" | "55P03" => true,
        "HY000" => message.contains("Lock wait timeout"),
        sqlite => sqlite.parse::<u32>().is_ok_and(|code| code & 0xFF == SQLITE_BUSY),
    }
}

const SQLITE_BUSY: u32 = 5;

/// The server ends the connection or takes nobody now: classes 57P and 08 of PostgreSQL, which MySQL shares.
fn is_going_down(code: &str) -> bool {
    code.starts_with("57P") || code.starts_with("08")
}

/// An error of a write that was tried alone, of a lost group, or of a read. Nothing has been written.
pub(super) fn refusal(error: impl Into<Arc<sqlx::Error>>, doing: &'static str) -> JournalError {
    let error = error.into();
    match &*error {
        // The second line behind the fence: a row, a receipt number or an operation that exists already.
        sqlx::Error::Database(refused) if refused.kind() == ErrorKind::UniqueViolation => {
            tracing::error!(doing, error = %refused, "a unique index stopped a write that had passed the fence");
            JournalError::Fenced { doing }
        }
        sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } => JournalError::Unusable {
            detail: format!("a row cannot be read while {doing}: {error}"),
        },
        _ => JournalError::Unavailable {
            doing,
            source: Box::new(error),
        },
    }
}

/// An error of a commit that may have happened.
pub(super) fn unknown(error: Arc<sqlx::Error>, doing: &'static str) -> JournalError {
    JournalError::OutcomeUnknown {
        doing,
        source: Box::new(error),
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection as _, Executor as _, SqliteConnection};

    use super::*;

    /// What SQLite says when the disk has no page left.
    async fn full() -> sqlx::Error {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let fill =
            "PRAGMA max_page_count = 2; CREATE TABLE t (b BLOB); INSERT INTO t VALUES (zeroblob(100000))";
        connection.execute(sqlx::raw_sql(fill)).await.unwrap_err()
    }

    #[tokio::test]
    async fn a_full_disk_has_surely_not_committed_and_is_no_reason_to_reconnect() {
        let full = full().await;
        assert!(surely_not_committed(&full), "{full:?}");
        assert_eq!(remedy(&full), Remedy::Alone);
        assert!(matches!(
            refusal(full, "testing"),
            JournalError::Unavailable { .. }
        ));
    }

    #[test]
    fn a_commit_whose_answer_is_lost_may_have_happened() {
        let lost = sqlx::Error::Io(std::io::ErrorKind::TimedOut.into());
        assert!(!surely_not_committed(&lost));
    }
}
