//! What the authority is told when a queue is put into operation or out of it (4.5, 4.6).

use serde::Serialize;
use shared::api::moment::Moment;

use crate::queue::work::Work;
use crate::scu::types::TseInfo;

/// The notification, its members in the order they are written.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Notification {
    cash_box_id: String,
    queue_id: String,
    moment: String,
    cash_box_identification: String,
    #[serde(rename = "SCUId")]
    scu_id: Option<String>,
    #[serde(rename = "SCUPackageName")]
    scu_package_name: Option<String>,
    #[serde(rename = "SCUSignatureAlgorithm")]
    scu_signature_algorithm: String,
    #[serde(rename = "SCUPublicKeyBase64")]
    scu_public_key_base64: String,
    /// Holds the serial in hex, whatever its name says.
    #[serde(rename = "SCUSerialNumberBase64")]
    scu_serial_number_base64: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_start_receipt: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_stop_receipt: Option<bool>,
    version: &'static str,
    /// What the receipt is called.
    #[serde(skip)]
    name: &'static str,
}

/// Which way a queue goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Into operation.
    Start,
    /// Out of operation.
    Stop,
}

impl Notification {
    /// What is told of this queue and its TSE; of one that was never heard, nothing.
    #[must_use]
    pub fn of(work: &Work<'_>, info: Option<&TseInfo>, direction: Direction) -> Self {
        let text = |member: fn(&TseInfo) -> &Option<String>| info.and_then(|info| member(info).clone());
        Self {
            cash_box_id: work.options.cashbox.to_string(),
            queue_id: work.state.queue.queue.to_string(),
            moment: Moment::utc(work.now()).to_iso(),
            cash_box_identification: work.client_id().to_owned(),
            scu_id: work.queue_de.scu.map(|scu| scu.to_string()),
            scu_package_name: None,
            scu_signature_algorithm: text(|info| &info.signature_algorithm).unwrap_or_default(),
            scu_public_key_base64: text(|info| &info.public_key_base64).unwrap_or_default(),
            scu_serial_number_base64: text(|info| &info.serial_number_octet).unwrap_or_default(),
            is_start_receipt: (direction == Direction::Start).then_some(true),
            is_stop_receipt: (direction == Direction::Stop).then_some(true),
            version: "V0",
            name: match direction {
                Direction::Start => "In-Betriebnahme-Beleg",
                Direction::Stop => "Außer-Betriebnahme-Beleg",
            },
        }
    }

    /// What the receipt is called, on the receipt.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Register, TSE and queue, for people.
    #[must_use]
    pub fn identities(&self) -> String {
        format!(
            "Kassenseriennummer: {}, TSE-Seriennummer: {}, Queue-ID: {}",
            self.cash_box_identification, self.scu_serial_number_base64, self.queue_id
        )
    }

    /// The caption of the code that carries it.
    #[must_use]
    pub fn caption(&self) -> String {
        format!("{}. {}", self.name, self.identities())
    }

    /// The notification itself.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("it has only text keys")
    }
}
