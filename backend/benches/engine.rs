//! What a ten-line receipt costs besides TSE and journal: reading, canonical JSON, hashes, signatures, answer.
//!
//! ```text
//! cargo bench -p backend --bench engine
//! ```
//!
//! The TSE here answers at once and signs nothing, so the figures are the engine's alone. The bound to keep: well
//! under 100 µs for all steps together.

use std::hint::black_box;
use std::sync::Arc;

use async_trait::async_trait;
use backend::journal::JournalError;
use backend::journal::entry::{ActionJournalRow, Intent, OpenQueue, QueueDeRow, QueueRow, ScuRow};
use backend::queue::engine::{AfterMigration, DailyClosing, QueueEngine, QueueOptions, WhenNotFound};
use backend::queue::export::KeepExports;
use backend::queue::signatures::OptionalMark;
use backend::queue::signatures::culture::Culture;
use backend::queue::site::{ExportError, ExportOrder, Exported, Site};
use backend::queue::work::Edges;
use backend::scu::types::*;
use backend::scu::{Scu, ScuError};
use criterion::{Criterion, criterion_group, criterion_main};
use futures::executor::block_on;
use rust_decimal::Decimal;
use shared::api::receipt_request::ReceiptRequest;
use shared::api::writing::Shape;
use shared::clock::{ScriptedClock, Ticks};
use shared::identity::{CashBoxId, OperationId, QueueId, ScuId};

const NOW: Ticks = Ticks(640_659_828_306_000_000);
const CASHBOX: &str = "11111111-2222-4333-8444-555555555555";

/// Answers at once.
#[derive(Debug)]
struct InstantTse;

fn signature() -> SignatureData {
    SignatureData {
        counter: 1,
        algorithm: "ecdsa-plain-SHA256".to_owned(),
        signature_base64: "A".repeat(88),
        public_key_base64: "B".repeat(88),
    }
}

fn not_in_this_bench<T>() -> Result<T, ScuError> {
    Err(ScuError::Rejected {
        message: "not in this bench".to_owned(),
    })
}

#[async_trait]
impl Scu for InstantTse {
    async fn start_transaction(&self, start: StartTransaction) -> Result<StartedTransaction, ScuError> {
        Ok(StartedTransaction {
            transaction_number: 1,
            time: NOW,
            serial_number: "ab".repeat(32),
            client_id: start.client_id,
            signature: Some(signature()),
        })
    }

    async fn finish_transaction(&self, finish: FinishTransaction) -> Result<FinishedTransaction, ScuError> {
        Ok(FinishedTransaction {
            transaction_number: finish.transaction_number,
            start_time: NOW,
            time: NOW,
            time_format: "utcTime".to_owned(),
            serial_number: "ab".repeat(32),
            client_id: finish.client_id,
            process_type: finish.process_type,
            process_data_base64: finish.process_data_base64,
            signature: signature(),
        })
    }

    async fn update_transaction(&self, _: UpdateTransaction) -> Result<UpdatedTransaction, ScuError> {
        not_in_this_bench()
    }

    async fn trace(&self, _: TransactionIdentity) -> Result<TransactionTrace, ScuError> {
        not_in_this_bench()
    }

    async fn last_steps(&self, _: &str, _: usize) -> Result<Vec<SignedStep>, ScuError> {
        not_in_this_bench()
    }

    async fn tse_info(&self) -> Result<TseInfo, ScuError> {
        not_in_this_bench()
    }

    async fn set_tse_state(&self, _: TseState) -> Result<TseState, ScuError> {
        not_in_this_bench()
    }

    async fn register_client(&self, _: &str) -> Result<Vec<String>, ScuError> {
        not_in_this_bench()
    }

    async fn unregister_client(&self, _: &str) -> Result<Vec<String>, ScuError> {
        not_in_this_bench()
    }

    async fn set_tse_time(&self) -> Result<(), ScuError> {
        not_in_this_bench()
    }

    async fn self_test(&self) -> Result<(), ScuError> {
        not_in_this_bench()
    }

    async fn start_export(&self, _: ExportScope) -> Result<ExportSession, ScuError> {
        not_in_this_bench()
    }

    async fn export_data(&self, _: &str, _: usize) -> Result<ExportChunk, ScuError> {
        not_in_this_bench()
    }

    async fn end_export(&self, _: &str, _: &str, _: bool) -> Result<ExportEnd, ScuError> {
        not_in_this_bench()
    }

    async fn echo(&self, message: &str) -> Result<String, ScuError> {
        Ok(message.to_owned())
    }
}

/// A sale of ten lines as a POS sends it, some 3 KB.
fn body() -> String {
    let line = |number: usize| {
        format!(
            r#"{{"Quantity":2.0,"Description":"Article number {number}","Amount":5.{number}0,"VATRate":19.0,
              "ftChargeItemCase":4919338167972134913,"ProductNumber":"A-{number}","Unit":"pcs",
              "Moment":"2031-03-04T10:20:29Z"}}"#
        )
    };
    let lines: Vec<String> = (0..10).map(line).collect();
    let lines = lines.join(",");
    format!(
        r#"{{"ftCashBoxID":"{CASHBOX}","cbTerminalID":"T-1","cbReceiptReference":"R-0001",
          "cbReceiptMoment":"2031-03-04T10:20:30.405Z","cbChargeItems":[{lines}],
          "cbPayItems":[{{"Quantity":1.0,"Description":"Cash","Amount":54.50,"ftPayItemCase":4919338167972134913,
          "Moment":"2031-03-04T10:20:29Z"}}],"ftReceiptCase":4919338172267102209,"cbUser":"Anna"}}"#
    )
}

fn active_queue() -> QueueEngine {
    let scu: ScuId = ScuId::from_u128(7);
    let info = r#"{"MaxNumberOfClients":1,"CurrentNumberOfClients":1,"CurrentClientIds":[],
        "MaxNumberOfStartedTransactions":1,"CurrentNumberOfStartedTransactions":0,
        "CurrentStartedTransactionNumbers":[],"MaxNumberOfSignatures":1,"CurrentNumberOfSignatures":1,
        "MaxLogMemorySize":1,"CurrentLogMemorySize":1,"CurrentState":1,"FirmwareIdentification":"1",
        "CertificationIdentification":"BSI-K-TR-0000-2031","SignatureAlgorithm":"a","LogTimeFormat":"utcTime",
        "SerialNumberOctet":"ab","PublicKeyBase64":"P","CertificatesBase64":[],"Info":null}"#;
    let opened = OpenQueue {
        queue: QueueRow {
            queue: QueueId::from_u128(9),
            cashbox: CASHBOX.parse().expect("it is a GUID"),
            current_row: 10,
            queued_row: 10,
            receipt_numerator: 10,
            receipt_totalizer: Decimal::ZERO,
            receipt_hash: Some("TZxj47dH5ZYIcHaZOWo2Av5OPuhvJ5+p4HSo+J0NS0o=".to_owned()),
            start_moment: Some(NOW),
            stop_moment: None,
            country_code: "DE".to_owned(),
            timeout_ms: 15_000,
            time_stamp: NOW,
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
            time_stamp: NOW,
        },
        scus: vec![ScuRow {
            scu,
            url: None,
            tse_info_json: Some(info.to_owned()),
            mode: 0,
            mode_configuration_json: None,
            time_stamp: NOW,
        }],
        open_transactions: Vec::new(),
        failed_starts: Vec::new(),
        failed_finishes: Vec::new(),
        master_data: None,
        latest: NOW,
        interrupted: Vec::new(),
        in_migration: false,
    };
    let options = QueueOptions {
        cashbox: CASHBOX.parse::<CashBoxId>().expect("it is a GUID"),
        is_sandbox: false,
        optional_mark: OptionalMark::Shown,
        when_not_found: WhenNotFound::AnswerNothing,
        keep_exports: KeepExports::All,
        master_data: None,
        daily_closing: DailyClosing::AsAsked,
        after_migration: AfterMigration::Refuse,
        culture: Culture::Invariant,
        processing_version: "bench".to_owned(),
    };
    QueueEngine::new(opened, options)
}

#[async_trait]
impl Site for InstantTse {
    async fn export(&self, _tse: &dyn Scu, _order: ExportOrder) -> Result<Exported, ExportError> {
        not_in_this_bench().map_err(ExportError::Tse)
    }

    fn unit(&self, _scu: ScuId) -> Arc<dyn Scu> {
        Arc::new(InstantTse)
    }

    async fn newest_action(&self, _kinds: &[&str]) -> Result<Option<ActionJournalRow>, JournalError> {
        Ok(None)
    }
}

fn edges(clock: &ScriptedClock) -> Edges<'_> {
    Edges {
        scu: Arc::new(InstantTse),
        clock,
        site: &InstantTse,
    }
}

fn read(body: &str) -> ReceiptRequest {
    ReceiptRequest::from_json(body.as_bytes(), NOW).expect("the body is a request")
}

fn intent(engine: &QueueEngine, request: &ReceiptRequest, clock: &ScriptedClock) -> Intent {
    Intent {
        item: engine
            .receive(request, clock)
            .expect("the cashbox is the hosted one"),
        operation: OperationId::from_u128(1),
        content_hash: [0; 32],
    }
}

fn ten_line_receipt(criterion: &mut Criterion) {
    let (engine, clock, body) = (active_queue(), ScriptedClock::at(NOW), body());
    let request = read(&body);
    let begun = intent(&engine, &request, &clock);
    let mut group = criterion.benchmark_group("ten-line receipt");
    group.bench_function("read", |bencher| bencher.iter(|| read(black_box(&body))));
    group.bench_function("receive", |bencher| {
        bencher.iter(|| engine.receive(black_box(&request), &clock))
    });
    group.bench_function("process", |bencher| {
        bencher.iter(|| block_on(engine.process(&begun, black_box(&request), edges(&clock))))
    });
    group.bench_function("all, from body to answer", |bencher| {
        bencher.iter(|| {
            let request = read(black_box(&body));
            let begun = intent(&engine, &request, &clock);
            let processed = block_on(engine.process(&begun, &request, edges(&clock)));
            match processed.answer {
                backend::queue::answer::Answer::Response(response) => response.to_json(Shape::Camel),
                backend::queue::answer::Answer::Failed { message } => panic!("{message}"),
            }
        })
    });
    group.finish();
}

criterion_group!(benches, ten_line_receipt);
criterion_main!(benches);
