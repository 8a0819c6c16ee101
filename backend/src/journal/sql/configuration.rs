//! Configurations kept for bad times.

use shared::clock::Ticks;
use shared::identity::CashBoxId;

use super::connection::{Connection, Value};
use super::readers::Question;
use super::rows;
use super::table::Table;
use super::write::Write;
use crate::journal::entry::KeptConfiguration;

const KEPT: Table = Table {
    name: "kept_configuration",
    key: &["cashbox"],
    columns: &["sealed", "fetched_at"],
};

/// Keeps the configurations of a group.
pub(super) async fn keep_all(connection: &mut Connection, writes: &[&Write]) -> sqlx::Result<()> {
    let kept: Vec<Vec<Value<'_>>> = writes.iter().filter_map(|write| values(write)).collect();
    KEPT.put(connection, &kept).await
}

fn values(write: &Write) -> Option<Vec<Value<'_>>> {
    match write {
        Write::KeepConfiguration { cashbox, kept } => Some(vec![
            rows::id(cashbox.as_u128()),
            Value::Bytes(&kept.sealed),
            Value::from(kept.fetched_at.0),
        ]),
        _ => None,
    }
}

/// The configuration kept last.
pub(super) struct LastKept {
    pub(super) cashbox: CashBoxId,
}

impl Question for LastKept {
    const DOING: &'static str = "reading a kept configuration";
    type Answer = Option<KeptConfiguration>;

    async fn ask(&self, connection: &mut Connection) -> sqlx::Result<Self::Answer> {
        let sql = format!("{} WHERE cashbox = ?", KEPT.select());
        let rows = connection.rows(&sql, &[rows::id(self.cashbox.as_u128())]).await?;
        rows.first()
            .map(|row| {
                let mut columns = row.columns();
                let _cashbox = columns.id()?;
                Ok(KeptConfiguration {
                    sealed: columns.byte_string()?,
                    fetched_at: Ticks(columns.int()?),
                })
            })
            .transpose()
    }
}
