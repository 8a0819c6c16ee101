//! Many POS systems, each for one cashbox, that send an operation again through another door until they know what
//! became of it: as a POS does that has to get its receipt.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use shared::identity::OperationId;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::cashbox::Cashbox;
use crate::client::{Answer, Pos};
use crate::deployment::endpoints::Endpoints;
use crate::eventually::eventually;
use crate::receipt;

/// How long a count of receipts may take to be reached.
const PROGRESS_WITHIN: Duration = Duration::from_secs(120);
/// Before an operation is sent again.
const RESEND_AFTER: Duration = Duration::from_millis(100);

/// A running load.
#[derive(Debug)]
pub struct Load {
    stop: CancellationToken,
    tally: Arc<Tally>,
    clients: JoinSet<Vec<String>>,
}

#[derive(Debug, Default)]
struct Tally {
    signed: AtomicU64,
    resent: AtomicU64,
    left_open: AtomicU64,
    reasons: Mutex<Vec<String>>,
}

/// What a load came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Operations that were answered with a receipt.
    pub signed: u64,
    /// How often an operation was sent again.
    pub resent: u64,
    /// Why, for each time.
    pub reasons: Vec<String>,
    /// Operations whose outcome was not known when the load was told to end.
    pub left_open: u64,
    /// Operations that were answered with a final refusal, in words.
    pub failed: Vec<String>,
}

impl Load {
    /// Begins to sign for every cashbox at once; each POS pauses this long between two receipts.
    #[must_use]
    pub fn on(tills: &[(Pos, Cashbox)], doors: &Endpoints, pause: Duration) -> Self {
        let (stop, tally) = (CancellationToken::new(), Arc::new(Tally::default()));
        let mut clients = JoinSet::new();
        for (at, (pos, cashbox)) in tills.iter().cloned().enumerate() {
            let client = Client {
                pos,
                cashbox,
                doors: doors.clone(),
                prefers: at,
                stop: stop.clone(),
                tally: tally.clone(),
            };
            clients.spawn(client.sell(pause));
        }
        Self { stop, tally, clients }
    }

    /// Waits until this many receipts more than now have been signed.
    pub async fn signs_more(&self, receipts: u64) {
        let wanted = self.tally.signed.load(Ordering::Relaxed) + receipts;
        eventually("the load goes on", PROGRESS_WITHIN, async || {
            (self.tally.signed.load(Ordering::Relaxed) >= wanted).then_some(())
        })
        .await;
    }

    /// Ends it after the requests under way.
    pub async fn stop(self) -> Told {
        self.stop.cancel();
        let failed = self.clients.join_all().await.concat();
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Told {
            signed: read(&self.tally.signed),
            resent: read(&self.tally.resent),
            left_open: read(&self.tally.left_open),
            reasons: std::mem::take(&mut self.tally.reasons.lock().unwrap()),
            failed,
        }
    }
}

struct Client {
    pos: Pos,
    cashbox: Cashbox,
    doors: Endpoints,
    prefers: usize,
    stop: CancellationToken,
    tally: Arc<Tally>,
}

impl Client {
    /// One receipt after another; answers every final refusal.
    async fn sell(self, pause: Duration) -> Vec<String> {
        let mut failed = Vec::new();
        // A load of its own in the references, so that two loads on one cashbox are told apart.
        let load = rand::random::<u32>();
        for at in 0_u64.. {
            let sale = receipt::sale(&self.cashbox, &format!("L{load:08x}-{at}"));
            failed.extend(self.sign(&sale).await);
            tokio::select! {
                () = self.stop.cancelled() => break,
                () = tokio::time::sleep(pause) => {}
            }
        }
        failed
    }

    /// Signs one receipt, however often it has to be asked for; answers the refusal if that is final.
    async fn sign(&self, sale: &Value) -> Option<String> {
        let operation = OperationId::random();
        for attempt in 0.. {
            if let Some(door) = self.doors.at(self.prefers + attempt) {
                match outcome(self.pos.at(&door).try_sign(operation, sale).await) {
                    Outcome::Signed => {
                        self.tally.signed.fetch_add(1, Ordering::Relaxed);
                        return None;
                    }
                    Outcome::Refused(why) => {
                        return Some(format!("{operation} of {}: {why}", self.cashbox.id));
                    }
                    Outcome::Unknown(why) => self.tally.reasons.lock().unwrap().push(why),
                }
            }
            if self.stop.is_cancelled() {
                self.tally.left_open.fetch_add(1, Ordering::Relaxed);
                return None;
            }
            self.tally.resent.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(RESEND_AFTER).await;
        }
        unreachable!("there are more numbers than tries")
    }
}

enum Outcome {
    Signed,
    /// For good: asking again would be answered the same.
    Refused(String),
    /// Refused for a while, or lost on the way.
    Unknown(String),
}

fn outcome(answer: reqwest::Result<Answer>) -> Outcome {
    match answer {
        Ok(answer) if answer.status == 200 => Outcome::Signed,
        Ok(answer) if matches!(answer.status, 400..=417) => {
            Outcome::Refused(format!("{}: {}", answer.status, answer.body))
        }
        Ok(answer) if answer.status == 500 && answer.body.contains("Receipt not processed") => {
            Outcome::Refused(answer.body)
        }
        Ok(answer) => Outcome::Unknown(format!("{}: {}", answer.status, answer.body)),
        Err(fault) => Outcome::Unknown(format!("{fault:?}")),
    }
}
