//! TSE transactions that were not finished, by receipt reference (`OpenTransaction`, `FailedStartTransaction`,
//! `FailedFinishTransaction`).
//!
//! The original's key is the reference itself, in a column that takes 1024 characters of the basic plane and may hold
//! `A` and `a`, or `a` and `a` with a blank, for the same. A row that would not fit there, or that would replace another
//! reference's, stands in `byodc_unfinished` instead, under the reference's SHA-256; the original does not see it.

use sha2::{Digest as _, Sha256};
use shared::clock::Ticks;
use shared::identity::QueueItemId;

use super::super::connection::{Columns, Connection, Value};
use super::database::{Database, guid_if_any, read_guid_if_any, read_text};
use crate::journal::entry::{FailedFinishRow, FailedStartRow, OpenTransactionRow};

/// Characters that the original's key takes.
const KEY_CHARS_MAX: usize = 1024;

/// What was not finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Open,
    FailedStart,
    FailedFinish,
}

impl Kind {
    fn table(self) -> &'static str {
        match self {
            Self::Open => "OpenTransaction",
            Self::FailedStart => "FailedStartTransaction",
            Self::FailedFinish => "FailedFinishTransaction",
        }
    }

    fn code(self) -> i64 {
        match self {
            Self::Open => 1,
            Self::FailedStart => 2,
            Self::FailedFinish => 3,
        }
    }

    /// The columns after the reference: number, moment, item, text (signature or request), identification; a table
    /// has some of them.
    fn columns(self) -> &'static [Column] {
        match self {
            Self::Open => &[
                Column::Number("TransactionNumber"),
                Column::Moment("StartMoment"),
                Column::Text("StartTransactionSignatureBase64"),
            ],
            Self::FailedStart => &[
                Column::Moment("StartMoment"),
                Column::Item("ftQueueItemId"),
                Column::Text("Request"),
                Column::Identification("CashBoxIdentification"),
            ],
            Self::FailedFinish => &[
                Column::Number("TransactionNumber"),
                Column::Moment("FinishMoment"),
                Column::Item("ftQueueItemId"),
                Column::Text("Request"),
                Column::Identification("CashBoxIdentification"),
            ],
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Column {
    Number(&'static str),
    Moment(&'static str),
    Item(&'static str),
    Text(&'static str),
    Identification(&'static str),
}

/// Every column of `byodc_unfinished` that a row has a value for.
const EVERY_COLUMN: [Column; 5] = [
    Column::Number("transaction_number"),
    Column::Moment("moment"),
    Column::Item("item"),
    Column::Text("content"),
    Column::Identification("identification"),
];

impl Column {
    fn name(self) -> &'static str {
        match self {
            Self::Number(name)
            | Self::Moment(name)
            | Self::Item(name)
            | Self::Text(name)
            | Self::Identification(name) => name,
        }
    }
}

/// A row of any of the three tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unfinished {
    kind: Kind,
    reference: String,
    number: Option<i64>,
    moment: i64,
    item: Option<QueueItemId>,
    text: Option<String>,
    identification: Option<String>,
}

impl Unfinished {
    fn nothing(kind: Kind, reference: String) -> Self {
        Self {
            kind,
            reference,
            number: None,
            moment: 0,
            item: None,
            text: None,
            identification: None,
        }
    }

    fn value(&self, column: Column) -> Value<'_> {
        match column {
            Column::Number(_) => Value::Int(self.number),
            Column::Moment(_) => Value::from(self.moment),
            Column::Item(_) => guid_if_any(self.item.map(QueueItemId::as_u128)),
            Column::Text(_) => Value::from(&self.text),
            Column::Identification(_) => Value::from(&self.identification),
        }
    }

    fn take(&mut self, column: Column, columns: &mut Columns<'_>) -> sqlx::Result<()> {
        match column {
            Column::Number(_) => self.number = columns.int_if_any()?,
            Column::Moment(_) => self.moment = columns.int()?,
            Column::Item(_) => self.item = read_guid_if_any(columns)?.map(QueueItemId::from_u128),
            Column::Text(_) => self.text = columns.text_if_any()?,
            Column::Identification(_) => self.identification = columns.text_if_any()?,
        }
        Ok(())
    }
}

/// Adds a row, replacing one of the same reference.
pub(super) async fn put(
    connection: &mut Connection,
    database: &Database,
    row: &Unfinished,
) -> sqlx::Result<()> {
    if fits(connection, database, row).await? {
        let columns = row.kind.columns();
        let mut values = vec![Value::from(&*row.reference)];
        values.extend(columns.iter().map(|column| row.value(*column)));
        let target = format!("{database}.{}", row.kind.table());
        return replace(connection, &target, &["cbReceiptReference"], columns, &values).await;
    }
    let key = key(&row.reference);
    let mut values = vec![
        Value::from(row.kind.code()),
        Value::Bytes(&key),
        Value::from(&*row.reference),
    ];
    values.extend(EVERY_COLUMN.iter().map(|column| row.value(*column)));
    let target = format!("{database}.byodc_unfinished");
    let keys = ["kind", "reference_key", "receipt_reference"];
    replace(connection, &target, &keys, &EVERY_COLUMN, &values).await
}

async fn replace(
    connection: &mut Connection,
    target: &str,
    keys: &[&str],
    columns: &[Column],
    values: &[Value<'_>],
) -> sqlx::Result<()> {
    let mut names = keys.to_vec();
    names.extend(columns.iter().map(|column| column.name()));
    let sql = format!(
        "REPLACE INTO {target} ({}) VALUES {}",
        names.join(", "),
        super::super::table::places(names.len())
    );
    connection.execute(&sql, values).await
}

/// Whether the original's table can hold a row without replacing one of another reference.
async fn fits(connection: &mut Connection, database: &Database, row: &Unfinished) -> sqlx::Result<bool> {
    let in_reach = row.reference.chars().count() <= KEY_CHARS_MAX
        && row.reference.chars().all(|character| character <= '\u{ffff}');
    if !in_reach {
        return Ok(false);
    }
    let sql = format!(
        "SELECT cbReceiptReference FROM {database}.{} WHERE cbReceiptReference = ?",
        row.kind.table()
    );
    for found in connection.rows(&sql, &[Value::from(&*row.reference)]).await? {
        if found.columns().text()? != row.reference {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Forgets the row of a reference, wherever it stands. References are compared byte for byte.
pub(super) async fn remove(
    connection: &mut Connection,
    database: &Database,
    kind: Kind,
    reference: &str,
) -> sqlx::Result<()> {
    let sql = format!(
        "DELETE FROM {database}.{} WHERE cbReceiptReference = ? \
         AND HEX(CONVERT(cbReceiptReference USING utf8mb4)) = ?",
        kind.table()
    );
    let bytes = hex::encode_upper(reference);
    let values = [Value::from(reference), Value::from(&*bytes)];
    connection.execute(&sql, &values).await?;
    let sql = format!("DELETE FROM {database}.byodc_unfinished WHERE kind = ? AND reference_key = ?");
    let values = [Value::from(kind.code()), Value::Bytes(&key(reference))];
    connection.execute(&sql, &values).await
}

fn key(reference: &str) -> [u8; 32] {
    Sha256::digest(reference).into()
}

/// Every row of a kind, in order of moment.
pub(super) async fn all<R: From<Unfinished>>(
    connection: &mut Connection,
    database: &Database,
    kind: Kind,
) -> sqlx::Result<Vec<R>> {
    let target = format!("{database}.{}", kind.table());
    let mut rows = read(
        connection,
        kind,
        &target,
        "cbReceiptReference",
        kind.columns(),
        "",
    )
    .await?;
    let target = format!("{database}.byodc_unfinished");
    let condition = format!(" WHERE kind = {}", kind.code());
    rows.extend(
        read(
            connection,
            kind,
            &target,
            "receipt_reference",
            &EVERY_COLUMN,
            &condition,
        )
        .await?,
    );
    rows.sort_by(|one, other| (one.moment, &one.reference).cmp(&(other.moment, &other.reference)));
    Ok(rows.into_iter().map(R::from).collect())
}

async fn read(
    connection: &mut Connection,
    kind: Kind,
    target: &str,
    reference: &str,
    columns: &[Column],
    condition: &str,
) -> sqlx::Result<Vec<Unfinished>> {
    let mut names = vec![reference];
    names.extend(columns.iter().map(|column| column.name()));
    let sql = format!("SELECT {} FROM {target}{condition}", names.join(", "));
    let mut found = Vec::new();
    for row in connection.rows(&sql, &[]).await? {
        let mut values = row.columns();
        let mut row = Unfinished::nothing(kind, read_text(&mut values)?);
        for column in columns {
            row.take(*column, &mut values)?;
        }
        found.push(row);
    }
    Ok(found)
}

impl From<&OpenTransactionRow> for Unfinished {
    fn from(row: &OpenTransactionRow) -> Self {
        Self {
            number: Some(row.transaction_number.cast_signed()),
            moment: row.start_moment.0,
            text: row.start_signature_base64.clone(),
            ..Self::nothing(Kind::Open, row.receipt_reference.clone())
        }
    }
}

impl From<Unfinished> for OpenTransactionRow {
    fn from(row: Unfinished) -> Self {
        Self {
            receipt_reference: row.reference,
            transaction_number: row.number.unwrap_or_default().cast_unsigned(),
            start_moment: Ticks(row.moment),
            start_signature_base64: row.text,
        }
    }
}

impl From<&FailedStartRow> for Unfinished {
    fn from(row: &FailedStartRow) -> Self {
        Self {
            moment: row.start_moment.0,
            item: Some(row.item),
            text: Some(row.request.clone()),
            identification: Some(row.cash_box_identification.clone()),
            ..Self::nothing(Kind::FailedStart, row.receipt_reference.clone())
        }
    }
}

impl From<Unfinished> for FailedStartRow {
    fn from(row: Unfinished) -> Self {
        Self {
            receipt_reference: row.reference,
            start_moment: Ticks(row.moment),
            item: row.item.unwrap_or_else(|| QueueItemId::from_u128(0)),
            request: row.text.unwrap_or_default(),
            cash_box_identification: row.identification.unwrap_or_default(),
        }
    }
}

impl From<&FailedFinishRow> for Unfinished {
    fn from(row: &FailedFinishRow) -> Self {
        Self {
            number: Some(row.transaction_number.cast_signed()),
            moment: row.finish_moment.0,
            item: Some(row.item),
            text: Some(row.request.clone()),
            identification: Some(row.cash_box_identification.clone()),
            ..Self::nothing(Kind::FailedFinish, row.receipt_reference.clone())
        }
    }
}

impl From<Unfinished> for FailedFinishRow {
    fn from(row: Unfinished) -> Self {
        Self {
            receipt_reference: row.reference,
            transaction_number: row.number.unwrap_or_default().cast_unsigned(),
            finish_moment: Ticks(row.moment),
            item: row.item.unwrap_or_else(|| QueueItemId::from_u128(0)),
            request: row.text.unwrap_or_default(),
            cash_box_identification: row.identification.unwrap_or_default(),
        }
    }
}
