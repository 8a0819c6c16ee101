//! The cases, one file each (`fiscal-spec.md` 4.3 to 4.8). Each has one function, `process`, that takes the
//! receipt being worked on; [`super::dispatch`] says which is called when.
//!
//! [`super::dispatch`]: crate::queue::dispatch

/// The queue is not in operation.
pub mod disabled_queue;
/// The queue is between two SCUs.
pub mod disabled_scu;
/// Recorded by other means while the register was out of order.
pub mod late_entry;
/// Written by hand first.
pub mod handwritten;
/// Sales, invoices, and everything else with tax sums.
pub mod receipt;
/// Orders without payment.
pub mod order;
/// Protocols and internal notes.
pub mod other;
/// Opens a transaction of the explicit flow.
pub mod start_transaction;
/// Adds to an open transaction.
pub mod update_transaction;
/// Aborts one open transaction, or many.
pub mod fail_transaction;
/// Is everything all right; and if it was not, makes it so.
pub mod zero_receipt;
/// Puts a queue into operation.
pub mod initial_operation;
/// What the authority is told of that, and of its end.
pub mod notification;
/// Puts a queue out of operation, for good.
pub mod out_of_operation;
/// Ends a day, a month or a year.
pub mod closing;
/// Prepares a queue for another product.
pub mod migration;
/// From one SCU to another.
pub mod scu_switch;

use super::receipt_case::{BYPASS_TAR, IMPLICIT, TRAINING};
use super::transaction::{Attempt, Signed};
use super::work::{CaseError, Verdict, Work};
use super::{export, signatures};
use crate::journal::entry::OpenTransactionRow;

/// Signs the receipt's process data: in one go, or by finishing the transaction that was opened for its reference
/// (4.4).
async fn sign_by_flow(work: &mut Work<'_>) -> Result<Signed, CaseError> {
    let data = work.process_data.clone();
    if work.case.has(IMPLICIT) {
        return Ok(work.sign(&data).await?);
    }
    let row = open_transaction(work)?;
    Ok(work.close(&row, &data, Attempt::First).await?)
}

/// The open transaction of the receipt's reference.
fn open_transaction(work: &Work<'_>) -> Result<OpenTransactionRow, CaseError> {
    let reference = work.reference();
    let row = work.open_transactions.get(reference).cloned();
    row.ok_or_else(|| {
        CaseError::Refused(format!(
            "No transactionnumber found for cbReceiptReference '{reference}'."
        ))
    })
}

/// Keeps what the TSE has logged, unless the receipt asks not to (4.10).
async fn export_unless_bypassed(work: &mut Work<'_>) {
    if !work.case.has(BYPASS_TAR) {
        export::tar(work).await;
    }
}

/// Adds the mark of practice, if it is.
fn mark_training(work: &Work<'_>, verdict: &mut Verdict) {
    if work.case.has(TRAINING) {
        verdict.signatures.push(signatures::training(work.now()));
    }
}
