//! The role `proxy`: ours, with owners for every cashbox.

use std::sync::Arc;
use std::time::Duration;

use shared::env::{Faults, Origin, Settings};
use shared::identity::pod::PodId;
use shared::identity::{Epoch, Incarnation};
use shared::ownership::in_memory::InMemoryStore;
use shared::ownership::store::OwnershipStore;
use shared::placement::pod::{PodRecord, PodState};
use shared::shutdown::Shutdown;

use crate::work::{self, POD_PORTS};

/// The pod that listens at the n-th port.
pub fn pod_id(number: usize) -> PodId {
    PodId {
        name: format!("pod-{number}").parse().expect("it is a pod name"),
        incarnation: Incarnation::from_u128(number as u128 + 1),
    }
}

/// Serves until the process is ended.
pub fn run(port: u16, cashboxes: u128) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let given = [
            ("Byodc__Proxy__Listen", format!("127.0.0.1:{port}")),
            ("Byodc__Proxy__AdminListen", "127.0.0.1:0".to_owned()),
            ("Byodc__Proxy__Threads", "1".to_owned()),
        ];
        let settings = Settings::default().with(Origin::Flag, given);
        let mut faults = Faults::default();
        let config = proxy::config::Config::read(&settings, &mut faults);
        anyhow::ensure!(faults.lines().is_empty(), "{faults}");
        let store = owned(cashboxes).await?;
        proxy::run(config, store, Shutdown::new()).await?;
        Ok(())
    })
}

/// A store in which every cashbox has its owner, as after a day's work.
async fn owned(cashboxes: u128) -> anyhow::Result<Arc<InMemoryStore>> {
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
    for n in 0..cashboxes {
        let pod = pod_id((n % POD_PORTS.len() as u128) as usize).incarnation;
        let cashbox = work::cashbox(n);
        store.reserve(cashbox, pod).await?;
        store.confirm(cashbox, pod, Epoch(1)).await?;
    }
    Ok(store)
}
