//! How the tables of a server lie: ours, where a database holds many queues, or the original's, where each queue has
//! a database of its own. The writers are the same for both.

use std::time::Duration;

use super::connect::Connector;
use super::connection::Connection;
use super::group;
use super::original;
use super::write::{Outcome, Write};
use crate::journal::connection_string::Database;

/// How the tables lie.
#[derive(Debug, Clone)]
pub(super) enum Layout {
    /// Ours.
    Own,
    /// The original's.
    Original(original::Tables),
}

impl Layout {
    /// How to connect to where tables lie so. `lock_wait` is how long SQLite waits for its file by itself.
    pub(super) fn connector(&self, database: &Database, timeout: Duration, lock_wait: Duration) -> Connector {
        match (self, database) {
            (Self::Original(_), Database::MySql(server)) => Connector::to_mysql(server, timeout),
            _ => Connector::new(database, timeout, lock_wait),
        }
    }

    /// Writes a group inside one transaction, which the caller begins and commits.
    pub(super) async fn write(
        &self,
        connection: &mut Connection,
        writes: &[&Write],
    ) -> sqlx::Result<Vec<Outcome>> {
        match self {
            Self::Own => group::write(connection, writes).await,
            Self::Original(tables) => tables.write(connection, writes).await,
        }
    }
}
