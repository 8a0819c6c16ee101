//! Writes what happened at a desk to a store, in its order, and reads it back after each receipt.
//!
//! ```text
//! desk: begun, ended, begun, ended … ─ dropped ─▶ begin, append ─▶ another pod claims and opens ─▶ what the engine believes
//!                                                                  └ at the end: items, chain, journals row by row
//! ```

use std::cell::Cell;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use backend::journal::JournalStore;
use backend::journal::entry::{
    ActionJournalRow, Change, Entry, Intent, JournalKind, JournalQuery, JournalRange, JournalRows, OpenQueue,
    Outcome, QueueSeed, ScuRow,
};
use backend::journal::history::ClaimReason;
use backend::ownership::tenure::Tenure;
use backend::queue::engine::{QueueEngine, QueueOptions};
use backend::queue::state::QueueState;
use shared::clock::Ticks;
use shared::identity::pod::PodId;
use shared::identity::{Incarnation, QueueId, QueueItemId, ScuId};
use uuid::Uuid;

use crate::stores::{RUNTIME, Store};

/// How many desks of one test are kept: a property opens hundreds, and what a store does with them does not differ.
const DESKS_OF_A_TEST: u32 = 4;
/// The longest time that one desk takes.
const AT_MOST: Duration = Duration::from_secs(240);

thread_local! {
    /// Each test has a thread of its own.
    static DESKS: Cell<u32> = const { Cell::new(0) };
}

/// What happened at a desk.
enum Step {
    Begun(Box<Intent>),
    Ended(Box<Entry>),
}

/// What happened at one desk, written to a store when the test is done with it.
pub struct Keeping<S: Store> {
    opened: OpenQueue,
    options: QueueOptions,
    steps: Vec<Step>,
    store: PhantomData<S>,
}

impl<S: Store> Keeping<S> {
    /// A queue was opened.
    pub fn of(opened: &OpenQueue, options: &QueueOptions) -> Self {
        let mut opened = opened.clone();
        // All desks stand in one database.
        opened.queue.queue = QueueId::random();
        Self {
            opened,
            options: options.clone(),
            steps: Vec::new(),
            store: PhantomData,
        }
    }

    /// A request was begun.
    pub fn begun(&mut self, intent: &Intent) {
        self.steps.push(Step::Begun(Box::new(intent.clone())));
    }

    /// A request was ended.
    pub fn ended(&mut self, entry: &Entry) {
        let mut entry = entry.clone();
        entry.queue.queue = self.opened.queue.queue;
        self.steps.push(Step::Ended(Box::new(entry)));
    }
}

impl<S: Store> Drop for Keeping<S> {
    fn drop(&mut self) {
        let desks = DESKS.get();
        if std::thread::panicking() || desks >= DESKS_OF_A_TEST {
            return;
        }
        DESKS.set(desks + 1);
        let store = S::store();
        RUNTIME.block_on(async {
            let played =
                tokio::time::timeout(AT_MOST, play(&store, &self.opened, &self.options, &self.steps));
            played.await.expect("a desk is written and read in time");
        });
    }
}

async fn play(store: &Arc<dyn JournalStore>, opened: &OpenQueue, options: &QueueOptions, steps: &[Step]) {
    let mut engine = QueueEngine::new(opened.clone(), options.clone());
    let mut tenure = assert_opens_as(store, opened, engine.state(), &[]).await;
    let mut open: Vec<QueueItemId> = Vec::new();
    for step in steps {
        match step {
            Step::Begun(intent) => {
                store.begin(&tenure, (**intent).clone()).await.unwrap();
                engine.begun(intent);
                open.push(intent.item.item);
            }
            Step::Ended(entry) => {
                store.append(&tenure, (**entry).clone()).await.unwrap();
                engine.adopt(entry);
                open.retain(|item| *item != entry.item.item);
                tenure = assert_opens_as(store, opened, engine.state(), &open).await;
            }
        }
    }
    let ended = steps.iter().filter_map(|step| match step {
        Step::Begun(_) => None,
        Step::Ended(entry) => Some(&**entry),
    });
    assert_holds(store, opened.queue.queue, &ended.collect::<Vec<_>>()).await;
}

/// Another pod claims the queue, opens it, and finds this state and these interrupted requests.
async fn assert_opens_as(
    store: &Arc<dyn JournalStore>,
    first: &OpenQueue,
    state: &QueueState,
    open: &[QueueItemId],
) -> Tenure {
    let (queue, cashbox) = (first.queue.queue, first.queue.cashbox);
    let pod = PodId {
        name: "byodc-0".parse().unwrap(),
        incarnation: Incarnation::random(),
    };
    let claimed = store
        .claim(queue, cashbox, &pod, ClaimReason::Reserved, state.latest)
        .await;
    let tenure = claimed.unwrap().tenure;
    let found = store.open(&tenure, &seed(first), state.latest).await.unwrap();
    let interrupted: Vec<_> = found.interrupted.iter().map(|intent| intent.item.item).collect();
    assert_eq!(interrupted, open);
    let found = QueueState::from(found);
    assert_eq!(found.queue, state.queue);
    assert_eq!(found.queue_de, state.queue_de);
    assert_eq!(by_id(&found.scus), by_id(&state.scus));
    assert_eq!(found.open_transactions, state.open_transactions);
    assert_eq!(found.failed_starts, state.failed_starts);
    assert_eq!(found.failed_finishes, state.failed_finishes);
    assert_eq!(found.master_data, state.master_data);
    tenure
}

/// SCUs stand in no order.
fn by_id(scus: &[ScuRow]) -> BTreeMap<ScuId, &ScuRow> {
    scus.iter().map(|row| (row.scu, row)).collect()
}

/// The configuration by which the queue came into the store.
fn seed(first: &OpenQueue) -> QueueSeed {
    QueueSeed {
        cashbox_time_stamp: Ticks(0),
        queue: first.queue.clone(),
        queue_de: first.queue_de.clone(),
        scus: first.scus.clone(),
        master_data: first.master_data.clone(),
        started: ActionJournalRow {
            id: Uuid::new_v4(),
            item: QueueItemId::from_u128(0),
            moment: Ticks(0),
            priority: 0,
            kind: STARTED.to_owned(),
            message: STARTED.to_owned(),
            data_base64: None,
            data_json: None,
            time_stamp: Ticks(0),
        },
    }
}

/// What an opening writes by itself.
const STARTED: &str = "opened by a test";

/// Every row of every journal is what was written.
async fn assert_holds(store: &Arc<dyn JournalStore>, queue: QueueId, entries: &[&Entry]) {
    for entry in entries {
        let found = store
            .find_operation(queue, entry.operation)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(found.outcome, Some(entry.outcome));
        assert_eq!(found.item, entry.item);
    }
    let written = entries.iter().filter(|entry| entry.outcome == Outcome::Answered);
    let chain: Vec<_> = written.filter_map(|entry| entry.receipt.clone()).collect();
    let mut stored = Vec::new();
    for rows in rows(store, queue, JournalKind::Receipt).await {
        if let JournalRows::Receipt(rows) = rows {
            stored.extend(rows);
        }
    }
    stored.sort_by_key(|row| row.number);
    assert_eq!(stored, chain);

    let changes = entries.iter().flat_map(|entry| &entry.changes);
    let mut noted: Vec<_> = changes
        .filter_map(|change| match change {
            Change::AddActionJournal(row) => Some(row.clone()),
            _ => None,
        })
        .collect();
    let mut stored = Vec::new();
    for rows in rows(store, queue, JournalKind::Action).await {
        if let JournalRows::Action(rows) = rows {
            stored.extend(rows.into_iter().filter(|row| row.kind != STARTED));
        }
    }
    noted.sort_by_key(|row| row.id);
    stored.sort_by_key(|row| row.id);
    assert_eq!(stored, noted);
}

async fn rows(store: &Arc<dyn JournalStore>, queue: QueueId, kind: JournalKind) -> Vec<JournalRows> {
    let mut pages = Vec::new();
    let mut query = Some(JournalQuery {
        kind,
        range: JournalRange::From(Ticks(0)),
        after: None,
        limit: 100,
    });
    while let Some(asked) = query {
        let page = store.read(queue, &asked).await.unwrap();
        query = asked.following(&page);
        pages.push(page.rows);
    }
    pages
}
