//! A till that writes its receipts into a journal, as the queue does. Ids, times and signatures are counted, so that
//! the same receipts make the same archive.

use std::sync::Arc;

use futures::TryStreamExt as _;
use rust_decimal::Decimal;
use shared::api::moment;
use shared::api::receipt_request::ReceiptRequest;
use shared::api::receipt_response::ReceiptResponse;
use shared::api::signature_item::SignatureItem;
use shared::api::writing::Shape;
use shared::clock::Ticks;
use shared::identity::pod::PodId;
use shared::identity::{CashBoxId, Incarnation, OperationId, QueueId, QueueItemId, ScuId};
use uuid::Uuid;

use super::opened::Opened;
use crate::dsfinvk::{self, ExportError, Source};
use crate::journal::JournalStore;
use crate::journal::entry::{
    ActionJournalRow, Change, Entry, Intent, JournalRange, Outcome, QueueDeRow, QueueItemRow, QueueRow,
    QueueSeed, ReceiptJournalRow, ScuRow,
};
use crate::journal::history::ClaimReason;
use crate::journal::in_memory::InMemoryJournal;
use crate::ownership::tenure::Tenure;
use crate::queue::identification::identification;
use crate::queue::process_data;
use crate::queue::receipt_case::{GERMANY, ReceiptCase};

/// The implicit flow's country bits.
pub const I: i64 = 0x4445_0001_0000_0000;
/// The explicit flow's.
pub const E: i64 = 0x4445_0000_0000_0000;
const QUEUE: QueueId = QueueId::from_u128(0xbbbb);
const CASHBOX: CashBoxId = CashBoxId::from_u128(0xcccc);
const MINUTE: i64 = 600_000_000;

/// Who the closings say runs the till.
pub const MASTER_DATA: &str = r#"{
    "Account": {"AccountId": "1", "AccountName": "Muster & Söhne GmbH", "Street": "Weg 1", "Zip": "10115",
        "City": "Berlin", "Country": "DE", "TaxId": "12/345/67890", "VatId": "DE000000000"},
    "Outlet": {"OutletId": "2", "OutletName": "Filiale; 7", "Street": "Weg 2", "Zip": "01067", "City": "Dresden",
        "Country": "DE", "VatId": "DE000000000"},
    "Agencies": [{"AgencyId": "A-1", "Name": "Lotto", "Street": "Weg 3", "Zip": "1010", "City": "Wien",
        "Country": "AT", "TaxId": "99/1", "VatId": "ATU00000000"}],
    "PosSystems": [{"PosSystemId": "P-0", "Brand": "Other"},
        {"PosSystemId": "P-1", "Brand": "Kassenwerk", "Model": "K3", "SoftwareVersion": "4.2", "BaseCurrency": "EUR"}]}"#;

/// How a receipt was answered.
pub enum Answered<'a> {
    /// By the TSE.
    Signed,
    /// Without it: the state's low bits, and what the answer shows instead, as caption and data.
    Unsigned(i64, Option<(&'a str, &'a str)>),
    /// As an error: not in the chain.
    Refused,
}

/// The till.
pub struct Till {
    pub journal: InMemoryJournal,
    tenure: Tenure,
    queue: QueueRow,
    clock: Ticks,
    transactions: u64,
    closings: i64,
}

impl Till {
    /// A till that has signed nothing yet.
    pub async fn new() -> Self {
        let journal = InMemoryJournal::default();
        let pod = PodId {
            name: "byodc-0".parse().unwrap(),
            incarnation: Incarnation::random(),
        };
        let clock = moment::parse("2031-03-04T10:00:00Z").unwrap().ticks;
        let claimed = journal.claim(QUEUE, CASHBOX, &pod, ClaimReason::Reserved, clock);
        let tenure = claimed.await.unwrap().tenure;
        let opened = journal.open(&tenure, &seed(clock), clock).await.unwrap();
        Self {
            journal,
            tenure,
            queue: opened.queue,
            clock,
            transactions: 0,
            closings: 0,
        }
    }

    /// When the next receipt is written.
    pub fn now(&self) -> Ticks {
        self.clock
    }

    /// A signed receipt of a case, with further members of its request.
    pub async fn sign(&mut self, case: i64, members: &str) {
        self.write(case, members, Answered::Signed, None).await;
    }

    /// A daily closing; its number.
    pub async fn close(&mut self) -> i64 {
        self.closings += 1;
        let state_data = format!(
            r#"{{"MasterData":{MASTER_DATA},"DailyClosingNumber":{}}}"#,
            self.closings
        );
        self.write(I | 7, "", Answered::Signed, Some(state_data)).await;
        self.closings
    }

    /// A receipt that is answered like this.
    pub async fn write(
        &mut self,
        case: i64,
        members: &str,
        answered: Answered<'_>,
        state_data: Option<String>,
    ) {
        let request = self.request(case, members);
        let intent = self.intent(&request);
        self.journal.begin(&self.tenure, intent.clone()).await.unwrap();
        self.queue.queued_row = intent.item.row;
        let is_refused = matches!(answered, Answered::Refused);
        let mut response = self.answer(&request, &intent.item, answered);
        response.state_data = state_data;
        let entry = self.entry(&request, intent, &response, is_refused);
        let queue = entry.queue.clone();
        self.journal.append(&self.tenure, entry).await.unwrap();
        self.queue = queue;
        self.clock.0 += MINUTE;
    }

    /// A request that is still being worked on.
    pub async fn begin(&mut self, case: i64) {
        let request = self.request(case, "");
        let intent = self.intent(&request);
        self.journal.begin(&self.tenure, intent).await.unwrap();
    }

    fn request(&self, case: i64, members: &str) -> ReceiptRequest {
        let number = self.queue.queued_row + 1;
        let comma = if members.is_empty() { "" } else { "," };
        let json = format!(
            r#"{{{members}{comma}"ftCashBoxID":"{CASHBOX}","ftPosSystemId":"P-1","cbTerminalID":"T-{}","ftReceiptCase":{case}}}"#,
            number % 2
        );
        let mut request =
            ReceiptRequest::from_json(json.as_bytes(), Ticks(self.clock.0 - 10_000_000)).unwrap();
        if request.receipt_reference.is_empty() {
            request.receipt_reference = format!("R-{number}");
        }
        request
    }

    fn intent(&self, request: &ReceiptRequest) -> Intent {
        let row = self.queue.queued_row + 1;
        let item = QueueItemRow {
            item: QueueItemId::from_u128(row.unsigned_abs().into()),
            row,
            queue_moment: self.clock,
            timeout_ms: 15_000,
            work_moment: None,
            done_moment: None,
            receipt_moment: request.receipt_moment.ticks,
            terminal_id: request.terminal_id.clone(),
            receipt_reference: request.receipt_reference.clone(),
            country: "DE".to_owned(),
            version: "v1".to_owned(),
            request: request.to_canonical_json(),
            request_hash: "hash of the request".to_owned(),
            response: None,
            response_hash: None,
            processing_version: "byodc/test".to_owned(),
            time_stamp: self.clock,
        };
        Intent {
            item,
            operation: OperationId::random(),
            content_hash: [0; 32],
        }
    }

    fn answer(
        &mut self,
        request: &ReceiptRequest,
        item: &QueueItemRow,
        answered: Answered<'_>,
    ) -> ReceiptResponse {
        let case = ReceiptCase(request.receipt_case);
        let note = |kind, caption: &str, data: &str| SignatureItem {
            format: 1,
            kind,
            caption: Some(caption.to_owned()),
            data: Some(data.to_owned()),
        };
        let (state, transaction, signatures) = match answered {
            Answered::Signed => {
                self.transactions += 1;
                (GERMANY, Some(self.transactions), self.signatures(request))
            }
            Answered::Unsigned(state, shown) => {
                let shown = shown.map(|(caption, data)| note(0x1000, caption, data));
                (GERMANY | state, None, shown.into_iter().collect())
            }
            Answered::Refused => (
                GERMANY | 0x2000_EEEE_EEEE,
                None,
                vec![note(0, "uncaught-exeption", "no")],
            ),
        };
        ReceiptResponse {
            cash_box_id: request.cash_box_id.clone(),
            queue_id: QUEUE.to_string(),
            queue_item_id: item.item.to_string(),
            queue_row: item.row,
            terminal_id: request.terminal_id.clone(),
            receipt_reference: request.receipt_reference.clone(),
            cash_box_identification: "KASSE-1".to_owned(),
            receipt_identification: identification(self.queue.receipt_numerator, case, transaction),
            receipt_moment: moment::Moment::utc(self.clock),
            signatures,
            state,
            state_data: None,
        }
    }

    /// What the TSE signs, in the order of set P (4.12). A start is a step of two minutes before.
    fn signatures(&self, request: &ReceiptRequest) -> Vec<SignatureItem> {
        let case = ReceiptCase(request.receipt_case);
        let signed = process_data::of(case, request).unwrap();
        let (number, start) = (self.transactions, Ticks(self.clock.0 - 2 * MINUTE));
        let iso = |at: Ticks| moment::civil::Civil::of(at).iso_milliseconds();
        let shown = [
            (0x23, "abababab".to_owned()),
            (0x14, "KASSE-1".to_owned()),
            (0x15, signed.process_type.to_owned()),
            (0x16, signed.text),
            (0x17, number.to_string()),
            (0x18, (2 * number).to_string()),
            (0x19, iso(start)),
            (0x1A, iso(self.clock)),
            (0x1B, "ecdsa-plain-SHA256".to_owned()),
            (0x1C, "utcTime".to_owned()),
            (0x1D, format!("SIG({})", 2 * number)),
            (0x1E, "PUB".to_owned()),
        ];
        let item = |(kind, data)| SignatureItem {
            format: 1,
            kind: GERMANY | kind,
            caption: None,
            data: Some(data),
        };
        shown.into_iter().map(item).collect()
    }

    fn entry(
        &self,
        request: &ReceiptRequest,
        intent: Intent,
        response: &ReceiptResponse,
        is_refused: bool,
    ) -> Entry {
        let (before, at) = (&self.queue, self.clock);
        let mut item = intent.item;
        item.work_moment = Some(at);
        item.done_moment = Some(at);
        item.response = Some(response.to_json(Shape::Original));
        item.response_hash = Some("hash of the response".to_owned());
        let receipt = (!is_refused).then(|| ReceiptJournalRow {
            id: Uuid::from_u128(item.row.unsigned_abs().into()),
            moment: at,
            number: before.receipt_numerator + 1,
            total: Decimal::ZERO,
            item: item.item,
            hash: format!("hash {}", item.row),
            time_stamp: at,
        });
        let queue = QueueRow {
            current_row: before.current_row + 1,
            receipt_numerator: before.receipt_numerator + i64::from(!is_refused),
            receipt_hash: receipt
                .as_ref()
                .map_or(before.receipt_hash.clone(), |receipt| Some(receipt.hash.clone())),
            time_stamp: at,
            ..before.clone()
        };
        let closes = ReceiptCase(request.receipt_case).number() == 7 && !is_refused;
        Entry {
            operation: intent.operation,
            outcome: Outcome::Answered,
            changes: closes.then(|| self.closing_note(item.item)).into_iter().collect(),
            item,
            receipt,
            previous_hash: before.receipt_hash.clone(),
            queue,
            queue_de: None,
        }
    }

    fn closing_note(&self, item: QueueItemId) -> Change {
        Change::AddActionJournal(ActionJournalRow {
            id: Uuid::from_u128(item.as_u128()),
            item,
            moment: self.clock,
            priority: -1,
            kind: "4445000000000007".to_owned(),
            message: "Daily-closing receipt was processed.".to_owned(),
            data_base64: None,
            data_json: Some(format!(r#"{{"closingNumber":{}}}"#, self.closings)),
            time_stamp: self.clock,
        })
    }

    /// Everything that was closed, exported and opened; none when the archive has no bytes.
    pub async fn export(&self, range: JournalRange) -> Result<Option<Opened>, ExportError> {
        let source = Source {
            journal: Arc::new(self.journal.clone()),
            queue: QUEUE,
            scus: vec![scu(self.clock)],
        };
        let chunks: Vec<bytes::Bytes> = dsfinvk::export(source, range).await?.try_collect().await?;
        let bytes = chunks.concat();
        Ok((!bytes.is_empty()).then(|| Opened::new(bytes)))
    }

    /// Everything that was closed.
    pub async fn exported(&self) -> Opened {
        self.export(JournalRange::From(Ticks(0))).await.unwrap().unwrap()
    }
}

/// An SCU whose TSE has told of its certificate.
fn scu(at: Ticks) -> ScuRow {
    let info = r#"{"MaxNumberOfClients":1,"CurrentNumberOfClients":1,"CurrentClientIds":null,
        "MaxNumberOfStartedTransactions":1,"CurrentNumberOfStartedTransactions":0,
        "CurrentStartedTransactionNumbers":null,"MaxNumberOfSignatures":1,"CurrentNumberOfSignatures":1,
        "MaxLogMemorySize":1,"CurrentLogMemorySize":1,"CurrentState":1,"FirmwareIdentification":null,
        "CertificationIdentification":null,"SignatureAlgorithm":null,"LogTimeFormat":null,
        "SerialNumberOctet":"abababab","PublicKeyBase64":"PUB","CertificatesBase64":["CERT"],"Info":null}"#;
    ScuRow {
        scu: ScuId::from_u128(7),
        url: None,
        tse_info_json: Some(info.to_owned()),
        mode: 0,
        mode_configuration_json: None,
        time_stamp: at,
    }
}

fn seed(at: Ticks) -> QueueSeed {
    QueueSeed {
        cashbox_time_stamp: at,
        queue: QueueRow {
            queue: QUEUE,
            cashbox: CASHBOX,
            current_row: 0,
            queued_row: 0,
            receipt_numerator: 0,
            receipt_totalizer: Decimal::ZERO,
            receipt_hash: None,
            start_moment: None,
            stop_moment: None,
            country_code: "DE".to_owned(),
            timeout_ms: 15_000,
            time_stamp: at,
        },
        queue_de: QueueDeRow {
            scu: Some(ScuId::from_u128(7)),
            last_hash: None,
            cash_box_identification: "KASSE-1".to_owned(),
            sscd_fail_count: 0,
            sscd_fail_moment: None,
            sscd_fail_queue_item: None,
            used_failed_count: 0,
            used_failed_moment_min: None,
            used_failed_moment_max: None,
            used_failed_queue_item: None,
            daily_closing_number: 0,
            time_stamp: at,
        },
        scus: vec![scu(at)],
        master_data: None,
        started: ActionJournalRow {
            id: Uuid::from_u128(u128::MAX),
            item: QueueItemId::from_u128(0),
            moment: at,
            priority: 0,
            kind: "MiddlewareConfiguration".to_owned(),
            message: "Queue started".to_owned(),
            data_base64: None,
            data_json: None,
            time_stamp: at,
        },
    }
}
