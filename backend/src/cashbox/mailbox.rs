//! Waiting for one's turn: bounded, in order of arrival, twins joined.
//!
//! ```text
//! post → queued | joined to the same operation | refused (full, other content, closed)
//! next → the oldest command (its operation stays joinable until `done`), or Leave
//! close → whoever still waits is handed back, and nothing is taken any more
//! ```

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use shared::api::receipt_request::ReceiptRequest;
use shared::identity::OperationId;
use shared::trace::current;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::acceptance::Acceptance;
use super::command::{
    Accept, Caller, Command, Describe, Description, Lend, Lent, Made, Promise, Reset, Sign, Signed, Ticket,
};
use super::error::CashboxError;
use super::handover::HandoverOrder;

/// The inbox of one actor.
#[derive(Debug)]
pub struct Mailbox {
    depth: usize,
    inner: Mutex<Inner>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    waiting: VecDeque<Command>,
    running: Option<Running>,
    departure: Option<Departure>,
    closed: bool,
}

/// The receipt that is being signed, so that its twins find it.
#[derive(Debug, Clone)]
struct Running {
    operation: OperationId,
    content_hash: [u8; 32],
    answer: Promise<Signed>,
}

/// Why nothing was put into the mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turned {
    /// As many wait as may wait.
    Full,
    /// The same operation id is here with another content.
    OtherContent,
    /// The actor has ended or is about to: look for the cashbox anew.
    Closed,
}

/// What the actor is to do next.
#[derive(Debug)]
pub enum Next {
    /// A command.
    Do(Command),
    /// Stop serving the cashbox.
    Leave(Departure),
}

/// How the actor stops serving the cashbox.
#[derive(Debug)]
pub enum Departure {
    /// It is given back, to nobody.
    Release,
    /// It is handed to another pod.
    HandOver(Box<HandoverOrder>),
}

/// A receipt as its sender hands it in.
#[derive(Debug, Clone)]
pub struct Posting {
    /// Its identity across all repetitions.
    pub operation: OperationId,
    /// SHA-256 of its content.
    pub content_hash: [u8; 32],
    /// The receipt.
    pub request: Arc<ReceiptRequest>,
}

impl Mailbox {
    /// An empty mailbox in which `depth` commands may wait, besides the one that runs.
    #[must_use]
    pub fn new(depth: usize) -> Self {
        Self {
            depth,
            inner: Mutex::default(),
            arrived: Notify::new(),
        }
    }

    /// Hands in a receipt, or joins the same one that is here already; says which it was.
    ///
    /// # Errors
    /// When it was not taken; see [`Turned`].
    pub fn post_sign(&self, posting: Posting) -> Result<(Ticket<Signed>, Made), Turned> {
        let mut inner = self.lock();
        if let Some(twin) = inner.twin(posting.operation) {
            let same = twin.content_hash == posting.content_hash;
            return if same {
                Ok((twin.answer.ticket(), Made::Before))
            } else {
                Err(Turned::OtherContent)
            };
        }
        let answer = Promise::new();
        let ticket = answer.ticket();
        let sign = Command::Sign(Sign {
            operation: posting.operation,
            content_hash: posting.content_hash,
            request: posting.request,
            posted: Instant::now(),
            trace: current::place(),
            answer,
        });
        self.put(&mut inner, sign)?;
        Ok((ticket, Made::Now))
    }

    /// Asks for a reset, or joins one by the same caller that has not begun yet.
    ///
    /// # Errors
    /// When it was not taken; see [`Turned`].
    pub fn post_reset(&self, caller: Caller) -> Result<Ticket<()>, Turned> {
        let mut inner = self.lock();
        let last = inner.waiting.back();
        if let Some(Command::Reset(twin)) = last.filter(|_| !inner.closed)
            && twin.caller.digest == caller.digest
        {
            return Ok(twin.answer.ticket());
        }
        let answer = Promise::new();
        let ticket = answer.ticket();
        self.put(&mut inner, Command::Reset(Reset { caller, answer }))?;
        Ok(ticket)
    }

    /// Asks where the queue stands.
    ///
    /// # Errors
    /// When it was not taken; see [`Turned`].
    pub fn post_describe(&self) -> Result<Ticket<Arc<Description>>, Turned> {
        let answer = Promise::new();
        let ticket = answer.ticket();
        self.put(&mut self.lock(), Command::Describe(Describe { answer }))?;
        Ok(ticket)
    }

    /// Asks for the way to the TSE.
    ///
    /// # Errors
    /// When it was not taken; see [`Turned`].
    pub fn post_lend(&self) -> Result<Ticket<Lent>, Turned> {
        let answer = Promise::new();
        let ticket = answer.ticket();
        self.put(&mut self.lock(), Command::Lend(Lend { answer }))?;
        Ok(ticket)
    }

    /// Asks to accept a stale journal.
    ///
    /// # Errors
    /// When it was not taken; see [`Turned`].
    pub fn post_accept(&self, reason: String) -> Result<Ticket<Arc<Acceptance>>, Turned> {
        let answer = Promise::new();
        let ticket = answer.ticket();
        self.put(&mut self.lock(), Command::Accept(Accept { reason, answer }))?;
        Ok(ticket)
    }

    /// Asks the actor to make sure of its tenure. A full or closed mailbox needs no asking: its next write does.
    pub fn post_confirm(&self) {
        let _ = self.put(&mut self.lock(), Command::Confirm);
    }

    fn put(&self, inner: &mut Inner, command: Command) -> Result<(), Turned> {
        if inner.closed {
            return Err(Turned::Closed);
        }
        if inner.waiting.len() >= self.depth {
            return Err(Turned::Full);
        }
        inner.waiting.push_back(command);
        self.arrived.notify_one();
        Ok(())
    }

    /// How many wait, besides the one that runs.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Asks the actor to stop serving the cashbox before it takes the next command. The first to ask decides how;
    /// whoever comes later waits for the end.
    pub fn ask_to_depart(&self, departure: Departure) {
        self.lock().departure.get_or_insert(departure);
        self.arrived.notify_one();
    }

    /// Whether the actor was asked to stop serving and has not begun to.
    #[cfg(test)]
    pub(super) fn departs(&self) -> bool {
        self.lock().departure.is_some()
    }

    /// For the actor: what to do next. A receipt that is handed out stays joinable until [`Self::done`].
    pub async fn next(&self) -> Next {
        loop {
            if let Some(next) = self.take() {
                return next;
            }
            self.arrived.notified().await;
        }
    }

    fn take(&self) -> Option<Next> {
        let mut inner = self.lock();
        if let Some(departure) = inner.departure.take() {
            return Some(Next::Leave(departure));
        }
        let command = inner.waiting.pop_front()?;
        if let Command::Sign(sign) = &command {
            inner.running = Some(Running {
                operation: sign.operation,
                content_hash: sign.content_hash,
                answer: sign.answer.clone(),
            });
        }
        Some(Next::Do(command))
    }

    /// For the actor: the receipt that was handed out has its answer. Thousands of cashboxes wait most of the time, so
    /// the room for those who wait is given back with the last of them.
    pub fn done(&self) {
        let mut inner = self.lock();
        inner.running = None;
        if inner.waiting.is_empty() {
            inner.waiting = VecDeque::new();
        }
    }

    /// For the actor: closes the mailbox if nothing waits, and says whether it did.
    pub fn close_if_empty(&self) -> bool {
        let mut inner = self.lock();
        let empty = inner.waiting.is_empty();
        inner.closed |= empty;
        empty
    }

    /// Takes nothing any more, and hands back whoever waits; the one that runs is not among them.
    pub fn close(&self) -> Vec<Command> {
        let mut inner = self.lock();
        inner.closed = true;
        inner.waiting.drain(..).collect()
    }

    /// After the actor is gone: gives everybody who is still without an answer the same error.
    pub fn abandon(&self, error: &CashboxError) {
        let waiting = self.close();
        if let Some(running) = self.lock().running.take() {
            running.answer.keep(Err(error.clone()));
        }
        answer_all(waiting, error);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner
            .lock()
            .expect("nothing panics while it holds this lock")
    }
}

/// Gives all of these commands the same error.
pub fn answer_all(commands: Vec<Command>, error: &CashboxError) {
    for command in commands {
        match command {
            Command::Sign(sign) => sign.answer.keep(Err(error.clone())),
            Command::Reset(reset) => reset.answer.keep(Err(error.clone())),
            Command::Describe(describe) => describe.answer.keep(Err(error.clone())),
            Command::Lend(lend) => lend.answer.keep(Err(error.clone())),
            Command::Accept(accept) => accept.answer.keep(Err(error.clone())),
            Command::Confirm => {}
        }
    }
}

impl Inner {
    fn twin(&self, operation: OperationId) -> Option<Running> {
        if let Some(running) = self
            .running
            .as_ref()
            .filter(|running| running.operation == operation)
        {
            return Some(running.clone());
        }
        self.waiting.iter().find_map(|command| match command {
            Command::Sign(sign) if sign.operation == operation => Some(Running {
                operation,
                content_hash: sign.content_hash,
                answer: sign.answer.clone(),
            }),
            _ => None,
        })
    }
}
