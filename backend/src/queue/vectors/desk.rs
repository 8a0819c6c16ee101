//! A queue on a desk: engine, clock and TSE, and nothing that is written anywhere.

use std::fmt::Write as _;
use std::sync::Arc;

use futures::executor::block_on;
use rust_decimal::Decimal;
use shared::api::moment;
use shared::api::receipt_request::ReceiptRequest;
use shared::api::receipt_response::ReceiptResponse;
use shared::clock::{Clock as _, ScriptedClock, Ticks};
use shared::identity::{OperationId, ScuId};

use super::super::keeping::Keeping;
use super::site::TestSite;
use super::tse::{self, TestTse};
use crate::journal::entry::{
    ActionJournalRow, Change, Entry, Intent, JournalCounts, OpenQueue, QueueDeRow, QueueRow, ScuRow,
};
use crate::queue::answer::Answer;
use crate::queue::cases::migration;
use crate::queue::engine::{
    AfterMigration, DailyClosing, Processed, QueueEngine, QueueOptions, WhenNotFound,
};
use crate::queue::export::KeepExports;
use crate::queue::signatures::OptionalMark;
use crate::queue::signatures::culture::Culture;
use crate::queue::work::Edges;
use crate::scu::types::TseState;

pub const CASHBOX: &str = "11111111-2222-4333-8444-555555555555";
pub const QUEUE: &str = "bbbbbbbb-cccc-4ddd-8eee-ffffffffffff";
/// The explicit flow's country bits.
pub const E: i64 = 0x4445_0000_0000_0000;
/// The implicit flow's.
pub const I: i64 = 0x4445_0001_0000_0000;

/// A moment of the vectors' day.
pub fn at(text: &str) -> Ticks {
    moment::parse(text).unwrap().ticks
}

/// A receipt request being written.
pub struct Receipt {
    case: i64,
    reference: String,
    moment: String,
    cashbox: String,
    charges: Vec<String>,
    pays: Vec<String>,
    more: String,
}

/// A receipt of this case.
pub fn receipt(case: i64) -> Receipt {
    Receipt {
        case,
        reference: "R-0001".to_owned(),
        moment: "2031-03-04T10:20:30.405Z".to_owned(),
        cashbox: CASHBOX.to_owned(),
        charges: Vec::new(),
        pays: Vec::new(),
        more: String::new(),
    }
}

impl Receipt {
    pub fn reference(mut self, reference: &str) -> Self {
        self.reference = reference.to_owned();
        self
    }

    pub fn cashbox(mut self, cashbox: &str) -> Self {
        self.cashbox = cashbox.to_owned();
        self
    }

    /// A charge item as JSON members.
    pub fn charge(mut self, members: &str) -> Self {
        self.charges.push(format!("{{{members}}}"));
        self
    }

    /// A charge item of the explicit country bits and a case number.
    pub fn charged(self, case: i64, quantity: &str, amount: &str) -> Self {
        let case = E | case;
        self.charge(&format!(
            r#""ftChargeItemCase":{case},"Quantity":{quantity},"Amount":{amount},"Moment":"2031-03-04T10:20:29Z""#
        ))
    }

    /// A pay item as JSON members.
    pub fn pay(mut self, members: &str) -> Self {
        self.pays.push(format!("{{{members}}}"));
        self
    }

    /// A pay item of the explicit country bits and a case number.
    pub fn paid(self, case: i64, amount: &str) -> Self {
        let case = E | case;
        self.pay(&format!(
            r#""ftPayItemCase":{case},"Amount":{amount},"Moment":"2031-03-04T10:20:29Z""#
        ))
    }

    /// Further members.
    pub fn with(mut self, members: &str) -> Self {
        write!(self.more, ",{members}").unwrap();
        self
    }

    pub fn request(&self) -> ReceiptRequest {
        let (case, reference, moment, cashbox) = (self.case, &self.reference, &self.moment, &self.cashbox);
        let (charges, pays) = (self.charges.join(","), self.pays.join(","));
        let json = format!(
            r#"{{"ftCashBoxID":"{cashbox}","cbTerminalID":"T-1","cbReceiptReference":"{reference}",
               "cbReceiptMoment":"{moment}","ftReceiptCase":{case},"cbChargeItems":[{charges}],
               "cbPayItems":[{pays}]{}}}"#,
            self.more
        );
        ReceiptRequest::from_json(json.as_bytes(), Ticks(0)).unwrap()
    }
}

/// The queue, its clock and its TSE.
pub struct Desk {
    pub engine: QueueEngine,
    pub clock: ScriptedClock,
    pub tse: Arc<TestTse>,
    pub site: TestSite,
    /// Everything that would have been committed, in order.
    pub entries: Vec<Entry>,
    /// What the journals are said to hold when a migration starts.
    pub counted: JournalCounts,
    keeping: Keeping,
}

/// How a queue is opened.
pub struct Opening {
    pub opened: OpenQueue,
    pub options: QueueOptions,
}

/// A queue without any receipt.
pub fn new_queue() -> Opening {
    let scu: ScuId = "77777777-0000-4000-8000-000000000001".parse().unwrap();
    let zero = Ticks(0);
    Opening {
        opened: OpenQueue {
            queue: QueueRow {
                queue: QUEUE.parse().unwrap(),
                cashbox: CASHBOX.parse().unwrap(),
                current_row: 0,
                queued_row: 0,
                receipt_numerator: 0,
                receipt_totalizer: Decimal::ZERO,
                receipt_hash: None,
                start_moment: None,
                stop_moment: None,
                country_code: "DE".to_owned(),
                timeout_ms: 0,
                time_stamp: zero,
            },
            queue_de: QueueDeRow {
                scu: Some(scu),
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
                time_stamp: zero,
            },
            scus: vec![ScuRow {
                scu,
                url: None,
                tse_info_json: None,
                mode: 0,
                mode_configuration_json: None,
                time_stamp: zero,
            }],
            open_transactions: Vec::new(),
            failed_starts: Vec::new(),
            failed_finishes: Vec::new(),
            master_data: None,
            latest: zero,
            interrupted: Vec::new(),
            in_migration: false,
        },
        options: QueueOptions {
            cashbox: CASHBOX.parse().unwrap(),
            is_sandbox: false,
            optional_mark: OptionalMark::Shown,
            when_not_found: WhenNotFound::AnswerNothing,
            keep_exports: KeepExports::All,
            master_data: None,
            daily_closing: DailyClosing::AsAsked,
            after_migration: AfterMigration::Refuse,
            culture: Culture::Invariant,
            processing_version: "byodc/test".to_owned(),
        },
    }
}

/// A queue in operation with this many receipts, whose TSE has told what it is.
pub fn active_queue(numerator: i64) -> Opening {
    let mut opening = new_queue();
    let queue = &mut opening.opened.queue;
    queue.receipt_numerator = numerator;
    queue.current_row = numerator;
    queue.queued_row = numerator;
    queue.start_moment = Some(at("2031-01-01"));
    let info = serde_json::to_string(&tse::info([], TseState::Initialized)).unwrap();
    opening.opened.scus[0].tse_info_json = Some(info);
    opening
}

impl Opening {
    pub fn desk(self) -> Desk {
        let (tse, site) = (Arc::<TestTse>::default(), TestSite::default());
        site.knows(self.opened.scus[0].scu, &tse);
        Desk {
            keeping: Keeping::of(&self.opened, &self.options),
            engine: QueueEngine::new(self.opened, self.options),
            clock: ScriptedClock::at(at("2031-03-04T10:20:33Z")),
            tse,
            site,
            entries: Vec::new(),
            counted: JournalCounts::default(),
        }
    }
}

impl Desk {
    /// The intent that would be made durable for a receipt.
    pub fn begin(&mut self, request: &ReceiptRequest) -> Intent {
        let intent = Intent {
            item: self.engine.receive(request, &self.clock).unwrap(),
            operation: OperationId::random(),
            content_hash: [0; 32],
        };
        self.engine.begun(&intent);
        self.keeping.begun(&intent);
        intent
    }

    /// Processes without committing.
    pub fn process(&self, intent: &Intent, request: &ReceiptRequest) -> Processed {
        block_on(self.engine.process(intent, request, self.edges()))
    }

    /// The TSE of the queue's SCU; after a switch another one than the desk's.
    fn tse_in_use(&self) -> Arc<TestTse> {
        let state = self.engine.state();
        let first = state.scus.iter().map(|row| row.scu).min();
        match state.queue_de.scu {
            Some(scu) if Some(scu) != first => self.site.tse(scu),
            _ => self.tse.clone(),
        }
    }

    /// What receipts are worked on with.
    pub fn edges(&self) -> Edges<'_> {
        Edges {
            scu: self.tse_in_use(),
            clock: &self.clock,
            site: &self.site,
        }
    }

    /// One receipt from the POS to the journal.
    pub fn answer(&mut self, receipt: Receipt) -> Answer {
        let request = receipt.request();
        let intent = self.begin(&request);
        let mut processed = self.process(&intent, &request);
        if processed.starts_migration {
            migration::record(&mut processed.entry, self.counted, self.clock.now());
        }
        self.adopt(&processed.entry);
        self.site.journal(&processed.entry.changes);
        self.entries.push(processed.entry);
        processed.answer
    }

    /// Commits what was processed.
    pub fn adopt(&mut self, entry: &Entry) {
        self.engine.adopt(entry);
        self.keeping.ended(entry);
    }

    /// One receipt that is accepted.
    pub fn sign(&mut self, receipt: Receipt) -> ReceiptResponse {
        match self.answer(receipt) {
            Answer::Response(response) => *response,
            Answer::Failed { message } => panic!("the receipt was refused: {message}"),
        }
    }

    /// One receipt that ends as an error; its message.
    pub fn refused(&mut self, receipt: Receipt) -> String {
        match self.answer(receipt) {
            Answer::Response(response) => panic!("the receipt was accepted: {response:?}"),
            Answer::Failed { message } => message,
        }
    }

    /// What was committed last.
    pub fn last(&self) -> &Entry {
        self.entries.last().unwrap()
    }

    /// The action journal rows committed last.
    pub fn last_notes(&self) -> Vec<&ActionJournalRow> {
        let note = |change: &'_ Change| matches!(change, Change::AddActionJournal(_));
        let rows = self.last().changes.iter().filter(|change| note(change));
        rows.filter_map(|change| match change {
            Change::AddActionJournal(row) => Some(row),
            _ => None,
        })
        .collect()
    }
}

/// The numbers of the signature types within the German space.
pub fn kinds(response: &ReceiptResponse) -> Vec<i64> {
    response
        .signatures
        .iter()
        .map(|item| item.kind & 0xFFFF)
        .collect()
}

/// The data of the only item with this caption.
pub fn data<'a>(response: &'a ReceiptResponse, caption: &str) -> &'a str {
    let mut items = response
        .signatures
        .iter()
        .filter(|item| item.caption.as_deref() == Some(caption));
    let item = items.next().unwrap_or_else(|| panic!("no item {caption}"));
    assert!(items.next().is_none(), "{caption} is there twice");
    item.data.as_deref().unwrap()
}
