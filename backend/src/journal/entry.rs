//! What is written to the journal and read from it: plain rows, no behaviour.
//!
//! Column names and meanings are those of `fiscal-spec.md` chapter 8; the comments name the original's column
//! where ours reads differently. Dates are ticks, amounts exact decimals, JSON is kept as the text that was
//! hashed and is never written anew.

use rust_decimal::Decimal;
use shared::clock::Ticks;
use shared::identity::{CashBoxId, OperationId, QueueId, QueueItemId, ScuId};
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
    /// Takes over what the end of an intent adds to it ([`Entry::item`]).
    pub(super) fn end_as(&mut self, ended: Self) {
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

/// What the configuration says of a queue, to be merged with what is stored (`fiscal-spec.md` 2.4).
#[derive(Debug, Clone, PartialEq)]
pub struct QueueSeed {
    /// The configuration's own time stamp of the cashbox (`init_ftCashBox.TimeStamp`).
    pub cashbox_time_stamp: Ticks,
    /// `init_ftQueue`, the entry of this queue.
    pub queue: QueueRow,
    /// `init_ftQueueDE`, the entry of this queue.
    pub queue_de: QueueDeRow,
    /// `init_ftSignaturCreationUnitDE`, all entries.
    pub scus: Vec<ScuRow>,
    /// `init_masterData`.
    pub master_data: Option<MasterDataJson>,
    /// The "Queue started" action journal (3.4), written unless the queue is in migration.
    pub started: ActionJournalRow,
}

/// Everything the queue engine needs, as loaded at the start of a tenure.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenQueue {
    /// Counters and the chain's end.
    pub queue: QueueRow,
    /// The German part.
    pub queue_de: QueueDeRow,
    /// Every SCU known.
    pub scus: Vec<ScuRow>,
    /// Transactions that are open.
    pub open_transactions: Vec<OpenTransactionRow>,
    /// Starts that the TSE did not see.
    pub failed_starts: Vec<FailedStartRow>,
    /// Finishes that the TSE did not see.
    pub failed_finishes: Vec<FailedFinishRow>,
    /// The master data on record.
    pub master_data: Option<MasterDataJson>,
    /// The newest moment of the queue's rows, this opening included: nothing that follows is dated before it.
    pub latest: Ticks,
    /// Intents without an outcome, in order of row: to be settled before anything else.
    pub interrupted: Vec<InterruptedIntent>,
    /// Whether the queue's last request started a migration: it takes no further one (4.11).
    pub in_migration: bool,
}

/// A request that was begun and not ended when its pod went away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterruptedIntent {
    /// The request as stored.
    pub item: QueueItemRow,
    /// Its operation id.
    pub operation: OperationId,
    /// Hash of the request's content, as in [`Intent::content_hash`].
    pub content_hash: [u8; 32],
}

/// A request about to be worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// The request, without an answer yet. Its row must be the stored `queued_row` + 1.
    pub item: QueueItemRow,
    /// Its operation id, unique within the queue.
    pub operation: OperationId,
    /// SHA-256 of the request's content, by which a repeated id with other content is told apart.
    pub content_hash: [u8; 32],
}

/// How an interrupted or finished intent ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It has an answer.
    Answered,
    /// It was never signed and never will be; asking again by its operation id says so.
    Abandoned,
}

/// Everything that one receipt changes, committed as one.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The operation that ends, begun with this item's row.
    pub operation: OperationId,
    /// How it ends.
    pub outcome: Outcome,
    /// The item with `work_moment`, `done_moment`, response and hash, `processing_version` and `time_stamp` of its
    /// end. The request and everything else stay as the intent wrote them.
    pub item: QueueItemRow,
    /// The link that it adds to the chain; none for an error or an abandoned intent.
    pub receipt: Option<ReceiptJournalRow>,
    /// The chain hash before this entry: the store checks that it is the stored one.
    pub previous_hash: Option<String>,
    /// Counters and the chain's end after this entry: `current_row` one higher than stored, whatever the outcome;
    /// `receipt_numerator` one higher with a receipt, and unchanged without. `queued_row` is the stored one, which
    /// is the intent's while nothing else is open.
    pub queue: QueueRow,
    /// The German part after this entry, if it changed.
    pub queue_de: Option<QueueDeRow>,
    /// Changes to the other tables, in order.
    pub changes: Vec<Change>,
}

/// One change besides queue, item and chain.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Adds an action journal row.
    AddActionJournal(ActionJournalRow),
    /// Keeps a TSE export.
    AddJournalDe(JournalDeRow),
    /// Drops a TSE export that was kept while the receipt was worked on, and is not wanted after all.
    RemoveJournalDe {
        /// Its id.
        id: Uuid,
        /// Its `TimeStamp`.
        time_stamp: Ticks,
    },
    /// Opens a transaction, replacing one of the same reference.
    PutOpenTransaction(OpenTransactionRow),
    /// Forgets an open transaction.
    RemoveOpenTransaction {
        /// Its `cbReceiptReference`.
        receipt_reference: String,
    },
    /// Remembers a failed start, replacing one of the same reference.
    PutFailedStart(FailedStartRow),
    /// Forgets a failed start.
    RemoveFailedStart {
        /// Its `cbReceiptReference`.
        receipt_reference: String,
    },
    /// Remembers a failed finish, replacing one of the same reference.
    PutFailedFinish(FailedFinishRow),
    /// Forgets a failed finish.
    RemoveFailedFinish {
        /// Its `cbReceiptReference`.
        receipt_reference: String,
    },
    /// Replaces an SCU's row.
    PutScu(ScuRow),
    /// Replaces the master data.
    PutMasterData(MasterDataJson),
}

/// How many rows a queue's journals hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JournalCounts {
    /// Rows of `ftActionJournal`.
    pub actions: i64,
    /// Rows of `ftJournalDE`.
    pub journals_de: i64,
    /// Rows of `ftQueueItem`, intents without an outcome included.
    pub items: i64,
    /// Rows of `ftReceiptJournal`.
    pub receipts: i64,
}

/// What became of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredOperation {
    /// Hash of the content it was used with.
    pub content_hash: [u8; 32],
    /// The stored request and, when it ended, its answer.
    pub item: QueueItemRow,
    /// How it ended; `None` while it is only an intent.
    pub outcome: Option<Outcome>,
}

/// A finished request as found by its reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredItem {
    /// The request and its answer.
    pub item: QueueItemRow,
}

/// Which journal, and which part of it (`fiscal-spec.md` chapter 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalQuery {
    /// Which rows.
    pub kind: JournalKind,
    /// Which part.
    pub range: JournalRange,
    /// Where to go on: what the page before said.
    pub after: Option<JournalCursor>,
    /// Rows of a page, at the most.
    pub limit: u32,
}

/// The journals that hold rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JournalKind {
    /// `ftActionJournal`.
    Action,
    /// `ftReceiptJournal`.
    Receipt,
    /// `ftQueueItem`.
    QueueItem,
    /// `ftJournalDE`.
    De,
}

/// A part of a journal, by time of writing; both ends belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JournalRange {
    /// From a moment to the end.
    From(Ticks),
    /// From a moment to another.
    Between(Ticks, Ticks),
    /// The first so many rows from a moment.
    First {
        /// The moment.
        from: Ticks,
        /// How many rows; with a cursor, how many are still wanted ([`JournalQuery::following`] counts down).
        count: u64,
    },
}

/// Where a page ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalCursor {
    /// The last row's `TimeStamp`.
    pub time_stamp: Ticks,
    /// The last row's id, which orders rows of one `TimeStamp`.
    pub id: Uuid,
}

/// A page of a journal.
#[derive(Debug, Clone, PartialEq)]
pub struct JournalPage {
    /// The rows, in order.
    pub rows: JournalRows,
    /// Where the next page begins; none at the end.
    pub next: Option<JournalCursor>,
}

/// Rows of one kind.
#[derive(Debug, Clone, PartialEq)]
pub enum JournalRows {
    /// `ftActionJournal`.
    Action(Vec<ActionJournalRow>),
    /// `ftReceiptJournal`.
    Receipt(Vec<ReceiptJournalRow>),
    /// `ftQueueItem`.
    QueueItem(Vec<QueueItemRow>),
    /// `ftJournalDE`.
    De(Vec<JournalDeRow>),
}

/// A configuration as kept for bad times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptConfiguration {
    /// Encrypted document and token, opaque to the journal.
    pub sealed: Vec<u8>,
    /// When it was fetched.
    pub fetched_at: Ticks,
}
