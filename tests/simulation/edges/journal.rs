//! The journal database. Every write that it takes is witnessed.

use async_trait::async_trait;
use backend::journal::account::{Account, AccountUpdate};
use backend::journal::entry::{
    ActionJournalRow, Entry, Intent, JournalCounts, JournalDeRow, JournalPage, JournalQuery,
    KeptConfiguration, OpenQueue, QueueSeed, StoredItem, StoredOperation,
};
use backend::journal::history::{ClaimReason, Claimed, HistoryRow, OwnershipChange};
use backend::journal::{JournalError, JournalStore};
use backend::ownership::tenure::Tenure;
use shared::clock::Ticks;
use shared::identity::pod::PodId;
use shared::identity::{CashBoxId, OperationId, QueueId, QueueItemId};
use uuid::Uuid;

use crate::mutant::Mutant;
use crate::simulation::Simulation;
use crate::wire::{Lost, Parcel, Place, Wire};
use crate::witness::Who;
use crate::world::at_once;

/// The journal as one pod asks it.
#[derive(Debug)]
pub struct JournalEdge {
    wire: Wire,
    who: Who,
}

impl JournalEdge {
    /// The journal at the other end of a pod's wire.
    pub fn new(wire: Wire, who: Who) -> Self {
        Self { wire, who }
    }

    async fn read_from<T: Send + 'static>(
        &self,
        doing: &'static str,
        answer: impl FnOnce(&mut Simulation) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, JournalError> {
        match self.wire.ask(Place::Journal, doing, answer).await {
            Ok(answer) => answer,
            Err(lost) => Err(unavailable(doing, lost)),
        }
    }

    async fn write_to<T: Send + 'static>(
        &self,
        doing: &'static str,
        answer: impl FnOnce(&mut Simulation) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, JournalError> {
        match self.wire.ask(Place::Journal, doing, answer).await {
            Ok(answer) => answer,
            Err(Lost::Refused) => Err(unavailable(doing, Lost::Refused)),
            Err(Lost::Silent) => Err(JournalError::OutcomeUnknown {
                doing,
                source: "no answer".into(),
            }),
        }
    }
}

fn unavailable(doing: &'static str, lost: Lost) -> JournalError {
    JournalError::Unavailable {
        doing,
        source: format!("{lost:?}").into(),
    }
}

#[async_trait]
impl JournalStore for JournalEdge {
    async fn claim(
        &self,
        queue: QueueId,
        cashbox: CashBoxId,
        pod: &PodId,
        reason: ClaimReason,
        at: Ticks,
    ) -> Result<Claimed, JournalError> {
        let (who, pod) = (self.who, pod.clone());
        self.write_to("claim", move |simulation| {
            let claimed = at_once(simulation.world.journal.claim(queue, cashbox, &pod, reason, at))?;
            simulation.claimed(who, &claimed.tenure, reason);
            Ok(claimed)
        })
        .await
    }

    async fn confirm(&self, tenure: &Tenure) -> Result<(), JournalError> {
        let (who, tenure) = (self.who, tenure.clone());
        self.read_from("confirm", move |simulation| {
            let now_ms = simulation.now_ms;
            let answer = at_once(simulation.world.journal.confirm(&tenure));
            if simulation.mutant == Some(Mutant::ConfirmsAnything) {
                return Ok(());
            }
            if answer.is_ok() {
                simulation.witness().confirmed(now_ms, who, &tenure);
            }
            answer
        })
        .await
    }

    async fn open(&self, tenure: &Tenure, seed: &QueueSeed, at: Ticks) -> Result<OpenQueue, JournalError> {
        let (who, tenure, seed) = (self.who, tenure.clone(), seed.clone());
        self.write_to("open", move |simulation| {
            let mut open = at_once(simulation.world.journal.open(&tenure, &seed, at))?;
            let now_ms = simulation.now_ms;
            simulation
                .witness()
                .opened(now_ms, who, &tenure, open.interrupted.len());
            for interrupted in &mut open.interrupted {
                interrupted.operation = simulation.asked_operation(interrupted);
            }
            if simulation.mutant == Some(Mutant::SettlesNothing) {
                open.interrupted.clear();
            }
            Ok(open)
        })
        .await
    }

    async fn begin(&self, tenure: &Tenure, mut intent: Intent) -> Result<(), JournalError> {
        let (who, tenure) = (self.who, tenure.clone());
        self.write_to("begin", move |simulation| {
            let (now_ms, asked) = (simulation.now_ms, intent.operation);
            intent.operation = simulation.operation_to_store(&intent);
            let tenure_used = simulation.tenure_to_check(&tenure);
            at_once(simulation.world.journal.begin(&tenure_used, intent.clone()))?;
            intent.operation = asked;
            simulation.witness().began(now_ms, who, &tenure, &intent);
            Ok(())
        })
        .await
    }

    async fn append(&self, tenure: &Tenure, entry: Entry) -> Result<(), JournalError> {
        let (who, tenure) = (self.who, tenure.clone());
        self.write_to("append", move |simulation| {
            let now_ms = simulation.now_ms;
            if simulation.mutant == Some(Mutant::AnswersBeforeCommit) && simulation.chance.percent(5) {
                return Ok(());
            }
            let tenure_used = simulation.tenure_to_check(&tenure);
            let mut stored = entry.clone();
            stored.operation = simulation.stored_operation(&entry);
            at_once(simulation.world.journal.append(&tenure_used, stored))?;
            simulation.witness().appended(now_ms, who, &tenure, &entry);
            Ok(())
        })
        .await
    }

    async fn append_actions(&self, tenure: &Tenure, rows: Vec<ActionJournalRow>) -> Result<(), JournalError> {
        let tenure = tenure.clone();
        self.write_to("append actions", move |simulation| {
            at_once(simulation.world.journal.append_actions(&tenure, rows))
        })
        .await
    }

    async fn keep_export(&self, tenure: &Tenure, row: JournalDeRow) -> Result<(), JournalError> {
        let tenure = tenure.clone();
        self.write_to("keep export", move |simulation| {
            at_once(simulation.world.journal.keep_export(&tenure, row))
        })
        .await
    }

    async fn has_export(&self, queue: QueueId, id: Uuid, since: Ticks) -> Result<bool, JournalError> {
        self.read_from("has export", move |simulation| {
            at_once(simulation.world.journal.has_export(queue, id, since))
        })
        .await
    }

    async fn find_operation(
        &self,
        queue: QueueId,
        operation: OperationId,
    ) -> Result<Option<StoredOperation>, JournalError> {
        self.read_from("find operation", move |simulation| {
            at_once(simulation.world.journal.find_operation(queue, operation))
        })
        .await
    }

    async fn find_items(
        &self,
        queue: QueueId,
        items: &[QueueItemId],
    ) -> Result<Vec<StoredOperation>, JournalError> {
        let items = items.to_vec();
        self.read_from("find items", move |simulation| {
            at_once(simulation.world.journal.find_items(queue, &items))
        })
        .await
    }

    async fn account(&self, queue: QueueId) -> Result<Account, JournalError> {
        self.read_from("account", move |simulation| {
            at_once(simulation.world.journal.account(queue))
        })
        .await
    }

    async fn put_account(&self, tenure: &Tenure, update: AccountUpdate) -> Result<(), JournalError> {
        let (who, tenure) = (self.who, tenure.clone());
        self.write_to("put account", move |simulation| {
            let accounted = format!("{update:?}");
            at_once(simulation.world.journal.put_account(&tenure, update))?;
            let now_ms = simulation.now_ms;
            simulation.witness().accounted(now_ms, who, &tenure, &accounted);
            Ok(())
        })
        .await
    }

    async fn find_by_reference(
        &self,
        queue: QueueId,
        reference: &str,
        terminal: Option<&str>,
        limit: u32,
    ) -> Result<Vec<StoredItem>, JournalError> {
        let (reference, terminal) = (reference.to_owned(), terminal.map(str::to_owned));
        self.read_from("find by reference", move |simulation| {
            let journal = &simulation.world.journal;
            at_once(journal.find_by_reference(queue, &reference, terminal.as_deref(), limit))
        })
        .await
    }

    async fn read(&self, queue: QueueId, query: &JournalQuery) -> Result<JournalPage, JournalError> {
        let query = *query;
        self.read_from("read", move |simulation| {
            at_once(simulation.world.journal.read(queue, &query))
        })
        .await
    }

    async fn count(&self, queue: QueueId) -> Result<JournalCounts, JournalError> {
        self.read_from("count", move |simulation| {
            at_once(simulation.world.journal.count(queue))
        })
        .await
    }

    async fn keep_configuration(
        &self,
        cashbox: CashBoxId,
        kept: &KeptConfiguration,
    ) -> Result<(), JournalError> {
        let kept = kept.clone();
        self.write_to("keep configuration", move |simulation| {
            at_once(simulation.world.journal.keep_configuration(cashbox, &kept))
        })
        .await
    }

    async fn kept_configuration(
        &self,
        cashbox: CashBoxId,
    ) -> Result<Option<KeptConfiguration>, JournalError> {
        self.read_from("kept configuration", move |simulation| {
            at_once(simulation.world.journal.kept_configuration(cashbox))
        })
        .await
    }

    fn note_change(&self, change: OwnershipChange) {
        let run: crate::wire::Run = Box::new(move |simulation, _| {
            simulation.world.journal.note_change(change);
            None
        });
        self.wire.lay(Parcel::Ask {
            place: Place::Journal,
            what: "note change",
            run,
            fail: Box::new(|_| {}),
        });
    }

    async fn history(
        &self,
        cashbox: CashBoxId,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Vec<HistoryRow>, JournalError> {
        self.read_from("history", move |simulation| {
            at_once(simulation.world.journal.history(cashbox, after, limit))
        })
        .await
    }

    async fn close(&self) {}
}
