//! Sales, invoices, and everything else with tax sums (4.4).

use shared::clock::Ticks;

use super::{mark_training, sign_by_flow};
use crate::queue::signatures;
use crate::queue::work::{CaseError, Verdict, Work};

/// Signs the receipt.
///
/// # Errors
/// When there is no open transaction to finish, or the TSE does not sign.
pub async fn process(work: &mut Work<'_>) -> Result<Verdict, CaseError> {
    let certification = work.certification().await?;
    let signed = sign_by_flow(work).await?;
    let mut items = signatures::receipt(&signed, &certification, work.options.optional_mark);
    items.push(signatures::begin_of_sale(begin(work)));
    let mut verdict = Verdict::signed(signed.finished.transaction_number, items);
    mark_training(work, &mut verdict);
    Ok(verdict)
}

/// When the sale began: the earliest of the receipt's moment and those of its items, where a missing one is now.
fn begin(work: &Work<'_>) -> Ticks {
    let now = work.now();
    let charges = work.request.charge_items.iter().map(|item| item.moment);
    let pays = work.request.pay_items.iter().map(|item| item.moment);
    charges
        .chain(pays)
        .map(|moment| moment.map_or(now, |moment| moment.ticks))
        .fold(work.request.receipt_moment.ticks, Ticks::min)
}
