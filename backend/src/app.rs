//! A pod from its parts: the only place that knows them all.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::extract::Request;
use axum::serve::ListenerExt as _;
use jiff::Timestamp;
use shared::access::{every_interface, metrics_port};
use shared::clock::{Clock, MachineClock};
use shared::env::Setting;
use shared::ownership;
use shared::ownership::config::Place;
use shared::ownership::store::OwnershipStore;
use shared::placement::membership::Membership;
use shared::placement::pod::PodRecord;
use shared::shutdown::Shutdown;
use shared::trace::export::{Export, Source};
use shared::trace::tracer::Tracer;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::cashbox::acknowledged::Acknowledged;
use crate::cashbox::error::CashboxError;
use crate::cashbox::parts::{Parts, Scus};
use crate::cashbox::prepared::PreparedCashboxes;
use crate::cashbox::registry::Registry;
use crate::config::Config;
use crate::config_service::ConfigurationService;
use crate::http::journal::export::Exports;
use crate::http::router::{self, Front};
use crate::http::{self, Pod};
use crate::journal::JournalStore;
use crate::journal::config::{Home, JournalConfig};
use crate::journal::connection_string::Database;
use crate::journal::metrics::JournalMetrics;
use crate::metrics::Metrics;
use crate::outbound::Outbound;
use crate::ownership::Ownership;
use crate::ownership::handover::http::HttpSuccessors;
use crate::ownership::peer::HttpPeers;
use crate::ownership::this_pod::ThisPod;
use crate::rebalance::turns::Rebalancer;
use crate::scu::connect::Connector;
use crate::scu::package::ScuPackage;
use crate::scu::simulator::Simulators;
use crate::shutdown::{self, Running};
use crate::{deletion_cost, journal};

/// How long a pod that starts tries to reach the journal's database.
const JOURNAL_WITHIN: Duration = Duration::from_secs(30);
/// The pause between two tries.
const JOURNAL_PAUSE: Duration = Duration::from_secs(3);
/// How long a pod that starts waits to be on record before it answers anybody.
const ON_RECORD_WITHIN: Duration = Duration::from_secs(2);

/// Builds a pod, serves until `shutdown` is asked for, and returns when it has drained.
///
/// # Errors
/// When a part cannot be built: an address in use, a database or directory that cannot be opened. The message
/// names it.
pub async fn run(config: Config, shutdown: Shutdown) -> anyhow::Result<()> {
    let main = bind(&http::LISTEN, config.http.listen).await?;
    let admin = bind(&http::ADMIN_LISTEN, config.http.admin_listen).await?;
    let scraped = match config.http.metrics_listen {
        Some(address) => Some(bind(&metrics_port::LISTEN, address).await?),
        None => None,
    };
    let started_at_ms = Timestamp::now().as_millisecond();
    let record = config
        .pod
        .record(main.local_addr()?, admin.local_addr()?, started_at_ms);
    let scraped_at = scraped.as_ref().map(TcpListener::local_addr).transpose()?;
    announce(&record, main.local_addr()?, admin.local_addr()?, scraped_at);

    let (tracer, export) = Export::begin(&config.trace, &source(&record)).context("exporting spans")?;
    let building = build(&config, record, tracer);
    let Some(pod) = shutdown.drain.run_until_cancelled(building).await.transpose()? else {
        tracing::info!("told to stop before the pod was built");
        return Ok(());
    };
    pod.ownership.introduce(ON_RECORD_WITHIN).await;
    let (close_listeners, stop_renewal) = (CancellationToken::new(), CancellationToken::new());
    let mut listeners = JoinSet::new();
    listeners.spawn(serve(main, router::main(&pod), close_listeners.clone()));
    listeners.spawn(serve(admin, router::admin(&pod), close_listeners.clone()));
    if let Some(scraped) = scraped {
        listeners.spawn(serve(scraped, router::scraped(&pod), close_listeners.clone()));
    }
    let mut renewal = JoinSet::new();
    renewal.spawn(renew(pod.clone(), stop_renewal.clone()));
    renewal.spawn({
        let registry = pod.registry.clone();
        async move { registry.follow_hints().await }
    });
    renewal.spawn({
        let (registry, stop) = (pod.registry.clone(), stop_renewal.clone());
        async move { registry.watch(stop).await }
    });
    let costs = deletion_cost::keep_told(
        config.deletion_cost.clone(),
        pod.ownership.clone(),
        pod.metrics.deletion_cost.clone(),
    );
    renewal.spawn(until(stop_renewal.clone(), costs));
    let rebalancer = Rebalancer {
        config: config.rebalance.clone(),
        registry: pod.registry.clone(),
        ownership: pod.ownership.clone(),
        clock: pod.clock.clone(),
        metrics: pod.metrics.rebalance.clone(),
    };
    renewal.spawn(until(pod.draining.clone(), rebalancer.run()));

    let mut running = Running {
        pod,
        listeners,
        close_listeners,
        renewal,
        stop_renewal,
    };
    let ended = tokio::select! {
        () = shutdown.drain.cancelled() => None,
        ended = running.listeners.join_next() => ended,
    };
    shutdown::stop(&config.shutdown, &shutdown, running).await;
    export.finish().await;
    match ended {
        None => Ok(()),
        Some(ended) => ended?.context("a listener ended by itself"),
    }
}

async fn bind(setting: &Setting, address: SocketAddr) -> anyhow::Result<TcpListener> {
    let address = every_interface::here(setting, address);
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address} ({})", setting.name))
}

fn announce(record: &PodRecord, main: SocketAddr, admin: SocketAddr, scraped: Option<SocketAddr>) {
    tracing::info!(pod.id = %record.id, listen = %main, admin_listen = %admin,
        metrics_listen = scraped.map(tracing::field::display), address = %record.address,
        admin_address = %record.admin_address, version = record.version, "the pod listens");
}

/// Whose spans they are.
fn source(record: &PodRecord) -> Source {
    Source {
        role: "backend",
        name: record.id.name.to_string(),
        instance: record.id.incarnation.to_string(),
        version: env!("CARGO_PKG_VERSION"),
    }
}

/// Every part, in the order in which they need each other.
async fn build(config: &Config, record: PodRecord, tracer: Tracer) -> anyhow::Result<Arc<Pod>> {
    let metrics = Metrics::new();
    let clock: Arc<dyn Clock> = Arc::new(MachineClock::default());
    let journal = journal(&config.journal, &metrics.journal).await?;
    if config.ownership.place == Place::Alone {
        tracing::warn!(
            "this pod runs alone: neither {} nor {} is set, so no other pod or proxy knows of it",
            ownership::config::REDIS.name,
            ownership::config::URL.name
        );
    }
    let owners = ownership::connect(&config.ownership)?;
    let id = record.id.clone();
    let ownership = Arc::new(ownership_of(config, record, owners.clone())?);
    let configurations = ConfigurationService::new(
        config.config_service.clone(),
        journal.clone(),
        clock.clone(),
        metrics.config_service.clone(),
    )?;
    let registry = Registry::new(Arc::new(Parts {
        packing: tokio::sync::Semaphore::new(crate::cashbox::export::ROWS_AT_ONCE),
        config: config.cashbox.clone(),
        ownership: ownership.clone(),
        owners,
        successors: Arc::new(
            HttpSuccessors::new(config.peer_keys.clone())
                .context("cannot build the client that hands cashboxes over")?,
        ),
        prepared: PreparedCashboxes::default(),
        journal: journal.clone(),
        configurations,
        scus: scus(config, clock.clone(), &metrics)?,
        acknowledged: Acknowledged::default(),
        clock: clock.clone(),
        metrics: metrics.cashbox.clone(),
    }));
    Ok(Arc::new(Pod {
        id,
        config: config.http.clone(),
        peer_keys: config.peer_keys.clone(),
        registry,
        ownership,
        journal,
        exports: Exports::new(config.http.exports),
        clock,
        metrics,
        tracer,
        draining: CancellationToken::new(),
    }))
}

/// Opens the journal. A database that starts beside the pod, or fails over at this moment, is waited for; one that is
/// not there by then ends the process, and whoever runs it sees that. A file that cannot be opened does so at once.
async fn journal(config: &JournalConfig, metrics: &JournalMetrics) -> anyhow::Result<Arc<dyn JournalStore>> {
    let setting = journal::config::URL.name;
    let is_file = matches!(config.home, Home::Database(Database::Sqlite { .. }));
    let give_up_at = Instant::now() + if is_file { Duration::ZERO } else { JOURNAL_WITHIN };
    loop {
        match journal::connect(config, metrics).await {
            Err(error) if error.may_retry() && Instant::now() + JOURNAL_PAUSE < give_up_at => {
                tracing::error!(
                    setting,
                    error = &error as &dyn std::error::Error,
                    "the journal is not reached; trying again in {JOURNAL_PAUSE:?}"
                );
                tokio::time::sleep(JOURNAL_PAUSE).await;
            }
            opened => return opened.with_context(|| format!("cannot open the journal ({setting})")),
        }
    }
}

fn ownership_of(
    config: &Config,
    record: PodRecord,
    store: Arc<dyn OwnershipStore>,
) -> anyhow::Result<Ownership> {
    let peers =
        HttpPeers::new(config.peer_keys.clone()).context("cannot build the client that asks other pods")?;
    Ok(Ownership::new(crate::ownership::Parts {
        membership: Membership::follow(store.clone(), config.ownership.lease.renew_every),
        store,
        peers: Arc::new(peers),
        pod: Arc::new(ThisPod::new(record)),
        lease: config.ownership.lease.lasts,
        renew_every: config.ownership.lease.renew_every,
        when_unreachable: config.when_unreachable,
    }))
}

/// The way to a TSE, with every call bounded as the cashbox's configuration says.
fn scus(config: &Config, clock: Arc<dyn Clock>, metrics: &Metrics) -> anyhow::Result<Scus> {
    let simulators = Simulators::new(config.simulator.clone(), clock)
        .context("cannot use the simulator's directory (Byodc__Simulator__Directory)")?;
    let outbound = Outbound::by(config.config_service.client.proxy.clone());
    let connector = Connector::new(simulators, outbound, metrics.scu.clone());
    Ok(Scus::new(move |package: &ScuPackage| {
        let unit = connector
            .connect(package)
            .map_err(|error| CashboxError::Configuration {
                detail: error.to_string(),
            })?;
        Ok(Arc::new(connector.with_deadline(unit, package)))
    }))
}

async fn renew(pod: Arc<Pod>, stop: CancellationToken) {
    pod.ownership.keep_renewed(stop).await;
}

/// Works until told to stop, if it does not end by itself.
async fn until(stop: CancellationToken, work: impl Future<Output = ()>) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = work => {}
    }
}

/// Serves one listener until it is closed; then open requests end, and idle connections with them.
async fn serve(listener: TcpListener, front: Front, close: CancellationToken) -> std::io::Result<()> {
    // Answers go out at once: they are written whole.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "a connection cannot be told not to delay");
        }
    });
    axum::serve(listener, axum::ServiceExt::<Request>::into_make_service(front))
        .with_graceful_shutdown(close.cancelled_owned())
        .await
}
