//! The tables of the standard with their columns, in its order (DSFinV-K 2.3, "Anhang E"): what the CSV files hold and
//! what `index.xml` says of them. Descriptions are the standard's, in its language, for the auditor's software.

/// The cash point closing module: sums of a closing.
mod closing;
/// The master data module: who, where, with what.
mod master;
/// The single recordings module: every receipt.
mod single;

/// A table, and so a file. In the standard's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Table {
    Closing,
    Location,
    CashRegister,
    Terminals,
    Agencies,
    Vat,
    Tse,
    BusinessCases,
    Payments,
    CashPerCurrency,
    Receipts,
    ReceiptVat,
    AllocationGroups,
    ReceiptPayments,
    References,
    TseTransactions,
    Lines,
    LineVat,
    ItemAmounts,
    SubItems,
}

impl Table {
    /// Every table.
    pub(super) const ALL: [Self; 20] = [
        Self::Closing,
        Self::Location,
        Self::CashRegister,
        Self::Terminals,
        Self::Agencies,
        Self::Vat,
        Self::Tse,
        Self::BusinessCases,
        Self::Payments,
        Self::CashPerCurrency,
        Self::Receipts,
        Self::ReceiptVat,
        Self::AllocationGroups,
        Self::ReceiptPayments,
        Self::References,
        Self::TseTransactions,
        Self::Lines,
        Self::LineVat,
        Self::ItemAmounts,
        Self::SubItems,
    ];

    /// Its file, its name and its columns after [`KEY`].
    pub(super) fn definition(self) -> &'static Definition {
        match self {
            Self::Closing => &master::CLOSING,
            Self::Location => &master::LOCATION,
            Self::CashRegister => &master::CASH_REGISTER,
            Self::Terminals => &master::TERMINALS,
            Self::Agencies => &master::AGENCIES,
            Self::Vat => &master::VAT,
            Self::Tse => &master::TSE,
            Self::BusinessCases => &closing::BUSINESS_CASES,
            Self::Payments => &closing::PAYMENTS,
            Self::CashPerCurrency => &closing::CASH_PER_CURRENCY,
            Self::Receipts => &single::RECEIPTS,
            Self::ReceiptVat => &single::RECEIPT_VAT,
            Self::AllocationGroups => &single::ALLOCATION_GROUPS,
            Self::ReceiptPayments => &single::RECEIPT_PAYMENTS,
            Self::References => &single::REFERENCES,
            Self::TseTransactions => &single::TSE_TRANSACTIONS,
            Self::Lines => &single::LINES,
            Self::LineVat => &single::LINE_VAT,
            Self::ItemAmounts => &single::ITEM_AMOUNTS,
            Self::SubItems => &single::SUB_ITEMS,
        }
    }

    /// All columns of a record, those that name its closing first.
    pub(super) fn columns(self) -> impl Iterator<Item = &'static Column> {
        KEY.iter().chain(self.definition().columns)
    }
}

/// What a table is.
#[derive(Debug)]
pub(super) struct Definition {
    /// The file's name.
    pub(super) file: &'static str,
    /// The standard's name.
    pub(super) name: &'static str,
    /// The columns after [`KEY`].
    pub(super) columns: &'static [Column],
}

/// One column.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) description: &'static str,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text of so many characters, at the most.
    Text(usize),
    /// A number with so many digits after the comma.
    Number(u32),
}

/// The columns by which every record names its closing.
pub(super) const KEY: [Column; 3] = [
    text("Z_KASSE_ID", 50, "ID der (Abschluss-) Kasse"),
    text("Z_ERSTELLUNG", 30, "Zeitpunkt des Kassenabschlusses"),
    number("Z_NR", 0, "Nr. des Kassenabschlusses"),
];

/// The column by which every record of a receipt names it.
const RECEIPT_ID: Column = text("BON_ID", 40, "Vorgangs-ID");
/// The column by which every record of a line names it.
const LINE_ID: Column = text("POS_ZEILE", 50, "Zeilennummer");
/// The column of a rate's number.
const VAT_KEY: Column = number("UST_SCHLUESSEL", 0, "ID des USt-Satzes");
/// The column of an agency's number.
const AGENCY_ID: Column = number("AGENTUR_ID", 0, "ID der Agentur");

const fn text(name: &'static str, chars_max: usize, description: &'static str) -> Column {
    Column {
        name,
        kind: Kind::Text(chars_max),
        description,
    }
}

const fn number(name: &'static str, decimals: u32, description: &'static str) -> Column {
    Column {
        name,
        kind: Kind::Number(decimals),
        description,
    }
}
