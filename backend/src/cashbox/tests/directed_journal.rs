//! A journal in memory that does what the test says at its next `open`, `begin` or `append`.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use async_trait::async_trait;
use shared::clock::Ticks;
use shared::identity::pod::PodId;
use shared::identity::{CashBoxId, OperationId, QueueId, QueueItemId};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::journal::account::{Account, AccountUpdate};
use crate::journal::entry::{
    ActionJournalRow, Entry, Intent, JournalCounts, JournalDeRow, JournalPage, JournalQuery,
    KeptConfiguration, OpenQueue, QueueSeed, StoredItem, StoredOperation,
};
use crate::journal::history::{ClaimReason, Claimed, HistoryRow, OwnershipChange};
use crate::journal::in_memory::InMemoryJournal;
use crate::journal::{JournalError, JournalStore};
use crate::ownership::tenure::Tenure;

/// Where the test takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Open,
    Begin,
    Append,
}

/// What happens there, once.
#[derive(Debug, Clone)]
pub(super) enum Direction {
    /// It is written when the test says so.
    Hold(Arc<Hold>),
    /// It is written, and the caller does not learn of it.
    LoseAcknowledgement,
    /// It is not written, and the caller cannot know.
    LoseRequest,
    /// The stored chain is found broken.
    FindBroken,
    /// The caller panics before anything is written.
    Panic,
    /// The caller's thread blocks until the test lets go; then it is written.
    Block(Arc<Mutex<mpsc::Receiver<()>>>),
}

#[derive(Debug, Default)]
pub(super) struct Hold {
    reached: Notify,
    go_on: Notify,
}

impl Direction {
    pub(super) fn hold() -> Self {
        Self::Hold(Arc::default())
    }

    /// Blocks until the returned end is used or dropped.
    pub(super) fn block() -> (Self, mpsc::Sender<()>) {
        let (let_go, wait) = mpsc::channel();
        (Self::Block(Arc::new(Mutex::new(wait))), let_go)
    }
}

impl Hold {
    pub(super) async fn reached(&self) {
        self.reached.notified().await;
    }

    pub(super) fn go_on(&self) {
        self.go_on.notify_one();
    }
}

#[derive(Debug, Default)]
pub(super) struct DirectedJournal {
    pub(super) inner: InMemoryJournal,
    /// Whether operations cannot be found for the time being.
    pub(super) unreadable: AtomicBool,
    /// Whether the next claim finds the database away.
    pub(super) unclaimable: AtomicBool,
    directions: Mutex<VecDeque<(Step, Direction)>>,
}

impl DirectedJournal {
    /// Says what happens at the next such step.
    pub(super) fn direct(&self, step: Step, direction: Direction) -> Arc<Hold> {
        let hold = match &direction {
            Direction::Hold(hold) => hold.clone(),
            _ => Arc::default(),
        };
        self.directions.lock().unwrap().push_back((step, direction));
        hold
    }

    /// How many directions were not followed yet.
    pub(super) fn directions_left(&self) -> usize {
        self.directions.lock().unwrap().len()
    }

    fn next(&self, step: Step) -> Option<Direction> {
        let mut directions = self.directions.lock().unwrap();
        let at = directions.iter().position(|(at, _)| *at == step)?;
        directions.remove(at).map(|(_, direction)| direction)
    }

    async fn directed<T>(
        &self,
        step: Step,
        write: impl Future<Output = Result<T, JournalError>>,
    ) -> Result<T, JournalError> {
        let unknown = || JournalError::OutcomeUnknown {
            doing: "being tested",
            source: "lost".into(),
        };
        match self.next(step) {
            None => write.await,
            Some(Direction::Hold(hold)) => {
                hold.reached.notify_one();
                hold.go_on.notified().await;
                write.await
            }
            Some(Direction::LoseAcknowledgement) => {
                write.await?;
                Err(unknown())
            }
            Some(Direction::LoseRequest) => Err(unknown()),
            Some(Direction::FindBroken) => Err(JournalError::ChainBroken {
                detail: "told to by the test".to_owned(),
            }),
            Some(Direction::Panic) => panic!("told to by the test"),
            Some(Direction::Block(until)) => {
                let _ = until.lock().unwrap().recv();
                write.await
            }
        }
    }
}

#[async_trait]
impl JournalStore for DirectedJournal {
    async fn claim(
        &self,
        queue: QueueId,
        cashbox: CashBoxId,
        pod: &PodId,
        reason: ClaimReason,
        at: Ticks,
    ) -> Result<Claimed, JournalError> {
        if self.unclaimable.swap(false, Ordering::SeqCst) {
            return Err(JournalError::Unavailable {
                doing: "being tested",
                source: "away".into(),
            });
        }
        self.inner.claim(queue, cashbox, pod, reason, at).await
    }

    async fn confirm(&self, tenure: &Tenure) -> Result<(), JournalError> {
        self.inner.confirm(tenure).await
    }

    async fn open(&self, tenure: &Tenure, seed: &QueueSeed, at: Ticks) -> Result<OpenQueue, JournalError> {
        self.directed(Step::Open, self.inner.open(tenure, seed, at)).await
    }

    async fn begin(&self, tenure: &Tenure, intent: Intent) -> Result<(), JournalError> {
        self.directed(Step::Begin, self.inner.begin(tenure, intent)).await
    }

    async fn append(&self, tenure: &Tenure, entry: Entry) -> Result<(), JournalError> {
        self.directed(Step::Append, self.inner.append(tenure, entry))
            .await
    }

    async fn append_actions(&self, tenure: &Tenure, rows: Vec<ActionJournalRow>) -> Result<(), JournalError> {
        self.inner.append_actions(tenure, rows).await
    }

    async fn keep_export(&self, tenure: &Tenure, row: JournalDeRow) -> Result<(), JournalError> {
        self.inner.keep_export(tenure, row).await
    }

    async fn has_export(&self, queue: QueueId, id: Uuid, since: Ticks) -> Result<bool, JournalError> {
        self.inner.has_export(queue, id, since).await
    }

    async fn find_operation(
        &self,
        queue: QueueId,
        operation: OperationId,
    ) -> Result<Option<StoredOperation>, JournalError> {
        if self.unreadable.load(Ordering::SeqCst) {
            return Err(JournalError::Unavailable {
                doing: "being tested",
                source: "away".into(),
            });
        }
        self.inner.find_operation(queue, operation).await
    }

    async fn find_items(
        &self,
        queue: QueueId,
        items: &[QueueItemId],
    ) -> Result<Vec<StoredOperation>, JournalError> {
        self.inner.find_items(queue, items).await
    }

    async fn account(&self, queue: QueueId) -> Result<Account, JournalError> {
        self.inner.account(queue).await
    }

    async fn put_account(&self, tenure: &Tenure, update: AccountUpdate) -> Result<(), JournalError> {
        self.inner.put_account(tenure, update).await
    }

    async fn find_by_reference(
        &self,
        queue: QueueId,
        reference: &str,
        terminal: Option<&str>,
        limit: u32,
    ) -> Result<Vec<StoredItem>, JournalError> {
        self.inner
            .find_by_reference(queue, reference, terminal, limit)
            .await
    }

    async fn read(&self, queue: QueueId, query: &JournalQuery) -> Result<JournalPage, JournalError> {
        self.inner.read(queue, query).await
    }

    async fn count(&self, queue: QueueId) -> Result<JournalCounts, JournalError> {
        self.inner.count(queue).await
    }

    async fn keep_configuration(
        &self,
        cashbox: CashBoxId,
        kept: &KeptConfiguration,
    ) -> Result<(), JournalError> {
        self.inner.keep_configuration(cashbox, kept).await
    }

    async fn kept_configuration(
        &self,
        cashbox: CashBoxId,
    ) -> Result<Option<KeptConfiguration>, JournalError> {
        self.inner.kept_configuration(cashbox).await
    }

    fn note_change(&self, change: OwnershipChange) {
        self.inner.note_change(change);
    }

    async fn history(
        &self,
        cashbox: CashBoxId,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Vec<HistoryRow>, JournalError> {
        self.inner.history(cashbox, after, limit).await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
