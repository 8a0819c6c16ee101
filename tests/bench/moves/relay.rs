//! A relay in front of the configuration service that counts how many requests are on their way at a time.
//!
//! Clients of HTTP/1.1 have one request at a time on a connection, and pods close none in between; so requests are
//! counted from their first byte to the answer's.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A running relay.
#[derive(Clone)]
pub struct Relay {
    address: SocketAddr,
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    target: OnceLock<SocketAddr>,
    now: AtomicUsize,
    peak: AtomicUsize,
    seen: AtomicUsize,
}

impl Relay {
    /// Listens; where to is said later.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it listens");
        let inner = Arc::new(Inner::default());
        let relay = Self {
            address,
            inner: inner.clone(),
        };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, inner.clone()));
            }
        });
        relay
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where requests go.
    pub fn lead_to(&self, target: SocketAddr) {
        self.inner.target.set(target).expect("a relay leads to one place");
    }

    /// Forgets what it counted.
    pub fn reset(&self) {
        self.inner.peak.store(0, Ordering::Relaxed);
        self.inner.seen.store(0, Ordering::Relaxed);
    }

    /// The most requests at a time, and how many there were.
    pub fn counted(&self) -> (usize, usize) {
        let count = |of: &AtomicUsize| of.load(Ordering::Relaxed);
        (count(&self.inner.peak), count(&self.inner.seen))
    }
}

async fn carry(client: TcpStream, inner: Arc<Inner>) {
    let Some(target) = inner.target.get() else {
        return;
    };
    let Ok(server) = TcpStream::connect(target).await else {
        return;
    };
    let mut waits = false;
    let _ = exchange(client, server, &inner, &mut waits).await;
    if waits {
        inner.now.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Carries bytes both ways until either side closes.
async fn exchange(
    mut client: TcpStream,
    mut server: TcpStream,
    inner: &Inner,
    waits: &mut bool,
) -> std::io::Result<()> {
    let (mut question, mut answer) = ([0; 16 * 1024], [0; 16 * 1024]);
    loop {
        tokio::select! {
            count = client.read(&mut question) => {
                let count = count?;
                if count == 0 {
                    return Ok(());
                }
                if !std::mem::replace(waits, true) {
                    inner.seen.fetch_add(1, Ordering::Relaxed);
                    let now = inner.now.fetch_add(1, Ordering::Relaxed) + 1;
                    inner.peak.fetch_max(now, Ordering::Relaxed);
                }
                server.write_all(&question[..count]).await?;
            }
            count = server.read(&mut answer) => {
                let count = count?;
                if count == 0 {
                    return Ok(());
                }
                if std::mem::replace(waits, false) {
                    inner.now.fetch_sub(1, Ordering::Relaxed);
                }
                client.write_all(&answer[..count]).await?;
            }
        }
    }
}
