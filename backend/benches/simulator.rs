//! How many signatures a simulated TSE gives in a second on one core: `cargo bench -p backend --bench simulator`.

use std::sync::Arc;
use std::time::Duration;

use backend::scu::Scu;
use backend::scu::simulator::unit::Simulator;
use backend::scu::simulator::{Config, Simulators, Traits};
use backend::scu::types::{FinishTransaction, StartTransaction, TransactionIdentity};
use criterion::{Criterion, Throughput};
use shared::clock::MachineClock;
use shared::identity::{QueueItemId, ScuId};

const CLIENT: &str = "KASSE-1";

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime can be built");
    let directory = tempfile::tempdir().expect("there is room for temporary files");
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("simulator");
    // A start and a finish: two signatures.
    group.throughput(Throughput::Elements(2));
    for (name, shared_in) in [
        ("in memory", None),
        ("shared by pods", Some(directory.path().to_owned())),
    ] {
        let config = Config {
            directory: shared_in,
            delay: Duration::ZERO,
        };
        let simulators = Simulators::new(config, Arc::new(MachineClock::default()));
        let tse = simulators
            .expect("the directory is there")
            .open(ScuId::random(), Traits::default());
        runtime
            .block_on(tse.register_client(CLIENT))
            .expect("a client can be registered");
        group.bench_function(name, |bencher| {
            bencher.iter(|| runtime.block_on(sign_receipt(&tse)))
        });
    }
    group.finish();
    criterion.final_summary();
}

/// What an implicit receipt asks of a TSE.
async fn sign_receipt(tse: &Simulator) {
    let identity = TransactionIdentity {
        item: QueueItemId::random(),
        step: 0,
    };
    let start = StartTransaction {
        identity,
        client_id: CLIENT.to_owned(),
        is_retry: false,
    };
    let started = tse
        .start_transaction(start)
        .await
        .expect("nothing forbids a start");
    let finish = FinishTransaction {
        identity,
        client_id: CLIENT.to_owned(),
        transaction_number: started.transaction_number,
        process_type: "Kassenbeleg-V1".to_owned(),
        process_data_base64: "QmVsZWdeMS4wMF8wLjAwXzAuMDBfMC4wMF8wLjAwXjEuMDA6QmFy".to_owned(),
        is_retry: false,
    };
    tse.finish_transaction(finish).await.expect("it was started");
}
