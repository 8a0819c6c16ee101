//! Open connections to pods, ready for the next request.
//!
//! Each serving thread has its own pool, so that a connection never wakes another thread. A pod that drains or is
//! gone has no connections here by the time of the next request; one that was closed by the pod is noticed before
//! it is used, if the close has arrived. The race that remains (closed while the request is under way) is the
//! exchange loop's, not hidden here.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::route::peer::Peer;

/// How many idle connections a thread keeps to one pod.
const IDLE_PER_POD_MAX: usize = 1024;
/// How long an idle connection is kept. Pods keep theirs longer, so that it is us who close.
const IDLE_MAX: Duration = Duration::from_secs(20);
/// The memory a connection begins with, in bytes: enough for a common answer.
const BUFFER_BYTES: usize = 4096;
/// What a long answer may leave behind, in bytes, when its connection goes back.
const BUFFER_BYTES_KEPT: usize = 65_536;

/// A connection to a pod and what has been read from it.
#[derive(Debug)]
pub struct PodConnection {
    /// The connection.
    pub stream: TcpStream,
    /// Whom it leads to.
    pub peer: Arc<Peer>,
    /// What has come and is not used yet.
    pub come: Vec<u8>,
    /// Whether it has served a request before.
    pub reused: bool,
    idle_since: Instant,
}

impl PodConnection {
    /// A connection just made.
    ///
    /// # Errors
    /// When it has ended already: nothing was sent.
    pub fn new(stream: TcpStream, peer: Arc<Peer>) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            peer,
            come: Vec::with_capacity(BUFFER_BYTES),
            reused: false,
            idle_since: Instant::now(),
        })
    }

    /// Whether nothing has happened on it since it became idle. Costs no system call while nothing has.
    fn is_quiet(&self) -> bool {
        let mut nobody = Context::from_waker(Waker::noop());
        match self.stream.poll_read_ready(&mut nobody) {
            Poll::Pending => true,
            Poll::Ready(Err(_)) => false,
            Poll::Ready(Ok(())) => {
                let mut byte = [0];
                let read = self.stream.try_read(&mut byte);
                read.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
            }
        }
    }
}

/// One thread's open connections.
#[derive(Debug, Default)]
pub struct Pool {
    idle: Mutex<HashMap<SocketAddr, Vec<PodConnection>>>,
}

impl Pool {
    /// An open connection to a pod, the one used last, if there is one.
    #[must_use]
    pub fn take(&self, peer: &Arc<Peer>) -> Option<PodConnection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let connections = idle.get_mut(&peer.address)?;
        while let Some(mut connection) = connections.pop() {
            // Another incarnation may have taken the address over; its predecessor's connections lead nowhere.
            if connection.is_quiet() && connection.peer.is_same_start(peer) {
                connection.reused = true;
                return Some(connection);
            }
        }
        None
    }

    /// Gives a connection back after its answer has been read to the end.
    pub fn put(&self, mut connection: PodConnection) {
        if !connection.come.is_empty() || !connection.peer.is_ready() {
            return; // the pod said more than we asked for, or is leaving
        }
        if connection.come.capacity() > BUFFER_BYTES_KEPT {
            connection.come = Vec::with_capacity(BUFFER_BYTES);
        }
        connection.idle_since = Instant::now();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let connections = idle.entry(connection.peer.address).or_default();
        if connections.len() < IDLE_PER_POD_MAX {
            connections.push(connection);
        }
    }

    /// Closes what has been idle for too long, was closed by its pod, or leads to a pod that is leaving.
    pub fn sweep(&self) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        idle.retain(|_, connections| {
            connections.retain(|connection| {
                now.duration_since(connection.idle_since) < IDLE_MAX
                    && connection.peer.is_ready()
                    && connection.is_quiet()
            });
            !connections.is_empty()
        });
    }

    /// How many connections are idle.
    #[must_use]
    pub fn len(&self) -> usize {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.values().map(Vec::len).sum()
    }

    /// Whether no connection is idle.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
