//! What is sent to an FCC and what it answers (`fiscal-spec.md` 6.2). Members without a value are not sent.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use shared::api::moment;
use shared::clock::Ticks;

/// `POST oauth/token`.
#[derive(Deserialize)]
pub struct Token {
    /// The bearer token.
    pub access_token: String,
    /// Seconds.
    #[serde(deserialize_with = "number")]
    pub expires_in: u64,
}

/// An entry of `GET clients`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Client {
    /// As it was registered.
    pub client_id: String,
}

/// `POST registration`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Registration<'a> {
    /// The activation token.
    pub registration_token: &'a str,
    /// The client.
    pub unique_client_id: &'a str,
    /// The client, too.
    pub brief_description: &'a str,
    /// Always `PC_POS`.
    pub type_of_system: &'static str,
    /// The client, too.
    pub ers_identifier: &'a str,
}

/// `POST deregistration`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Deregistration<'a> {
    /// The client.
    pub unique_client_id: &'a str,
}

/// `GET info`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Info {
    /// How many clients may be known.
    pub max_number_clients: i64,
    /// How many transactions may be open.
    pub max_number_transactions: i64,
    /// How many are open, of all clients.
    pub current_number_of_transactions: i64,
}

/// `GET selfcheck`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SelfCheck {
    /// The version of what signs.
    pub remote_csp_version: Option<String>,
    /// The FCC's own version.
    pub fcc_version: Option<String>,
    /// The version of its part that talks to what signs.
    pub local_client_version: Option<String>,
    /// The TSE's keys.
    #[serde(default)]
    pub key_infos: Vec<KeyInfo>,
}

/// A key of the TSE.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyInfo {
    /// `ACTIVE` or `NONACTIVE`.
    pub state: String,
    /// The last signature's number.
    #[serde(default, deserialize_with = "optional_number")]
    pub last_signature_counter: Option<u64>,
}

/// `GET tssdetails`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TssDetails {
    /// Hex.
    pub serial_number_hex: String,
    /// Such as `ecdsa-plain-SHA384`.
    pub algorithm: String,
    /// Such as `unixTime`.
    pub time_format: String,
    /// DER in base64; holds the key that signs.
    pub leaf_certificate: String,
}

/// `POST transaction`, `POST transaction/{n}` and `PUT transaction/{n}`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step<'a> {
    /// Who asks.
    pub client_id: &'a str,
    /// Left out when empty.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub process_type: &'a str,
    /// Base64; never empty.
    pub process_data: &'a str,
}

/// What stands for process data that are empty: base64 of `<none>`.
pub const NO_PROCESS_DATA: &str = "PG5vbmU+";

impl<'a> Step<'a> {
    /// A step with these data, which may be empty.
    #[must_use]
    pub fn new(client_id: &'a str, process_type: &'a str, process_data_base64: &'a str) -> Self {
        let process_data = match process_data_base64 {
            "" => NO_PROCESS_DATA,
            given => given,
        };
        Self {
            client_id,
            process_type,
            process_data,
        }
    }
}

/// The answer to `POST transaction`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Started {
    /// The transaction's number.
    #[serde(deserialize_with = "number")]
    pub transaction_number: u64,
    /// The signature.
    #[serde(flatten)]
    pub signature: Signature,
}

/// A signature in an answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Signature {
    /// Its number.
    #[serde(deserialize_with = "number")]
    pub signature_counter: u64,
    /// Base64.
    pub signature_value: String,
    /// The TSE's time.
    #[serde(deserialize_with = "time")]
    pub log_time: Ticks,
}

/// The answer to an update: an FCC that does not sign them leaves the members out.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Updated {
    /// The signature's number.
    #[serde(default, deserialize_with = "optional_number")]
    pub signature_counter: Option<u64>,
    /// Base64.
    pub signature_value: Option<String>,
    /// The TSE's time.
    #[serde(default, deserialize_with = "optional_time")]
    pub log_time: Option<Ticks>,
}

/// An entry of `GET transactions`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenTransaction {
    /// Its number.
    #[serde(deserialize_with = "number")]
    pub transaction_number: u64,
}

/// The body of a refusal.
#[derive(Debug, Deserialize)]
pub struct Refusal {
    /// A word in capitals.
    #[serde(rename = "ErrorType", alias = "errorType")]
    pub error_type: String,
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    number_of(&value).ok_or_else(|| serde::de::Error::custom("a whole number is expected"))
}

fn optional_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        value => number_of(&value)
            .map(Some)
            .ok_or_else(|| serde::de::Error::custom("a whole number is expected")),
    }
}

/// Versions of the FCC differ in whether they write numbers as text.
fn number_of(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Ticks, D::Error> {
    let value = Value::deserialize(deserializer)?;
    time_of(&value).ok_or_else(|| serde::de::Error::custom("a moment is expected"))
}

fn optional_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Ticks>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        value => time_of(&value)
            .map(Some)
            .ok_or_else(|| serde::de::Error::custom("a moment is expected")),
    }
}

/// ISO 8601, or seconds since 1970.
fn time_of(value: &Value) -> Option<Ticks> {
    match value {
        Value::String(text) => moment::parse(text).map(|moment| moment.ticks),
        Value::Number(seconds) => {
            let at = jiff::Timestamp::from_second(seconds.as_i64()?).ok()?;
            Some(Ticks::from_timestamp(at))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_without_a_value_are_not_sent_and_data_are_never_empty() {
        let sent = |step: &Step<'_>| serde_json::to_string(step).unwrap();
        assert_eq!(
            sent(&Step::new("K", "", "")),
            r#"{"clientId":"K","processData":"PG5vbmU+"}"#
        );
        assert_eq!(
            sent(&Step::new("K", "T", "YQ==")),
            r#"{"clientId":"K","processType":"T","processData":"YQ=="}"#
        );
    }

    #[test]
    fn numbers_and_times_are_read_in_either_form() {
        let read = |json: &str| serde_json::from_str::<Started>(json);
        let started = read(
            r#"{"transactionNumber":7,"serialNumber":"x","signatureCounter":"12","signatureValue":"cw==",
                "logTime":"2031-03-04T10:20:30Z"}"#,
        )
        .unwrap();
        assert_eq!(
            (started.transaction_number, started.signature.signature_counter),
            (7, 12)
        );
        let in_seconds = read(
            r#"{"transactionNumber":7,"signatureCounter":12,"signatureValue":"cw==","logTime":1930386030}"#,
        )
        .unwrap();
        assert_eq!(in_seconds.signature.log_time, started.signature.log_time);
        assert!(
            read(r#"{"transactionNumber":7,"signatureCounter":-1,"signatureValue":"","logTime":0}"#).is_err()
        );
    }

    #[test]
    fn an_update_may_be_answered_with_nothing() {
        let updated: Updated = serde_json::from_str("{}").unwrap();
        assert_eq!((updated.signature_counter, updated.log_time), (None, None));
    }
}
