//! Pods over one journal, one ownership store and one configuration service.

use std::collections::HashSet;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use sha2::{Digest as _, Sha256};
use shared::api::receipt_request::ReceiptRequest;
use shared::clock::{Clock, MachineClock, Ticks};
use shared::env::{Faults, Origin, Settings};
use shared::identity::pod::PodId;
use shared::identity::{CashBoxId, Epoch, Incarnation, OperationId, QueueId};
use shared::ownership::in_memory::InMemoryStore;
use shared::ownership::store::{Owner, OwnershipStore as _};
use shared::placement::membership::Membership;
use shared::placement::pod::{PodRecord, PodState};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::directed_journal::DirectedJournal;
use super::directed_successors::DirectedSuccessors;
use crate::cashbox::acceptance::Acceptance;
use crate::cashbox::acknowledged::Acknowledged;
use crate::cashbox::command::{Answer, Caller};
use crate::cashbox::configuration::example;
use crate::cashbox::error::CashboxError;
use crate::cashbox::handle::CashboxHandle;
use crate::cashbox::handover::{HandoverOutcome, HandoverReason};
use crate::cashbox::mailbox::Posting;
use crate::cashbox::parts::{Parts, Scus};
use crate::cashbox::prepared::PreparedCashboxes;
use crate::cashbox::registry::{Registry, Visit};
use crate::cashbox::{Config, OwnDatabases, export, status::Hosted};
use crate::config_service::{self, ConfigurationService};
use crate::journal::JournalStore as _;
use crate::journal::entry::{JournalKind, JournalQuery, JournalRange, JournalRows};
use crate::metrics::Metrics;
use crate::ownership::handover::HandoverTarget;
use crate::ownership::peer::{Answer as PeerAnswer, Peers};
use crate::ownership::this_pod::ThisPod;
use crate::ownership::{self, Ownership, WhenUnreachable};
use crate::scu;
use crate::scu::deadline::{Deadline, Patience};
use crate::scu::simulator::script::Script;
use crate::scu::simulator::{self, Simulators, Traits};

pub(crate) const CASHBOX: CashBoxId = example::CASHBOX;
pub(super) const QUEUE: QueueId = example::QUEUE;
/// Of every cashbox here.
const CASHBOX_LOW_BITS: u128 = 0x1111_1111;
pub(super) const MAILBOX_DEPTH: usize = 32;
/// A zero receipt without the implicit flag: stored, and refused.
pub(super) const EXPLICIT_ZERO: i64 = 0x4445_0000_0000_0002;
pub(super) const START_TRANSACTION: i64 = 0x4445_0000_0000_0008;
const INITIAL_OPERATION: i64 = 0x4445_0001_0000_0003;
const POS_RECEIPT: i64 = 0x4445_0001_0000_0001;
/// How many configurations a pod fetches at a time.
pub(super) const FETCHES_AT_ONCE: usize = 8;
pub(crate) const TOKEN: &str = "secret";
const SEALING_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const SCU_TIMEOUT_MS: u64 = 100;
/// Longer than anything takes here that is not held up on purpose.
const STUCK: Duration = Duration::from_millis(500);
const IDLE: Duration = Duration::from_millis(20);
const EXPORTS: export::Config = export::Config {
    bytes_max: 1 << 20,
    within: Duration::from_secs(60),
};
const LEASE: Duration = Duration::from_secs(3600);

/// The configuration service: one document with changed ids, for whoever has an accepted token.
#[derive(Debug, Default)]
pub(super) struct Service {
    tokens: Mutex<HashSet<String>>,
    pub(super) fetches: AtomicUsize,
    pub(super) refusals: AtomicUsize,
    pub(super) away: AtomicBool,
    /// How many times the document was changed.
    pub(super) revision: AtomicUsize,
    /// Whose configuration is not given before the test says so.
    pub(super) held: Gate,
    in_flight: AtomicUsize,
    /// The most questions at a time.
    pub(super) peak: AtomicUsize,
}

/// Holds the cashboxes up that the test names, until it lets all go.
#[derive(Debug, Default)]
pub(super) struct Gate(watch::Sender<HashSet<String>>);

impl Gate {
    pub(super) fn hold_up(&self, cashboxes: impl IntoIterator<Item = CashBoxId>) {
        self.0
            .send_replace(cashboxes.into_iter().map(|id| id.to_string()).collect());
    }

    pub(super) fn let_go(&self) {
        self.0.send_replace(HashSet::new());
    }

    async fn pass(&self, cashbox: &str) {
        let mut held = self.0.subscribe();
        held.wait_for(|held| !held.contains(cashbox)).await.unwrap();
    }
}

impl Service {
    pub(super) fn accept(&self, token: &str) {
        self.tokens.lock().unwrap().insert(token.to_owned());
    }

    fn answer(&self, cashbox: &str, token: &str) -> Response {
        if self.away.load(Ordering::SeqCst) {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        if !self.tokens.lock().unwrap().contains(token) {
            self.refusals.fetch_add(1, Ordering::SeqCst);
            return StatusCode::UNAUTHORIZED.into_response();
        }
        self.fetches.fetch_add(1, Ordering::SeqCst);
        // Queue, SCU and cashbox all get ids of their own: they begin as the cashbox's does.
        let (shape, own) = ("00000000-0000-0000-0000-0000", "-0000-0000-0000-0000");
        let own = format!("{}{own}", &cashbox[..8]);
        let mut document = example::document();
        // A start may be silent for as long as its TSE is given for one try.
        document["ftQueues"][0]["Configuration"]["scu-timeout-ms"] = SCU_TIMEOUT_MS.into();
        // White space makes it another document that says the same.
        let white_space = " ".repeat(self.revision.load(Ordering::SeqCst));
        (document.to_string().replace(shape, &own) + &white_space).into_response()
    }
}

async fn answer(State(service): State<Arc<Service>>, headers: HeaderMap) -> Response {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let (cashbox, token) = (header("cashboxid"), header("accesstoken"));
    let now = service.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
    service.peak.fetch_max(now, Ordering::SeqCst);
    service.held.pass(&cashbox).await;
    service.in_flight.fetch_sub(1, Ordering::SeqCst);
    service.answer(&cashbox, &token)
}

/// Everything outside of a pod.
pub(crate) struct World {
    pub(super) journal: Arc<DirectedJournal>,
    pub(super) service: Arc<Service>,
    owners: Arc<InMemoryStore>,
    pub(super) successors: Arc<DirectedSuccessors>,
    simulators: Arc<Simulators>,
    clock: Arc<dyn Clock>,
    service_url: String,
}

impl World {
    pub(crate) async fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let service = Arc::new(Service::default());
        service.accept(TOKEN);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let service_url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(service.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
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
        let mut config = Config {
            mailbox_depth: MAILBOX_DEPTH,
            idle_after: None,
            hosted_max: 100,
            starts_max: 4,
            stuck_after: Duration::from_secs(300),
            own_databases: OwnDatabases::Replace,
            exports: EXPORTS,
        };
        change(&mut config);
        let (registry, ownership, metrics) = self.registry(name, config);
        self.successors.know(ownership.pod().incarnation(), &registry);
        Arc::new(Pod {
            registry,
            ownership,
            metrics,
            cashbox: CASHBOX,
            token: TOKEN.to_owned(),
        })
    }

    /// A pod with its front: what its router is made of.
    pub(crate) fn front(&self, name: &str, config: crate::http::Config) -> Arc<crate::http::Pod> {
        let cashboxes = Config {
            mailbox_depth: MAILBOX_DEPTH,
            idle_after: None,
            hosted_max: 100,
            starts_max: 4,
            stuck_after: Duration::from_secs(300),
            own_databases: OwnDatabases::Replace,
            exports: EXPORTS,
        };
        let (registry, ownership, metrics) = self.registry(name, cashboxes);
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

    fn registry(&self, name: &str, config: Config) -> (Registry, Arc<Ownership>, Metrics) {
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

/// Other pods are gone.
#[derive(Debug)]
struct NobodyAnswers;

#[async_trait]
impl Peers for NobodyAnswers {
    async fn ask(&self, _: &PodRecord, _: CashBoxId) -> PeerAnswer {
        PeerAnswer::Refused
    }
}

/// A pod as one caller of one cashbox sees it.
#[derive(Debug, Clone)]
pub(super) struct Pod {
    pub(super) registry: Registry,
    ownership: Arc<Ownership>,
    metrics: Metrics,
    cashbox: CashBoxId,
    token: String,
}

impl Pod {
    pub(super) fn with_token(&self, token: &str) -> Self {
        Self {
            token: token.to_owned(),
            ..self.clone()
        }
    }

    pub(super) fn at(&self, cashbox: CashBoxId) -> Self {
        Self {
            cashbox,
            ..self.clone()
        }
    }

    pub(super) fn id(&self) -> PodId {
        self.ownership.pod().record().id
    }

    fn visit(&self) -> Visit {
        let caller = Caller::with_token(self.token.as_str().into());
        Visit {
            cashbox: self.cashbox,
            caller,
            suspect: None,
        }
    }

    pub(super) async fn sign(&self, reference: impl AsRef<str>) -> Result<Answer, CashboxError> {
        self.sign_as(OperationId::random(), reference.as_ref()).await
    }

    pub(super) async fn sign_as(
        &self,
        operation: OperationId,
        reference: &str,
    ) -> Result<Answer, CashboxError> {
        self.post(operation, reference, POS_RECEIPT).await
    }

    pub(super) async fn sign_case(&self, operation: OperationId, case: i64) -> Result<Answer, CashboxError> {
        self.post(operation, "CASE", case).await
    }

    pub(super) async fn activate(&self) {
        self.sign_case(OperationId::random(), INITIAL_OPERATION)
            .await
            .unwrap();
    }

    /// A request that outlives its caller's borrow.
    pub(super) fn signing(
        self: Arc<Self>,
        operation: OperationId,
        reference: impl Into<String>,
    ) -> impl Future<Output = Result<Answer, CashboxError>> {
        let reference = reference.into();
        async move { self.sign_as(operation, &reference).await }
    }

    async fn post(&self, operation: OperationId, reference: &str, case: i64) -> Result<Answer, CashboxError> {
        let body = serde_json::json!({
            "ftCashBoxID": self.cashbox,
            "cbTerminalID": "T-1",
            "cbReceiptReference": reference,
            "cbReceiptMoment": "2031-03-04T10:20:30Z",
            "cbChargeItems": [],
            "cbPayItems": [],
            "ftReceiptCase": case,
        })
        .to_string();
        let request = ReceiptRequest::from_json(body.as_bytes(), Ticks(0)).unwrap();
        let content_hash = Sha256::digest(body.as_bytes()).into();
        let posting = Posting {
            operation,
            content_hash,
            request: Arc::new(request),
        };
        let asked = self.registry.sign(&self.visit(), posting).await;
        asked.outcome.map(|signed| signed.answer)
    }

    /// A figure as it is scraped: name and labels as they are printed.
    pub(super) fn figure(&self, name: &str) -> u64 {
        let text = self.metrics.text();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no figure {name}"))
            .parse()
            .unwrap()
    }

    pub(super) fn stage(&self) -> &'static str {
        self.hosted().unwrap().state
    }

    pub(super) async fn accept_journal(&self) -> Result<Arc<Acceptance>, CashboxError> {
        self.registry
            .accept_journal(self.cashbox, "the backup is all we have")
            .await
    }

    pub(super) async fn reset(&self) -> Result<(), CashboxError> {
        self.registry.reset(&self.visit()).await.outcome
    }

    pub(super) fn epoch(&self) -> Epoch {
        self.hosted().and_then(|hosted| hosted.epoch).unwrap()
    }

    pub(super) fn live(&self) -> CashboxHandle {
        self.registry.live(self.cashbox).unwrap()
    }

    /// Until the pod has heard of so many pods that may take cashboxes.
    pub(super) async fn until_successors(&self, count: usize) {
        until(|| {
            self.ownership
                .successors(self.cashbox, &HandoverTarget::Any)
                .len()
                == count
        })
        .await;
    }

    /// Until the cashbox was told to leave.
    pub(super) async fn until_departing(&self) {
        until(|| self.live().departs()).await;
    }

    pub(super) async fn hand_over(&self, target: &HandoverTarget) -> HandoverOutcome {
        let reason = HandoverReason::Operator;
        self.registry.hand_over(self.cashbox, target, reason).await
    }

    pub(super) fn hosts(&self) -> bool {
        self.hosted().is_some()
    }

    fn hosted(&self) -> Option<Hosted> {
        let (rows, _) = self.registry.hosted(None, 1000);
        rows.into_iter().find(|row| row.cashbox == self.cashbox)
    }

    pub(super) async fn until_waiting(&self, waiting: usize) {
        until(|| self.hosted().is_some_and(|hosted| hosted.waiting == waiting)).await;
    }

    pub(super) async fn until(&self, condition: impl Fn() -> bool) {
        until(condition).await;
    }

    /// How many cashboxes of the pod count as stuck.
    pub(super) fn stuck(&self) -> usize {
        self.registry.stuck()
    }

    pub(super) async fn until_gone(&self) {
        until(|| self.hosted().is_none()).await;
    }

    /// Until the drain has told the cashbox to leave.
    pub(super) async fn until_draining(&self) {
        until(|| self.registry.is_draining() && self.live().departs()).await;
    }
}

async fn until(condition: impl Fn() -> bool) {
    let met = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), met)
        .await
        .expect("the condition was never met");
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
