//! The smallest documented configuration, with everything a secret could be in.

use serde_json::{Value, json};
use shared::identity::{CashBoxId, QueueId, ScuId};

pub(crate) const CASHBOX: CashBoxId = CashBoxId::from_u128(0x1111_1111);
pub(crate) const QUEUE: QueueId = QueueId::from_u128(0xBBBB_BBBB);
pub(crate) const SCU: ScuId = ScuId::from_u128(0x7777_7777);

pub(crate) fn document() -> Value {
    json!({
        "helpers": null,
        "ftCashBoxId": CASHBOX,
        "ftSignaturCreationDevices": [{
            "Id": SCU,
            "Package": "Byodc.SCU.DE.Simulator",
            "Version": "latest",
            "Configuration": { "ApiSecret": "scu-hunter2" },
            "Url": ["grpc://localhost:18004"],
        }],
        "ftQueues": [{
            "Id": QUEUE,
            "Package": "fiskaltrust.Middleware.Queue.MySQL",
            "Version": "1.3.80",
            "Configuration": {
                "connectionstring": "raw:Server=mysql;Pwd=queue-hunter2;",
                "init_ftQueue": [{ "ftQueueId": QUEUE, "CountryCode": "DE" }],
                "init_ftQueueDE": [{
                    "ftQueueDEId": QUEUE,
                    "ftSignaturCreationUnitDEId": SCU,
                    "CashBoxIdentification": "KASSE-1",
                }],
                "init_ftSignaturCreationUnitDE": [{
                    "ftSignaturCreationUnitDEId": SCU,
                    "Url": "[\"grpc://localhost:18004\"]",
                }],
            },
            "Url": [],
        }],
        "TimeStamp": 640_600_000_000_000_004_i64,
    })
}
