//! Accepts connections: sockets, TLS, threads, and the order in which all of it stops.
//!
//! Sockets are bound before anything else, so that a port that is taken is an error at start. Each thread runs its
//! own current-thread runtime with pingora's listening service on the shared sockets: a connection, its requests
//! and its connections to pods stay on the thread that accepted it.
//!
//! Of pingora's server we use the services, not `Server::run`: that would close the listeners at once, sleep for a
//! fixed time whatever happens, and cut off who is not done. The order here, with every time a setting:
//!
//! ```text
//! asked to stop → not ready, answers say `connection: close` → [lame duck] → listeners and idle connections close
//!               → running requests end → [drain] → what is left is cut off
//! ```

/// How many clients are connected.
pub mod connections;
/// The client's side of one request, whichever version of HTTP it speaks.
pub mod client;
/// The front door for HTTP/1.1.
pub mod http1;
/// The front door for HTTP/2.
pub mod http2;
/// The certificate for TLS.
pub mod certificate;

use std::net::{SocketAddr, TcpListener};
use std::os::fd::IntoRawFd;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use pingora_core::apps::ServerApp;
use pingora_core::listeners::tls::TlsSettings;
use pingora_core::listeners::{L4BufferSettings, ListenerConfig};
use pingora_core::protocols::l4::stream::Stream as L4Stream;
use pingora_core::protocols::{ALPN, Stream};
use pingora_core::server::{Fds, ShutdownWatch};
use pingora_core::services::Service as _;
use pingora_core::services::listening::Service;
use shared::access::every_interface;
use shared::env::Setting;
use shared::shutdown::Shutdown;
use tokio::sync::watch;

use crate::StartError;
use crate::gateway::{Gateway, Shared};
use crate::pool::Pool;

use certificate::Certificate;
use connections::Connections;

/// How often a thread closes connections to pods that nobody will use.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// A bound socket.
#[derive(Debug)]
pub struct Socket {
    socket: TcpListener,
    setting: &'static str,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Socket {
    /// Binds a socket as a setting says.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub fn bind(setting: &Setting, address: SocketAddr) -> Result<Self, StartError> {
        let address = every_interface::here(setting, address);
        let setting = setting.name;
        let listen = |source| StartError::Listen {
            setting,
            address,
            source,
        };
        let socket = TcpListener::bind(address).map_err(listen)?;
        socket.set_nonblocking(true).map_err(listen)?;
        let address = socket.local_addr().map_err(listen)?;
        Ok(Self {
            socket,
            setting,
            address,
        })
    }

    /// The socket for the admin port's own server.
    ///
    /// # Errors
    /// When the runtime cannot take it.
    pub fn into_tokio(self) -> Result<tokio::net::TcpListener, StartError> {
        let (setting, address) = (self.setting, self.address);
        tokio::net::TcpListener::from_std(self.socket).map_err(|source| StartError::Listen {
            setting,
            address,
            source,
        })
    }
}

/// The doors that clients come in by.
#[derive(Debug)]
pub struct Doors {
    /// Plain HTTP.
    pub plain: Socket,
    /// TLS, and the certificate that it shows.
    pub tls: Option<(Socket, Arc<Certificate>)>,
}

/// The threads that serve.
#[derive(Debug)]
pub struct Threads {
    threads: Vec<JoinHandle<()>>,
    closes: watch::Sender<bool>,
    cut_off: watch::Sender<bool>,
    connections: Arc<Connections>,
}

impl Threads {
    /// Starts the threads, each listening at every door.
    ///
    /// # Errors
    /// When the system gives no thread, or no copy of a socket.
    pub fn start(
        doors: &Doors,
        shared: &Arc<Shared>,
        connections: &Arc<Connections>,
    ) -> Result<Self, StartError> {
        let (closes, closing) = watch::channel(false);
        let (cut_off, cutting) = watch::channel(false);
        let threads = (0..shared.config.threads)
            .map(|number| {
                let gateway = Arc::new(Gateway {
                    shared: Arc::clone(shared),
                    pool: Pool::default(),
                });
                let service = service(doors, Arc::clone(&gateway), Arc::clone(connections))?;
                let (closing, cutting) = (closing.clone(), cutting.clone());
                std::thread::Builder::new()
                    .name(format!("proxy-{number}"))
                    .spawn(move || serve(service, gateway, closing, cutting))
                    .map_err(StartError::Thread)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            threads,
            closes,
            cut_off,
            connections: Arc::clone(connections),
        })
    }

    /// Serves until asked to stop, then stops in order. A second request to stop skips what is left of the order.
    pub async fn run(self, shared: &Shared, shutdown: &Shutdown) {
        shutdown.drain.cancelled().await;
        let config = &shared.config;
        tracing::info!(connections = self.connections.open_now(), "the proxy drains");
        let hurry = &shutdown.hurry;
        hurry
            .run_until_cancelled(tokio::time::sleep(config.lame_duck))
            .await;
        shared.closing.cancel();
        self.closes.send_replace(true);
        let done = tokio::time::timeout(config.drain, self.connections.none_open());
        if !matches!(hurry.run_until_cancelled(done).await, Some(Ok(()))) {
            tracing::warn!(
                connections = self.connections.open_now(),
                "connections are cut off"
            );
        }
        self.cut_off.send_replace(true);
        let threads = self.threads;
        let joined = tokio::task::spawn_blocking(move || {
            threads
                .into_iter()
                .map(JoinHandle::join)
                .all(|ended| ended.is_ok())
        });
        if !joined.await.unwrap_or(false) {
            tracing::error!("a serving thread panicked");
        }
        tracing::info!("the proxy has stopped");
    }
}

/// What a connection comes to after it was accepted.
struct Door {
    gateway: Arc<Gateway>,
    connections: Arc<Connections>,
}

#[async_trait]
impl ServerApp for Door {
    async fn process_new(self: &Arc<Self>, stream: Stream, _: &ShutdownWatch) -> Option<Stream> {
        let Some(_open) = self.connections.open() else {
            tracing::debug!("one connection too many was closed");
            return None;
        };
        if let Some(ALPN::H2) = stream.selected_alpn_proto() {
            http2::serve(stream, &self.gateway).await;
        } else if let http1::Ended::SpeaksHttp2(stream, come) = http1::serve(stream, &self.gateway).await
            && let Some(stream) = rewound(stream, &come)
        {
            http2::serve(stream, &self.gateway).await;
        }
        None
    }
}

/// The stream with what was read from it put back; only plain connections can do that (TLS has ALPN).
fn rewound(stream: Stream, come: &[u8]) -> Option<Stream> {
    let mut stream = stream.into_any().downcast::<L4Stream>().ok()?;
    stream.rewind(come);
    Some(stream)
}

/// Pingora's listening service over copies of the doors' sockets, which it finds under their names.
fn service(
    doors: &Doors,
    gateway: Arc<Gateway>,
    connections: Arc<Connections>,
) -> Result<(Service<Door>, Fds), StartError> {
    let mut sockets = Fds::new();
    let mut hand_over = |name: &str, socket: &Socket| {
        let copy = socket.socket.try_clone().map_err(|source| StartError::Listen {
            setting: socket.setting,
            address: socket.address,
            source,
        })?;
        sockets.add(name.to_owned(), copy.into_raw_fd());
        Ok::<_, StartError>(())
    };
    let mut service = Service::new("proxy".to_owned(), Door { gateway, connections });
    hand_over("plain", &doors.plain)?;
    // The message layer has buffers of its own.
    service.add_listener(ListenerConfig::tcp("plain").l4_buffer(L4BufferSettings::unbuffered()));
    if let Some((socket, certificate)) = &doors.tls {
        hand_over("tls", socket)?;
        let mut settings =
            TlsSettings::intermediate("", "").map_err(|error| StartError::Tls(error.to_string()))?;
        settings.set_cert_resolver(Arc::clone(certificate) as _);
        settings.enable_h2();
        // rustls reads in small pieces; the buffer makes a long body fewer system calls.
        let buffers = L4BufferSettings::new(16_384, 0);
        service.add_listener(ListenerConfig::tcp("tls").tls(settings).l4_buffer(buffers));
    }
    Ok((service, sockets))
}

/// One thread: serves until the listeners close and the rest is done or cut off.
fn serve(
    (mut service, sockets): (Service<Door>, Fds),
    gateway: Arc<Gateway>,
    closing: watch::Receiver<bool>,
    mut cutting: watch::Receiver<bool>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the system gives a thread its epoll descriptor");
    runtime.block_on(async move {
        let sweep = async {
            let mut tick = tokio::time::interval(SWEEP_EVERY);
            loop {
                tick.tick().await;
                gateway.pool.sweep();
            }
        };
        let listen = async {
            let sockets = Arc::new(sockets.into());
            service.start_service(Some(sockets), closing, 1).await;
        };
        let until_cut_off = async {
            listen.await;
            // Connections that are still open are tasks of this runtime: it turns until they are done.
            let _ = cutting.wait_for(|cut_off| *cut_off).await;
        };
        tokio::select! {
            () = until_cut_off => {}
            () = sweep => {}
        }
    });
}
