//! A TCP relay between two parts of a cluster that delays, cuts and loses on demand.
//!
//! Each direction is steered on its own, so that requests can arrive while answers are lost.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

/// What happens to the bytes of one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// They pass.
    Open,
    /// They pass this much later.
    Slow(Duration),
    /// They are swallowed; the connection stays open.
    Lost,
}

/// What happens to the connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Weather {
    /// New ones are closed at once and running ones are ended while this is set.
    cut: bool,
    there: Line,
    back: Line,
}

/// A relay to one address.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    weather: watch::Sender<Weather>,
    _relay: AbortOnDropHandle<()>,
}

impl FaultProxy {
    /// A relay to `target`, in fair weather.
    pub async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (weather, seen) = watch::channel(Weather {
            cut: false,
            there: Line::Open,
            back: Line::Open,
        });
        let relay = AbortOnDropHandle::new(tokio::spawn(relay(listener, target, seen)));
        Self {
            address,
            weather,
            _relay: relay,
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends every connection and closes new ones at once.
    pub fn cut(&self) {
        self.weather.send_modify(|weather| weather.cut = true);
    }

    /// Fair weather again.
    pub fn heal(&self) {
        let fair = Weather {
            cut: false,
            there: Line::Open,
            back: Line::Open,
        };
        self.weather.send_replace(fair);
    }

    /// Steers what is sent to the target.
    pub fn there(&self, line: Line) {
        self.weather.send_modify(|weather| weather.there = line);
    }

    /// Steers what the target answers.
    pub fn back(&self, line: Line) {
        self.weather.send_modify(|weather| weather.back = line);
    }
}

async fn relay(listener: TcpListener, target: SocketAddr, weather: watch::Receiver<Weather>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            Ok((client, _)) = listener.accept() => {
                if !weather.borrow().cut {
                    connections.spawn(connection(client, target, weather.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(client: TcpStream, target: SocketAddr, mut weather: watch::Receiver<Weather>) {
    let Ok(server) = TcpStream::connect(target).await else {
        return;
    };
    let (_, _) = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let seen = Arc::new(weather.clone());
    tokio::select! {
        () = carry(from_client, to_server, seen.clone(), |weather| weather.there) => {}
        () = carry(from_server, to_client, seen, |weather| weather.back) => {}
        _ = weather.wait_for(|weather| weather.cut) => {}
    }
}

/// Carries one direction until either side closes it.
async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    weather: Arc<watch::Receiver<Weather>>,
    line: fn(&Weather) -> Line,
) {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let Ok(count @ 1..) = from.read(&mut bytes).await else {
            return;
        };
        let now = line(&weather.borrow());
        match now {
            Line::Lost => continue,
            Line::Slow(delay) => tokio::time::sleep(delay).await,
            Line::Open => {}
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    async fn echo_server() -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (mut read, mut write) = stream.into_split();
                tokio::spawn(async move { tokio::io::copy(&mut read, &mut write).await });
            }
        });
        address
    }

    async fn ask(stream: &mut TcpStream) -> std::io::Result<u8> {
        stream.write_all(b"?").await?;
        stream.read_u8().await
    }

    #[tokio::test]
    async fn fair_weather_passes_everything_and_delay_delays() {
        let relay = FaultProxy::to(echo_server().await).await;
        let mut stream = TcpStream::connect(relay.address()).await.unwrap();
        assert_eq!(ask(&mut stream).await.unwrap(), b'?');
        relay.back(Line::Slow(Duration::from_millis(300)));
        let asked = Instant::now();
        assert_eq!(ask(&mut stream).await.unwrap(), b'?');
        assert!(asked.elapsed() >= Duration::from_millis(300));
    }

    #[tokio::test]
    async fn a_cut_ends_running_connections_and_new_ones_until_it_is_healed() {
        let relay = FaultProxy::to(echo_server().await).await;
        let mut stream = TcpStream::connect(relay.address()).await.unwrap();
        assert_eq!(ask(&mut stream).await.unwrap(), b'?');
        relay.cut();
        assert!(stream.read_u8().await.is_err());
        let mut stream = TcpStream::connect(relay.address()).await.unwrap();
        assert!(ask(&mut stream).await.is_err());
        relay.heal();
        let mut stream = TcpStream::connect(relay.address()).await.unwrap();
        assert_eq!(ask(&mut stream).await.unwrap(), b'?');
    }

    #[tokio::test]
    async fn answers_are_lost_while_requests_arrive() {
        let relay = FaultProxy::to(echo_server().await).await;
        let mut stream = TcpStream::connect(relay.address()).await.unwrap();
        relay.back(Line::Lost);
        let lost = tokio::time::timeout(Duration::from_millis(200), ask(&mut stream)).await;
        assert!(lost.is_err());
        relay.heal();
        assert_eq!(ask(&mut stream).await.unwrap(), b'?');
    }
}
