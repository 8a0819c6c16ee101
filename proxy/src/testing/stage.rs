//! A proxy between scripted pods and raw clients.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use shared::env::{Faults, Origin, Settings};
use shared::identity::CashBoxId;
use shared::ownership::config::OwnershipConfig;
use shared::placement::pod::PodRecord;
use shared::shutdown::Shutdown;
use shared::trace::tracer::Tracer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::config::Config;

use super::pod::Pod;
use super::store::ScriptedStore;

/// The cashbox that most tests are about.
pub const BOX: CashBoxId = CashBoxId::from_u128(0x6f96_19ff_8b86_d011_b42d_00c0_4fc9_64ff);

/// A running proxy and its store.
pub struct Stage {
    pub store: Arc<ScriptedStore>,
    pub address: SocketAddr,
    pub tls_address: Option<SocketAddr>,
    pub admin_address: SocketAddr,
    pub metrics_address: SocketAddr,
    pub shutdown: Shutdown,
    pub ended: JoinHandle<()>,
}

/// An answer as the client received it.
#[derive(Debug)]
pub struct Answered {
    pub status: u16,
    pub head: String,
    pub fields: HashMap<String, String>,
    pub body: String,
}

impl Answered {
    pub fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

impl Stage {
    /// A proxy that knows these pods, and nothing else.
    pub async fn with(pods: &[&Pod]) -> Self {
        Self::set(pods, &[]).await
    }

    /// The same, with these settings.
    pub async fn set(pods: &[&Pod], settings: &[(&str, &str)]) -> Self {
        let store = ScriptedStore::new();
        store.names(pods.iter().map(|pod| pod.record.clone()).collect());
        Self::over(store, settings).await
    }

    /// A proxy over this store.
    pub async fn over(store: Arc<ScriptedStore>, settings: &[(&str, &str)]) -> Self {
        Self::traced(store, settings, Tracer::default()).await
    }

    /// The same, with its spans going where this tracer sends them.
    pub async fn traced(store: Arc<ScriptedStore>, settings: &[(&str, &str)], tracer: Tracer) -> Self {
        let given = [
            ("Byodc__Proxy__Listen", "127.0.0.1:0"),
            ("Byodc__Proxy__AdminListen", "127.0.0.1:0"),
            ("Byodc__Metrics__Listen", "127.0.0.1:0"),
            ("Byodc__Proxy__Threads", "1"),
            ("Byodc__Proxy__LameDuckMs", "0"),
            ("Byodc__Proxy__DrainMs", "5000"),
        ];
        let given = given.into_iter().chain(settings.iter().copied());
        let settings = Settings::default().with(Origin::Environment, given);
        let mut faults = Faults::default();
        let lease = OwnershipConfig::read(&settings, &mut faults).lease;
        let config = Config::read(&settings, lease, &mut faults);
        assert!(faults.lines().is_empty(), "{faults}");
        let shutdown = Shutdown::new();
        let running = crate::start(config, store.clone(), tracer, shutdown.clone())
            .await
            .unwrap();
        Self {
            store,
            address: running.address,
            tls_address: running.tls_address,
            admin_address: running.admin_address,
            metrics_address: running.metrics_address.expect("it was told to have one"),
            shutdown,
            ended: tokio::spawn(running.ended()),
        }
    }

    pub async fn client(&self) -> Client {
        Client::connect(self.address).await
    }

    /// Sends a receipt on a connection of its own and gives its answer.
    pub fn receipt(&self, body: &str) -> JoinHandle<Answered> {
        let (address, request) = (self.address, receipt(BOX, body));
        tokio::spawn(async move {
            let mut client = Client::connect(address).await;
            client.send(&request).await;
            client.answer().await
        })
    }

    /// What the admin port answers.
    pub async fn admin(&self, path: &str) -> Answered {
        get(self.admin_address, path).await
    }

    /// What the port for scrapers answers.
    pub async fn scraped(&self, path: &str) -> Answered {
        get(self.metrics_address, path).await
    }

    /// Waits until a line of the metrics says this.
    pub async fn until_metric(&self, line: &str) {
        let wait = async {
            while !self.admin("/metrics").await.body.lines().any(|said| said == line) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), wait)
            .await
            .unwrap_or_else(|_| panic!("the metrics never said {line:?}"));
    }
}

async fn get(address: SocketAddr, path: &str) -> Answered {
    let mut client = Client::connect(address).await;
    client
        .send(&format!("GET {path} HTTP/1.1\r\nhost: admin\r\n\r\n"))
        .await;
    client.answer().await
}

/// A receipt in HTTP/1.1.
pub fn receipt(cashbox: CashBoxId, body: &str) -> String {
    format!(
        "POST /v0/sign HTTP/1.1\r\nhost: pos\r\ncashboxid: {cashbox}\r\naccesstoken: secret\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The record of a pod whose address refuses connections.
pub async fn dead_pod(name: &str) -> PodRecord {
    Pod::named(name).await.dies()
}

/// A client on a raw socket.
#[derive(Debug)]
pub struct Client {
    pub stream: TcpStream,
    come: Vec<u8>,
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Self {
        Self {
            stream: TcpStream::connect(address).await.unwrap(),
            come: Vec::new(),
        }
    }

    pub async fn send(&mut self, wire: &str) {
        self.stream.write_all(wire.as_bytes()).await.unwrap();
    }

    /// The next answer, with its body when its length is given.
    pub async fn answer(&mut self) -> Answered {
        let end = self.until(b"\r\n\r\n").await;
        let head = String::from_utf8(self.come.drain(..end).collect()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let fields: HashMap<_, _> = head
            .lines()
            .filter_map(|field| field.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length = fields
            .get("content-length")
            .map_or(0, |length| length.parse().unwrap());
        while self.come.len() < length {
            assert_ne!(self.read().await, 0, "the answer broke off");
        }
        let body = String::from_utf8(self.come.drain(..length).collect()).unwrap();
        Answered {
            status,
            head,
            fields,
            body,
        }
    }

    /// Everything up to the end of the connection.
    pub async fn rest(&mut self) -> String {
        while self.read().await != 0 {}
        String::from_utf8(std::mem::take(&mut self.come)).unwrap()
    }

    /// Reads until this has come; gives where it ends.
    pub async fn until(&mut self, what: &[u8]) -> usize {
        loop {
            if let Some(at) = self.come.windows(what.len()).position(|part| part == what) {
                return at + what.len();
            }
            assert_ne!(
                self.read().await,
                0,
                "the connection ended: {}",
                self.come.escape_ascii()
            );
        }
    }

    /// What has come and was not taken.
    pub fn come_so_far(&self) -> &str {
        std::str::from_utf8(&self.come).unwrap()
    }

    async fn read(&mut self) -> usize {
        // A connection that is reset has ended too.
        self.stream.read_buf(&mut self.come).await.unwrap_or(0)
    }
}
