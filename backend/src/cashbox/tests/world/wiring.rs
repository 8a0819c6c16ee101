//! How a pod of the world is put together: the real parts, over what all pods of the world share.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use shared::env::{Faults, Origin, Settings};
use shared::identity::pod::PodId;
use shared::identity::{CashBoxId, Incarnation};
use shared::placement::membership::Membership;
use shared::placement::pod::{PodRecord, PodState};

use super::{FETCHES_AT_ONCE, LEASE, World};
use crate::cashbox::Config;
use crate::cashbox::acknowledged::Acknowledged;
use crate::cashbox::parts::{Parts, Scus};
use crate::cashbox::prepared::PreparedCashboxes;
use crate::cashbox::registry::Registry;
use crate::config_service::{self, ConfigurationService};
use crate::metrics::Metrics;
use crate::ownership::peer::{Answer, Peers};
use crate::ownership::this_pod::ThisPod;
use crate::ownership::{self, Ownership, WhenUnreachable};
use crate::scu;
use crate::scu::deadline::{Deadline, Patience};
use crate::scu::simulator::{Simulators, Traits};

const SEALING_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

impl World {
    /// The cashboxes of a new pod, what it owns, and what it counts.
    pub(super) fn registry(&self, name: &str, config: Config) -> (Registry, Arc<Ownership>, Metrics) {
        let metrics = Metrics::new();
        let ownership = Arc::new(self.ownership(name));
        let simulators = self.simulators.clone();
        let registry = Registry::new(Arc::new(Parts {
            packing: tokio::sync::Semaphore::new(crate::cashbox::export::ROWS_AT_ONCE),
            config,
            ownership: ownership.clone(),
            owners: self.owners.clone(),
            successors: self.successors.clone(),
            prepared: PreparedCashboxes::default(),
            journal: self.journal.clone(),
            configurations: self.configurations(&metrics),
            scus: asked_once(simulators),
            acknowledged: Acknowledged::default(),
            clock: self.clock.clone(),
            metrics: metrics.cashbox.clone(),
        }));
        (registry, ownership, metrics)
    }

    fn ownership(&self, name: &str) -> Ownership {
        let address = "127.0.0.1:1".parse().unwrap();
        let record = PodRecord {
            id: PodId {
                name: name.parse().unwrap(),
                incarnation: Incarnation::random(),
            },
            address,
            admin_address: address,
            version: "test".into(),
            generation: "test".into(),
            started_at_ms: 0,
            state: PodState::Ready,
            load: 0,
        };
        Ownership::new(ownership::Parts {
            store: self.owners.clone(),
            membership: Membership::follow(self.owners.clone(), LEASE),
            peers: Arc::new(NobodyAnswers),
            pod: Arc::new(ThisPod::new(record)),
            lease: LEASE,
            renew_every: LEASE,
            when_unreachable: WhenUnreachable::Refuse,
        })
    }

    fn configurations(&self, metrics: &Metrics) -> ConfigurationService {
        let concurrency = FETCHES_AT_ONCE.to_string();
        let given = [
            (config_service::client::BASE_URL.name, self.service_url.as_str()),
            (config_service::client::RETRIES.name, "0"),
            (config_service::client::CONCURRENCY.name, concurrency.as_str()),
            // With a key, configurations are kept for times when the service is away.
            (config_service::seal::KEY.name, SEALING_KEY),
        ];
        let mut faults = Faults::default();
        let config =
            config_service::Config::read(&Settings::default().with(Origin::Flag, given), &mut faults);
        assert_eq!(faults.lines(), &[] as &[String]);
        let journal = self.journal.clone();
        ConfigurationService::new(
            config,
            journal,
            self.clock.clone(),
            metrics.config_service.clone(),
        )
        .unwrap()
    }
}

/// Other pods are gone.
#[derive(Debug)]
struct NobodyAnswers;

#[async_trait]
impl Peers for NobodyAnswers {
    async fn ask(&self, _: &PodRecord, _: CashBoxId) -> Answer {
        Answer::Refused
    }
}

/// Units that are asked once and waited for, so that a test's script decides alone.
fn asked_once(simulators: Arc<Simulators>) -> Scus {
    let counted = Arc::new(scu::metrics::Metrics::register(&Default::default()));
    let patience = Patience {
        one_try: Duration::from_secs(3600),
        tries: 1,
        pause: Duration::ZERO,
    };
    Scus::new(move |package| {
        let simulator = simulators.open(package.scu, Traits::default());
        Ok(Arc::new(Deadline::new(
            Arc::new(simulator),
            patience,
            counted.clone(),
        )))
    })
}
