//! Tables that a German queue uses (`fiscal-spec.md` 8.2), columns in their order.

use super::Shape;
use super::Type::*;

pub(super) fn tables() -> Vec<Shape> {
    let mut tables = configuration();
    tables.extend(journals());
    tables.extend(transactions());
    tables.extend(master_data());
    tables
}

fn configuration() -> Vec<Shape> {
    vec![
        Shape::new("ftCashBox", &[("ftCashBoxId", Key), ("TimeStamp", Int)]),
        Shape::new(
            "ftQueue",
            &[
                ("ftQueueId", Key),
                ("ftCashBoxId", Guid),
                ("ftCurrentRow", Int),
                ("ftQueuedRow", Int),
                ("ftReceiptNumerator", Int),
                ("ftReceiptTotalizer", Money),
                ("ftReceiptHash", TextIfAny),
                ("StartMoment", IntIfAny),
                ("StopMoment", IntIfAny),
                ("CountryCode", TextIfAny),
                ("Timeout", Timeout),
                ("TimeStamp", Int),
            ],
        ),
        Shape::new(
            "ftQueueDE",
            &[
                ("ftQueueDEId", Key),
                ("ftSignaturCreationUnitDEId", GuidIfAny),
                ("LastHash", TextIfAny),
                ("CashBoxIdentification", TextIfAny),
                ("SSCDFailCount", Int),
                ("SSCDFailMoment", IntIfAny),
                ("SSCDFailQueueItemId", GuidIfAny),
                ("UsedFailedCount", Int),
                ("UsedFailedMomentMin", IntIfAny),
                ("UsedFailedMomentMax", IntIfAny),
                ("UsedFailedQueueItemId", GuidIfAny),
                ("TimeStamp", Int),
                ("DailyClosingNumber", SmallInt),
            ],
        ),
        Shape::new(
            "ftSignaturCreationUnitDE",
            &[
                ("ftSignaturCreationUnitDEId", Key),
                ("Url", TextIfAny),
                ("TseInfoJson", TextIfAny),
                ("TimeStamp", Int),
                ("Mode", SmallInt),
                ("ModeConfigurationJson", TextIfAny),
            ],
        ),
    ]
}

fn journals() -> Vec<Shape> {
    vec![
        Shape::new(
            "ftQueueItem",
            &[
                ("ftQueueItemId", Key),
                ("ftQueueId", Guid),
                ("ftQueueRow", Int),
                ("ftQueueTimeout", Int),
                ("ftWorkMoment", IntIfAny),
                ("ftDoneMoment", IntIfAny),
                ("ftQueueMoment", Int),
                ("cbReceiptMoment", Int),
                ("cbTerminalID", TextIfAny),
                ("cbReceiptReference", Reference),
                ("country", TextIfAny),
                ("version", TextIfAny),
                ("request", TextIfAny),
                ("requestHash", TextIfAny),
                ("response", TextIfAny),
                ("responseHash", TextIfAny),
                ("TimeStamp", Int),
                ("ProcessingVersion", TextIfAny),
            ],
        ),
        Shape::new(
            "ftReceiptJournal",
            &[
                ("ftReceiptJournalId", Key),
                ("ftReceiptMoment", Int),
                ("ftReceiptNumber", Int),
                ("ftReceiptTotal", Money),
                ("ftQueueId", Guid),
                ("ftQueueItemId", Guid),
                ("ftReceiptHash", TextIfAny),
                ("TimeStamp", Int),
            ],
        ),
        Shape::new(
            "ftActionJournal",
            &[
                ("ftActionJournalId", Key),
                ("ftQueueId", Guid),
                ("ftQueueItemId", Guid),
                ("Moment", Int),
                ("Priority", Int),
                ("Type", TextIfAny),
                ("Message", TextIfAny),
                ("DataBase64", TextIfAny),
                ("DataJson", TextIfAny),
                ("TimeStamp", Int),
            ],
        ),
        Shape::new(
            "ftJournalDE",
            &[
                ("ftJournalDEId", Key),
                ("Number", Int),
                ("FileName", TextIfAny),
                ("FileExtension", TextIfAny),
                ("FileContentBase64", TextIfAny),
                ("ftQueueItemId", Guid),
                ("ftQueueId", Guid),
                ("TimeStamp", Int),
            ],
        ),
    ]
}

fn transactions() -> Vec<Shape> {
    vec![
        Shape::new(
            "OpenTransaction",
            &[
                ("cbReceiptReference", ReferenceKey),
                ("TransactionNumber", IntIfAny),
                ("StartMoment", Int),
                ("StartTransactionSignatureBase64", TextIfAny),
            ],
        ),
        Shape::new(
            "FailedStartTransaction",
            &[
                ("cbReceiptReference", ReferenceKey),
                ("StartMoment", Int),
                ("ftQueueItemId", Guid),
                ("Request", TextIfAny),
                ("CashBoxIdentification", TextIfAny),
            ],
        ),
        Shape::new(
            "FailedFinishTransaction",
            &[
                ("cbReceiptReference", ReferenceKey),
                ("TransactionNumber", IntIfAny),
                ("FinishMoment", Int),
                ("ftQueueItemId", Guid),
                ("CashBoxIdentification", TextIfAny),
                ("Request", TextIfAny),
            ],
        ),
    ]
}

fn master_data() -> Vec<Shape> {
    let table = |name, key, columns: &[&'static str]| {
        let texts = columns.iter().map(|column| (*column, TextIfAny));
        let all: Vec<_> = std::iter::once((key, Key)).chain(texts).collect();
        Shape::new(name, &all)
    };
    const PLACE: [&str; 5] = ["Street", "Zip", "City", "Country", "VatId"];
    let placed = |first, last| [&[first][..], &PLACE, &[last]].concat();
    vec![
        table("AccountMasterData", "AccountId", &placed("AccountName", "TaxId")),
        table(
            "OutletMasterData",
            "OutletId",
            &placed("OutletName", "LocationId"),
        ),
        table("AgencyMasterData", "AgencyId", &placed("Name", "TaxId")),
        table(
            "PosSystemMasterData",
            "PosSystemId",
            &["Brand", "Model", "SoftwareVersion", "BaseCurrency", "Type"],
        ),
    ]
}
