//! Rows of a queue's tables.
//!
//! Column names and meanings are those of `fiscal-spec.md` chapter 8; the comments name the original's column
//! where ours reads differently. Dates are ticks, amounts exact decimals, JSON is kept as the text that was
//! hashed and is never written anew.

use rust_decimal::Decimal;
use shared::clock::Ticks;
use shared::identity::{CashBoxId, QueueId, QueueItemId, ScuId};
use uuid::Uuid;

/// The counters and the chain's end of a queue (`ftQueue`).
#[derive(Debug, Clone, PartialEq)]
pub struct QueueRow {
    /// `ftQueueId`.
    pub queue: QueueId,
    /// `ftCashBoxId`.
    pub cashbox: CashBoxId,
    /// Rows finished (`ftCurrentRow`).
    pub current_row: i64,
    /// Rows handed out (`ftQueuedRow`).
    pub queued_row: i64,
    /// Receipts in the chain (`ftReceiptNumerator`).
    pub receipt_numerator: i64,
    /// Sum of all receipt totals (`ftReceiptTotalizer`).
    pub receipt_totalizer: Decimal,
    /// The last chain hash, base64 (`ftReceiptHash`).
    pub receipt_hash: Option<String>,
    /// When the queue was put into operation.
    pub start_moment: Option<Ticks>,
    /// When it was put out of operation, for good.
    pub stop_moment: Option<Ticks>,
    /// Two letters, `DE`.
    pub country_code: String,
    /// Milliseconds; stored, not enforced (`Timeout`).
    pub timeout_ms: i64,
    /// Time of the last write (`TimeStamp`).
    pub time_stamp: Ticks,
}

/// The German part of a queue (`ftQueueDE`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueDeRow {
    /// The SCU in use; none while it is being switched (`ftSignaturCreationUnitDEId`).
    pub scu: Option<ScuId>,
    /// `LastHash`.
    pub last_hash: Option<String>,
    /// The TSE client id (`CashBoxIdentification`).
    pub cash_box_identification: String,
    /// Receipts since the TSE failed (`SSCDFailCount`).
    pub sscd_fail_count: i64,
    /// `SSCDFailMoment`.
    pub sscd_fail_moment: Option<Ticks>,
    /// `SSCDFailQueueItemId`.
    pub sscd_fail_queue_item: Option<QueueItemId>,
    /// Late entries since the last zero receipt (`UsedFailedCount`).
    pub used_failed_count: i64,
    /// `UsedFailedMomentMin`.
    pub used_failed_moment_min: Option<Ticks>,
    /// `UsedFailedMomentMax`.
    pub used_failed_moment_max: Option<Ticks>,
    /// `UsedFailedQueueItemId`.
    pub used_failed_queue_item: Option<QueueItemId>,
    /// `DailyClosingNumber`.
    pub daily_closing_number: i64,
    /// `TimeStamp`.
    pub time_stamp: Ticks,
}

/// A signature creation unit as a queue's database knows it (`ftSignaturCreationUnitDE`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScuRow {
    /// `ftSignaturCreationUnitDEId`.
    pub scu: ScuId,
    /// One URL, or a JSON array of URLs as text.
    pub url: Option<String>,
    /// What the TSE said of itself last.
    pub tse_info_json: Option<String>,
    /// `Mode`: bits of a planned switch.
    pub mode: i64,
    /// `ModeConfigurationJson`.
    pub mode_configuration_json: Option<String>,
    /// `TimeStamp`.
    pub time_stamp: Ticks,
}

/// One stored request (`ftQueueItem`), with its answer once it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueItemRow {
    /// `ftQueueItemId`.
    pub item: QueueItemId,
    /// `ftQueueRow`.
    pub row: i64,
    /// When it was received (`ftQueueMoment`).
    pub queue_moment: Ticks,
    /// Milliseconds (`ftQueueTimeout`).
    pub timeout_ms: i64,
    /// When work on it began.
    pub work_moment: Option<Ticks>,
    /// When it was answered; none while it is only an intent.
    pub done_moment: Option<Ticks>,
    /// `cbReceiptMoment`.
    pub receipt_moment: Ticks,
    /// `cbTerminalID`.
    pub terminal_id: String,
    /// `cbReceiptReference`.
    pub receipt_reference: String,
    /// Two letters out of the receipt case.
    pub country: String,
    /// `v1`.
    pub version: String,
    /// The request as canonical JSON.
    pub request: String,
    /// Base64 of its SHA-256.
    pub request_hash: String,
    /// The answer as canonical JSON.
    pub response: Option<String>,
    /// Base64 of its SHA-256.
    pub response_hash: Option<String>,
    /// `ProcessingVersion`.
    pub processing_version: String,
    /// `TimeStamp`.
    pub time_stamp: Ticks,
}

impl QueueItemRow {
    /// Takes over what the end of an intent adds to it ([`Entry::item`](super::Entry::item)).
    pub(in crate::journal) fn end_as(&mut self, ended: Self) {
        self.work_moment = ended.work_moment;
        self.done_moment = ended.done_moment;
        self.response = ended.response;
        self.response_hash = ended.response_hash;
        self.processing_version = ended.processing_version;
        self.time_stamp = ended.time_stamp;
    }
}

/// One link of the chain (`ftReceiptJournal`).
#[derive(Debug, Clone, PartialEq)]
pub struct ReceiptJournalRow {
    /// `ftReceiptJournalId`.
    pub id: Uuid,
    /// `ftReceiptMoment`.
    pub moment: Ticks,
    /// `ftReceiptNumber`: 1, 2, 3 … without a gap.
    pub number: i64,
    /// `ftReceiptTotal`.
    pub total: Decimal,
    /// Which request it chains.
    pub item: QueueItemId,
    /// Base64 of the chain hash.
    pub hash: String,
    /// `TimeStamp`.
    pub time_stamp: Ticks,
}

/// Something that happened besides receipts (`ftActionJournal`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionJournalRow {
    /// `ftActionJournalId`.
    pub id: Uuid,
    /// The request it belongs to; all zero when it belongs to none.
    pub item: QueueItemId,
    /// `Moment`.
    pub moment: Ticks,
    /// Below 0 must be reported, 0 fatal, 0x10 error, 0x20 warning, 0x30 information.
    pub priority: i64,
    /// `Type`.
    pub kind: String,
    /// `Message`.
    pub message: String,
    /// `DataBase64`.
    pub data_base64: Option<String>,
    /// `DataJson`.
    pub data_json: Option<String>,
    /// `TimeStamp`.
    pub time_stamp: Ticks,
}

/// An export of the TSE kept in the database (`ftJournalDE`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalDeRow {
    /// `ftJournalDEId`.
    pub id: Uuid,
    /// `Number`.
    pub number: i64,
    /// `FileName`.
    pub file_name: String,
    /// `FileExtension`.
    pub file_extension: String,
    /// `FileContentBase64`.
    pub content_base64: String,
    /// The request that caused it.
    pub item: QueueItemId,
    /// `TimeStamp`.
    pub time_stamp: Ticks,
}

/// A TSE transaction that was started and not finished (`OpenTransaction`), one per receipt reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenTransactionRow {
    /// `cbReceiptReference`.
    pub receipt_reference: String,
    /// The TSE's number.
    pub transaction_number: u64,
    /// The TSE's start time.
    pub start_moment: Ticks,
    /// The start signature.
    pub start_signature_base64: Option<String>,
}

/// A start that the TSE did not see (`FailedStartTransaction`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedStartRow {
    /// `cbReceiptReference`.
    pub receipt_reference: String,
    /// When it failed.
    pub start_moment: Ticks,
    /// Which request.
    pub item: QueueItemId,
    /// The request as canonical JSON.
    pub request: String,
    /// `CashBoxIdentification`.
    pub cash_box_identification: String,
}

/// A finish that the TSE did not see (`FailedFinishTransaction`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedFinishRow {
    /// `cbReceiptReference`.
    pub receipt_reference: String,
    /// The TSE's number.
    pub transaction_number: u64,
    /// When it failed.
    pub finish_moment: Ticks,
    /// Which request.
    pub item: QueueItemId,
    /// The request as canonical JSON.
    pub request: String,
    /// `CashBoxIdentification`.
    pub cash_box_identification: String,
}

/// The master data as one JSON document `{Account, Outlet, Agencies, PosSystems}`; how a store lays it out is its
/// own matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MasterDataJson(pub String);
