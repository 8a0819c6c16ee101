//! Everything outside of a pod: one journal, one ownership store, one configuration service and the TSEs.
//!
//! The pods of a world are made here, each of the kind that a test asks for; `wiring` puts them together, and `pod`
//! is what a test does with one.

/// How a pod is put together.
mod wiring;

use std::sync::Arc;
use std::time::Duration;

use shared::clock::{Clock, MachineClock, Ticks};
use shared::identity::{CashBoxId, QueueId};
use shared::ownership::in_memory::InMemoryStore;
use shared::ownership::store::{Owner, OwnershipStore as _};
use tokio_util::sync::CancellationToken;

use super::directed_journal::DirectedJournal;
use super::directed_service::DirectedService;
use super::directed_successors::DirectedSuccessors;
use super::pod::Pod;
use crate::cashbox::configuration::example;
use crate::cashbox::{Config, OwnDatabases, export};
use crate::journal::JournalStore as _;
use crate::journal::entry::{JournalKind, JournalQuery, JournalRange, JournalRows};
use crate::scu::simulator::script::Script;
use crate::scu::simulator::{self, Simulators};

pub(crate) const CASHBOX: CashBoxId = example::CASHBOX;
pub(super) const QUEUE: QueueId = example::QUEUE;
/// Of every cashbox here.
const CASHBOX_LOW_BITS: u128 = 0x1111_1111;
pub(super) const MAILBOX_DEPTH: usize = 32;
/// How many configurations a pod fetches at a time.
pub(super) const FETCHES_AT_ONCE: usize = 8;
pub(crate) const TOKEN: &str = "secret";
/// Longer than anything takes here that is not held up on purpose.
const STUCK: Duration = Duration::from_millis(500);
const IDLE: Duration = Duration::from_millis(20);
const EXPORTS: export::Config = export::Config {
    bytes_max: 1 << 20,
    within: Duration::from_secs(60),
};
const LEASE: Duration = Duration::from_secs(3600);

/// Everything outside of a pod.
pub(crate) struct World {
    pub(super) journal: Arc<DirectedJournal>,
    pub(super) service: Arc<DirectedService>,
    owners: Arc<InMemoryStore>,
    pub(super) successors: Arc<DirectedSuccessors>,
    simulators: Arc<Simulators>,
    clock: Arc<dyn Clock>,
    service_url: String,
}

impl World {
    pub(crate) async fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let service = Arc::new(DirectedService::default());
        service.accept(TOKEN);
        let service_url = service.clone().serve().await;
        let clock: Arc<dyn Clock> = Arc::new(MachineClock::default());
        let in_memory = simulator::Config {
            directory: None,
            delay: Duration::ZERO,
        };
        Self {
            journal: Arc::default(),
            service,
            owners: Arc::new(InMemoryStore::new()),
            successors: Arc::default(),
            simulators: Arc::new(Simulators::new(in_memory, clock.clone()).unwrap()),
            clock,
            service_url,
        }
    }

    pub(super) fn pod(&self, name: &str) -> Arc<Pod> {
        self.pod_with(name, |_| {})
    }

    pub(super) fn idle_pod(&self, name: &str) -> Arc<Pod> {
        self.pod_with(name, |config| config.idle_after = Some(IDLE))
    }

    pub(super) fn pod_without_replacements(&self, name: &str) -> Arc<Pod> {
        self.pod_with(name, |config| config.own_databases = OwnDatabases::Refuse)
    }

    /// A pod whose watchdog is at work and has little patience.
    pub(super) fn watched_pod(&self, name: &str) -> Arc<Pod> {
        let pod = self.pod_with(name, |config| config.stuck_after = STUCK);
        let registry = pod.registry.clone();
        tokio::spawn(async move { registry.watch(CancellationToken::new()).await });
        pod
    }

    /// A pod that starts one cashbox at a time.
    pub(super) fn narrow_pod(&self, name: &str) -> Arc<Pod> {
        self.pod_with(name, |config| config.starts_max = 1)
    }

    pub(super) fn small_pod(&self, name: &str) -> Arc<Pod> {
        self.pod_with(name, |config| config.hosted_max = 1)
    }

    fn pod_with(&self, name: &str, change: impl Fn(&mut Config)) -> Arc<Pod> {
        let mut config = roomy();
        change(&mut config);
        let (registry, ownership, metrics) = self.registry(name, config);
        self.successors.know(ownership.pod().incarnation(), &registry);
        Arc::new(Pod::new(registry, ownership, metrics))
    }

    /// A pod with its front: what its router is made of.
    pub(crate) fn front(&self, name: &str, config: crate::http::Config) -> Arc<crate::http::Pod> {
        let (registry, ownership, metrics) = self.registry(name, roomy());
        Arc::new(crate::http::Pod {
            id: ownership.pod().record().id,
            exports: crate::http::journal::export::Exports::new(config.exports),
            config,
            peer_keys: crate::ownership::peer_keys::PeerKeys::default(),
            registry,
            ownership,
            journal: self.journal.clone(),
            clock: self.clock.clone(),
            metrics,
            tracer: shared::trace::tracer::Tracer::default(),
            draining: CancellationToken::new(),
        })
    }

    /// A pod of a generation, on record as ready.
    pub(super) async fn ready_pod(&self, name: &str, generation: &str, started_at_ms: i64) -> Arc<Pod> {
        let pod = self.pod(name);
        let mut record = pod.ownership.pod().record();
        record.generation = generation.to_owned();
        record.started_at_ms = started_at_ms;
        self.owners.renew(&record, LEASE).await.unwrap();
        pod
    }

    /// The store forgets everything.
    pub(super) fn empty_store(&self) {
        self.owners.empty();
    }

    pub(super) fn other_cashbox(&self) -> CashBoxId {
        self.nth_cashbox(1)
    }

    /// One cashbox of many, each with a queue and an SCU of its own.
    pub(super) fn nth_cashbox(&self, n: u32) -> CashBoxId {
        CashBoxId::from_u128((u128::from(n) << 96) | CASHBOX_LOW_BITS)
    }

    /// How many receipts the chain of the cashbox has.
    pub(super) async fn receipts(&self) -> usize {
        let query = JournalQuery {
            kind: JournalKind::Receipt,
            range: JournalRange::From(Ticks(0)),
            after: None,
            limit: 1000,
        };
        self.journal.read(QUEUE, &query).await.unwrap().rows.len()
    }

    /// The action journal's rows of a kind, as their messages.
    pub(super) async fn noted(&self, kind: &str) -> Vec<String> {
        let query = JournalQuery {
            kind: JournalKind::Action,
            range: JournalRange::From(Ticks(0)),
            after: None,
            limit: 1000,
        };
        let page = self.journal.read(QUEUE, &query).await.unwrap();
        let JournalRows::Action(rows) = page.rows else {
            panic!("asked for actions");
        };
        let of_kind = rows.into_iter().filter(|row| row.kind == kind);
        of_kind.map(|row| row.message).collect()
    }

    /// What goes wrong with the cashbox's TSE.
    pub(crate) fn tse(&self) -> Arc<Script> {
        self.simulators.script(example::SCU)
    }

    /// From now on, pods that are made know nothing of owners and epochs of before.
    pub(super) fn forget_owners(&mut self) {
        self.owners = Arc::new(InMemoryStore::new());
    }

    pub(super) async fn owner(&self) -> Option<Owner> {
        self.owners.owner(CASHBOX).await.unwrap()
    }

    /// The owner of another cashbox.
    pub(super) async fn owner_of(&self, cashbox: CashBoxId) -> Option<Owner> {
        self.owners.owner(cashbox).await.unwrap()
    }

    /// Until nobody holds the cashbox.
    pub(super) async fn until_free(&self) {
        while self.owner().await.is_some() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Takes a pod for dead.
    pub(super) async fn bury(&self, pod: &Pod) {
        self.owners.bury(pod.id().incarnation).await.unwrap();
    }

    /// Longer than a cashbox may be idle.
    pub(super) async fn pass_time(&self) {
        tokio::time::sleep(IDLE * 5).await;
    }
}

/// A pod that has room for all, lets nobody rest and takes nobody for stuck.
fn roomy() -> Config {
    Config {
        mailbox_depth: MAILBOX_DEPTH,
        idle_after: None,
        hosted_max: 100,
        starts_max: 4,
        stuck_after: Duration::from_secs(300),
        own_databases: OwnDatabases::Replace,
        exports: EXPORTS,
    }
}
