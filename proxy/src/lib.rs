//! The proxy: takes a receipt from a POS and brings it to the one pod that owns its cashbox.
//!
//! ```text
//! accept → head → cashbox id → route → exchange with the pod → reply
//! ```
//!
//! It holds nothing that cannot be lost: routes are proposals that pods correct, and any number of proxies can run
//! beside each other. What it promises: an answer is the answer to this request, a receipt is sent twice only under
//! one operation id, and nothing waits, queues or retries without a bound. What it leaves to the pods: tokens, and
//! who may write.

/// What the proxy can be told.
pub mod config;
/// Accepts connections: sockets, TLS, threads, both front doors.
pub mod listener;
/// HTTP messages, parsed, checked and written anew.
pub mod message;
/// A request's phases in order.
pub mod gateway;
/// Whose receipt is it: request head → cashbox.
pub mod cashbox_id;
/// Who owns it: cashbox → pod.
pub mod route;
/// Ask the pod, again if need be.
pub mod exchange;
/// What to do after each try: pure decisions.
pub mod retry;
/// Where requests wait while their cashbox changes hands.
pub mod waiting_room;
/// Open connections to pods.
pub mod pool;
/// The rest of a pod's answer, as it comes.
pub mod pod_answer;
/// Every error as an answer to the POS.
pub mod reply;
/// The one line about a request, at its end.
pub mod request_record;
/// Whether it takes requests, and what it lacks.
pub mod readiness;
/// Operators and scrapers.
pub mod admin;
/// What is counted.
pub mod metrics;

#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod testing;

use std::net::SocketAddr;
use std::sync::Arc;

use shared::access::metrics_port;
use shared::ownership::store::OwnershipStore;
use shared::shutdown::Shutdown;
use shared::trace::tracer::Tracer;
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use config::Config;
use gateway::Shared;
use listener::certificate::{Certificate, CertificateError};
use listener::connections::Connections;
use listener::{Doors, Socket, Threads};
use route::Routes;
use route::lookup::Lookup;
use route::watch::Watch;
use waiting_room::WaitingRoom;

/// Why the proxy did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// A port could not be had.
    #[error("cannot listen on {address} ({setting})")]
    Listen {
        /// What told so.
        setting: &'static str,
        /// Which one.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The certificate's files are no good.
    #[error("the certificate cannot be used ({} and {})", config::tls::CERTIFICATE.name, config::tls::KEY.name)]
    Certificate(#[from] CertificateError),
    /// TLS could not be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
    /// The system gave no thread.
    #[error("cannot start a serving thread")]
    Thread(#[source] std::io::Error),
}

/// A proxy that serves requests.
#[derive(Debug)]
pub struct Running {
    /// Where it takes plain HTTP.
    pub address: SocketAddr,
    /// Where it takes TLS, if it does.
    pub tls_address: Option<SocketAddr>,
    /// Where operators ask.
    pub admin_address: SocketAddr,
    /// Where scrapers ask, if they have a port of their own.
    pub metrics_address: Option<SocketAddr>,
    shared: Arc<Shared>,
    threads: Threads,
    shutdown: Shutdown,
    background: TaskTracker,
    stop_background: CancellationToken,
}

impl Running {
    /// Serves until the proxy is asked to stop, and stops in order.
    pub async fn ended(self) {
        self.threads.run(&self.shared, &self.shutdown).await;
        // Health and metrics answer until the very end.
        self.stop_background.cancel();
        self.background.close();
        self.background.wait().await;
    }
}

/// Starts the proxy: when it returns, it listens. Every port is bound and every file read before.
///
/// # Errors
/// When a port cannot be had, or the certificate's files are no good.
///
/// # Panics
/// Outside of a tokio runtime: the store, the admin port and the watch run on the current one.
pub async fn start(
    config: Config,
    store: Arc<dyn OwnershipStore>,
    tracer: Tracer,
    shutdown: Shutdown,
) -> Result<Running, StartError> {
    let certificate = config.tls.as_ref();
    let certificate = certificate
        .map(|tls| Certificate::read(&tls.certificate, &tls.key))
        .transpose()?
        .map(Arc::new);
    let doors = Doors {
        plain: Socket::bind(&config::LISTEN, config.listen)?,
        tls: match (&config.tls, &certificate) {
            (Some(tls), Some(certificate)) => Some((
                Socket::bind(&config::tls::LISTEN, tls.listen)?,
                Arc::clone(certificate),
            )),
            _ => None,
        },
    };
    let admin = Socket::bind(&config::ADMIN_LISTEN, config.admin_listen)?;
    let scraped = config.metrics_listen;
    let scraped = scraped
        .map(|address| Socket::bind(&metrics_port::LISTEN, address))
        .transpose()?;

    let shared = Arc::new(Shared {
        routes: Arc::new(Routes::new(Lookup::new(store, config.lookup), config.routes_max)),
        waiting_room: Arc::new(WaitingRoom::new(config.waiting_per_cashbox, config.waiting_total)),
        metrics: metrics::Metrics::default(),
        tracer,
        drain: shutdown.drain.clone(),
        closing: CancellationToken::new(),
        config,
    });
    let connections = Arc::new(Connections::new(shared.config.connections_max));
    let (background, stop_background) = (TaskTracker::new(), CancellationToken::new());

    let mut watch = Watch::new(
        Arc::clone(&shared.routes),
        Arc::clone(&shared.waiting_room),
        &shared.config,
    );
    watch.refresh().await;
    background.spawn(watch.run(stop_background.clone()));
    if let Some(certificate) = &certificate {
        background.spawn(Arc::clone(certificate).follow(stop_background.clone()));
    }
    let (admin_address, metrics_address) = (admin.address, scraped.as_ref().map(|socket| socket.address));
    let seen = admin::Seen {
        shared: Arc::clone(&shared),
        connections: Arc::clone(&connections),
        certificate,
    };
    if let Some(scraped) = scraped {
        let router = admin::scraped(seen.clone());
        serve_beside(scraped, router, &background, &stop_background)?;
    }
    serve_beside(admin, admin::router(seen), &background, &stop_background)?;
    let threads = Threads::start(&doors, &shared, &connections)?;
    Ok(Running {
        address: doors.plain.address,
        tls_address: doors.tls.as_ref().map(|(socket, _)| socket.address),
        admin_address,
        metrics_address,
        shared,
        threads,
        shutdown,
        background,
        stop_background,
    })
}

fn serve_beside(
    socket: Socket,
    router: axum::Router,
    background: &TaskTracker,
    stop: &CancellationToken,
) -> Result<(), StartError> {
    let listener = socket.into_tokio()?;
    let stop = stop.clone();
    background.spawn(async move {
        let served = axum::serve(listener, router).into_future();
        // Open connections of scrapers do not keep the process.
        stop.run_until_cancelled(served).await;
    });
    Ok(())
}

/// Starts the proxy and serves until `shutdown` ends it.
///
/// # Errors
/// As [`start`].
pub async fn run(
    config: Config,
    store: Arc<dyn OwnershipStore>,
    tracer: Tracer,
    shutdown: Shutdown,
) -> Result<(), StartError> {
    let running = start(config, store, tracer, shutdown).await?;
    tracing::info!(
        address = %running.address,
        tls_address = running.tls_address.map(tracing::field::display),
        admin_address = %running.admin_address,
        metrics_address = running.metrics_address.map(tracing::field::display),
        "the proxy serves"
    );
    running.ended().await;
    Ok(())
}
