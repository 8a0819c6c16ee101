//! Points of sale: each sends one request after another, sends again what was not answered, and gives nothing up.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use backend::cashbox::error::CashboxError;
use shared::identity::OperationId;
use tokio::time::{Instant, sleep};

use crate::cashbox::{Cashbox, Kind, Receipt};
use crate::chance::Chance;
use crate::proxy::{Proxy, Said, Told, Wish};
use crate::witness::Witness;

/// How long a client waits for the answers to what it has left open, each time it asks.
const PATIENCE_AT_THE_END: Duration = Duration::from_secs(10);

/// What all clients share.
pub struct Clients {
    /// The moment the front's clock began.
    pub born: Instant,
    /// Whom they ask.
    pub proxies: Vec<Arc<Proxy>>,
    /// Who sees it.
    pub witness: Arc<Mutex<Witness>>,
    /// Whether they are to come to an end.
    pub closing: AtomicBool,
    /// How many have.
    pub closed: AtomicUsize,
}

impl Clients {
    fn now_ms(&self) -> u64 {
        self.born.elapsed().as_millis() as u64
    }

    fn witness(&self) -> MutexGuard<'_, Witness> {
        self.witness
            .lock()
            .expect("nothing panics while it holds this lock")
    }

    fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }
}

/// One point of sale.
pub struct Client {
    /// Its name, for references.
    pub name: String,
    /// Whose receipts it wants.
    pub cashbox: Cashbox,
    /// What it draws.
    pub chance: Chance,
    /// What it shares.
    pub clients: Arc<Clients>,
    /// Whether it puts the queue into operation.
    pub opens: bool,
}

/// A request and whether it was answered for good.
struct Sent {
    operation: OperationId,
    receipt: Receipt,
    settled: bool,
}

impl Client {
    /// Sells until the shop closes, then asks for everything that has no answer yet, and sells once more.
    pub async fn live(mut self) {
        let mut sent: Vec<Sent> = Vec::new();
        if self.opens {
            sent.push(self.new_receipt(Kind::InitialOperation, "INIT".to_owned()));
            self.ask_until_answered(&mut sent[0]).await;
        }
        while !self.clients.is_closing() {
            sleep(Duration::from_millis(self.chance.between(20, 2_400))).await;
            self.act(&mut sent).await;
        }
        for open in sent.iter_mut().filter(|open| !open.settled) {
            self.ask_until_answered(open).await;
        }
        let mut last = self.new_receipt(Kind::Sale, format!("{}-last", self.name));
        self.ask_until_answered(&mut last).await;
        self.clients.closed.fetch_add(1, Ordering::Relaxed);
    }

    /// One thing that a point of sale does.
    async fn act(&mut self, sent: &mut Vec<Sent>) {
        let number = sent.len();
        match self.chance.below(100) {
            0..4 => self.ask(Wish::Reset).await,
            4..7 => self.ask(Wish::Describe).await,
            7..14 if number > 0 => {
                let again = self.chance.index(number);
                self.send(&mut sent[again]).await;
            }
            14..18 if sent.iter().any(|sent| sent.settled) => {
                // What is settled, is settled with its content; before, the first content to arrive counts.
                let settled: Vec<_> = sent.iter().filter(|sent| sent.settled).collect();
                let used = settled[self.chance.index(settled.len())].operation;
                let mut other = self.new_receipt(Kind::Sale, format!("{}-{number}-other", self.name));
                other.operation = used;
                self.send(&mut other).await;
            }
            roll => {
                let kind = if roll >= 92 { Kind::Zero } else { Kind::Sale };
                let mut new = self.new_receipt(kind, format!("{}-{number}", self.name));
                self.send(&mut new).await;
                // Most are sent again at once if need be, the others at the end.
                while !new.settled && self.chance.percent(70) && !self.clients.is_closing() {
                    self.send(&mut new).await;
                }
                sent.push(new);
            }
        }
    }

    /// Now and then a request goes to the wrong pod first.
    fn astray(&mut self) -> Option<usize> {
        self.chance.percent(4).then(|| self.chance.index(16))
    }

    fn new_receipt(&mut self, kind: Kind, reference: String) -> Sent {
        Sent {
            operation: OperationId::from_u128(self.chance.id()),
            receipt: Receipt::new(&self.cashbox, kind, &reference),
            settled: false,
        }
    }

    async fn ask_until_answered(&mut self, sent: &mut Sent) {
        while !sent.settled {
            self.send_for(sent, PATIENCE_AT_THE_END).await;
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn send(&mut self, sent: &mut Sent) {
        let patience = Duration::from_millis(self.chance.between(500, 15_000));
        self.send_for(sent, patience).await;
    }

    /// Sends a request once, by any proxy.
    async fn send_for(&mut self, sent: &mut Sent, patience: Duration) {
        let astray = self.astray();
        let (cashbox, operation, content) = (self.cashbox.id, sent.operation, sent.receipt.content_hash);
        self.clients.witness().sent(cashbox, operation, content);
        let proxy = self.clients.proxies[self.chance.index(self.clients.proxies.len())].clone();
        let said = proxy
            .exchange(
                cashbox,
                &Wish::Sign(operation, sent.receipt.clone()),
                patience,
                astray,
            )
            .await;
        let now_ms = self.clients.now_ms();
        let mut witness = self.clients.witness();
        match said {
            Said::Told(Told::Receipt(response)) => {
                sent.settled = true;
                witness.told(now_ms, cashbox, operation, content, &response);
            }
            Said::Told(Told::Done) => {
                witness.violation(now_ms, format!("{operation} was answered with nothing"))
            }
            Said::Refused(CashboxError::Rejected { message }) => {
                sent.settled = true;
                witness.denied(now_ms, cashbox, operation, &message);
            }
            Said::Refused(CashboxError::OtherContent) => witness.count("refusals of other content"),
            Said::Refused(error) => self.refused(&mut witness, now_ms, &error),
            Said::TooLate => witness.count("requests given up"),
        }
    }

    /// Asks something that changes no receipt.
    async fn ask(&mut self, wish: Wish) {
        let proxy = self.clients.proxies[self.chance.index(self.clients.proxies.len())].clone();
        let (patience, astray) = (
            Duration::from_millis(self.chance.between(500, 5_000)),
            self.astray(),
        );
        let said = proxy.exchange(self.cashbox.id, &wish, patience, astray).await;
        let now_ms = self.clients.now_ms();
        if let Said::Refused(error) = said {
            self.refused(&mut self.clients.witness(), now_ms, &error);
        }
    }

    /// Only what the README lists may be said.
    fn refused(&self, witness: &mut Witness, now_ms: u64, error: &CashboxError) {
        witness.count("refusals");
        match error {
            CashboxError::Refused(_) => {}
            other => witness.violation(now_ms, format!("{} was refused: {other:?}", self.name)),
        }
    }
}
