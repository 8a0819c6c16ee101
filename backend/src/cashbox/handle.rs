//! What everybody but the actor holds of a cashbox: cheap to clone, one method per question.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use shared::api::refusal::Refusal;
use shared::identity::{CashBoxId, Epoch, QueueId};
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use super::acceptance::Acceptance;
use super::actor::Farewell;
use super::command::{Caller, Description, Lent, Made, Signed, Ticket};
use super::configuration::Fingerprint;
use super::error::CashboxError;
use super::handover::{HandoverOrder, Terms};
use super::mailbox::{Departure, Mailbox, Posting, Turned};
use super::rest::Rest;
use super::status::{Abandoned, Hosted, Status};
use super::token::{Accepted, TokenDigest};

/// A running cashbox, as the rest of the pod sees it.
#[derive(Debug, Clone)]
pub struct CashboxHandle {
    shared: Arc<Shared>,
}

/// What handle and actor share. The actor's own state is not here: it alone touches that.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) cashbox: CashBoxId,
    pub(super) queue: QueueId,
    pub(super) epoch: Epoch,
    pub(super) mailbox: Mailbox,
    pub(super) status: Arc<Status>,
    /// Written by the actor.
    pub(super) rest: Rest,
    pub(super) accepted: Accepted,
    /// The configuration in force, written by the actor with each reset.
    pub(super) configuration: Mutex<Fingerprint>,
    /// Cancelled when the actor is gone and its ownership with it.
    pub(super) ended: CancellationToken,
    /// The actor's task, once it runs: for the watchdog.
    pub(super) task: OnceLock<AbortHandle>,
}

impl Shared {
    /// What a successor would need to know now.
    pub(super) fn terms(&self) -> Terms {
        Terms {
            epoch: self.epoch,
            accepted: self.accepted.current(),
            configuration: *self.in_force(),
        }
    }

    /// Another configuration is in force from now on.
    pub(super) fn put_in_force(&self, configuration: Fingerprint) {
        *self.in_force() = configuration;
    }

    fn in_force(&self) -> MutexGuard<'_, Fingerprint> {
        self.configuration
            .lock()
            .expect("nothing panics while it holds this lock")
    }
}

/// Why a question was not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unanswered {
    /// The instance is ending: look for the cashbox anew, then ask again.
    Gone,
    /// This is the answer.
    Error(CashboxError),
}

impl CashboxHandle {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Which cashbox.
    #[must_use]
    pub fn cashbox(&self) -> CashBoxId {
        self.shared.cashbox
    }

    /// Its queue.
    #[must_use]
    pub fn queue(&self) -> QueueId {
        self.shared.queue
    }

    /// The epoch under which it runs.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.shared.epoch
    }

    /// Where it is in its life.
    #[must_use]
    pub fn status(&self) -> &Arc<Status> {
        &self.shared.status
    }

    /// Cuts the instance off, whatever it is doing; none when it has ended already. A task that blocks goes on
    /// unseen: the journal fences it.
    pub(super) fn abandon(&self) -> Option<Abandoned> {
        let abandoned = self.shared.status.abandon()?;
        if let Some(task) = self.shared.task.get() {
            task.abort();
        }
        Some(abandoned)
    }

    /// Closes the mailbox of an instance that was abandoned; answers whom to tell once its ownership has been given
    /// back.
    pub(super) fn farewell(&self, error: CashboxError) -> Farewell {
        Farewell::of_abandoned(self.shared.clone(), error)
    }

    /// Notes the task in which the instance runs.
    pub(super) fn runs_as(&self, task: AbortHandle) {
        self.shared.task.set(task).expect("an instance runs once");
    }

    /// How it is shown to operators.
    #[must_use]
    pub fn hosted(&self) -> Hosted {
        self.shared.status.hosted(self.shared.mailbox.waiting())
    }

    /// For how long it has rested; none while somebody is served or waits.
    #[must_use]
    pub fn rested(&self) -> Option<Duration> {
        self.shared
            .rest
            .lasts()
            .filter(|_| self.shared.mailbox.waiting() == 0)
    }

    /// Whether it accepts a token.
    #[must_use]
    pub fn accepts(&self, digest: &TokenDigest) -> bool {
        self.shared.accepted.is(digest)
    }

    /// Accepts another token from now on, because the configuration service does.
    pub fn accept(&self, digest: TokenDigest) {
        self.shared.accepted.replace(digest);
    }

    /// Signs a receipt, in its turn.
    ///
    /// # Errors
    /// See [`Unanswered`].
    pub async fn sign(&self, posting: Posting) -> Result<Signed, Unanswered> {
        let (ticket, posted) = self.shared.mailbox.post_sign(posting).map_err(turned)?;
        let signed = ticket.wait().await.map_err(Unanswered::Error)?;
        let made = match posted {
            Made::Now => signed.made,
            Made::Before => Made::Before,
        };
        Ok(Signed { made, ..signed })
    }

    /// Fetches the configuration anew and begins again with it, in its turn.
    ///
    /// # Errors
    /// See [`Unanswered`].
    pub async fn reset(&self, caller: Caller) -> Result<(), Unanswered> {
        wait(self.shared.mailbox.post_reset(caller)).await
    }

    /// Where the queue stands, in its turn.
    ///
    /// # Errors
    /// See [`Unanswered`].
    pub async fn describe(&self) -> Result<Arc<Description>, Unanswered> {
        wait(self.shared.mailbox.post_describe()).await
    }

    /// The way to the TSE, in its turn.
    ///
    /// # Errors
    /// See [`Unanswered`].
    pub async fn lend(&self) -> Result<Lent, Unanswered> {
        wait(self.shared.mailbox.post_lend()).await
    }

    /// Accepts a stale journal, in its turn; the cashbox then starts anew.
    ///
    /// # Errors
    /// See [`Unanswered`].
    pub async fn accept_journal(&self, reason: &str) -> Result<Arc<Acceptance>, Unanswered> {
        wait(self.shared.mailbox.post_accept(reason.to_owned())).await
    }

    /// Asks the actor to give the cashbox back after the receipt that runs.
    pub fn ask_to_leave(&self) {
        self.shared.mailbox.ask_to_depart(Departure::Release);
    }

    /// Asks the actor to hand the cashbox over after the receipt that runs. An order that is not carried out, because
    /// the cashbox ends otherwise, is dropped with the mailbox: wait for [`Self::ended`] beside its answer.
    pub fn ask_to_hand_over(&self, order: HandoverOrder) {
        let departure = Departure::HandOver(Box::new(order));
        self.shared.mailbox.ask_to_depart(departure);
    }

    /// What another pod would need to serve the cashbox as this one does now.
    #[must_use]
    pub(super) fn terms(&self) -> Terms {
        self.shared.terms()
    }

    /// Asks the actor to make sure that its tenure is still the newest.
    pub fn confirm(&self) {
        self.shared.mailbox.post_confirm();
    }

    /// Waits until the instance and its ownership are gone.
    pub async fn ended(&self) {
        self.shared.ended.cancelled().await;
    }

    /// Whether the actor was asked to stop serving and has not begun to.
    #[cfg(test)]
    pub(super) fn departs(&self) -> bool {
        self.shared.mailbox.departs()
    }

    /// Whether the instance is gone.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.shared.ended.is_cancelled()
    }
}

async fn wait<T: Clone>(posted: Result<Ticket<T>, Turned>) -> Result<T, Unanswered> {
    posted.map_err(turned)?.wait().await.map_err(Unanswered::Error)
}

fn turned(turned: Turned) -> Unanswered {
    match turned {
        Turned::Closed => Unanswered::Gone,
        Turned::Full => Unanswered::Error(Refusal::MailboxFull.into()),
        Turned::OtherContent => Unanswered::Error(CashboxError::OtherContent),
    }
}
