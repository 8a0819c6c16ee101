//! What the authority is told when a queue is put into operation (4.5).

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
    is_start_receipt: bool,
    version: &'static str,
}

impl Notification {
    /// What is told of this queue and its TSE.
    #[must_use]
    pub fn of(work: &Work<'_>, info: &TseInfo) -> Self {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        Self {
            cash_box_id: work.options.cashbox.to_string(),
            queue_id: work.state.queue.queue.to_string(),
            moment: Moment::utc(work.now()).to_iso(),
            cash_box_identification: work.client_id().to_owned(),
            scu_id: work.queue_de.scu.map(|scu| scu.to_string()),
            scu_package_name: None,
            scu_signature_algorithm: text(&info.signature_algorithm),
            scu_public_key_base64: text(&info.public_key_base64),
            scu_serial_number_base64: text(&info.serial_number_octet),
            is_start_receipt: true,
            version: "V0",
        }
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
        format!("In-Betriebnahme-Beleg. {}", self.identities())
    }

    /// The notification itself.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("it has only text keys")
    }
}
