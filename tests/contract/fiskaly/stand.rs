//! A unit and the server that it asks.

use std::sync::Arc;
use std::time::Duration;

use backend::outbound::Outbound;
use backend::scu::Scu;
use backend::scu::connect::Connector;
use backend::scu::deadline::Patience;
use backend::scu::metrics::Metrics;
use backend::scu::package::{PackageKeys, ScuPackage};
use backend::scu::simulator::{self, Simulators};
use backend::scu::types::{FinishTransaction, StartTransaction, TransactionIdentity};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use harness::fiskaly_server::FiskalyServer;
use serde_json::{Value, json};
use shared::clock::MachineClock;
use shared::figures::Figures;
use shared::identity::{QueueItemId, ScuId};

/// The queue's name at the TSS.
pub(super) const CLIENT: &str = "KASSE-1";

/// A server, and a pod that asks it.
pub(super) struct Stand {
    pub(super) server: FiskalyServer,
    pub(super) unit: Arc<dyn Scu>,
    pub(super) connector: Connector,
}

impl Stand {
    /// With a registered client.
    pub(super) async fn new() -> Self {
        Self::with(json!({})).await
    }

    /// The same with further settings.
    pub(super) async fn with(settings: Value) -> Self {
        let stand = Self::empty(settings).await;
        stand.unit.register_client(CLIENT).await.unwrap();
        stand
    }

    /// Without a client.
    pub(super) async fn empty(settings: Value) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let server = FiskalyServer::start().await;
        let connector = connector();
        let unit = connector.connect(&package(&server, &settings)).unwrap();
        Self {
            server,
            unit,
            connector,
        }
    }

    /// The same TSS for another cashbox of the pod.
    pub(super) fn another_cashbox(&self) -> Arc<dyn Scu> {
        self.connector
            .connect(&package(&self.server, &json!({})))
            .unwrap()
    }

    /// The same TSS for a queue that waits so long for one try, and tries once.
    pub(super) fn impatient(&self, one_try: Duration) -> Arc<dyn Scu> {
        let mut package = package(&self.server, &json!({}));
        package.patience.one_try = one_try;
        package.patience.tries = 1;
        let unit = self.connector.connect(&package).unwrap();
        Arc::new(self.connector.with_deadline(unit, &package))
    }

    /// The same TSS in another pod: it knows nothing of what this one did.
    pub(super) fn another_pod(&self) -> Arc<dyn Scu> {
        connector().connect(&package(&self.server, &json!({}))).unwrap()
    }
}

fn connector() -> Connector {
    let clock = Arc::new(MachineClock::default());
    let simulators = Simulators::new(simulator::Config::default(), clock).unwrap();
    let metrics = Arc::new(Metrics::register(&Figures::default()));
    Connector::new(simulators, Outbound::default(), metrics)
}

/// The server's package with further settings, asked with the patience of a configuration that sets none.
pub(super) fn package(server: &FiskalyServer, settings: &Value) -> ScuPackage {
    let package = server.package();
    let mut keys = package["Configuration"].as_object().unwrap().clone();
    keys.extend(settings.as_object().unwrap().clone());
    ScuPackage {
        scu: ScuId::from_u128(1),
        package: package["Package"].as_str().unwrap().to_owned(),
        version: String::new(),
        urls: Vec::new(),
        keys: PackageKeys::new(Some(&keys)),
        patience: Patience {
            one_try: Duration::from_secs(15),
            ..Patience::default()
        },
    }
}

/// The identity of an item's first transaction.
pub(super) fn identity(item: u128) -> TransactionIdentity {
    TransactionIdentity {
        item: QueueItemId::from_u128(item),
        step: 0,
    }
}

/// Starts the transaction of an item.
pub(super) fn start(item: u128) -> StartTransaction {
    StartTransaction {
        identity: identity(item),
        client_id: CLIENT.to_owned(),
        is_retry: false,
    }
}

/// Finishes a transaction for an item.
pub(super) fn finish(item: u128, number: u64) -> FinishTransaction {
    FinishTransaction {
        identity: identity(item),
        client_id: CLIENT.to_owned(),
        transaction_number: number,
        process_type: "Kassenbeleg-V1".to_owned(),
        process_data_base64: BASE64.encode("Beleg^2.80_0.00_0.00_0.00_0.00^2.80:Bar"),
        is_retry: false,
    }
}
