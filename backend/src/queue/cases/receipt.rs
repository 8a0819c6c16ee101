//! Sales, invoices, and everything else with tax sums (4.4).

use rust_decimal::Decimal;
use shared::api::receipt_request::ReceiptRequest;
use shared::clock::Ticks;

use super::{mark_training, sign_by_flow};
use crate::queue::signatures;
use crate::queue::work::{CaseError, Verdict, Work};

/// Signs the receipt.
///
/// # Errors
/// When there is no open transaction to finish, or the TSE does not sign.
pub async fn process(work: &mut Work<'_>) -> Result<Verdict, CaseError> {
    note_unequal_sums(work);
    let certification = work.certification().await?;
    let signed = sign_by_flow(work).await?;
    let mut items = signatures::receipt(&signed, &certification, work.options.optional_mark);
    items.push(signatures::begin_of_sale(begin(work)));
    let mut verdict = Verdict::signed(signed.finished.transaction_number, items);
    mark_training(work, &mut verdict);
    Ok(verdict)
}

/// Says, in the log only, that what was sold and what was paid differ (4.4). Amounts belong to the receipt.
fn note_unequal_sums(work: &Work<'_>) {
    if sums_differ(work.request) {
        let (queue, item) = (work.state.queue.queue, work.item.item);
        tracing::info!(queue.id = %queue, queue_item.id = %item, row = work.item.row,
            "the charge items and the pay items of a receipt add up to different sums");
    }
}

/// Sums too large to be added up count as equal to each other; they are refused before this.
fn sums_differ(request: &ReceiptRequest) -> bool {
    let charges = sum(request.charge_items.iter().map(|item| item.amount));
    let pays = sum(request.pay_items.iter().map(|item| item.amount));
    charges != pays
}

fn sum(mut amounts: impl Iterator<Item = Decimal>) -> Option<Decimal> {
    amounts.try_fold(Decimal::ZERO, |sum, amount| sum.checked_add(amount))
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
