//! Requests at a fixed rate, one receipt of the next till each, whatever becomes of those before.
//!
//! A request that did not end in a receipt is sent again under its operation id until it does, so that the audit
//! knows what the chains must hold. Its first outcome is what counts.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use harness::receipt;
use shared::identity::OperationId;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::exchange::{Pool, request};
use super::stage::{Doors, Till};

/// How often a request is sent until it ends in a receipt …
const TRIES_MAX: usize = 100;
/// … and the pause between two tries.
const PAUSE: Duration = Duration::from_millis(200);
/// How often a client looks for a door that lets it in.
const KNOCKS_MAX: usize = 20;

/// What became of a request when it was sent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A receipt.
    Signed,
    /// An answer that is none.
    Refused(u16),
    /// No answer.
    Broken,
}

/// One request.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// Which till.
    pub till: usize,
    /// When it was due, and sent unless the client was late itself.
    pub due: Instant,
    /// When it ended in a receipt, repetitions included; when it was given up, if it did not.
    pub ended: Instant,
    /// What became of it when it was sent first.
    pub first: Outcome,
}

impl Asked {
    /// From due to the end.
    pub fn took(&self) -> Duration {
        self.ended.saturating_duration_since(self.due)
    }
}

/// Running load.
pub struct Load {
    stop: CancellationToken,
    asking: JoinHandle<Vec<Asked>>,
}

impl Load {
    /// Begins to ask so many times a second.
    pub fn begin(tills: Arc<Vec<Till>>, doors: Doors, per_second: u32) -> Self {
        let stop = CancellationToken::new();
        let asking = tokio::spawn(ask(stop.clone(), tills, doors, per_second));
        Self { stop, asking }
    }

    /// Ends it after the requests under way.
    pub async fn end(self) -> Vec<Asked> {
        self.stop.cancel();
        self.asking.await.expect("the load does not panic")
    }
}

async fn ask(stop: CancellationToken, tills: Arc<Vec<Till>>, doors: Doors, per_second: u32) -> Vec<Asked> {
    let mut due = tokio::time::interval(Duration::from_secs(1) / per_second);
    due.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (pool, mut asked) = (Arc::new(Pool::default()), JoinSet::new());
    for at in 0.. {
        let due = tokio::select! {
            () = stop.cancelled() => break,
            due = due.tick() => due.into_std(),
        };
        let (tills, doors, pool) = (tills.clone(), doors.clone(), pool.clone());
        asked.spawn(async move { sign(&pool, &doors, &tills, at % tills.len(), at, due).await });
    }
    asked.join_all().await
}

/// Signs one receipt of a till, and notes in the till what its chain holds then.
pub async fn sign(pool: &Pool, doors: &Doors, tills: &[Till], till: usize, at: usize, due: Instant) -> Asked {
    let Till { cashbox, sure, maybe } = &tills[till];
    let sale = receipt::sale(cashbox, &format!("L-{at}"));
    let request = request(cashbox, OperationId::random(), &sale);
    let first = send(pool, doors, at, &request).await;
    let mut last = first;
    for again in 1..TRIES_MAX {
        if last == Outcome::Signed {
            break;
        }
        tokio::time::sleep(PAUSE).await;
        last = send(pool, doors, at + again, &request).await;
    }
    match last {
        Outcome::Signed => sure.fetch_add(1, Ordering::Relaxed),
        Outcome::Refused(_) | Outcome::Broken => maybe.fetch_add(1, Ordering::Relaxed),
    };
    Asked {
        till,
        due,
        ended: Instant::now(),
        first,
    }
}

async fn send(pool: &Pool, doors: &Doors, at: usize, request: &[u8]) -> Outcome {
    let Some((door, stream)) = enter(pool, doors, at).await else {
        return Outcome::Broken;
    };
    match pool.exchange(stream, door, request).await {
        Ok(answer) if answer.receipt_number().is_some() => Outcome::Signed,
        Ok(answer) => Outcome::Refused(answer.status),
        Err(_) => Outcome::Broken,
    }
}

/// A connection through the first door that lets the client in. A refused connection has asked nothing yet.
async fn enter(pool: &Pool, doors: &Doors, at: usize) -> Option<(SocketAddr, tokio::net::TcpStream)> {
    for knock in 0..KNOCKS_MAX {
        if let Some(door) = doors.at(at + knock)
            && let Ok(stream) = pool.connection(door).await
        {
            return Some((door, stream));
        }
        if knock > 0 {
            tokio::time::sleep(PAUSE / 10).await;
        }
    }
    None
}
