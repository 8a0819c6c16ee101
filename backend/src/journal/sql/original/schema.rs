//! The tables as they must be (`fiscal-spec.md` 8.2): the original's, in the shape of its version
//! [`CURRENT_VERSION`], and ours beside them.
//!
//! The shape is data. A database is compared with it, and what is missing is added, so that it does not matter from
//! which of its earlier versions a database comes: none of them took anything away.

/// Tables of the original that a German queue uses.
mod german;
/// Tables of the original for other countries. They stay empty here.
mod foreign;

/// What the original's `ftDatabaseSchema` says of this shape.
pub(super) const CURRENT_VERSION: &str = "010_AddProcessingVersion";
/// The number that every later version begins with is higher.
pub(super) const CURRENT_NUMBER: u32 = 10;
/// The version of our own tables.
pub(super) const OWN_VERSION: i64 = 1;

/// A column's type, as the original writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    /// The key: a GUID as text.
    Key,
    /// The key: a receipt reference.
    ReferenceKey,
    Guid,
    GuidIfAny,
    Text,
    TextIfAny,
    /// A receipt reference that is searched for; it began as a text of any length.
    Reference,
    Int,
    IntIfAny,
    /// 32 bits, 0 where the original's earlier versions had no such column.
    SmallInt,
    /// `ftQueue.Timeout`.
    Timeout,
    Money,
    Char36Key,
    Char36,
    ShortTextIfAny,
    DateTime,
    DateTimeIfAny,
    Version,
}

impl Type {
    fn sql(self) -> &'static str {
        match self {
            Self::Key => "NVARCHAR(36) NOT NULL PRIMARY KEY",
            Self::ReferenceKey => "NVARCHAR(1024) NOT NULL PRIMARY KEY",
            Self::Guid => "NVARCHAR(36) NOT NULL",
            Self::GuidIfAny => "NVARCHAR(36) NULL",
            Self::Text => "LONGTEXT NOT NULL",
            Self::TextIfAny => "LONGTEXT NULL",
            Self::Reference => "VARCHAR(450) NULL",
            Self::Int => "BIGINT NOT NULL",
            Self::IntIfAny => "BIGINT NULL",
            Self::SmallInt => "INT NOT NULL DEFAULT 0",
            Self::Timeout => "BIGINT NOT NULL DEFAULT 1500",
            Self::Money => "DECIMAL(18,5) NOT NULL",
            Self::Char36Key => "CHAR(36) NOT NULL PRIMARY KEY",
            Self::Char36 => "CHAR(36) NOT NULL",
            Self::ShortTextIfAny => "TEXT NULL",
            Self::DateTime => "DATETIME NOT NULL",
            Self::DateTimeIfAny => "DATETIME NULL",
            Self::Version => "NVARCHAR(256) NULL",
        }
    }
}

/// A column: name and type.
pub(super) type Column = (String, Type);

/// A table of the original.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    pub(super) name: &'static str,
    pub(super) columns: Vec<Column>,
}

impl Shape {
    fn new(name: &'static str, columns: &[(&str, Type)]) -> Self {
        let columns = columns.iter().map(|(name, kind)| ((*name).to_owned(), *kind));
        Self {
            name,
            columns: columns.collect(),
        }
    }

    /// Makes the table in a database.
    pub(super) fn create(&self, database: &impl std::fmt::Display) -> String {
        let columns: Vec<String> = self.columns.iter().map(definition).collect();
        format!(
            "CREATE TABLE IF NOT EXISTS {database}.{} ({})",
            self.name,
            columns.join(", ")
        )
    }
}

/// A column as a statement defines it.
pub(super) fn definition((name, kind): &Column) -> String {
    format!("{name} {}", kind.sql())
}

/// Every table of the original.
pub(super) fn original() -> Vec<Shape> {
    let schema = Shape::new("ftDatabaseSchema", &[("CurrentVersion", Type::Version)]);
    [schema]
        .into_iter()
        .chain(german::tables())
        .chain(foreign::tables())
        .collect()
}

/// Every index of the original: table, name, column.
pub(super) const INDEXES: [(&str, &str, &str); 7] = [
    ("ftQueueItem", "idx_ftQueueItem_Timestamp", "TimeStamp"),
    (
        "ftQueueItem",
        "idx_ftQueueItem_cbReceiptReference",
        "cbReceiptReference",
    ),
    ("ftActionJournal", "idx_ftActionJournal_Timestamp", "TimeStamp"),
    ("ftReceiptJournal", "idx_ftReceiptJournal_Timestamp", "TimeStamp"),
    ("ftJournalAT", "idx_ftJournalAT_Timestamp", "TimeStamp"),
    ("ftJournalDE", "idx_ftJournalDE_Timestamp", "TimeStamp"),
    ("ftJournalFR", "idx_ftJournalFR_Timestamp", "TimeStamp"),
];

/// Ours: name and columns. The original neither knows nor minds them.
pub(super) const OWN: [(&str, &str); 6] = [
    ("byodc_schema", "version BIGINT NOT NULL PRIMARY KEY"),
    (
        "byodc_queue",
        "queue CHAR(36) NOT NULL PRIMARY KEY, epoch BIGINT NOT NULL, owner VARCHAR(320) NOT NULL, \
         previous_owner VARCHAR(320) NOT NULL, claimed_at BIGINT NOT NULL, settled_row BIGINT NOT NULL, \
         left_row BIGINT NULL, left_number BIGINT NULL, left_hash LONGTEXT NULL",
    ),
    (
        "byodc_operation",
        "operation BINARY(16) NOT NULL PRIMARY KEY, queue_row BIGINT NOT NULL UNIQUE, item CHAR(36) NOT NULL, \
         content_hash BINARY(32) NOT NULL, outcome BIGINT NULL, receipt_reference LONGTEXT NULL",
    ),
    (
        "byodc_unfinished",
        "kind BIGINT NOT NULL, reference_key BINARY(32) NOT NULL, receipt_reference LONGTEXT NOT NULL, \
         transaction_number BIGINT NULL, moment BIGINT NOT NULL, item CHAR(36) NULL, content LONGTEXT NULL, \
         identification LONGTEXT NULL, PRIMARY KEY (kind, reference_key)",
    ),
    (
        "byodc_account",
        "queue CHAR(36) NOT NULL PRIMARY KEY, scu CHAR(36) NULL, reported_through BIGINT NOT NULL, \
         stale_since BIGINT NULL, stale_evidence LONGTEXT NULL, accepted_at BIGINT NULL",
    ),
    (
        "byodc_master_data",
        "one BIGINT NOT NULL PRIMARY KEY, document LONGTEXT NOT NULL",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_table_and_column_is_named_once_and_every_index_has_its_column() {
        let tables = original();
        let names: HashSet<&str> = tables.iter().map(|table| table.name).collect();
        assert_eq!(names.len(), tables.len());
        for table in &tables {
            let columns: HashSet<&String> = table.columns.iter().map(|(name, _)| name).collect();
            assert_eq!(columns.len(), table.columns.len(), "{}", table.name);
        }
        for (table, _, column) in INDEXES {
            let table = tables.iter().find(|shape| shape.name == table).unwrap();
            assert!(table.columns.iter().any(|(name, _)| name == column), "{column}");
        }
    }

    #[test]
    fn the_german_tables_have_the_columns_of_the_specification() {
        let columns = |wanted: &str| {
            let tables = original();
            let table = tables.iter().find(|table| table.name == wanted).unwrap();
            table
                .columns
                .iter()
                .map(|(name, _)| name.clone())
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(
            columns("ftReceiptJournal"),
            "ftReceiptJournalId ftReceiptMoment ftReceiptNumber ftReceiptTotal ftQueueId ftQueueItemId ftReceiptHash TimeStamp"
        );
        assert!(columns("ftQueueDE").ends_with("TimeStamp DailyClosingNumber"));
        assert!(columns("ftQueueItem").ends_with("TimeStamp ProcessingVersion"));
    }
}
