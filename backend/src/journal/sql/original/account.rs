//! How a queue stands to what its TSE has signed (`byodc_account`, one row where something had to be said).

use shared::clock::Ticks;
use shared::identity::{QueueId, ScuId};

use super::super::connection::{Columns, Connection, Value};
use super::super::readers::Question;
use super::changes::append_actions;
use super::database::{Database, Table, guid, guid_if_any, read_guid, read_guid_if_any};
use super::queue::put_queue;
use crate::journal::account::{Account, AccountUpdate, Staleness};
use crate::journal::fence::StoredQueue;

const ACCOUNT: Table = Table {
    name: "byodc_account",
    key: "queue",
    columns: &[
        "scu",
        "reported_through",
        "stale_since",
        "stale_evidence",
        "accepted_at",
    ],
};

/// Writes an account and what explains it.
pub(super) async fn put(
    connection: &mut Connection,
    database: &Database,
    stored: &StoredQueue,
    update: &AccountUpdate,
) -> sqlx::Result<()> {
    let queue = stored.row.queue;
    ACCOUNT
        .put(connection, database, &values(queue, &update.account))
        .await?;
    append_actions(connection, database, queue, &update.actions).await?;
    if let Some(floor) = update.raise_epoch_to.filter(|floor| *floor > stored.epoch) {
        let mut raised = stored.clone();
        raised.epoch = floor;
        put_queue(connection, database, &raised).await?;
    }
    Ok(())
}

fn values(queue: QueueId, account: &Account) -> Vec<Value<'_>> {
    let stale = account.stale.as_ref();
    vec![
        guid(queue.as_u128()),
        guid_if_any(account.scu.map(ScuId::as_u128)),
        Value::from(account.reported_through.cast_signed()),
        Value::Int(stale.map(|stale| stale.found_at.0)),
        Value::Text(stale.map(|stale| stale.evidence.as_str().into())),
        Value::Int(account.accepted_at.map(|at| at.0)),
    ]
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
        rows.first().map(|row| read(&mut row.columns())).transpose()
    }
}

fn read(columns: &mut Columns<'_>) -> sqlx::Result<Account> {
    let _queue = read_guid(columns)?;
    let scu = read_guid_if_any(columns)?.map(ScuId::from_u128);
    let reported_through = columns.int()?.cast_unsigned();
    let since = columns.int_if_any()?.map(Ticks);
    let evidence = columns.text_if_any()?;
    let accepted_at = columns.int_if_any()?.map(Ticks);
    Ok(Account {
        scu,
        reported_through,
        stale: since.map(|found_at| Staleness {
            found_at,
            evidence: evidence.unwrap_or_default(),
        }),
        accepted_at,
    })
}
