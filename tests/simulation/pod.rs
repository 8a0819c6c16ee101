//! A pod of the real parts: what `app.rs` builds, over simulated edges and without listeners.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use backend::cashbox::acknowledged::Acknowledged;
use backend::cashbox::parts::{Parts, Scus};
use backend::cashbox::prepared::PreparedCashboxes;
use backend::cashbox::registry::Registry;
use backend::cashbox::{self, OWN_DATABASES};
use backend::config_service::{self, ConfigurationService, client, seal};
use backend::http;
use backend::http::journal::export::Exports;
use backend::journal::JournalStore;
use backend::metrics::Metrics;
use backend::ownership::peer_keys::PeerKeys;
use backend::ownership::this_pod::ThisPod;
use backend::ownership::{self, Ownership, WhenUnreachable};
use backend::scu::deadline::{Deadline, Patience};
use backend::shutdown::{self, Running};
use shared::clock::Clock;
use shared::env::{Faults, Origin, Settings};
use shared::ownership::store::OwnershipEvent;
use shared::placement::membership::Membership;
use shared::placement::pod::PodRecord;
use shared::shutdown::Shutdown;
use tokio::sync::broadcast;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::edges::clock::WallClock;
use crate::edges::documents::DocumentsEdge;
use crate::edges::journal::JournalEdge;
use crate::edges::owners::OwnersEdge;
use crate::edges::peers::PeersEdge;
use crate::edges::scu::ScuEdge;
use crate::edges::successors::SuccessorsEdge;
use crate::host::Host;
use crate::simulation::HostId;
use crate::wire::{Fail, Lost, Parcel, Post, Wire};
use crate::witness::Who;

/// How patiently a TSE is asked.
pub const TSE_PATIENCE: Patience = Patience {
    one_try: Duration::from_millis(2_500),
    tries: 2,
    pause: Duration::from_millis(300),
};
/// Shorter than usual in the usual proportion, so that a run sees more of them run out.
const LEASE: Duration = Duration::from_secs(4);
const RENEW_EVERY: Duration = Duration::from_millis(800);
/// What seals kept configurations and offers.
const SEALING_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
/// How many events may wait for a process.
const EVENTS_KEPT: usize = 1024;

/// One start of a pod.
pub struct Process {
    /// Which.
    pub who: Who,
    /// Where it has come to.
    pub host: Host,
    /// What runs in it.
    pub pod: Arc<Pod>,
    /// What it hears of the store.
    pub events: broadcast::Sender<OwnershipEvent>,
    /// Those who wait for its answer.
    pub visitors: Vec<Visitor>,
    /// Whether it is stopped (SIGSTOP).
    pub paused: bool,
}

/// Somebody who waits for an answer of a pod.
pub struct Visitor {
    /// Who.
    pub from: HostId,
    /// Whether they still wait.
    pub waits: Box<dyn Fn() -> bool + Send>,
    /// What becomes of them when the pod dies.
    pub fail: Fail,
}

/// What runs in a process.
#[derive(Debug)]
pub struct Pod {
    /// Which start of it.
    pub who: Who,
    /// The cashboxes.
    pub registry: Registry,
    /// What it holds.
    pub ownership: Arc<Ownership>,
    /// Its wall clock.
    pub clock: Arc<WallClock>,
    /// What it counts.
    pub metrics: Metrics,
    /// Told when it is to stop (SIGTERM).
    pub shutdown: Shutdown,
    /// Whether it has ended by itself.
    pub ended: AtomicBool,
    /// Requests that it has not answered yet.
    open: AtomicUsize,
    wire: Wire,
}

impl Pod {
    /// How it describes itself.
    pub fn record(&self) -> PodRecord {
        self.ownership.pod().record()
    }
}

impl Process {
    /// Starts a pod.
    pub fn start(who: Who, now_ms: u64, record: PodRecord, skew_ms: i64) -> Self {
        let host = Host::start(now_ms);
        let events = broadcast::Sender::new(EVENTS_KEPT);
        let guard = host.enter();
        let clock = Arc::new(WallClock::new(now_ms, skew_ms));
        let pod = build(&host, who, now_ms, record, &events, clock);
        tokio::spawn(run(pod.clone()));
        drop(guard);
        Self {
            who,
            host,
            pod,
            events,
            visitors: Vec::new(),
            paused: false,
        }
    }

    /// Asks the pod something on somebody's behalf; the answer comes by its own wire.
    pub fn visit<T, F>(&mut self, from: HostId, post: Post<T>, question: impl FnOnce(Arc<Pod>) -> F)
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let (waiting, failing) = (post.clone(), post.clone());
        self.visitors.retain(|visitor| (visitor.waits)());
        self.visitors.push(Visitor {
            from,
            waits: Box::new(move || waiting.is_open()),
            fail: Box::new(move |lost| failing.give(Err(lost))),
        });
        let (pod, answer) = (self.pod.clone(), question(self.pod.clone()));
        let _guard = self.host.enter();
        pod.open.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(async move {
            let answer = answer.await;
            pod.open.fetch_sub(1, Ordering::Relaxed);
            let lost = post.clone();
            pod.wire.lay(Parcel::Reply {
                to: from,
                give: Box::new(move || post.give(Ok(answer))),
                fail: Box::new(move |why: Lost| lost.give(Err(why))),
            });
        });
    }
}

fn build(
    host: &Host,
    who: Who,
    now_ms: u64,
    record: PodRecord,
    events: &broadcast::Sender<OwnershipEvent>,
    clock: Arc<WallClock>,
) -> Arc<Pod> {
    let wire = host.wire().clone();
    let metrics = Metrics::new();
    let owners = Arc::new(OwnersEdge::new(wire.clone(), events.clone()));
    let journal: Arc<dyn JournalStore> = Arc::new(JournalEdge::new(wire.clone(), who));
    let ownership = Arc::new(Ownership::new(ownership::Parts {
        membership: Membership::follow(owners.clone(), RENEW_EVERY),
        store: owners.clone(),
        peers: Arc::new(PeersEdge(wire.clone())),
        pod: Arc::new(ThisPod::new(record)),
        lease: LEASE,
        renew_every: RENEW_EVERY,
        when_unreachable: WhenUnreachable::Claim,
    }));
    let wall: Arc<dyn Clock> = clock.clone();
    let configurations = ConfigurationService::over(
        Arc::new(DocumentsEdge(wire.clone())),
        read(config_service::Config::read),
        journal.clone(),
        wall.clone(),
    );
    let registry = Registry::new(Arc::new(Parts {
        packing: tokio::sync::Semaphore::new(cashbox::export::ROWS_AT_ONCE),
        config: read(cashbox::Config::read),
        ownership: ownership.clone(),
        owners,
        successors: Arc::new(SuccessorsEdge(wire.clone())),
        prepared: PreparedCashboxes::default(),
        journal,
        configurations,
        scus: scus(&wire, who, now_ms, &metrics),
        acknowledged: Acknowledged::default(),
        clock: wall,
        metrics: metrics.cashbox.clone(),
    }));
    Arc::new(Pod {
        who,
        registry,
        ownership,
        clock,
        metrics,
        shutdown: Shutdown::new(),
        ended: AtomicBool::new(false),
        open: AtomicUsize::new(0),
        wire,
    })
}

fn scus(wire: &Wire, who: Who, born_ms: u64, metrics: &Metrics) -> Scus {
    let (wire, born) = (wire.clone(), Instant::now());
    let counted = metrics.scu.clone();
    Scus::new(move |package| {
        let (wire, scu) = (wire.clone(), package.scu);
        let unit = Arc::new(ScuEdge {
            wire,
            who,
            scu,
            born,
            born_ms,
        });
        Ok(Arc::new(Deadline::new(unit, TSE_PATIENCE, counted.clone())))
    })
}

/// A part's configuration: the defaults, and what the simulation needs otherwise.
fn read<T>(read: impl FnOnce(&Settings, &mut Faults) -> T) -> T {
    let given = [
        (OWN_DATABASES.name, "replace"),
        (client::RETRIES.name, "0"),
        (seal::KEY.name, SEALING_KEY),
    ];
    let mut faults = Faults::default();
    let config = read(&Settings::default().with(Origin::Flag, given), &mut faults);
    assert_eq!(faults.lines(), &[] as &[String], "the defaults are sound");
    config
}

/// From start to end, as `app::run` has it.
async fn run(pod: Arc<Pod>) {
    let config = read(http::Config::read);
    let front = Arc::new(http::Pod {
        id: pod.record().id,
        exports: Exports::new(config.exports),
        config,
        peer_keys: PeerKeys::default(),
        registry: pod.registry.clone(),
        ownership: pod.ownership.clone(),
        journal: Arc::new(JournalEdge::new(pod.wire.clone(), pod.who)),
        clock: pod.clock.clone(),
        metrics: pod.metrics.clone(),
        tracer: shared::trace::tracer::Tracer::default(),
        draining: CancellationToken::new(),
    });
    let (close_listeners, stop_renewal) = (CancellationToken::new(), CancellationToken::new());
    let mut renewal = JoinSet::new();
    let (ownership, stop) = (pod.ownership.clone(), stop_renewal.clone());
    renewal.spawn(async move { ownership.keep_renewed(stop).await });
    let registry = pod.registry.clone();
    renewal.spawn(async move { registry.follow_hints().await });
    let (registry, stop) = (pod.registry.clone(), stop_renewal.clone());
    renewal.spawn(async move { registry.watch(stop).await });
    let mut listeners = JoinSet::new();
    listeners.spawn(answer_what_is_open(pod.clone(), close_listeners.clone()));
    pod.shutdown.drain.cancelled().await;
    let running = Running {
        pod: front,
        listeners,
        close_listeners,
        renewal,
        stop_renewal,
    };
    shutdown::stop(&read(shutdown::Config::read), &pod.shutdown, running).await;
    pod.ended.store(true, Ordering::Relaxed);
}

/// What is left of a listener: after it closes, it ends with the last open request.
async fn answer_what_is_open(pod: Arc<Pod>, close: CancellationToken) -> std::io::Result<()> {
    close.cancelled().await;
    while pod.open.load(Ordering::Relaxed) > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// Where the pod in a place is reached.
pub fn address(slot: usize) -> SocketAddr {
    let last = u8::try_from(slot + 1).expect("there are few pods");
    ([10, 0, 0, last], 80).into()
}
