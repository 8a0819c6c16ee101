//! How a queue stands to what its TSE has signed (`byodc_account`, one row where something had to be said).

use shared::identity::QueueId;

use super::super::account;
use super::super::connection::{Connection, Row};
use super::super::readers::Question;
use super::changes::append_actions;
use super::database::{Database, Table, guid, guid_if_any, read_guid, read_guid_if_any};
use super::queue::put_queue;
use crate::journal::account::{Account, AccountUpdate};
use crate::journal::fence::StoredQueue;

const ACCOUNT: Table = Table {
    name: "byodc_account",
    key: "queue",
    columns: account::COLUMNS,
};

/// Writes an account and what explains it.
pub(super) async fn put(
    connection: &mut Connection,
    database: &Database,
    stored: &StoredQueue,
    update: &AccountUpdate,
) -> sqlx::Result<()> {
    let queue = stored.row.queue;
    let values = account::values(guid(queue.as_u128()), guid_if_any, &update.account);
    ACCOUNT.put(connection, database, &values).await?;
    append_actions(connection, database, queue, &update.actions).await?;
    if let Some(raised) = stored.raised_to(update.raise_epoch_to) {
        put_queue(connection, database, &raised).await?;
    }
    Ok(())
}

/// The account of a queue.
pub(in crate::journal::sql) struct AccountOf {
    pub(in crate::journal::sql) queue: QueueId,
}

impl Question for AccountOf {
    const DOING: &'static str = "reading the account of a queue with its TSE";
    type Answer = Option<Account>;

    async fn ask(&self, connection: &mut Connection) -> sqlx::Result<Self::Answer> {
        let sql = format!("{} WHERE queue = ?", ACCOUNT.select(&Database::of(self.queue)));
        let rows = connection.rows(&sql, &[guid(self.queue.as_u128())]).await?;
        let read_row = |row: &Row| {
            let mut columns = row.columns();
            let _queue = read_guid(&mut columns)?;
            let scu = read_guid_if_any(&mut columns)?;
            account::read(scu, &mut columns)
        };
        rows.first().map(read_row).transpose()
    }
}
