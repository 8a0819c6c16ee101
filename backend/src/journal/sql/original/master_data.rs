//! Master data: a document of the configuration, and the original's four tables of it.
//!
//! The tables are what the original reads and writes. Beside them `byodc_master_data` keeps the document that they were
//! written from, whose other members they have no columns for. It counts as long as the tables still say the same;
//! when the original has written others, they are read back into a document.

use std::borrow::Cow;

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::super::connection::{Connection, Value};
use super::database::{Database, Table};
use crate::journal::entry::MasterDataJson;

/// A table and where the document has its rows. Columns are named as the members are.
struct Section {
    member: &'static str,
    is_list: bool,
    table: Table,
}

const SECTIONS: [Section; 4] = [
    Section {
        member: "Account",
        is_list: false,
        table: Table {
            name: "AccountMasterData",
            key: "AccountId",
            columns: &[
                "AccountName",
                "Street",
                "Zip",
                "City",
                "Country",
                "VatId",
                "TaxId",
            ],
        },
    },
    Section {
        member: "Outlet",
        is_list: false,
        table: Table {
            name: "OutletMasterData",
            key: "OutletId",
            columns: &[
                "OutletName",
                "Street",
                "Zip",
                "City",
                "Country",
                "VatId",
                "LocationId",
            ],
        },
    },
    Section {
        member: "Agencies",
        is_list: true,
        table: Table {
            name: "AgencyMasterData",
            key: "AgencyId",
            columns: &["Name", "Street", "Zip", "City", "Country", "VatId", "TaxId"],
        },
    },
    Section {
        member: "PosSystems",
        is_list: true,
        table: Table {
            name: "PosSystemMasterData",
            key: "PosSystemId",
            columns: &["Brand", "Model", "SoftwareVersion", "BaseCurrency", "Type"],
        },
    },
];

/// A row: the id first.
type MasterRow = Vec<Option<String>>;

impl Section {
    fn columns(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.table.key).chain(self.table.columns.iter().copied())
    }

    /// The rows that a document has for this table, by id.
    fn rows_of(&self, document: &Json) -> Vec<MasterRow> {
        let entries: Vec<&Map<String, Json>> = match document.get(self.member) {
            Some(Json::Object(entry)) => vec![entry],
            Some(Json::Array(entries)) => entries.iter().filter_map(Json::as_object).collect(),
            _ => Vec::new(),
        };
        let mut rows: Vec<MasterRow> = entries.into_iter().map(|entry| self.row_of(entry)).collect();
        // Of two entries with one id the table keeps the later.
        rows.reverse();
        rows.sort_by(|one, other| one[0].cmp(&other[0]));
        rows.dedup_by(|one, other| one[0] == other[0]);
        rows
    }

    fn row_of(&self, entry: &Map<String, Json>) -> MasterRow {
        let text = |column| match entry.get(column) {
            None | Some(Json::Null) => None,
            Some(Json::String(text)) => Some(text.clone()),
            Some(other) => Some(other.to_string()),
        };
        let mut row: MasterRow = self.columns().map(text).collect();
        // An entry without an id has the empty one, as for the original.
        let id = row[0].as_deref().and_then(|id| Uuid::parse_str(id).ok());
        row[0] = Some(id.unwrap_or_default().to_string());
        row
    }

    fn document_of(&self, rows: &[MasterRow]) -> Json {
        let entry = |row: &MasterRow| {
            let members = self.columns().zip(row).map(|(column, text)| {
                let value = text.clone().map_or(Json::Null, Json::String);
                (column.to_owned(), value)
            });
            Json::Object(members.collect())
        };
        match self.is_list {
            true => Json::Array(rows.iter().map(entry).collect()),
            false => rows.first().map_or(Json::Null, entry),
        }
    }
}

/// Replaces the master data, in the document and in the tables.
pub(super) async fn put(
    connection: &mut Connection,
    database: &Database,
    document: &MasterDataJson,
) -> sqlx::Result<()> {
    let json: Json = serde_json::from_str(&document.0).unwrap_or_default();
    for section in &SECTIONS {
        let clear = format!("DELETE FROM {database}.{}", section.table.name);
        connection.execute(&clear, &[]).await?;
        for row in section.rows_of(&json) {
            let values: Vec<Value<'_>> = row
                .into_iter()
                .map(|text| Value::Text(text.map(Cow::Owned)))
                .collect();
            section.table.insert(connection, database, &values).await?;
        }
    }
    let sql = format!("REPLACE INTO {database}.byodc_master_data (one, document) VALUES (1, ?)");
    connection.execute(&sql, &[Value::from(&*document.0)]).await
}

/// The master data on record.
pub(super) async fn stored(
    connection: &mut Connection,
    database: &Database,
) -> sqlx::Result<Option<MasterDataJson>> {
    let mut tables = Vec::with_capacity(SECTIONS.len());
    for section in &SECTIONS {
        tables.push(rows(connection, database, section).await?);
    }
    let sql = format!("SELECT document FROM {database}.byodc_master_data");
    let found = connection.rows(&sql, &[]).await?;
    let document = found.first().map(|row| row.columns().text()).transpose()?;
    Ok(document_of(document, &tables).map(MasterDataJson))
}

async fn rows(
    connection: &mut Connection,
    database: &Database,
    section: &Section,
) -> sqlx::Result<Vec<MasterRow>> {
    let mut rows = Vec::new();
    for row in connection.rows(&section.table.select(database), &[]).await? {
        let mut columns = row.columns();
        let texts: sqlx::Result<MasterRow> = section.columns().map(|_| columns.text_if_any()).collect();
        rows.push(texts?);
    }
    rows.sort_by(|one, other| one[0].cmp(&other[0]));
    Ok(rows)
}

/// The document, while the tables say what it says; else what they say themselves.
fn document_of(document: Option<String>, tables: &[Vec<MasterRow>]) -> Option<String> {
    let json: Json = document
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let unchanged = SECTIONS
        .iter()
        .zip(tables)
        .all(|(section, rows)| section.rows_of(&json) == *rows);
    if unchanged {
        return document;
    }
    let sections = SECTIONS.iter().zip(tables);
    let members = sections.map(|(section, rows)| (section.member.to_owned(), section.document_of(rows)));
    Some(Json::Object(members.collect()).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#"{"Account":{"AccountId":"A0000000-0000-4000-8000-000000000001","AccountName":"Muster","Extra":1},
        "Agencies":[],"PosSystems":[{"PosSystemId":"66666666-7777-4888-8999-aaaaaaaaaaaa","Brand":"X"}]}"#;

    fn tables_of(document: &str) -> Vec<Vec<MasterRow>> {
        let json: Json = serde_json::from_str(document).unwrap();
        SECTIONS.iter().map(|section| section.rows_of(&json)).collect()
    }

    #[test]
    fn a_document_counts_while_the_tables_say_the_same() {
        let tables = tables_of(DOCUMENT);
        assert_eq!(
            tables[0][0][0].as_deref(),
            Some("a0000000-0000-4000-8000-000000000001")
        );
        assert_eq!(
            document_of(Some(DOCUMENT.to_owned()), &tables).as_deref(),
            Some(DOCUMENT)
        );
    }

    #[test]
    fn what_the_original_wrote_since_goes_before_the_document() {
        let mut tables = tables_of(DOCUMENT);
        tables[0][0][1] = Some("Other".to_owned());
        let read: Json =
            serde_json::from_str(&document_of(Some(DOCUMENT.to_owned()), &tables).unwrap()).unwrap();
        assert_eq!(read["Account"]["AccountName"], "Other");
        assert_eq!(read["PosSystems"][0]["Brand"], "X");
        assert_eq!(
            (&read["Outlet"], &read["Agencies"]),
            (&Json::Null, &Json::Array(Vec::new()))
        );
        assert_eq!(document_of(None, &tables_of("{}")), None);
    }

    #[test]
    fn of_two_entries_with_one_id_the_later_is_kept() {
        let twice = r#"{"Agencies":[{"Name":"first"},{"Name":"second"}]}"#;
        let agencies = &tables_of(twice)[2];
        assert_eq!((agencies.len(), agencies[0][1].as_deref()), (1, Some("second")));
    }
}
