//! Reads one queue and writes nothing: no schema is made or changed, nothing is claimed.

use std::time::Duration;

use shared::identity::QueueId;

use super::connect::Connector;
use super::connection::{Columns, Connection};
use super::export;
use super::original;
use super::readers::{Question, Readers};
use crate::journal::JournalError;
use crate::journal::connection_string::Database;
use crate::journal::entry::{JournalPage, JournalQuery};
use crate::journal::place::Place;
use crate::journal::verify::QueueEnd;

/// How long connecting, or one page, may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Reads one queue.
#[derive(Debug)]
pub(in crate::journal) struct QueueReader {
    readers: Readers,
    queue: QueueId,
    is_original: bool,
}

impl QueueReader {
    /// A reader of a queue in a database. Connects when it is asked.
    pub(in crate::journal) fn new(database: &Database, place: &Place, queue: QueueId) -> Self {
        let connector = match place {
            Place::PodsJournal => Connector::new(database, TIMEOUT, TIMEOUT),
            Place::Original(server) => Connector::to_mysql(server, TIMEOUT),
        };
        Self {
            readers: Readers::new(connector, 1, TIMEOUT),
            queue,
            is_original: matches!(place, Place::Original(_)),
        }
    }

    /// A page of a journal.
    pub(in crate::journal) async fn read(&self, query: &JournalQuery) -> Result<JournalPage, JournalError> {
        let queue = self.queue;
        if self.is_original {
            let page = original::export::ReadPage {
                queue,
                query,
                beside: original::export::Beside::Nothing,
            };
            return self.readers.ask(&page).await;
        }
        self.readers.ask(&export::ReadPage { queue, query }).await
    }

    /// What the queue's own row says; none if there is none.
    pub(in crate::journal) async fn end(&self) -> Result<Option<QueueEnd>, JournalError> {
        let queue = self.queue;
        match self.is_original {
            true => self.readers.ask(&original::find::EndOf { queue }).await,
            false => self.readers.ask(&EndOf { queue }).await,
        }
    }

    /// Takes leave of the database.
    pub(in crate::journal) async fn close(&self) {
        self.readers.close().await;
    }
}

/// What the row of a queue says of its journals.
struct EndOf {
    queue: QueueId,
}

impl Question for EndOf {
    const DOING: &'static str = "reading a queue";
    type Answer = Option<QueueEnd>;

    async fn ask(&self, connection: &mut Connection) -> sqlx::Result<Self::Answer> {
        let sql = "SELECT receipt_numerator, receipt_hash, queued_row FROM queue WHERE queue = ?";
        let rows = connection.rows(sql, &[self.queue.into()]).await?;
        rows.first().map(|row| read_end(&mut row.columns())).transpose()
    }
}

/// Numerator, hash, rows.
pub(super) fn read_end(columns: &mut Columns<'_>) -> sqlx::Result<QueueEnd> {
    Ok(QueueEnd {
        receipt_numerator: columns.int()?,
        receipt_hash: columns.text_if_any()?.filter(|hash| !hash.is_empty()),
        queued_row: columns.int()?,
    })
}
