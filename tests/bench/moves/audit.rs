//! Whether the chains hold what was answered: one more receipt per till tells how long its chain is.

use std::sync::atomic::Ordering;

use futures::{StreamExt as _, stream};
use harness::receipt;
use shared::identity::OperationId;

use super::exchange::{Pool, request};
use super::load::{Asked, Outcome};
use super::stage::{Stage, Till};

/// How many tills are audited at a time.
const AT_ONCE: usize = 64;

/// What a run came to.
#[derive(Debug, Default, Clone, Copy)]
pub struct Audit {
    /// Requests.
    pub asked: usize,
    /// Requests without an answer when they were sent first.
    pub broken: usize,
    /// Requests answered with something else than a receipt when they were sent first.
    pub refused: usize,
    /// Receipts in the chains that nobody asked for.
    pub duplicates: u64,
    /// Receipts that were answered and are in no chain.
    pub lost: u64,
}

impl Audit {
    /// Counts what became of the requests, then the receipts of every chain.
    pub async fn of(stage: &Stage, asked: &[Asked]) -> Self {
        let pool = Pool::default();
        let chains = stage.tills.iter().map(|till| surplus(stage, &pool, till));
        let chains: Vec<(u64, u64)> = stream::iter(chains).buffer_unordered(AT_ONCE).collect().await;
        let count = |wanted: fn(&Outcome) -> bool| asked.iter().filter(|asked| wanted(&asked.first)).count();
        Self {
            asked: asked.len(),
            broken: count(|outcome| *outcome == Outcome::Broken),
            refused: count(|outcome| matches!(outcome, Outcome::Refused(_))),
            duplicates: chains.iter().map(|(more, _)| more).sum(),
            lost: chains.iter().map(|(_, fewer)| fewer).sum(),
        }
    }

    /// `0 of 900 failed, 0 refused, 0 duplicates, 0 lost`.
    pub fn shown(&self) -> String {
        format!(
            "{} of {} failed, {} refused, {} duplicates, {} lost",
            self.broken, self.asked, self.refused, self.duplicates, self.lost
        )
    }
}

/// By how many receipts a chain is longer, and shorter, than what was answered.
async fn surplus(stage: &Stage, pool: &Pool, till: &Till) -> (u64, u64) {
    let sale = receipt::sale(&till.cashbox, "AUDIT");
    let request = request(&till.cashbox, OperationId::random(), &sale);
    let door = stage.doors.at(0).expect("a proxy is there");
    let stream = pool.connection(door).await.expect("the proxy listens");
    let answer = pool
        .exchange(stream, door, &request)
        .await
        .expect("the proxy answers");
    let number = answer.receipt_number().unwrap_or_else(|| {
        let body = String::from_utf8_lossy(&answer.body);
        panic!("no receipt at the end: {} {body}", answer.status)
    });
    let sure = till.sure.fetch_add(1, Ordering::Relaxed) + 1;
    let maybe = till.maybe.load(Ordering::Relaxed);
    (number.saturating_sub(sure + maybe), sure.saturating_sub(number))
}
