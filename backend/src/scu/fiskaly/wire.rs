//! What fiskaly writes, as far as it is read. Counters come as numbers or as texts.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use shared::clock::Ticks;
use uuid::Uuid;

/// A TSS. One that was never initialised leaves most of it empty.
#[derive(Debug, Clone, Deserialize)]
#[expect(missing_docs, reason = "the members are fiskaly's and named by it")]
pub struct TssBody {
    pub state: String,
    #[serde(rename = "_env", default)]
    pub env: Option<String>,
    #[serde(rename = "_version", default)]
    pub version: Option<String>,
    #[serde(default)]
    pub certificate: Option<String>,
    #[serde(default)]
    pub public_key: Option<String>,
    #[serde(default)]
    pub serial_number: Option<String>,
    #[serde(default)]
    pub signature_algorithm: Option<String>,
    #[serde(default)]
    pub signature_timestamp_format: Option<String>,
    #[serde(default, deserialize_with = "maybe_number")]
    pub signature_counter: Option<u64>,
    #[serde(default, deserialize_with = "maybe_number")]
    pub transaction_counter: Option<u64>,
    #[serde(default, deserialize_with = "maybe_number")]
    pub max_number_registered_clients: Option<u64>,
    #[serde(default, deserialize_with = "maybe_number")]
    pub max_number_active_transactions: Option<u64>,
    #[serde(default, deserialize_with = "maybe_number")]
    pub number_active_transactions: Option<u64>,
    #[serde(default)]
    pub metadata: Option<Map<String, Value>>,
}

/// A client of a TSS.
#[derive(Debug, Clone, Deserialize)]
#[expect(missing_docs, reason = "the members are fiskaly's and named by it")]
pub struct ClientBody {
    #[serde(rename = "_id")]
    pub id: Uuid,
    pub serial_number: String,
    pub state: String,
}

/// A revision of a transaction.
#[derive(Clone, Deserialize)]
#[expect(missing_docs, reason = "the members are fiskaly's and named by it")]
pub struct TxBody {
    pub state: String,
    #[serde(deserialize_with = "number")]
    pub number: u64,
    #[serde(deserialize_with = "number")]
    pub latest_revision: u64,
    pub client_serial_number: String,
    pub tss_serial_number: String,
    #[serde(deserialize_with = "number")]
    pub time_start: u64,
    pub log: LogBody,
    pub signature: SignatureBody,
    #[serde(default)]
    pub schema: Option<SchemaBody>,
    #[serde(default)]
    pub metadata: Option<Map<String, Value>>,
}

/// What was signed last, and when.
#[derive(Clone, Deserialize)]
#[expect(missing_docs, reason = "the members are fiskaly's and named by it")]
pub struct LogBody {
    #[serde(deserialize_with = "number")]
    pub timestamp: u64,
    pub timestamp_format: String,
}

/// The signature of a revision.
#[derive(Clone, Deserialize)]
#[expect(missing_docs, reason = "the members are fiskaly's and named by it")]
pub struct SignatureBody {
    pub value: String,
    pub algorithm: String,
    #[serde(deserialize_with = "number")]
    pub counter: u64,
    pub public_key: String,
}

/// What a transaction is about.
#[derive(Clone, Deserialize)]
#[expect(missing_docs, reason = "the members are fiskaly's and named by it")]
pub struct SchemaBody {
    #[serde(default)]
    pub raw: Option<RawBody>,
}

/// Process type and data as they were sent.
#[derive(Clone, Deserialize)]
#[expect(missing_docs, reason = "the members are fiskaly's and named by it")]
pub struct RawBody {
    #[serde(default)]
    pub process_type: Option<String>,
    #[serde(default)]
    pub process_data: Option<String>,
}

/// An export.
#[derive(Debug, Clone, Deserialize)]
#[expect(missing_docs, reason = "the members are fiskaly's and named by it")]
pub struct ExportBody {
    pub state: String,
    #[serde(default)]
    pub exception: Option<Value>,
}

/// A page of a list.
#[derive(Debug, Clone, Deserialize)]
pub struct Page<T> {
    /// Its entries.
    pub data: Vec<T>,
}

/// Why a call was refused.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ErrorBody {
    /// Such as `E_TX_NOT_FOUND`.
    #[serde(default)]
    pub code: Option<String>,
    /// In words.
    #[serde(default)]
    pub message: Option<String>,
}

/// A fresh token.
#[derive(Deserialize)]
#[expect(missing_docs, reason = "the members are fiskaly's and named by it")]
pub struct TokenBody {
    pub access_token: secrecy::SecretString,
    /// In seconds.
    #[serde(deserialize_with = "number")]
    pub access_token_expires_in: u64,
}

/// A moment in seconds since 1970.
#[must_use]
pub fn moment(seconds: u64) -> Option<Ticks> {
    let at = Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?;
    Some(Ticks::from_timestamp(at))
}

/// A whole number that stands as a number or as a text.
#[must_use]
pub fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    whole(&value).ok_or_else(|| serde::de::Error::custom("not a whole number"))
}

fn maybe_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        value => match whole(&value) {
            Some(number) => Ok(Some(number)),
            None => Err(serde::de::Error::custom("not a whole number")),
        },
    }
}
