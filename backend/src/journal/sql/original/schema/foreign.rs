//! Tables for other countries. The original lists them when it exports its configuration, so they must be there.

use super::Type::*;
use super::{Column, Shape, Type};

pub(super) fn tables() -> Vec<Shape> {
    let mut tables = austria();
    tables.extend(france());
    tables.extend(montenegro());
    tables.extend(italy());
    tables
}

/// What the queues of most countries share.
const FAILURES: [(&str, Type); 7] = [
    ("SSCDFailCount", Int),
    ("SSCDFailMoment", IntIfAny),
    ("SSCDFailQueueItemId", GuidIfAny),
    ("UsedFailedCount", Int),
    ("UsedFailedMomentMin", IntIfAny),
    ("UsedFailedMomentMax", IntIfAny),
    ("UsedFailedQueueItemId", GuidIfAny),
];

fn austria() -> Vec<Shape> {
    let settlement = [
        ("ftQueueATId", Key),
        ("CashBoxIdentification", TextIfAny),
        ("EncryptionKeyBase64", TextIfAny),
        ("SignAll", Int),
        ("ClosedSystemKind", TextIfAny),
        ("ClosedSystemValue", TextIfAny),
        ("ClosedSystemNote", TextIfAny),
        ("LastSettlementMonth", Int),
        ("LastSettlementMoment", IntIfAny),
        ("LastSettlementQueueItemId", GuidIfAny),
    ];
    let rest = [
        ("UsedMobileCount", Int),
        ("UsedMobileMoment", IntIfAny),
        ("UsedMobileQueueItemId", GuidIfAny),
        ("MessageCount", Int),
        ("MessageMoment", IntIfAny),
        ("LastSignatureHash", TextIfAny),
        ("LastSignatureZDA", TextIfAny),
        ("LastSignatureCertificateSerialNumber", TextIfAny),
        ("ftCashNumerator", Int),
        ("ftCashTotalizer", Money),
        ("TimeStamp", Int),
    ];
    let (sscd, used) = FAILURES.split_at(3);
    let queue = [
        &settlement[..],
        sscd,
        &[("SSCDFailMessageSent", IntIfAny)],
        used,
        &rest,
    ]
    .concat();
    vec![
        Shape::new("ftQueueAT", &queue),
        Shape::new(
            "ftSignaturCreationUnitAT",
            &[
                ("ftSignaturCreationUnitATId", Key),
                ("Url", TextIfAny),
                ("ZDA", TextIfAny),
                ("SN", TextIfAny),
                ("CertificateBase64", TextIfAny),
                ("Mode", Int),
                ("TimeStamp", Int),
            ],
        ),
        Shape::new(
            "ftJournalAT",
            &[
                ("ftJournalATId", Key),
                ("ftSignaturCreationUnitId", Guid),
                ("Number", Int),
                ("JWSHeaderBase64url", TextIfAny),
                ("JWSPayloadBase64url", TextIfAny),
                ("JWSSignatureBase64url", TextIfAny),
                ("ftQueueId", Guid),
                ("TimeStamp", Int),
            ],
        ),
    ]
}

fn france() -> Vec<Shape> {
    vec![
        french_queue(),
        Shape::new(
            "ftSignaturCreationUnitFR",
            &[
                ("ftSignaturCreationUnitFRId", Key),
                ("Siret", TextIfAny),
                ("PrivateKey", TextIfAny),
                ("CertificateBase64", TextIfAny),
                ("CertificateSerialNumber", TextIfAny),
                ("TimeStamp", Int),
            ],
        ),
        Shape::new(
            "ftJournalFR",
            &[
                ("ftJournalFRId", Key),
                ("JWT", TextIfAny),
                ("JsonData", TextIfAny),
                ("ReceiptType", TextIfAny),
                ("Number", IntIfAny),
                ("ftQueueItemId", Guid),
                ("ftQueueId", Guid),
                ("TimeStamp", Int),
            ],
        ),
        Shape::new(
            "ftJournalFRCopyPayload",
            &[
                ("QueueId", Char36Key),
                ("CashBoxIdentification", ShortTextIfAny),
                ("Siret", ShortTextIfAny),
                ("ReceiptId", ShortTextIfAny),
                ("ReceiptMoment", DateTimeIfAny),
                ("QueueItemId", Char36),
                ("CopiedReceiptReference", ShortTextIfAny),
                ("CertificateSerialNumber", ShortTextIfAny),
                ("TimeStamp", DateTime),
            ],
        ),
    ]
}

/// The totals that a French series of receipts keeps of its charge items and of its payments.
const CHARGED: [&str; 6] = [
    "CITotalNormal",
    "CITotalReduced1",
    "CITotalReduced2",
    "CITotalReducedS",
    "CITotalZero",
    "CITotalUnknown",
];
const PAID: [&str; 4] = [
    "PITotalCash",
    "PITotalNonCash",
    "PITotalInternal",
    "PITotalUnknown",
];

/// One series of receipts per letter: tickets, payments, invoices, grand totals, bills, log, archives, copies, training.
fn french_queue() -> Shape {
    let mut shape = Shape::new(
        "ftQueueFR",
        &[
            ("ftQueueFRId", Key),
            ("ftSignaturCreationUnitFRId", Guid),
            ("Siret", Text),
            ("CashBoxIdentification", Text),
        ],
    );
    let columns = &mut shape.columns;
    series(columns, "T", &[&CHARGED, &PAID]);
    series(columns, "P", &[&PAID]);
    series(columns, "I", &[&CHARGED, &PAID]);
    columns.extend([column("GNumerator", Int), column("GLastHash", Text)]);
    for period in ["Shift", "Day", "Month", "Year"] {
        totals(columns, &format!("G{period}"), &[&CHARGED, &PAID]);
        columns.push(column(&format!("GLast{period}Moment"), IntIfAny));
        columns.push(column(&format!("GLast{period}QueueItemId"), GuidIfAny));
    }
    series(columns, "B", &[&CHARGED, &PAID]);
    columns.extend([column("LNumerator", Int), column("LLastHash", Text)]);
    columns.extend([column("ANumerator", Int), column("ALastHash", Text)]);
    totals(columns, "A", &[&CHARGED, &PAID]);
    columns.extend([
        column("ALastMoment", IntIfAny),
        column("ALastQueueItemId", GuidIfAny),
    ]);
    series(columns, "X", &[]);
    series(columns, "C", &[]);
    let (_, used) = FAILURES.split_at(3);
    columns.extend(used.iter().map(|(name, kind)| column(name, *kind)));
    columns.extend([
        column("MessageCount", Int),
        column("MessageMoment", IntIfAny),
        column("TimeStamp", Int),
    ]);
    shape
}

fn column(name: &str, kind: Type) -> Column {
    (name.to_owned(), kind)
}

/// Numerator, totals, last hash.
fn series(columns: &mut Vec<Column>, letter: &str, kinds: &[&[&str]]) {
    columns.push(column(&format!("{letter}Numerator"), Int));
    totals(columns, letter, kinds);
    columns.push(column(&format!("{letter}LastHash"), Text));
}

fn totals(columns: &mut Vec<Column>, prefix: &str, kinds: &[&[&str]]) {
    columns.push(column(&format!("{prefix}Totalizer"), Money));
    let kinds = kinds.iter().flat_map(|kinds| kinds.iter());
    columns.extend(kinds.map(|kind| column(&format!("{prefix}{kind}"), Money)));
}

fn montenegro() -> Vec<Shape> {
    let beginning = [
        ("ftQueueMEId", Key),
        ("ftSignaturCreationUnitDEId", GuidIfAny),
        ("LastHash", TextIfAny),
    ];
    let queue = [&beginning[..], &FAILURES, &[("DailyClosingNumber", IntIfAny)]].concat();
    vec![
        Shape::new("ftQueueME", &queue),
        Shape::new(
            "ftSignaturCreationUnitME",
            &[
                ("ftSignaturCreationUnitDEId", Key),
                ("Url", TextIfAny),
                ("TimeStamp", Int),
                ("IssuerTin", TextIfAny),
                ("BusinessUnitCode", TextIfAny),
                ("TcrIntId", TextIfAny),
                ("SoftwareCode", TextIfAny),
                ("MaintainerCode", TextIfAny),
                ("ValidFrom", IntIfAny),
                ("ValidTo", IntIfAny),
                ("TcrCode", TextIfAny),
            ],
        ),
        Shape::new(
            "ftJournalME",
            &[
                ("ftJournalMEId", Key),
                ("Number", Int),
                ("cbReference", TextIfAny),
                ("InvoiceNumber", TextIfAny),
                ("YearlyOrdinalNumber", Int),
                ("ftQueueItemId", Guid),
                ("ftQueueId", Guid),
                ("FCDC", GuidIfAny),
                ("FIC", GuidIfAny),
                ("IIC", GuidIfAny),
                ("JournalType", Int),
                ("TimeStamp", Int),
            ],
        ),
    ]
}

fn italy() -> Vec<Shape> {
    let beginning = [
        ("ftQueueITId", Key),
        ("ftSignaturCreationUnitITId", GuidIfAny),
        ("LastHash", TextIfAny),
        ("CashBoxIdentification", TextIfAny),
    ];
    let queue = [&beginning[..], &FAILURES, &[("TimeStamp", Int)]].concat();
    vec![
        Shape::new("ftQueueIT", &queue),
        Shape::new(
            "ftSignaturCreationUnitIT",
            &[
                ("ftSignaturCreationUnitITId", Key),
                ("Url", TextIfAny),
                ("InfoJson", TextIfAny),
                ("TimeStamp", Int),
            ],
        ),
        Shape::new(
            "ftJournalIT",
            &[
                ("ftJournalITId", Key),
                ("ftQueueItemId", Guid),
                ("ftQueueId", Guid),
                ("ftSignaturCreationUnitITId", Guid),
                ("ReceiptNumber", Int),
                ("ZRepNumber", Int),
                ("JournalType", Int),
                ("cbReceiptReference", TextIfAny),
                ("DataJson", TextIfAny),
                ("ReceiptDateTime", IntIfAny),
                ("TimeStamp", Int),
            ],
        ),
    ]
}
