use super::*;
use crate::scu::simulator::script::{Effect, OperationKind, Rule};
use crate::scu::simulator::{Config, Simulators, Traits};
use shared::clock::MachineClock;
use shared::figures::Figures;
use shared::identity::{QueueItemId, ScuId};

const SCU: ScuId = ScuId::from_u128(1);

/// A TSE that does as it is told, asked with little patience.
struct Patient {
    unit: Deadline,
    simulators: Simulators,
    figures: Figures,
}

async fn patient(one_try: Duration) -> Patient {
    let simulators = Simulators::new(Config::default(), Arc::new(MachineClock::default())).unwrap();
    let simulator = simulators.open(SCU, Traits::default());
    simulator.register_client("K").await.unwrap();
    let figures = Figures::default();
    let metrics = Arc::new(Metrics::register(&figures));
    let patience = Patience {
        one_try,
        tries: 3,
        pause: Duration::from_millis(1),
    };
    Patient {
        unit: Deadline::new(Arc::new(simulator), patience, metrics),
        simulators,
        figures,
    }
}

impl Patient {
    fn script(&self, operation: OperationKind, effect: Effect, times: u32) {
        self.simulators.script(SCU).push(Rule {
            operation,
            effect,
            delay_ms: if effect == Effect::Delay { 600_000 } else { 0 },
            times: Some(times),
        });
    }

    /// Whether it was asked for this, with this result.
    fn counted(&self, kind: &str, result: &str) -> bool {
        let child = format!("byodc_scu_requests_total{{kind=\"{kind}\",result=\"{result}\"}} ");
        let text = self.figures.text();
        let times = text.lines().find_map(|line| line.strip_prefix(&child));
        times.expect("every child is shown") != "0"
    }

    async fn signatures(&self) -> i64 {
        self.unit.tse_info().await.unwrap().current_number_of_signatures
    }
}

const LONG: Duration = Duration::from_secs(60);

fn start() -> StartTransaction {
    StartTransaction {
        identity: TransactionIdentity {
            item: QueueItemId::from_u128(1),
            step: 0,
        },
        client_id: "K".to_owned(),
        is_retry: false,
    }
}

#[tokio::test]
async fn a_tse_that_is_not_reached_is_asked_as_often_as_configured() {
    let tse = patient(LONG).await;
    tse.script(OperationKind::Start, Effect::Unreachable, 2);
    assert_eq!(
        tse.unit
            .start_transaction(start())
            .await
            .unwrap()
            .transaction_number,
        1
    );
    tse.script(OperationKind::Info, Effect::Unreachable, 3);
    assert!(matches!(
        tse.unit.tse_info().await,
        Err(ScuError::Unreachable { .. })
    ));
    assert!(tse.counted("start", "unreachable") && tse.counted("start", "answered"));
}

#[tokio::test]
async fn a_rejection_is_the_answer_and_not_asked_for_again() {
    let tse = patient(LONG).await;
    tse.script(OperationKind::Start, Effect::Reject, 1);
    let rejected = tse.unit.start_transaction(start()).await;
    assert!(matches!(rejected, Err(ScuError::Rejected { .. })));
    assert_eq!(tse.signatures().await, 0);
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_and_signed_once() {
    let tse = patient(LONG).await;
    tse.script(OperationKind::Start, Effect::SignAndLoseAnswer, 1);
    tse.unit.start_transaction(start()).await.unwrap();
    assert_eq!(tse.signatures().await, 1);
    assert!(tse.counted("start", "unknown") && !tse.counted("trace", "answered"));
}

#[tokio::test]
async fn answers_that_keep_being_lost_are_settled_by_the_identity() {
    let tse = patient(LONG).await;
    tse.script(OperationKind::Start, Effect::SignAndLoseAnswer, 3);
    tse.unit.start_transaction(start()).await.unwrap();
    assert_eq!(tse.signatures().await, 1);
    assert!(tse.counted("trace", "answered"));
}

#[tokio::test]
async fn what_nobody_can_settle_stays_unknown() {
    let tse = patient(LONG).await;
    tse.script(OperationKind::Start, Effect::SignAndLoseAnswer, 1);
    tse.script(OperationKind::Start, Effect::Unreachable, 1);
    tse.script(OperationKind::Start, Effect::Reject, 1);
    tse.script(OperationKind::Trace, Effect::Unreachable, 1);
    let unknown = tse.unit.start_transaction(start()).await.unwrap_err();
    assert!(unknown.may_have_signed(), "{unknown}");
}

#[tokio::test]
async fn a_try_out_of_time_may_have_signed() {
    let tse = patient(Duration::from_millis(5)).await;
    tse.script(OperationKind::Start, Effect::Delay, 3);
    let unknown = tse.unit.start_transaction(start()).await.unwrap_err();
    assert!(
        unknown.may_have_signed() && unknown.to_string().contains("5ms"),
        "{unknown}"
    );
}

#[tokio::test]
async fn a_part_of_an_export_that_may_be_lost_is_not_skipped() {
    let tse = patient(LONG).await;
    let client_id = String::new();
    let session = tse
        .unit
        .start_export(ExportScope::All {
            client_id,
            erase: false,
        })
        .await
        .unwrap();
    tse.script(OperationKind::Export, Effect::SignAndLoseAnswer, 1);
    let lost = tse.unit.export_data(&session.token, 512).await.unwrap_err();
    assert!(lost.may_have_signed(), "{lost}");
}
