//! What is asked of a TSE and what it answers (`fiscal-spec.md` 5.1 and 5.2).

use serde::{Deserialize, Serialize};
use shared::clock::Ticks;
use shared::identity::QueueItemId;

/// The identity of one TSE transaction, fixed before the first attempt: the queue item that causes it, and which
/// of the item's transactions it is (almost always the first and only one).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TransactionIdentity {
    /// The request that causes it; durable before the TSE is called.
    pub item: QueueItemId,
    /// 0 for the item's own transaction; 1, 2 … for further steps that the same receipt causes, such as the
    /// transactions that a daily closing finishes.
    pub step: u32,
}

/// Starts a transaction. Carries neither process type nor data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartTransaction {
    /// Which transaction.
    pub identity: TransactionIdentity,
    /// The queue's `CashBoxIdentification`.
    pub client_id: String,
    /// Whether it repeats one that failed.
    pub is_retry: bool,
}

/// A started transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartedTransaction {
    /// The TSE's number, 1, 2, 3 …
    pub transaction_number: u64,
    /// The TSE's time.
    pub time: Ticks,
    /// Hex.
    pub serial_number: String,
    /// As asked.
    pub client_id: String,
    /// Some units sign no start.
    pub signature: Option<SignatureData>,
}

/// Updates a started transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateTransaction {
    /// Which step.
    pub identity: TransactionIdentity,
    /// The queue's `CashBoxIdentification`.
    pub client_id: String,
    /// The TSE's number.
    pub transaction_number: u64,
    /// May be empty.
    pub process_type: String,
    /// May be empty.
    pub process_data_base64: String,
    /// Whether it repeats one that failed.
    pub is_retry: bool,
}

/// An updated transaction. Some units do not sign updates: then the parts they would give are empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdatedTransaction {
    /// The TSE's number.
    pub transaction_number: u64,
    /// The TSE's time.
    pub time: Ticks,
    /// Hex.
    pub serial_number: String,
    /// As asked.
    pub client_id: String,
    /// As asked.
    pub process_type: Option<String>,
    /// As asked.
    pub process_data_base64: Option<String>,
    /// The signature.
    pub signature: Option<SignatureData>,
}

/// Finishes a started transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishTransaction {
    /// Which step.
    pub identity: TransactionIdentity,
    /// The queue's `CashBoxIdentification`.
    pub client_id: String,
    /// The TSE's number.
    pub transaction_number: u64,
    /// Such as `Kassenbeleg-V1`.
    pub process_type: String,
    /// Base64 of the process data.
    pub process_data_base64: String,
    /// Whether it repeats one that failed.
    pub is_retry: bool,
}

/// A finished transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinishedTransaction {
    /// The TSE's number.
    pub transaction_number: u64,
    /// When it was started, in the TSE's time.
    pub start_time: Ticks,
    /// When it was finished, in the TSE's time.
    pub time: Ticks,
    /// Such as `utcTime`.
    pub time_format: String,
    /// Hex.
    pub serial_number: String,
    /// As asked.
    pub client_id: String,
    /// As asked.
    pub process_type: String,
    /// As asked.
    pub process_data_base64: String,
    /// The signature.
    pub signature: SignatureData,
}

/// A signature and what is needed to check it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignatureData {
    /// The TSE's signature counter.
    pub counter: u64,
    /// Such as `ecdsa-plain-SHA256`.
    pub algorithm: String,
    /// The signature.
    pub signature_base64: String,
    /// The TSE's key.
    pub public_key_base64: String,
}

/// What a TSE has signed under one identity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TransactionTrace {
    /// The start, if it was signed under this identity.
    pub started: Option<StartedTransaction>,
    /// The update, if it was signed under this identity.
    pub updated: Option<UpdatedTransaction>,
    /// The finish, if it was signed under this identity.
    pub finished: Option<FinishedTransaction>,
}

/// A receipt whose pod died before it was answered, for units whose TSE takes no identities: what was signed for it is
/// found by its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interrupted {
    /// The receipt.
    pub item: QueueItemId,
    /// The queue's `CashBoxIdentification`.
    pub client_id: String,
    /// When the receipt was taken, by the clock of the pod that took it.
    pub since: Ticks,
    /// The highest transaction number that the journal shows.
    pub recorded_through: u64,
}

/// What was signed of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StepKind {
    /// Its start.
    Start,
    /// An update.
    Update,
    /// Its finish.
    Finish,
}

impl StepKind {
    /// The kind in one word, for journals and logs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Update => "update",
            Self::Finish => "finish",
        }
    }
}

/// One signature that a TSE has made: what it shows when it is asked for its last ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedStep {
    /// Under which identity it was asked for.
    pub identity: TransactionIdentity,
    /// What was signed.
    pub kind: StepKind,
    /// The transaction's number.
    pub transaction_number: u64,
    /// The TSE's signature counter.
    pub counter: u64,
    /// The TSE's time.
    pub time: Ticks,
    /// The signature.
    pub signature_base64: String,
}

impl TransactionTrace {
    /// Everything in it that carries a signature.
    #[must_use]
    pub fn signed_steps(&self, identity: TransactionIdentity) -> Vec<SignedStep> {
        let step = |kind, transaction_number, time, signature: &SignatureData| SignedStep {
            identity,
            kind,
            transaction_number,
            counter: signature.counter,
            time,
            signature_base64: signature.signature_base64.clone(),
        };
        let started = self.started.as_ref().and_then(|started| {
            let signature = started.signature.as_ref()?;
            Some(step(
                StepKind::Start,
                started.transaction_number,
                started.time,
                signature,
            ))
        });
        let updated = self.updated.as_ref().and_then(|updated| {
            let signature = updated.signature.as_ref()?;
            Some(step(
                StepKind::Update,
                updated.transaction_number,
                updated.time,
                signature,
            ))
        });
        let finished = self.finished.as_ref().map(|finished| {
            step(
                StepKind::Finish,
                finished.transaction_number,
                finished.time,
                &finished.signature,
            )
        });
        [started, updated, finished].into_iter().flatten().collect()
    }
}

/// The life of a TSE. Written as a number in JSON, as the original does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TseState {
    /// 0: delivered.
    Uninitialized,
    /// 1: signing.
    Initialized,
    /// 2: for good.
    Terminated,
}

impl TseState {
    /// The number in JSON.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::Uninitialized => 0,
            Self::Initialized => 1,
            Self::Terminated => 2,
        }
    }

    /// The name in error texts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Uninitialized => "Uninitialized",
            Self::Initialized => "Initialized",
            Self::Terminated => "Terminated",
        }
    }
}

impl Serialize for TseState {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.number())
    }
}

impl<'de> Deserialize<'de> for TseState {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match i64::deserialize(deserializer)? {
            0 => Ok(Self::Uninitialized),
            1 => Ok(Self::Initialized),
            2 => Ok(Self::Terminated),
            other => Err(serde::de::Error::custom(format!("no TSE state: {other}"))),
        }
    }
}

/// What a TSE says of itself, in the order and spelling of the original's JSON (5.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "the members are the original's and named by it")]
pub struct TseInfo {
    pub max_number_of_clients: i64,
    pub current_number_of_clients: i64,
    pub current_client_ids: Option<Vec<String>>,
    pub max_number_of_started_transactions: i64,
    pub current_number_of_started_transactions: i64,
    /// `None` when the unit gives no list at all.
    pub current_started_transaction_numbers: Option<Vec<u64>>,
    pub max_number_of_signatures: i64,
    pub current_number_of_signatures: i64,
    pub max_log_memory_size: i64,
    pub current_log_memory_size: i64,
    pub current_state: TseState,
    pub firmware_identification: Option<String>,
    pub certification_identification: Option<String>,
    pub signature_algorithm: Option<String>,
    pub log_time_format: Option<String>,
    /// Hex.
    pub serial_number_octet: Option<String>,
    pub public_key_base64: Option<String>,
    pub certificates_base64: Option<Vec<String>>,
    pub info: Option<serde_json::Map<String, serde_json::Value>>,
}

/// Which part of the TSE's log to export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportScope {
    /// Everything not exported before; with `erase` it may be erased afterwards.
    All {
        /// The queue's `CashBoxIdentification`; empty for all clients.
        client_id: String,
        /// Whether the exported part is to be erased at the end.
        erase: bool,
    },
    /// By time.
    Time {
        /// The queue's `CashBoxIdentification`; empty for all clients.
        client_id: String,
        /// From, inclusive.
        from: Ticks,
        /// To, inclusive.
        to: Ticks,
    },
    /// By transaction number.
    Transactions {
        /// The queue's `CashBoxIdentification`; empty for all clients.
        client_id: String,
        /// From, inclusive.
        from: u64,
        /// To, inclusive.
        to: u64,
    },
}

/// A running export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportSession {
    /// Its token.
    pub token: String,
    /// Hex.
    pub serial_number: String,
}

/// A part of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportChunk {
    /// The bytes of this part.
    pub bytes: Vec<u8>,
    /// Whether it was the last.
    pub end_of_file: bool,
    /// The whole size, once the unit knows it.
    pub total_bytes: Option<u64>,
}

/// How an export ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportEnd {
    /// Whether the checksum was right.
    pub is_valid: bool,
    /// Whether the exported part was erased.
    pub is_erased: bool,
}
