//! Listens while the target does: what a dead process refuses, the relay refuses.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::carry::{Ended, Sky, carry};
use super::{Callers, Weather, caller, link_of};

/// Between two looks whether the target listens again.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What a relay knows.
#[derive(Debug)]
pub(super) struct Relay {
    pub(super) address: SocketAddr,
    pub(super) target: SocketAddr,
    pub(super) all: watch::Receiver<Weather>,
    pub(super) callers: Callers,
}

/// What a connection tells the listener when it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Listens,
    Refuses,
}

impl Relay {
    /// Relays until the test drops it.
    pub(super) async fn run(self, mut listener: TcpListener) {
        let mut connections = JoinSet::new();
        loop {
            self.listen(listener, &mut connections).await;
            listener = self.target_listens_again(&mut connections).await;
        }
    }

    /// Takes connections until the target is found to refuse them.
    async fn listen(&self, listener: TcpListener, connections: &mut JoinSet<Target>) {
        loop {
            tokio::select! {
                Ok((stream, from)) = listener.accept() => {
                    let all = self.all.clone();
                    connections.spawn(connection(stream, [from, self.address, self.target], all, self.callers.clone()));
                }
                Some(ended) = connections.join_next() => {
                    if matches!(ended, Ok(Target::Refuses)) {
                        return;
                    }
                }
            }
        }
    }

    async fn target_listens_again(&self, connections: &mut JoinSet<Target>) -> TcpListener {
        loop {
            if TcpStream::connect(self.target).await.is_ok()
                && let Ok(listener) = TcpListener::bind(self.address).await
            {
                return listener;
            }
            while connections.try_join_next().is_some() {}
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

async fn connection(
    stream: TcpStream,
    [from, relay, target]: [SocketAddr; 3],
    all: watch::Receiver<Weather>,
    callers: Callers,
) -> Target {
    let named = tokio::task::spawn_blocking(move || caller::name_of(from, relay)).await;
    // A stranger's link has no other holder, so it lives here as long as the connection.
    let own = named
        .unwrap_or_default()
        .map_or_else(super::Link::new, |name| link_of(&callers, &name));
    let sky = Sky {
        all,
        own: own.0.subscribe(),
    };
    relayed(stream, target, sky).await
}

async fn relayed(stream: TcpStream, target: SocketAddr, sky: Sky) -> Target {
    if sky.is_cut() {
        let _ = stream.set_zero_linger();
        return Target::Listens;
    }
    let Ok(server) = TcpStream::connect(target).await else {
        let _ = stream.set_zero_linger();
        return Target::Refuses;
    };
    if carry(stream, server, sky).await != Ended::ByTarget {
        return Target::Listens;
    }
    // It closed this one for a reason of its own, or it is gone.
    match TcpStream::connect(target).await {
        Ok(_) => Target::Listens,
        Err(_) => Target::Refuses,
    }
}
