//! A pod's store whose queues are all kept in the original's tables: it says so before each call.

use std::sync::Arc;

use async_trait::async_trait;
use backend::journal::account::{Account, AccountUpdate};
use backend::journal::entry::{
    ActionJournalRow, Entry, Intent, JournalCounts, JournalDeRow, JournalPage, JournalQuery,
    KeptConfiguration, OpenQueue, QueueSeed, StoredItem, StoredOperation,
};
use backend::journal::history::{ClaimReason, Claimed, HistoryRow, OwnershipChange};
use backend::journal::place::Place;
use backend::journal::{JournalError, JournalStore};
use backend::ownership::tenure::Tenure;
use shared::clock::Ticks;
use shared::identity::pod::PodId;
use shared::identity::{CashBoxId, OperationId, QueueId, QueueItemId};
use uuid::Uuid;

/// Every queue in a database of its own, on one server.
#[derive(Debug)]
pub struct InPlace {
    pub store: Arc<dyn JournalStore>,
    /// As a configuration names it.
    pub server: String,
}

impl InPlace {
    fn at(&self, queue: QueueId) -> &Arc<dyn JournalStore> {
        let place = Place::original(queue, &self.server.clone().into()).unwrap();
        self.store.place(queue, &place).unwrap();
        &self.store
    }
}

#[async_trait]
impl JournalStore for InPlace {
    async fn claim(
        &self,
        queue: QueueId,
        cashbox: CashBoxId,
        pod: &PodId,
        reason: ClaimReason,
        at: Ticks,
    ) -> Result<Claimed, JournalError> {
        self.at(queue).claim(queue, cashbox, pod, reason, at).await
    }

    async fn confirm(&self, tenure: &Tenure) -> Result<(), JournalError> {
        self.at(tenure.queue()).confirm(tenure).await
    }

    async fn open(&self, tenure: &Tenure, seed: &QueueSeed, at: Ticks) -> Result<OpenQueue, JournalError> {
        self.at(tenure.queue()).open(tenure, seed, at).await
    }

    async fn begin(&self, tenure: &Tenure, intent: Intent) -> Result<(), JournalError> {
        self.at(tenure.queue()).begin(tenure, intent).await
    }

    async fn append(&self, tenure: &Tenure, entry: Entry) -> Result<(), JournalError> {
        self.at(tenure.queue()).append(tenure, entry).await
    }

    async fn append_actions(&self, tenure: &Tenure, rows: Vec<ActionJournalRow>) -> Result<(), JournalError> {
        self.at(tenure.queue()).append_actions(tenure, rows).await
    }

    async fn keep_export(&self, tenure: &Tenure, row: JournalDeRow) -> Result<(), JournalError> {
        self.at(tenure.queue()).keep_export(tenure, row).await
    }

    async fn has_export(&self, queue: QueueId, id: Uuid, since: Ticks) -> Result<bool, JournalError> {
        self.at(queue).has_export(queue, id, since).await
    }

    async fn count(&self, queue: QueueId) -> Result<JournalCounts, JournalError> {
        self.at(queue).count(queue).await
    }

    async fn find_operation(
        &self,
        queue: QueueId,
        operation: OperationId,
    ) -> Result<Option<StoredOperation>, JournalError> {
        self.at(queue).find_operation(queue, operation).await
    }

    async fn find_items(
        &self,
        queue: QueueId,
        items: &[QueueItemId],
    ) -> Result<Vec<StoredOperation>, JournalError> {
        self.at(queue).find_items(queue, items).await
    }

    async fn account(&self, queue: QueueId) -> Result<Account, JournalError> {
        self.at(queue).account(queue).await
    }

    async fn put_account(&self, tenure: &Tenure, update: AccountUpdate) -> Result<(), JournalError> {
        self.at(tenure.queue()).put_account(tenure, update).await
    }

    async fn find_by_reference(
        &self,
        queue: QueueId,
        reference: &str,
        terminal: Option<&str>,
        limit: u32,
    ) -> Result<Vec<StoredItem>, JournalError> {
        let found = self
            .at(queue)
            .find_by_reference(queue, reference, terminal, limit);
        found.await
    }

    async fn read(&self, queue: QueueId, query: &JournalQuery) -> Result<JournalPage, JournalError> {
        self.at(queue).read(queue, query).await
    }

    async fn keep_configuration(
        &self,
        cashbox: CashBoxId,
        kept: &KeptConfiguration,
    ) -> Result<(), JournalError> {
        self.store.keep_configuration(cashbox, kept).await
    }

    async fn kept_configuration(
        &self,
        cashbox: CashBoxId,
    ) -> Result<Option<KeptConfiguration>, JournalError> {
        self.store.kept_configuration(cashbox).await
    }

    fn note_change(&self, change: OwnershipChange) {
        self.store.note_change(change);
    }

    async fn history(
        &self,
        cashbox: CashBoxId,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Vec<HistoryRow>, JournalError> {
        self.store.history(cashbox, after, limit).await
    }

    async fn close(&self) {
        self.store.close().await;
    }
}
