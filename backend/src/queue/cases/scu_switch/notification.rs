//! What the authority is told when a queue leaves an SCU or comes to one (4.11).

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use shared::api::moment::Moment;
use shared::api::signature_item::SignatureItem;

use super::plan::Switch;
use crate::queue::signatures;
use crate::queue::work::Work;
use crate::scu::types::TseInfo;

/// Which end of a switch is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The SCU that is left.
    Source,
    /// The SCU that is come to.
    Target,
}

/// The notification.
#[derive(Debug, Clone)]
pub struct Notification {
    cash_box_id: String,
    queue_id: String,
    moment: String,
    cash_box_identification: String,
    switch: Switch,
    end: End,
    /// What is known of the TSE at that end; without it, texts are empty.
    tse: Option<TseInfo>,
}

impl Notification {
    /// What is told of this queue and the TSE at one end of its switch.
    #[must_use]
    pub fn of(work: &Work<'_>, switch: Switch, end: End, tse: Option<&TseInfo>) -> Self {
        Self {
            cash_box_id: work.options.cashbox.to_string(),
            queue_id: work.state.queue.queue.to_string(),
            moment: Moment::utc(work.now()).to_iso(),
            cash_box_identification: work.client_id().to_owned(),
            switch,
            end,
            tse: tse.cloned(),
        }
    }

    /// Register, TSE, queue and SCU, for people; without a TSE that was heard, queue and SCU.
    #[must_use]
    pub fn identities(&self) -> String {
        let scu = match self.end {
            End::Source => self.switch.source,
            End::Target => self.switch.target,
        };
        let register = match self.tse {
            Some(_) => format!(
                "Kassenseriennummer: {}, TSE-Seriennummer: {}, ",
                self.cash_box_identification,
                self.text(|tse| &tse.serial_number_octet)
            ),
            None => String::new(),
        };
        format!("{register}Queue-ID: {}, SCU-ID: {scu}", self.queue_id)
    }

    /// The caption of the code that carries it.
    #[must_use]
    pub fn caption(&self) -> String {
        let happened = match self.end {
            End::Source => "SCU von Queue getrennt",
            End::Target => "SCU mit Queue verbunden",
        };
        format!("{happened}. {}", self.identities())
    }

    /// The code that carries it.
    #[must_use]
    pub fn item(&self) -> SignatureItem {
        signatures::notification(self.caption(), self.json())
    }

    /// The notification itself.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("it has only text keys")
    }

    fn text(&self, member: impl Fn(&TseInfo) -> &Option<String>) -> &str {
        let tse = self.tse.as_ref();
        tse.and_then(|tse| member(tse).as_deref()).unwrap_or_default()
    }
}

/// In the order of the original; the names of the last members say which end they tell of.
impl Serialize for Notification {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let end = match self.end {
            End::Source => "Source",
            End::Target => "Target",
        };
        let mut members = serializer.serialize_map(None)?;
        members.serialize_entry("CashBoxId", &self.cash_box_id)?;
        members.serialize_entry("QueueId", &self.queue_id)?;
        members.serialize_entry("Moment", &self.moment)?;
        members.serialize_entry("CashBoxIdentification", &self.cash_box_identification)?;
        members.serialize_entry("SourceSCUId", &self.switch.source.to_string())?;
        members.serialize_entry("TargetSCUId", &self.switch.target.to_string())?;
        members.serialize_entry(&format!("{end}SCUPackageName"), &None::<String>)?;
        let algorithm = self.text(|tse| &tse.signature_algorithm);
        members.serialize_entry(&format!("{end}SCUSignatureAlgorithm"), algorithm)?;
        let key = self.text(|tse| &tse.public_key_base64);
        members.serialize_entry(&format!("{end}SCUPublicKeyBase64"), key)?;
        let serial = self.text(|tse| &tse.serial_number_octet);
        members.serialize_entry(&format!("{end}SCUSerialNumberOctet"), serial)?;
        members.serialize_entry("Version", "V0")?;
        members.end()
    }
}
