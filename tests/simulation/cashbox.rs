//! Cashboxes and what is posted to them.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use shared::api::receipt_request::ReceiptRequest;
use shared::clock::Ticks;
use shared::identity::{CashBoxId, QueueId, ScuId};

use crate::chance::Chance;

/// Everybody's access token.
pub const TOKEN: &str = "token";

const DE_IMPLICIT: i64 = 0x4445_0001_0000_0000;

/// A cashbox: one queue, one TSE.
#[derive(Debug, Clone)]
pub struct Cashbox {
    /// Its id.
    pub id: CashBoxId,
    /// Its queue.
    pub queue: QueueId,
    /// Its SCU.
    pub scu: ScuId,
}

impl Cashbox {
    /// A new one.
    pub fn new(chance: &mut Chance) -> Self {
        Self {
            id: CashBoxId::from_u128(chance.id()),
            queue: QueueId::from_u128(chance.id()),
            scu: ScuId::from_u128(chance.id()),
        }
    }

    /// Its document, as the configuration service serves it (`fiscal-spec.md` 2.2).
    pub fn document(&self) -> String {
        let stamp = 640_600_000_000_000_000_i64;
        json!({
            "ftCashBoxId": self.id,
            "TimeStamp": stamp,
            "ftSignaturCreationDevices": [{ "Id": self.scu, "Package": "Byodc.SCU.DE.Simulator", "Version": "1" }],
            "ftQueues": [{ "Id": self.queue, "Package": "Byodc.Queue", "Version": "1", "Configuration": {
                "init_ftCashBox": { "ftCashBoxId": self.id, "TimeStamp": stamp },
                "init_ftQueue": [{ "ftQueueId": self.queue, "CountryCode": "DE", "TimeStamp": stamp }],
                "init_ftQueueDE": [{
                    "ftQueueDEId": self.queue,
                    "ftSignaturCreationUnitDEId": self.scu,
                    "CashBoxIdentification": "KASSE-1",
                    "TimeStamp": stamp,
                }],
                "init_ftSignaturCreationUnitDE": [{
                    "ftSignaturCreationUnitDEId": self.scu, "Url": "[]", "TimeStamp": stamp,
                }],
            } }],
        })
        .to_string()
    }
}

/// What kind of receipt is posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Puts the queue into operation.
    InitialOperation,
    /// A sale, signed in one request.
    Sale,
    /// Ends failed mode.
    Zero,
}

/// A receipt to be signed, read once and posted as often as needed.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// The request.
    pub request: std::sync::Arc<ReceiptRequest>,
    /// The hash of its content.
    pub content_hash: [u8; 32],
}

impl Receipt {
    /// A receipt with a reference of its own.
    pub fn new(cashbox: &Cashbox, kind: Kind, reference: &str) -> Self {
        let (case, items) = match kind {
            Kind::InitialOperation => (3, json!([])),
            Kind::Zero => (2, json!([])),
            Kind::Sale => (1, sold()),
        };
        let body = json!({
            "ftCashBoxID": cashbox.id,
            "cbTerminalID": "T-1",
            "cbReceiptReference": reference,
            "cbReceiptMoment": "2031-03-04T10:20:30Z",
            "cbChargeItems": items,
            "cbPayItems": [],
            "ftReceiptCase": DE_IMPLICIT + case,
        })
        .to_string();
        let request = ReceiptRequest::from_json(body.as_bytes(), Ticks(0));
        Self {
            request: std::sync::Arc::new(request.expect("it is written above")),
            content_hash: Sha256::digest(body.as_bytes()).into(),
        }
    }
}

fn sold() -> Value {
    json!([{
        "Quantity": 1,
        "Description": "Kaffee",
        "Amount": 2.8,
        "VATRate": 19.0,
        "ftChargeItemCase": 0x4445_0000_0000_0001_i64,
    }])
}
