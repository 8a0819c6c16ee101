//! What is checked before anything is stored, and what is stored first (3.2 steps 1 to 5).

use shared::api::reading::ReadError;
use shared::api::receipt_request::ReceiptRequest;
use shared::clock::{Clock, Ticks};
use shared::identity::{CashBoxId, QueueItemId};
use thiserror::Error;

use super::chain;
use super::engine::{AfterMigration, QueueOptions};
use super::receipt_case::{RECEIPT_REQUEST, ReceiptCase};
use super::state::QueueState;
use crate::journal::entry::QueueItemRow;

/// Stored when the queue's own is 0; never enforced.
const TIMEOUT_MS: i64 = 15_000;

/// Why a request is refused with nothing stored. The texts are the interface's.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PreQueueError {
    /// `ftCashBoxID` is no GUID.
    #[error("Cannot parse CashBoxId {0}")]
    CashBoxIdUnparsable(String),
    /// `ftCashBoxID` is another one than the hosted.
    #[error("Provided CashBoxId does not match current CashBoxId")]
    OtherCashBox,
    /// The queue is to be served by another product.
    #[error(
        "The Middleware is currently in migration mode after a 'start migration' receipt was processed. Receipts are \
         accepted by the new system only."
    )]
    InMigration,
}

/// Checks a request and makes the queue item that has to be durable before the TSE is asked.
pub(super) fn receive(
    state: &QueueState,
    options: &QueueOptions,
    request: &ReceiptRequest,
    clock: &dyn Clock,
) -> Result<QueueItemRow, PreQueueError> {
    check_cashbox(&request.cash_box_id, options.cashbox)?;
    // 3.2 has the receipt request in step 3 and this in step 4: what was signed can still be asked for.
    if is_locked(state, options) && !ReceiptCase(request.receipt_case).has(RECEIPT_REQUEST) {
        return Err(PreQueueError::InMigration);
    }
    let now = state.now(clock);
    let canonical = request.to_canonical_json();
    Ok(QueueItemRow {
        item: QueueItemId::random(),
        row: state.queue.queued_row + 1,
        queue_moment: now,
        timeout_ms: match state.queue.timeout_ms {
            0 => TIMEOUT_MS,
            configured => configured,
        },
        work_moment: None,
        done_moment: None,
        receipt_moment: request.receipt_moment.ticks,
        terminal_id: request.terminal_id.clone(),
        receipt_reference: request.receipt_reference.clone(),
        country: ReceiptCase(request.receipt_case).country().to_owned(),
        version: "v1".to_owned(),
        request_hash: chain::content_hash(&canonical),
        request: canonical,
        response: None,
        response_hash: None,
        processing_version: options.processing_version.clone(),
        time_stamp: now,
    })
}

/// 4.11: a migration receipt is the last one.
fn is_locked(state: &QueueState, options: &QueueOptions) -> bool {
    state.in_migration && options.after_migration == AfterMigration::Refuse
}

fn check_cashbox(sent: &str, hosted: CashBoxId) -> Result<(), PreQueueError> {
    match sent.parse::<CashBoxId>() {
        Err(_) => Err(PreQueueError::CashBoxIdUnparsable(sent.to_owned())),
        Ok(id) if id != hosted => Err(PreQueueError::OtherCashBox),
        Ok(_) => Ok(()),
    }
}

/// The request of a stored item, to settle one that was interrupted.
///
/// # Errors
/// When the stored text is no request.
pub fn stored_request(item: &QueueItemRow) -> Result<ReceiptRequest, ReadError> {
    request_of(&item.request, item.receipt_moment)
}

/// The request of a stored text; a missing moment, which our own texts never have, is `moment`.
pub(super) fn request_of(stored: &str, moment: Ticks) -> Result<ReceiptRequest, ReadError> {
    ReceiptRequest::from_json(stored.as_bytes(), moment)
}
