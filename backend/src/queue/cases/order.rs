//! Orders without payment (4.4): signed as lines, without the begin of a sale.

use super::{mark_training, sign_by_flow};
use crate::queue::signatures;
use crate::queue::work::{CaseError, Verdict, Work};

/// Signs the order.
///
/// # Errors
/// When there is no open transaction to finish, or the TSE does not sign.
pub async fn process(work: &mut Work<'_>) -> Result<Verdict, CaseError> {
    let certification = work.certification().await?;
    let signed = sign_by_flow(work).await?;
    let items = signatures::receipt(&signed, &certification, work.options.optional_mark);
    let mut verdict = Verdict::signed(signed.finished.transaction_number, items);
    mark_training(work, &mut verdict);
    Ok(verdict)
}
