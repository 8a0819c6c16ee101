//! A cashbox that writes: rows as a queue engine would make them.

use std::sync::Arc;

use backend::journal::entry::{
    ActionJournalRow, Entry, Intent, OpenQueue, Outcome, QueueDeRow, QueueItemRow, QueueRow, QueueSeed,
    ReceiptJournalRow, ScuRow,
};
use backend::journal::history::ClaimReason;
use backend::journal::{JournalError, JournalStore};
use backend::ownership::tenure::Tenure;
use backend::queue::chain::{Link, content_hash};
use rand::RngCore as _;
use serde_json::Value;
use shared::clock::Ticks;
use shared::identity::pod::PodId;
use shared::identity::{CashBoxId, Incarnation, OperationId, QueueId, QueueItemId, ScuId};
use uuid::Uuid;

/// When every test begins.
pub const NOON: Ticks = Ticks(640_659_828_306_000_000);

/// A cashbox in one pod, which believes what it has been told by the store.
pub struct Till {
    pub store: Arc<dyn JournalStore>,
    pub tenure: Tenure,
    pub queue: QueueRow,
    pub clock: Ticks,
}

impl Till {
    /// Claims a queue and opens it.
    pub async fn start(store: &Arc<dyn JournalStore>, queue: QueueId) -> Self {
        Self::open(store, queue).await.0
    }

    /// Claims a queue, opens it, and tells what was found.
    pub async fn open(store: &Arc<dyn JournalStore>, queue: QueueId) -> (Self, OpenQueue) {
        let tenure = claim(store, queue).await;
        let opened = store.open(&tenure, &seed(queue), NOON).await.unwrap();
        let till = Self {
            store: Arc::clone(store),
            tenure,
            queue: opened.queue.clone(),
            clock: NOON,
        };
        (till, opened)
    }

    /// The next request.
    pub fn intent(&self) -> Intent {
        Intent {
            item: item(self.queue.queued_row + 1, self.clock),
            operation: OperationId::random(),
            content_hash: random_bytes(),
        }
    }

    /// The answer to a request, chained to what the till knows.
    pub fn entry(&self, intent: &Intent) -> Entry {
        let number = self.queue.receipt_numerator + 1;
        let mut item = intent.item.clone();
        item.work_moment = Some(self.clock);
        item.done_moment = Some(self.clock);
        item.time_stamp = self.clock;
        item.response = Some(format!("{{\"number\":{number}}}"));
        item.response_hash = item.response.as_deref().map(content_hash);
        let mut receipt = ReceiptJournalRow {
            id: Uuid::new_v4(),
            moment: self.clock,
            number,
            total: "12.50".parse().unwrap(),
            item: item.item,
            hash: String::new(),
            time_stamp: self.clock,
        };
        receipt.hash = self.link(&receipt, &item);
        let queue = QueueRow {
            current_row: self.queue.current_row + 1,
            queued_row: self.queue.queued_row.max(item.row),
            receipt_numerator: number,
            receipt_totalizer: self.queue.receipt_totalizer + receipt.total,
            receipt_hash: Some(receipt.hash.clone()),
            time_stamp: self.clock,
            ..self.queue.clone()
        };
        Entry {
            operation: intent.operation,
            outcome: Outcome::Answered,
            item,
            receipt: Some(receipt),
            previous_hash: self.queue.receipt_hash.clone(),
            queue,
            queue_de: None,
            changes: Vec::new(),
        }
    }

    /// The hash of a receipt behind what the till knows.
    fn link(&self, receipt: &ReceiptJournalRow, item: &QueueItemRow) -> String {
        let link = Link {
            previous: self.queue.receipt_hash.as_deref(),
            id: receipt.id,
            moment: receipt.moment,
            number: receipt.number,
            request_hash: &item.request_hash,
            response_hash: item.response_hash.as_deref().expect("the item is answered"),
        };
        link.hash().expect("every hash is one")
    }

    /// Begins the next request.
    pub async fn begin(&mut self) -> Result<Intent, JournalError> {
        let intent = self.intent();
        self.store.begin(&self.tenure, intent.clone()).await?;
        self.queue.queued_row = intent.item.row;
        Ok(intent)
    }

    /// Appends an entry and takes over its counters.
    pub async fn append(&mut self, entry: Entry) -> Result<(), JournalError> {
        let queue = entry.queue.clone();
        self.store.append(&self.tenure, entry).await?;
        self.queue = queue;
        Ok(())
    }

    /// Begins and ends the next request.
    pub async fn sign(&mut self) -> Result<Entry, JournalError> {
        let intent = self.begin().await?;
        let entry = self.entry(&intent);
        self.append(entry.clone()).await?;
        Ok(entry)
    }
}

/// Claims a queue for a new pod.
pub async fn claim(store: &Arc<dyn JournalStore>, queue: QueueId) -> Tenure {
    let (pod, reason) = (pod(), ClaimReason::Reserved);
    let claim = store.claim(queue, cashbox_of(queue), &pod, reason, NOON);
    claim.await.unwrap().tenure
}

/// A pod that has just been started.
pub fn pod() -> PodId {
    PodId {
        name: "byodc-0".parse().unwrap(),
        incarnation: Incarnation::random(),
    }
}

/// Each queue has a cashbox of its own.
pub fn cashbox_of(queue: QueueId) -> CashBoxId {
    CashBoxId::from_u128(queue.as_u128() ^ 1)
}

/// A configuration of a minute before noon.
pub fn seed(queue: QueueId) -> QueueSeed {
    let configured = Ticks(NOON.0 - 600_000_000);
    let scu = ScuId::from_u128(7);
    QueueSeed {
        cashbox_time_stamp: configured,
        queue: QueueRow {
            queue,
            cashbox: cashbox_of(queue),
            current_row: 0,
            queued_row: 0,
            receipt_numerator: 0,
            receipt_totalizer: "0".parse().unwrap(),
            receipt_hash: None,
            start_moment: None,
            stop_moment: None,
            country_code: "DE".to_owned(),
            timeout_ms: 15_000,
            time_stamp: configured,
        },
        queue_de: QueueDeRow {
            scu: Some(scu),
            last_hash: None,
            cash_box_identification: "till 1".to_owned(),
            sscd_fail_count: 0,
            sscd_fail_moment: None,
            sscd_fail_queue_item: None,
            used_failed_count: 0,
            used_failed_moment_min: None,
            used_failed_moment_max: None,
            used_failed_queue_item: None,
            daily_closing_number: 0,
            time_stamp: configured,
        },
        scus: vec![ScuRow {
            scu,
            url: Some("grpc://scu".to_owned()),
            tse_info_json: None,
            mode: 0,
            mode_configuration_json: None,
            time_stamp: configured,
        }],
        master_data: None,
        started: action("Queue started", configured),
    }
}

/// An action journal row that belongs to no request.
pub fn action(message: &str, at: Ticks) -> ActionJournalRow {
    ActionJournalRow {
        id: Uuid::new_v4(),
        item: QueueItemId::from_u128(0),
        moment: at,
        priority: 0,
        kind: "MiddlewareConfiguration".to_owned(),
        message: message.to_owned(),
        data_base64: None,
        data_json: Some(Value::Null.to_string()),
        time_stamp: at,
    }
}

fn item(row: i64, at: Ticks) -> QueueItemRow {
    let request = format!("{{\"row\":{row}}}");
    QueueItemRow {
        item: QueueItemId::random(),
        row,
        queue_moment: at,
        timeout_ms: 15_000,
        work_moment: None,
        done_moment: None,
        receipt_moment: at,
        terminal_id: "T1".to_owned(),
        receipt_reference: format!("reference {row}"),
        country: "DE".to_owned(),
        version: "v1".to_owned(),
        request_hash: content_hash(&request),
        request,
        response: None,
        response_hash: None,
        processing_version: "1.0".to_owned(),
        time_stamp: at,
    }
}

fn random_bytes() -> [u8; 32] {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

/// Asserts that a write was fenced.
pub fn assert_fenced<T: std::fmt::Debug>(result: Result<T, JournalError>) {
    assert!(matches!(result, Err(JournalError::Fenced { .. })), "{result:?}");
}
