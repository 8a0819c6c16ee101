//! A step in the database, tried again while another transaction is in its way.

use std::future::Future;
use std::time::Duration;

use thiserror::Error;

use crate::ownership::store::StoreError;

/// How long a call may take, with all its repetitions.
const CALL_TIMEOUT: Duration = Duration::from_secs(4);
/// How often a call is repeated when another transaction was in its way.
const ATTEMPTS_MAX: u32 = 8;
/// The pause before a repetition, times the number of the attempt.
const ATTEMPT_PAUSE: Duration = Duration::from_millis(5);

/// Repeats a step while others are in its way, bounded in number and time.
pub(super) async fn retrying<T, F>(
    doing: &'static str,
    mut step: impl FnMut() -> F + Send,
) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, SqlError>> + Send,
{
    let attempts = async {
        let mut attempt = 1;
        loop {
            match step().await {
                Err(error) if error.is_conflict() && attempt < ATTEMPTS_MAX => {
                    tokio::time::sleep(ATTEMPT_PAUSE * attempt).await;
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    };
    let outcome = tokio::time::timeout(CALL_TIMEOUT, attempts).await;
    outcome
        .unwrap_or(Err(SqlError::TooLate))
        .map_err(|error| error.into_store_error(doing))
}

/// Why a step in the database failed.
#[derive(Debug, Error)]
pub(super) enum SqlError {
    /// The database refused or is away.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// What was read is not ours.
    #[error("{0}")]
    Unreadable(String),
    /// It took too long.
    #[error("no answer in time")]
    TooLate,
}

impl SqlError {
    /// Whether another transaction was in the way: the same step succeeds a moment later.
    fn is_conflict(&self) -> bool {
        let Self::Database(error) = self else {
            return false;
        };
        error.as_database_error().is_some_and(|error| {
            // Serialisation failure, deadlock; SQLite's busy and locked, plain and extended.
            let conflicts = ["40001", "40P01", "5", "6", "261", "517"];
            let code = error.code();
            error.is_unique_violation() || code.is_some_and(|code| conflicts.contains(&code.as_ref()))
        })
    }

    fn into_store_error(self, doing: &'static str) -> StoreError {
        match self {
            Self::Unreadable(detail) => StoreError::Unreadable { doing, detail },
            error => StoreError::Unreachable {
                doing,
                source: Box::new(error),
            },
        }
    }
}
