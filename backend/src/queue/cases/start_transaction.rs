//! Opens a transaction of the explicit flow (case 0x0008, 4.4).

use super::mark_training;
use crate::queue::signatures;
use crate::queue::transaction::Attempt;
use crate::queue::work::{CaseError, Verdict, Work};

/// Starts a transaction under the receipt's reference.
///
/// # Errors
/// When it is implicit, one is open already, or the TSE does not start one.
pub async fn process(work: &mut Work<'_>) -> Result<Verdict, CaseError> {
    work.forbid_implicit("Start-transaction receipt")?;
    let reference = work.reference();
    if let Some(open) = work.open_transactions.get(reference) {
        let number = open.transaction_number;
        return Err(CaseError::Refused(format!(
            "Transactionnumber {number} was already started using cbReceiptReference '{reference}'."
        )));
    }
    let (_, row) = work.open(Attempt::First).await?;
    let signature = signatures::start(row.start_signature_base64.as_deref(), work.options.optional_mark);
    let mut verdict = Verdict::signed(row.transaction_number, vec![signature]);
    mark_training(work, &mut verdict);
    Ok(verdict)
}
