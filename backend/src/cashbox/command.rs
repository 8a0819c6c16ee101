//! What can be asked of a cashbox, and the place where the answer will be.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use shared::api::receipt_request::ReceiptRequest;
use shared::api::receipt_response::ReceiptResponse;
use shared::clock::Ticks;
use shared::identity::{OperationId, QueueId};
use shared::trace::span;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::acceptance::Acceptance;
use super::error::CashboxError;
use super::token::TokenDigest;
use crate::journal::entry::{QueueDeRow, QueueRow, ScuRow};
use crate::scu::Scu;

/// What an actor does, one at a time, in order of arrival. The inbox is closed: there is nothing else.
#[derive(Debug)]
pub enum Command {
    /// Sign a receipt.
    Sign(Sign),
    /// Fetch the configuration anew and begin again with it.
    Reset(Reset),
    /// Say where the queue stands.
    Describe(Describe),
    /// Lend the way to the TSE.
    Lend(Lend),
    /// Accept a stale journal.
    Accept(Accept),
    /// Make sure that the tenure is still the newest: the ownership store says otherwise.
    Confirm,
}

/// Sign a receipt.
#[derive(Debug)]
pub struct Sign {
    /// Its identity across all repetitions.
    pub operation: OperationId,
    /// SHA-256 of its content, by which a repeated id with other content is told apart.
    pub content_hash: [u8; 32],
    /// The receipt.
    pub request: Arc<ReceiptRequest>,
    /// When it was put into the mailbox.
    pub posted: Instant,
    /// Where the request that it came from belongs in a trace.
    pub trace: span::Place,
    /// Where the answer goes: to its sender and to every twin.
    pub answer: Promise<Signed>,
}

/// Fetch the configuration anew and begin again with it.
#[derive(Debug)]
pub struct Reset {
    /// Who asks: the configuration service decides whether they may.
    pub caller: Caller,
    /// Where the outcome goes.
    pub answer: Promise<()>,
}

/// Accept a stale journal.
#[derive(Debug)]
pub struct Accept {
    /// Why, in the operator's words.
    pub reason: String,
    /// Where the outcome goes.
    pub answer: Promise<Arc<Acceptance>>,
}

/// Say where the queue stands.
#[derive(Debug)]
pub struct Describe {
    /// Where the description goes.
    pub answer: Promise<Arc<Description>>,
}

/// Lend the way to the TSE.
#[derive(Debug)]
pub struct Lend {
    /// Where it goes.
    pub answer: Promise<Lent>,
}

/// The way to the TSE that the queue is connected with, for what changes nothing in either. It is not taken back: whoever
/// has it goes on while the cashbox signs, is reset or moves.
#[derive(Debug, Clone)]
pub struct Lent {
    /// The queue.
    pub queue: QueueId,
    /// The unit.
    pub unit: Arc<dyn Scu>,
}

/// Who asks: the token as it was sent, and its digest.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The token.
    pub token: secrecy::SecretString,
    /// Its digest.
    pub digest: TokenDigest,
}

impl Caller {
    /// Somebody who sent this token.
    #[must_use]
    pub fn with_token(token: secrecy::SecretString) -> Self {
        let digest = TokenDigest::of(&token);
        Self { token, digest }
    }
}

/// The answer to a receipt, or nothing where the specification answers `null` (a receipt request that found
/// nothing). Shared by everybody who waits for it.
pub type Answer = Option<Arc<ReceiptResponse>>;

/// An answer, and when it was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Signed {
    /// The answer.
    pub answer: Answer,
    /// When it was made, as the request sees it that gets it.
    pub made: Made,
}

/// Whether an answer was made for the request that gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// It was.
    Now,
    /// The operation, or the receipt that was asked for, existed before this request.
    Before,
}

/// Where a queue stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// When the configuration of the cashbox was made.
    pub cashbox_time_stamp: Ticks,
    /// Counters and the chain's end.
    pub queue: QueueRow,
    /// The German part.
    pub queue_de: QueueDeRow,
    /// Every SCU known.
    pub scus: Vec<ScuRow>,
}

/// The place of an answer: written once, read by many, who wake in the order in which they began to wait. So those
/// who waited for a start come to the mailbox in the order of their arrival.
#[derive(Debug, Clone)]
pub struct Promise<T>(Arc<Giver<T>>);

/// A claim on an answer.
#[derive(Debug)]
pub struct Ticket<T>(Arc<Place<T>>);

#[derive(Debug)]
struct Place<T> {
    answer: OnceLock<Result<T, CashboxError>>,
    /// Told when there is an answer, or will be none.
    settled: Notify,
    deserted: AtomicBool,
}

/// Shared by the clones of a promise: with the last of them goes the hope for an answer.
#[derive(Debug)]
struct Giver<T>(Arc<Place<T>>);

impl<T: Clone> Promise<T> {
    /// A place without an answer yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Giver(Arc::new(Place {
            answer: OnceLock::new(),
            settled: Notify::new(),
            deserted: AtomicBool::new(false),
        }))))
    }

    /// A claim on the answer.
    #[must_use]
    pub fn ticket(&self) -> Ticket<T> {
        Ticket(self.0.0.clone())
    }

    /// Gives the answer. The first one stays.
    pub fn keep(&self, answer: Result<T, CashboxError>) {
        let place = &self.0.0;
        if place.answer.set(answer).is_ok() {
            place.settled.notify_waiters();
        }
    }
}

impl<T: Clone> Default for Promise<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Drop for Giver<T> {
    fn drop(&mut self) {
        self.0.deserted.store(true, Ordering::Release);
        self.0.settled.notify_waiters();
    }
}

impl<T: Clone> Ticket<T> {
    /// Waits for the answer. Dropping the wait changes nothing for the receipt.
    ///
    /// # Errors
    /// The error given as the answer; `Broken` when the place was destroyed without one.
    pub async fn wait(self) -> Result<T, CashboxError> {
        let place = &*self.0;
        let mut settled = pin!(place.settled.notified());
        // Listening before looking: what is told in between is not missed.
        settled.as_mut().enable();
        if place.answer.get().is_none() && !place.deserted.load(Ordering::Acquire) {
            settled.await;
        }
        place.answer.get().cloned().unwrap_or(Err(CashboxError::Broken))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[tokio::test]
    async fn those_who_wait_wake_in_the_order_in_which_they_came() {
        let promise = Promise::new();
        let woken = Arc::new(Mutex::new(Vec::new()));
        let waiting: Vec<_> = (0..20)
            .map(|number| {
                let (ticket, woken) = (promise.ticket(), woken.clone());
                tokio::spawn(async move {
                    let answer = ticket.wait().await;
                    woken.lock().unwrap().push(number);
                    answer
                })
            })
            .collect();
        tokio::task::yield_now().await;
        promise.keep(Ok(7));
        for one in waiting {
            assert_eq!(one.await.unwrap(), Ok(7));
        }
        assert_eq!(*woken.lock().unwrap(), (0..20).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_place_that_is_destroyed_without_an_answer_says_so() {
        let promise = Promise::<()>::new();
        let (early, late) = (promise.ticket(), promise.ticket());
        let waiting = tokio::spawn(early.wait());
        tokio::task::yield_now().await;
        drop(promise);
        assert_eq!(waiting.await.unwrap(), Err(CashboxError::Broken));
        assert_eq!(late.wait().await, Err(CashboxError::Broken));
    }
}
