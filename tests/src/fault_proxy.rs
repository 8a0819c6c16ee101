//! A TCP relay between two parts of a cluster that delays, cuts and loses on demand.
//!
//! Each direction is steered on its own, so that requests can arrive while answers are lost; and each caller is, so
//! that one proxy can be cut from a pod that the others reach. What does not listen is refused through the relay
//! as well: a dead process looks dead.

/// Who calls: the name of the process at the other end.
mod caller;
/// Carries the bytes of one connection.
mod carry;
/// Listens while the target does.
mod relay;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use crate::ports::free_address;

/// What happens to the bytes of one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// They pass.
    Open,
    /// They pass this much later.
    Slow(Duration),
    /// They pass later, each time by another delay between these two.
    Wavering(Duration, Duration),
    /// They are swallowed; the connection stays open. When the line is open again, a connection that has lost
    /// something is reset: no real one goes on with a gap.
    Lost,
}

/// What happens to the connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Weather {
    /// New ones are reset at once and running ones are ended while this is set.
    cut: bool,
    /// How often running ones were reset.
    resets: u64,
    there: Line,
    back: Line,
}

impl Weather {
    const FAIR: Self = Self {
        cut: false,
        resets: 0,
        there: Line::Open,
        back: Line::Open,
    };
}

/// What can be made to go wrong on the way, for all callers or for one.
#[derive(Debug, Clone)]
pub struct Link(watch::Sender<Weather>);

impl Link {
    fn new() -> Self {
        Self(watch::Sender::new(Weather::FAIR))
    }

    /// Resets every connection, and new ones at once.
    pub fn cut(&self) {
        self.0.send_modify(|weather| weather.cut = true);
    }

    /// Resets every running connection once; new ones pass.
    pub fn reset(&self) {
        self.0.send_modify(|weather| weather.resets += 1);
    }

    /// Swallows everything in both directions: the other side is silent, not gone.
    pub fn lose(&self) {
        self.there(Line::Lost);
        self.back(Line::Lost);
    }

    /// Steers what is sent to the target.
    pub fn there(&self, line: Line) {
        self.0.send_modify(|weather| weather.there = line);
    }

    /// Steers what the target answers.
    pub fn back(&self, line: Line) {
        self.0.send_modify(|weather| weather.back = line);
    }

    /// Fair weather again.
    pub fn heal(&self) {
        self.0.send_modify(|weather| {
            *weather = Weather {
                resets: weather.resets,
                ..Weather::FAIR
            };
        });
    }
}

/// The links of the callers that a test has named, by name.
type Callers = Arc<Mutex<BTreeMap<String, Link>>>;

/// A relay to one address. It is the [`Link`] of all callers together.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    all: Link,
    callers: Callers,
    _relay: AbortOnDropHandle<()>,
}

impl FaultProxy {
    /// A relay to `target`, in fair weather.
    pub async fn to(target: SocketAddr) -> Self {
        let address = free_address();
        let listener = TcpListener::bind(address).await.unwrap();
        let (all, callers) = (Link::new(), Callers::default());
        let relay = relay::Relay {
            address,
            target,
            all: all.0.subscribe(),
            callers: callers.clone(),
        };
        Self {
            address,
            all,
            callers,
            _relay: AbortOnDropHandle::new(tokio::spawn(relay.run(listener))),
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The link of one caller, by the name under which [`crate::process::Process`] started it.
    #[must_use]
    pub fn from(&self, caller: &str) -> Link {
        link_of(&self.callers, caller)
    }

    /// Fair weather for everybody.
    pub fn heal_all(&self) {
        self.all.heal();
        for link in self.callers.lock().unwrap().values() {
            link.heal();
        }
    }
}

fn link_of(callers: &Callers, caller: &str) -> Link {
    let mut callers = callers.lock().unwrap();
    let link = callers.entry(caller.to_owned()).or_insert_with(Link::new);
    link.clone()
}

impl Deref for FaultProxy {
    type Target = Link;

    fn deref(&self) -> &Link {
        &self.all
    }
}

#[cfg(test)]
mod tests;
