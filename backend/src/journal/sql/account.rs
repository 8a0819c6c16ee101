//! How queues stand to what their TSEs have signed: one row for each that something had to be said of.

use shared::clock::Ticks;
use shared::identity::{QueueId, ScuId};

use super::changes::Rows;
use super::connection::{Columns, Connection, Value};
use super::readers::Question;
use super::rows;
use super::table::Table;
use crate::journal::account::{Account, AccountUpdate, Staleness};
use crate::journal::fence::StoredQueue;

const ACCOUNT: Table = Table {
    name: "tse_account",
    key: &["queue"],
    columns: &[
        "scu",
        "reported_through",
        "stale_since",
        "stale_evidence",
        "accepted_at",
    ],
};

/// Lets an update pass, and adds its rows.
pub(super) fn decide<'a>(stored: &StoredQueue, update: &'a AccountUpdate, rows: &mut Rows<'a>) {
    let queue = stored.row.queue;
    rows.accounts.push((queue, &update.account));
    rows.actions
        .extend(update.actions.iter().map(|action| (queue, action)));
    if let Some(floor) = update.raise_epoch_to.filter(|floor| *floor > stored.epoch) {
        let mut raised = stored.clone();
        raised.epoch = floor;
        rows.queues.push(raised);
    }
}

/// Writes the accounts of a group.
pub(super) async fn put_all(
    connection: &mut Connection,
    accounts: &[(QueueId, &Account)],
) -> sqlx::Result<()> {
    let values: Vec<Vec<Value<'_>>> = accounts
        .iter()
        .map(|(queue, account)| values(*queue, account))
        .collect();
    ACCOUNT.put(connection, &values).await
}

fn values(queue: QueueId, account: &Account) -> Vec<Value<'_>> {
    let stale = account.stale.as_ref();
    vec![
        queue.into(),
        rows::id_if_any(account.scu.map(ScuId::as_u128)),
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
        rows.first().map(|row| read(&mut row.columns())).transpose()
    }
}

fn read(columns: &mut Columns<'_>) -> sqlx::Result<Account> {
    let _queue = columns.id()?;
    let scu = columns.id_if_any()?.map(ScuId::from_u128);
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
