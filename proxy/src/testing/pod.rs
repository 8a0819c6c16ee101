//! A pod that answers what the test says: a raw socket, so that it can also break every rule.

use std::collections::HashMap;
use std::net::SocketAddr;

use shared::identity::Epoch;
use shared::ownership::store::Owner;
use shared::placement::pod::PodRecord;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::store::record;

/// A pod's listening socket and its record.
#[derive(Debug)]
pub struct Pod {
    pub record: PodRecord,
    listener: TcpListener,
}

/// A request as the pod received it, and the connection it came on.
#[derive(Debug)]
pub struct Received {
    pub line: String,
    pub fields: HashMap<String, String>,
    pub body: String,
    pub connection: TcpStream,
    pod: String,
    rest: Vec<u8>,
}

impl Pod {
    pub async fn named(name: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self {
            record: record(name, listener.local_addr().unwrap()),
            listener,
        }
    }

    /// Its ownership under an epoch.
    pub fn owner(&self, epoch: u64) -> Owner {
        Owner {
            pod: self.record.clone(),
            epoch: Epoch(epoch),
        }
    }

    /// The next request, on a new connection.
    pub async fn receive(&self) -> Received {
        let (connection, _) = self.listener.accept().await.unwrap();
        Received::read(connection, self.record.id.to_string(), Vec::new()).await
    }

    /// Takes a connection and closes it without a word.
    pub async fn hang_up(&self) {
        drop(self.receive().await);
    }

    /// An address that refuses connections from now on, and the record of the pod that was there.
    pub fn dies(self) -> PodRecord {
        self.record
    }

    pub fn address(&self) -> SocketAddr {
        self.record.address
    }
}

impl Received {
    async fn read(mut connection: TcpStream, pod: String, mut come: Vec<u8>) -> Self {
        let end = loop {
            if let Some(end) = come.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            assert_ne!(
                connection.read_buf(&mut come).await.unwrap(),
                0,
                "no request came"
            );
        };
        let head = String::from_utf8(come[..end].to_vec()).unwrap();
        let (line, fields) = head.split_once("\r\n").unwrap();
        let fields: HashMap<_, _> = fields
            .lines()
            .filter_map(|field| field.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length: usize = fields
            .get("content-length")
            .map_or(0, |length| length.parse().unwrap());
        while come.len() < end + length {
            assert_ne!(
                connection.read_buf(&mut come).await.unwrap(),
                0,
                "the body broke off"
            );
        }
        let rest = come.split_off(end + length);
        Self {
            line: line.to_owned(),
            fields,
            body: String::from_utf8(come[end..].to_vec()).unwrap(),
            connection,
            pod,
            rest,
        }
    }

    pub fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// The fields with which a pod says who it is and for whom it answers.
    pub fn marks(&self, epoch: u64) -> String {
        format!(
            "x-byodc-cashbox: {}\r\nx-operation-id: {}\r\nx-byodc-pod: {}\r\nx-byodc-epoch: {epoch}\r\n",
            self.field("cashboxid"),
            self.field("x-operation-id"),
            self.pod
        )
    }

    /// Answers with a body under an epoch.
    pub async fn answer(mut self, epoch: u64, body: &str) -> Self {
        let marks = self.marks(epoch);
        self.say(&format!(
            "HTTP/1.1 200 OK\r\n{marks}content-type: text/plain\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ))
        .await;
        self
    }

    /// Refuses with a word.
    pub async fn refuse(mut self, word: &str) -> Self {
        let marks = self.marks(0);
        self.say(&format!(
            "HTTP/1.1 503 Service Unavailable\r\n{marks}x-byodc-refusal: {word}\r\nretry-after: 1\r\n\
             content-length: 0\r\n\r\n"
        ))
        .await;
        self
    }

    /// Says that another pod owns the cashbox.
    pub async fn redirect(mut self, owner: &PodRecord, epoch: u64) -> Self {
        self.say(&format!(
            "HTTP/1.1 421 Misdirected Request\r\nx-byodc-refusal: held-by-other\r\n\
             x-byodc-owner-pod: {}\r\nx-byodc-owner-address: {}\r\nx-byodc-epoch: {epoch}\r\n\
             content-length: 0\r\n\r\n",
            owner.id, owner.address
        ))
        .await;
        self
    }

    pub async fn say(&mut self, wire: &str) {
        self.connection.write_all(wire.as_bytes()).await.unwrap();
    }

    /// The next request on the same connection.
    pub async fn next(self) -> Self {
        Self::read(self.connection, self.pod, self.rest).await
    }
}
