//! A unit and its FCC, and receipts of one client.

use std::sync::Arc;

use backend::outbound::Outbound;
use backend::scu::Scu;
use backend::scu::connect::Connector;
use backend::scu::deadline::{Deadline, Patience};
use backend::scu::metrics::Metrics;
use backend::scu::package::{PackageKeys, ScuPackage};
use backend::scu::simulator::{Config, Simulators};
use backend::scu::types::{
    FinishTransaction, FinishedTransaction, StartTransaction, StartedTransaction, TransactionIdentity,
    UpdateTransaction,
};
use harness::fcc_server::FccServer;
use serde_json::Value;
use shared::clock::MachineClock;
use shared::identity::{QueueItemId, ScuId};
use std::time::Duration;

/// The client of most tests.
pub const CLIENT: &str = "KASSE-1";
/// Base64 of `Beleg^1.19`.
pub const DATA: &str = "QmVsZWdeMS4xOQ==";

/// The package that names this FCC, with a second to answer.
pub fn package(settings: &Value) -> ScuPackage {
    let mut settings = settings.clone();
    settings["FCCTimeoutSec"] = 1.into();
    ScuPackage {
        scu: ScuId::from_u128(1),
        package: "fiskaltrust.Middleware.SCU.DE.SwissbitCloudV2".to_owned(),
        version: String::new(),
        urls: Vec::new(),
        keys: PackageKeys::new(settings.as_object()),
        patience: Patience {
            one_try: Duration::from_secs(10),
            tries: 3,
            pause: Duration::from_millis(1),
        },
    }
}

fn connector() -> Connector {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let simulators = Simulators::new(Config::default(), Arc::new(MachineClock::default())).unwrap();
    let metrics = Arc::new(Metrics::register(&Default::default()));
    Connector::new(simulators, Outbound::default(), metrics)
}

/// A unit of a pod that knows nothing yet, asked once for each call.
pub fn unit(fcc: &FccServer) -> Arc<dyn Scu> {
    unit_with(&fcc.settings())
}

/// A unit with other settings.
pub fn unit_with(settings: &Value) -> Arc<dyn Scu> {
    connector().connect(&package(settings)).unwrap()
}

/// The same, asked as a queue asks it.
pub fn patient_unit(fcc: &FccServer) -> Deadline {
    let (connector, package) = (connector(), package(&fcc.settings()));
    connector.with_deadline(connector.connect(&package).unwrap(), &package)
}

pub fn identity(item: u128) -> TransactionIdentity {
    TransactionIdentity {
        item: QueueItemId::from_u128(item),
        step: 0,
    }
}

pub fn start(item: u128) -> StartTransaction {
    StartTransaction {
        identity: identity(item),
        client_id: CLIENT.to_owned(),
        is_retry: false,
    }
}

pub fn update(item: u128, number: u64) -> UpdateTransaction {
    UpdateTransaction {
        identity: identity(item),
        client_id: CLIENT.to_owned(),
        transaction_number: number,
        process_type: String::new(),
        process_data_base64: String::new(),
        is_retry: false,
    }
}

pub fn finish(item: u128, number: u64) -> FinishTransaction {
    FinishTransaction {
        identity: identity(item),
        client_id: CLIENT.to_owned(),
        transaction_number: number,
        process_type: "Kassenbeleg-V1".to_owned(),
        process_data_base64: DATA.to_owned(),
        is_retry: false,
    }
}

/// Starts and finishes a transaction.
pub async fn sign(unit: &dyn Scu, item: u128) -> (StartedTransaction, FinishedTransaction) {
    let started = unit.start_transaction(start(item)).await.unwrap();
    let finished = unit
        .finish_transaction(finish(item, started.transaction_number))
        .await;
    (started, finished.unwrap())
}
