//! The role `proxy`: ours, with owners for every cashbox.

use std::sync::Arc;
use std::time::Duration;

use proxy::route::peer::Peers;
use proxy::route::table::Table;
use shared::env::{Faults, Origin, Settings};
use shared::identity::pod::PodId;
use shared::identity::{Epoch, Incarnation};
use shared::ownership::config::OwnershipConfig;
use shared::ownership::in_memory::InMemoryStore;
use shared::ownership::store::OwnershipStore;
use shared::placement::pod::{PodRecord, PodState};
use shared::shutdown::Shutdown;
use shared::trace::tracer::Tracer;

use crate::contender::Process;
use crate::work::{self, POD_PORTS};

/// The pod that listens at the n-th port.
pub fn pod_id(number: usize) -> PodId {
    PodId {
        name: format!("pod-{number}").parse().expect("it is a pod name"),
        incarnation: Incarnation::from_u128(number as u128 + 1),
    }
}

/// Where the proxy at a port tells its metrics.
pub fn admin_port(port: u16) -> u16 {
    port + 100
}

/// Serves until the process is ended.
pub fn run(port: u16, cashboxes: u128) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let given = [
            ("Byodc__Proxy__Listen", format!("127.0.0.1:{port}")),
            (
                "Byodc__Proxy__AdminListen",
                format!("127.0.0.1:{}", admin_port(port)),
            ),
            ("Byodc__Metrics__Listen", String::new()),
            ("Byodc__Proxy__Threads", "1".to_owned()),
        ];
        let settings = Settings::default().with(Origin::Flag, given);
        let mut faults = Faults::default();
        let lease = OwnershipConfig::read(&settings, &mut faults).lease;
        let config = proxy::config::Config::read(&settings, lease, &mut faults);
        anyhow::ensure!(faults.lines().is_empty(), "{faults}");
        let store = with_pods().await?;
        let running = proxy::start(config, store.clone(), Tracer::default(), Shutdown::new()).await?;
        claim(&store, cashboxes).await?;
        running.ended().await;
        Ok(())
    })
}

/// How many bytes of memory one known cashbox takes in the route table.
pub fn table(cashboxes: u128) -> anyhow::Result<()> {
    let (table, peers) = (Table::new(usize::MAX), Peers::default());
    let peer = peers.meet(&pod_id(0), ([127, 0, 0, 1], POD_PORTS[0]).into());
    let before = Process::own_memory_mib()?;
    for n in 0..cashboxes {
        table.learn(work::cashbox(n), &peer, Epoch(1));
    }
    let bytes = (Process::own_memory_mib()? - before) * 1024.0 * 1024.0;
    println!("{:.0}", bytes / cashboxes as f64);
    Ok(())
}

/// A store that knows the pods.
async fn with_pods() -> anyhow::Result<Arc<InMemoryStore>> {
    let store = Arc::new(InMemoryStore::new());
    let forever = Duration::from_secs(24 * 3600);
    for (number, port) in POD_PORTS.iter().enumerate() {
        let address = ([127, 0, 0, 1], *port).into();
        let pod = PodRecord {
            id: pod_id(number),
            address,
            admin_address: address,
            version: "bench".to_owned(),
            generation: "bench".to_owned(),
            started_at_ms: 0,
            state: PodState::Ready,
            load: 0,
        };
        store.renew(&pod, forever).await?;
    }
    Ok(store)
}

/// Gives every cashbox its owner. The proxy hears of each, as it would in a day's work; it gets its turn in between,
/// so that it misses none.
async fn claim(store: &InMemoryStore, cashboxes: u128) -> anyhow::Result<()> {
    for n in 0..cashboxes {
        if n % 32 == 0 {
            tokio::task::yield_now().await;
        }
        let pod = pod_id((n % POD_PORTS.len() as u128) as usize).incarnation;
        let cashbox = work::cashbox(n);
        store.reserve(cashbox, pod).await?;
        store.confirm(cashbox, pod, Epoch(1)).await?;
    }
    Ok(())
}
