//! Connections that read: a bounded number, apart from the writers', so that an export never holds up a receipt.

use std::future::Future;
use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::connect::{Connector, in_time};
use super::connection::Connection;
use super::fault::{self, Remedy};
use crate::journal::JournalError;

/// Something to ask the database. It may be asked twice: a connection may have died while it was idle.
pub(super) trait Question: Sync {
    /// For errors.
    const DOING: &'static str;
    /// What is answered.
    type Answer: Send;

    /// Asks. A transaction that is begun is ended here; on an error the connection is closed.
    fn ask(&self, connection: &mut Connection) -> impl Future<Output = sqlx::Result<Self::Answer>> + Send;
}

/// A pool of reading connections.
#[derive(Debug)]
pub(super) struct Readers {
    connector: Connector,
    places: Semaphore,
    idle: Mutex<Vec<Connection>>,
    timeout: Duration,
}

impl Readers {
    pub(super) fn new(connector: Connector, connections_max: u32, timeout: Duration) -> Self {
        Self {
            connector,
            places: Semaphore::new(connections_max as usize),
            idle: Mutex::new(Vec::new()),
            timeout,
        }
    }

    /// Asks, once more on a new connection if an idle one turns out to be dead.
    pub(super) async fn ask<Q: Question>(&self, question: &Q) -> Result<Q::Answer, JournalError> {
        let place = tokio::time::timeout(self.timeout, self.places.acquire()).await;
        let Ok(Ok(_place)) = place else {
            return Err(JournalError::Unavailable {
                doing: Q::DOING,
                source: "every reading connection is busy, or the journal is closed".into(),
            });
        };
        if let Some(connection) = self.take_idle() {
            match self.ask_on(connection, question).await {
                Err(error) if fault::remedy(&error) == Remedy::Reconnect => {}
                answer => return answer.map_err(|error| fault::refusal(error, Q::DOING)),
            }
        }
        let connected = self.connector.connect().await;
        let connection = connected.map_err(|error| fault::refusal(error, Q::DOING))?;
        let answer = self.ask_on(connection, question).await;
        answer.map_err(|error| fault::refusal(error, Q::DOING))
    }

    async fn ask_on<Q: Question>(&self, mut connection: Connection, question: &Q) -> sqlx::Result<Q::Answer> {
        let answer = in_time(self.timeout, question.ask(&mut connection)).await?;
        self.idle.lock().expect("no holder panics").push(connection);
        Ok(answer)
    }

    fn take_idle(&self) -> Option<Connection> {
        self.idle.lock().expect("no holder panics").pop()
    }

    /// Lets nobody ask any more and closes what is idle.
    pub(super) async fn close(&self) {
        self.places.close();
        while let Some(connection) = self.take_idle() {
            let _ = connection.close().await;
        }
    }
}
