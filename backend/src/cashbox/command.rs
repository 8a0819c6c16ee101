//! What can be asked of a cashbox, and the place where the answer will be.

use std::sync::Arc;
use std::time::Instant;

use shared::api::receipt_request::ReceiptRequest;
use shared::api::receipt_response::ReceiptResponse;
use shared::clock::Ticks;
use shared::identity::OperationId;
use tokio::sync::watch;
use tracing::Span;

use super::error::CashboxError;
use super::token::TokenDigest;
use crate::journal::entry::{QueueDeRow, QueueRow, ScuRow};

/// What an actor does, one at a time, in order of arrival. The inbox is closed: there is nothing else.
#[derive(Debug)]
pub enum Command {
    /// Sign a receipt.
    Sign(Sign),
    /// Fetch the configuration anew and begin again with it.
    Reset(Reset),
    /// Say where the queue stands.
    Describe(Describe),
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
    /// The request it came from.
    pub span: Span,
    /// Where the answer goes: to its sender and to every twin.
    pub answer: Promise<Answer>,
}

/// Fetch the configuration anew and begin again with it.
#[derive(Debug)]
pub struct Reset {
    /// Who asks: the configuration service decides whether they may.
    pub caller: Caller,
    /// Where the outcome goes.
    pub answer: Promise<()>,
}

/// Say where the queue stands.
#[derive(Debug)]
pub struct Describe {
    /// Where the description goes.
    pub answer: Promise<Arc<Description>>,
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

/// The place of an answer: written once, read by many.
#[derive(Debug, Clone)]
pub struct Promise<T>(watch::Sender<Option<Result<T, CashboxError>>>);

/// A claim on an answer.
#[derive(Debug)]
pub struct Ticket<T>(watch::Receiver<Option<Result<T, CashboxError>>>);

impl<T: Clone> Promise<T> {
    /// A place without an answer yet.
    #[must_use]
    pub fn new() -> Self {
        Self(watch::Sender::new(None))
    }

    /// A claim on the answer.
    #[must_use]
    pub fn ticket(&self) -> Ticket<T> {
        Ticket(self.0.subscribe())
    }

    /// Gives the answer. The first one stays.
    pub fn keep(&self, answer: Result<T, CashboxError>) {
        self.0.send_if_modified(|place| {
            let first = place.is_none();
            if first {
                *place = Some(answer);
            }
            first
        });
    }
}

impl<T: Clone> Default for Promise<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Clone> Ticket<T> {
    /// Waits for the answer. Dropping the wait changes nothing for the receipt.
    ///
    /// # Errors
    /// The error given as the answer; `Broken` when the place was destroyed without one.
    pub async fn wait(mut self) -> Result<T, CashboxError> {
        match self.0.wait_for(Option::is_some).await {
            Ok(answer) => answer.clone().unwrap_or(Err(CashboxError::Broken)),
            Err(_) => Err(CashboxError::Broken),
        }
    }
}
