//! A cashbox and the documents that describe it: one queue, one simulated TSE, market DE.

use std::path::Path;

use serde_json::{Value, json};
use shared::identity::{CashBoxId, QueueId, ScuId};

/// The time stamp of a cashbox's first configuration.
const FIRST_TIME_STAMP: i64 = 640_600_000_000_000_000;

/// A cashbox that a test made up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cashbox {
    /// Its id.
    pub id: CashBoxId,
    /// Its access token.
    pub token: String,
    /// Its only queue.
    pub queue: QueueId,
    /// Its only SCU.
    pub scu: ScuId,
    /// The TSE's client id.
    pub identification: String,
}

impl Cashbox {
    /// A new one. Its token is recognisable, so that it can be searched for in logs and databases.
    #[must_use]
    pub fn new() -> Self {
        let id = CashBoxId::random();
        Self {
            id,
            token: format!("token-of-{}", id.without_dashes()),
            queue: QueueId::random(),
            scu: ScuId::random(),
            identification: format!("KASSE-{}", &id.without_dashes()[..8].to_uppercase()),
        }
    }

    /// Its document as the configuration service serves it (`fiscal-spec.md` 2.2), with as few members as may be.
    #[must_use]
    pub fn document(&self) -> Value {
        json!({
            "ftCashBoxId": self.id,
            "TimeStamp": 640_600_000_000_000_004_i64,
            "helpers": [],
            "ftSignaturCreationDevices": [{
                "Id": self.scu,
                "Package": "Byodc.SCU.DE.Simulator",
                "Version": "1.0.0",
                "Configuration": {},
                "Url": ["grpc://localhost:18004"],
            }],
            "ftQueues": [{
                "Id": self.queue,
                "Package": "Byodc.Queue",
                "Version": "1.0.0",
                "Configuration": self.queue_configuration(),
                "Url": [format!("rest://localhost:1500/{}", self.queue)],
            }],
        })
    }

    /// The same with another SCU than the simulator: its package, which gets the cashbox's SCU id.
    #[must_use]
    pub fn document_signed_by(&self, package: &Value) -> Value {
        let mut document = self.document();
        document["ftSignaturCreationDevices"][0] = package.clone();
        document["ftSignaturCreationDevices"][0]["Id"] = json!(self.scu);
        document
    }

    /// The same in its `changes`-th edition, and its version: the time stamp by which a receipt's configuration is known.
    #[must_use]
    pub fn document_of_version(&self, changes: i64) -> (Value, i64) {
        let mut document = self.document();
        let version = FIRST_TIME_STAMP + changes;
        document["ftQueues"][0]["Configuration"]["init_ftCashBox"]["TimeStamp"] = json!(version);
        (document, version)
    }

    fn queue_configuration(&self) -> Value {
        json!({
            "init_ftCashBox": { "ftCashBoxId": self.id, "TimeStamp": FIRST_TIME_STAMP },
            "init_ftQueue": [{
                "ftQueueId": self.queue,
                "ftCashBoxId": self.id,
                "CountryCode": "DE",
                "Timeout": 15_000,
                "TimeStamp": 640_600_000_000_000_001_i64,
            }],
            "init_ftQueueDE": [{
                "ftQueueDEId": self.queue,
                "ftSignaturCreationUnitDEId": self.scu,
                "CashBoxIdentification": self.identification,
                "TimeStamp": 640_600_000_000_000_002_i64,
            }],
            "init_ftSignaturCreationUnitDE": [{
                "ftSignaturCreationUnitDEId": self.scu,
                "Url": "[\"grpc://localhost:18004\"]",
                "TimeStamp": 640_600_000_000_000_003_i64,
            }],
        })
    }

    /// Writes the two files from which `byodc config-service` serves it.
    pub fn publish(&self, folder: &Path) {
        self.publish_document(folder, &self.document().to_string());
    }

    /// The same with a document of the test's own.
    pub fn publish_document(&self, folder: &Path, document: &str) {
        std::fs::write(folder.join(format!("{}.token", self.id)), &self.token).unwrap();
        // Renamed into place, so that nobody reads half of it.
        let written = folder.join(format!("{}.new", self.id));
        std::fs::write(&written, document).unwrap();
        std::fs::rename(written, folder.join(format!("{}.json", self.id))).unwrap();
    }
}

impl Default for Cashbox {
    fn default() -> Self {
        Self::new()
    }
}
