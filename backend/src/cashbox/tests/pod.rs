//! A pod as one caller of one cashbox sees it: what can be asked, looked at and waited for.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use shared::api::receipt_request::ReceiptRequest;
use shared::clock::Ticks;
use shared::identity::pod::PodId;
use shared::identity::{CashBoxId, Epoch, OperationId};

use super::world::{CASHBOX, TOKEN};
use crate::cashbox::acceptance::Acceptance;
use crate::cashbox::command::{Answer, Caller};
use crate::cashbox::error::CashboxError;
use crate::cashbox::handle::CashboxHandle;
use crate::cashbox::handover::{HandoverOutcome, HandoverReason};
use crate::cashbox::mailbox::Posting;
use crate::cashbox::registry::{Registry, Visit};
use crate::cashbox::status::Hosted;
use crate::metrics::Metrics;
use crate::ownership::Ownership;
use crate::ownership::handover::HandoverTarget;

/// A zero receipt without the implicit flag: stored, and refused.
pub(super) const EXPLICIT_ZERO: i64 = 0x4445_0000_0000_0002;
pub(super) const START_TRANSACTION: i64 = 0x4445_0000_0000_0008;
const INITIAL_OPERATION: i64 = 0x4445_0001_0000_0003;
const POS_RECEIPT: i64 = 0x4445_0001_0000_0001;

/// A pod, a cashbox and the token of who asks for it.
#[derive(Debug, Clone)]
pub(super) struct Pod {
    pub(super) registry: Registry,
    pub(super) ownership: Arc<Ownership>,
    metrics: Metrics,
    cashbox: CashBoxId,
    token: String,
}

impl Pod {
    /// As the caller who may use the world's first cashbox sees it.
    pub(super) fn new(registry: Registry, ownership: Arc<Ownership>, metrics: Metrics) -> Self {
        Self {
            registry,
            ownership,
            metrics,
            cashbox: CASHBOX,
            token: TOKEN.to_owned(),
        }
    }

    pub(super) fn with_token(&self, token: &str) -> Self {
        Self {
            token: token.to_owned(),
            ..self.clone()
        }
    }

    pub(super) fn at(&self, cashbox: CashBoxId) -> Self {
        Self {
            cashbox,
            ..self.clone()
        }
    }

    pub(super) fn id(&self) -> PodId {
        self.ownership.pod().record().id
    }

    fn visit(&self) -> Visit {
        let caller = Caller::with_token(self.token.as_str().into());
        Visit {
            cashbox: self.cashbox,
            caller,
            suspect: None,
        }
    }

    pub(super) async fn sign(&self, reference: impl AsRef<str>) -> Result<Answer, CashboxError> {
        self.sign_as(OperationId::random(), reference.as_ref()).await
    }

    pub(super) async fn sign_as(
        &self,
        operation: OperationId,
        reference: &str,
    ) -> Result<Answer, CashboxError> {
        self.post(operation, reference, POS_RECEIPT).await
    }

    pub(super) async fn sign_case(&self, operation: OperationId, case: i64) -> Result<Answer, CashboxError> {
        self.post(operation, "CASE", case).await
    }

    pub(super) async fn activate(&self) {
        self.sign_case(OperationId::random(), INITIAL_OPERATION)
            .await
            .unwrap();
    }

    /// A request that outlives its caller's borrow.
    pub(super) fn signing(
        self: Arc<Self>,
        operation: OperationId,
        reference: impl Into<String>,
    ) -> impl Future<Output = Result<Answer, CashboxError>> {
        let reference = reference.into();
        async move { self.sign_as(operation, &reference).await }
    }

    async fn post(&self, operation: OperationId, reference: &str, case: i64) -> Result<Answer, CashboxError> {
        let body = serde_json::json!({
            "ftCashBoxID": self.cashbox,
            "cbTerminalID": "T-1",
            "cbReceiptReference": reference,
            "cbReceiptMoment": "2031-03-04T10:20:30Z",
            "cbChargeItems": [],
            "cbPayItems": [],
            "ftReceiptCase": case,
        })
        .to_string();
        let request = ReceiptRequest::from_json(body.as_bytes(), Ticks(0)).unwrap();
        let content_hash = Sha256::digest(body.as_bytes()).into();
        let posting = Posting {
            operation,
            content_hash,
            request: Arc::new(request),
        };
        let asked = self.registry.sign(&self.visit(), posting).await;
        asked.outcome.map(|signed| signed.answer)
    }

    /// A figure as it is scraped: name and labels as they are printed.
    pub(super) fn figure(&self, name: &str) -> u64 {
        let text = self.metrics.text();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no figure {name}"))
            .parse()
            .unwrap()
    }

    pub(super) fn stage(&self) -> &'static str {
        self.hosted().unwrap().state
    }

    pub(super) async fn accept_journal(&self) -> Result<Arc<Acceptance>, CashboxError> {
        self.registry
            .accept_journal(self.cashbox, "the backup is all we have")
            .await
    }

    pub(super) async fn reset(&self) -> Result<(), CashboxError> {
        self.registry.reset(&self.visit()).await.outcome
    }

    pub(super) fn epoch(&self) -> Epoch {
        self.hosted().and_then(|hosted| hosted.epoch).unwrap()
    }

    pub(super) fn live(&self) -> CashboxHandle {
        self.registry.live(self.cashbox).unwrap()
    }

    /// Until the pod has heard of so many pods that may take cashboxes.
    pub(super) async fn until_successors(&self, count: usize) {
        until(|| {
            self.ownership
                .successors(self.cashbox, &HandoverTarget::Any)
                .len()
                == count
        })
        .await;
    }

    /// Until the cashbox was told to leave.
    pub(super) async fn until_departing(&self) {
        until(|| self.live().departs()).await;
    }

    pub(super) async fn hand_over(&self, target: &HandoverTarget) -> HandoverOutcome {
        let reason = HandoverReason::Operator;
        self.registry.hand_over(self.cashbox, target, reason).await
    }

    pub(super) fn hosts(&self) -> bool {
        self.hosted().is_some()
    }

    fn hosted(&self) -> Option<Hosted> {
        let (rows, _) = self.registry.hosted(None, 1000);
        rows.into_iter().find(|row| row.cashbox == self.cashbox)
    }

    pub(super) async fn until_waiting(&self, waiting: usize) {
        until(|| self.hosted().is_some_and(|hosted| hosted.waiting == waiting)).await;
    }

    pub(super) async fn until(&self, condition: impl Fn() -> bool) {
        until(condition).await;
    }

    /// How many cashboxes of the pod count as stuck.
    pub(super) fn stuck(&self) -> usize {
        self.registry.stuck()
    }

    pub(super) async fn until_gone(&self) {
        until(|| self.hosted().is_none()).await;
    }

    /// Until the drain has told the cashbox to leave.
    pub(super) async fn until_draining(&self) {
        until(|| self.registry.is_draining() && self.live().departs()).await;
    }
}

async fn until(condition: impl Fn() -> bool) {
    let met = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), met)
        .await
        .expect("the condition was never met");
}
