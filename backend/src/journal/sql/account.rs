//! How queues stand to what their TSEs have signed: one row for each that something had to be said of.

use shared::clock::Ticks;
use shared::identity::{QueueId, ScuId};

use super::changes::Rows;
use super::connection::{Columns, Connection, Row, Value};
use super::readers::Question;
use super::rows;
use super::table::Table;
use crate::journal::account::{Account, AccountUpdate, Staleness};
use crate::journal::fence::StoredQueue;

const ACCOUNT: Table = Table {
    name: "tse_account",
    key: &["queue"],
    columns: COLUMNS,
};

/// What stands behind the queue, in this table and in the one beside the original's. Only ids are written in two ways.
pub(super) const COLUMNS: &[&str] = &[
    "scu",
    "reported_through",
    "stale_since",
    "stale_evidence",
    "accepted_at",
];

/// Lets an update pass, and adds its rows.
pub(super) fn decide<'a>(stored: &StoredQueue, update: &'a AccountUpdate, rows: &mut Rows<'a>) {
    let queue = stored.row.queue;
    rows.accounts.push((queue, &update.account));
    rows.actions
        .extend(update.actions.iter().map(|action| (queue, action)));
    rows.queues.extend(stored.raised_to(update.raise_epoch_to));
}

/// Writes the accounts of a group.
pub(super) async fn put_all(
    connection: &mut Connection,
    accounts: &[(QueueId, &Account)],
) -> sqlx::Result<()> {
    let values: Vec<Vec<Value<'_>>> = accounts
        .iter()
        .map(|(queue, account)| values((*queue).into(), rows::id_if_any, account))
        .collect();
    ACCOUNT.put(connection, &values).await
}

/// The values of a row, its ids as the table has them.
pub(super) fn values<'a>(
    queue: Value<'a>,
    id_if_any: fn(Option<u128>) -> Value<'static>,
    account: &'a Account,
) -> Vec<Value<'a>> {
    let stale = account.stale.as_ref();
    vec![
        queue,
        id_if_any(account.scu.map(ScuId::as_u128)),
        Value::from(account.reported_through.cast_signed()),
        Value::Int(stale.map(|stale| stale.found_at.0)),
        Value::Text(stale.map(|stale| stale.evidence.as_str().into())),
        Value::Int(account.accepted_at.map(|at| at.0)),
    ]
}

/// The account of a queue.
pub(super) struct AccountOf {
    pub(super) queue: QueueId,
}

impl Question for AccountOf {
    const DOING: &'static str = "reading the account of a queue with its TSE";
    type Answer = Option<Account>;

    async fn ask(&self, connection: &mut Connection) -> sqlx::Result<Self::Answer> {
        let sql = format!("{} WHERE queue = ?", ACCOUNT.select());
        let rows = connection.rows(&sql, &[self.queue.into()]).await?;
        let read_row = |row: &Row| {
            let mut columns = row.columns();
            let _queue = columns.id()?;
            let scu = columns.id_if_any()?;
            read(scu, &mut columns)
        };
        rows.first().map(read_row).transpose()
    }
}

/// An account out of what stands behind the ids of its row.
pub(super) fn read(scu: Option<u128>, columns: &mut Columns<'_>) -> sqlx::Result<Account> {
    let reported_through = columns.int()?.cast_unsigned();
    let since = columns.int_if_any()?.map(Ticks);
    let evidence = columns.text_if_any()?;
    let accepted_at = columns.int_if_any()?.map(Ticks);
    Ok(Account {
        scu: scu.map(ScuId::from_u128),
        reported_through,
        stale: since.map(|found_at| Staleness {
            found_at,
            evidence: evidence.unwrap_or_default(),
        }),
        accepted_at,
    })
}
