//! Carries the bytes of one connection through the weather, each direction on its own.

use std::time::Duration;

use bytes::Bytes;
use rand::Rng;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::{Line, Weather};

/// How many pieces may be on their way in one direction.
const ON_THE_WAY_MAX: usize = 256;
/// The largest piece.
const PIECE_BYTES_MAX: usize = 64 * 1024;

/// The weather that one connection meets: everybody's, and its caller's own.
#[derive(Debug, Clone)]
pub(super) struct Sky {
    pub(super) all: watch::Receiver<Weather>,
    pub(super) own: watch::Receiver<Weather>,
}

impl Sky {
    /// Whether connections are refused.
    pub(super) fn is_cut(&self) -> bool {
        self.all.borrow().cut || self.own.borrow().cut
    }

    /// What happens to the bytes of a direction: what its caller has of its own goes before what all have.
    fn line(&self, of: fn(&Weather) -> Line) -> Line {
        match of(&self.own.borrow()) {
            Line::Open => of(&self.all.borrow()),
            line => line,
        }
    }

    /// Waits until the connection is to be reset.
    async fn struck(&mut self) {
        let (all, own) = (self.all.borrow().resets, self.own.borrow().resets);
        let struck_by = |resets: u64| move |weather: &Weather| weather.cut || weather.resets != resets;
        // An error says that the test has dropped the relay: the connection ends with it.
        tokio::select! {
            _ = self.all.wait_for(struck_by(all)) => {}
            _ = self.own.wait_for(struck_by(own)) => {}
        }
    }

    async fn changed(&mut self) {
        tokio::select! {
            _ = self.all.changed() => {}
            _ = self.own.changed() => {}
        }
    }
}

/// How a connection came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The caller closed it.
    ByCaller,
    /// The target closed it.
    ByTarget,
    /// The weather did.
    Struck,
}

/// Carries a connection until a side closes it or the weather ends it.
pub(super) async fn carry(caller: TcpStream, target: TcpStream, sky: Sky) -> Ended {
    let (_, _) = (caller.set_nodelay(true), target.set_nodelay(true));
    let (mut from_caller, mut to_caller) = caller.into_split();
    let (mut from_target, mut to_target) = target.into_split();
    let mut strike = sky.clone();
    let ended = tokio::select! {
        lost = direction(&mut from_caller, &mut to_target, sky.clone(), |weather| weather.there) => {
            if lost { Ended::Struck } else { Ended::ByCaller }
        }
        lost = direction(&mut from_target, &mut to_caller, sky, |weather| weather.back) => {
            if lost { Ended::Struck } else { Ended::ByTarget }
        }
        () = strike.struck() => Ended::Struck,
    };
    if ended == Ended::Struck {
        let _ = to_caller.as_ref().set_zero_linger();
        let _ = to_target.as_ref().set_zero_linger();
    }
    ended
}

/// Carries one direction until it ends; whether it ended because something was lost on the way.
async fn direction(
    from: &mut OwnedReadHalf,
    to: &mut OwnedWriteHalf,
    sky: Sky,
    line: fn(&Weather) -> Line,
) -> bool {
    let (sent, arriving) = mpsc::channel(ON_THE_WAY_MAX);
    // What is still on its way when the sender closes arrives before the end does.
    tokio::select! {
        () = deliver(arriving, to) => false,
        () = async {
            if !send(from, sent, sky, line).await {
                std::future::pending::<()>().await;
            }
        } => true,
    }
}

/// Reads what is sent until the sender closes; answers true when something was lost and the line is open again.
async fn send(
    from: &mut OwnedReadHalf,
    sent: mpsc::Sender<(Instant, Bytes)>,
    mut sky: Sky,
    line: fn(&Weather) -> Line,
) -> bool {
    let (mut bytes, mut has_lost) = (vec![0; PIECE_BYTES_MAX], false);
    loop {
        if has_lost && sky.line(line) != Line::Lost {
            return true;
        }
        let read = tokio::select! {
            read = from.read(&mut bytes) => read,
            () = sky.changed(), if has_lost => continue,
        };
        let Ok(count @ 1..) = read else {
            return false;
        };
        let delay = match sky.line(line) {
            Line::Open => Duration::ZERO,
            Line::Slow(delay) => delay,
            Line::Wavering(least, most) => rand::rng().random_range(least..=most),
            Line::Lost => {
                has_lost = true;
                continue;
            }
        };
        if has_lost {
            return true;
        }
        let piece = (Instant::now() + delay, Bytes::copy_from_slice(&bytes[..count]));
        if sent.send(piece).await.is_err() {
            return false;
        }
    }
}

/// Writes each piece when it is due, in the order in which they were sent.
async fn deliver(mut arriving: mpsc::Receiver<(Instant, Bytes)>, to: &mut OwnedWriteHalf) {
    while let Some((due, bytes)) = arriving.recv().await {
        tokio::time::sleep_until(due).await;
        if to.write_all(&bytes).await.is_err() {
            return;
        }
    }
}
