//! Tells the TSE what it missed while it did not answer (4.7 step 2).

use shared::api::signature_item::SignatureItem;

use super::report;
use crate::journal::entry::{FailedFinishRow, OpenTransactionRow};
use crate::queue::notes;
use crate::queue::process_data;
use crate::queue::receipt_case::{DROP_FAILED_FINISHES, ReceiptCase};
use crate::queue::signatures;
use crate::queue::transaction::Attempt;
use crate::queue::work::{CaseError, Work};
use crate::queue::{intake, process_data::ProcessData};

/// Finishes and starts what failed, reports the outage, and ends failed mode.
///
/// # Errors
/// When the TSE fails again; what was told so far stays told.
pub async fn recover(work: &mut Work<'_>) -> Result<Vec<SignatureItem>, CaseError> {
    if work.case.has(DROP_FAILED_FINISHES) {
        drop_unknown_finishes(work).await?;
    }
    let mut items = finish_failed(work).await?;
    items.extend(start_failed(work).await?);
    items.push(end_failed_mode(work));
    Ok(items)
}

/// Forgets failed finishes whose transaction the TSE does not hold open any more.
async fn drop_unknown_finishes(work: &mut Work<'_>) -> Result<(), CaseError> {
    let finished_before = work.earlier_attempt().await?.closed;
    let info = work.fresh_tse_info().await?;
    let mut open = info.current_started_transaction_numbers.unwrap_or_default();
    open.extend(finished_before.iter().map(|finished| finished.transaction_number));
    for reference in work.failed_finishes.references() {
        let Some(row) = work.failed_finishes.get(&reference) else {
            continue;
        };
        let number = row.transaction_number;
        if open.contains(&number) {
            continue;
        }
        work.failed_finishes.remove(&reference);
        work.note(notes::not_open_any_more("failed finish-transaction", number));
    }
    Ok(())
}

async fn finish_failed(work: &mut Work<'_>) -> Result<Vec<SignatureItem>, CaseError> {
    let certification = work.certification().await?;
    let mut items = Vec::new();
    for reference in work.failed_finishes.references() {
        let failed = work.failed_finishes.get(&reference).cloned();
        let open = work.open_transactions.get(&reference).cloned();
        if let (Some(failed), Some(open)) = (failed, open) {
            let data = original_data(work, &failed)?;
            let signed = work.close(&open, &data, Attempt::Retry).await?;
            items.extend(signatures::transaction(
                &signed,
                &certification,
                work.options.optional_mark,
            ));
        }
        work.failed_finishes.remove(&reference);
    }
    Ok(items)
}

/// What the receipt would have signed at its time.
fn original_data(work: &Work<'_>, failed: &FailedFinishRow) -> Result<ProcessData, CaseError> {
    let reference = &failed.receipt_reference;
    let unreadable = |problem: String| {
        CaseError::Refused(format!(
            "The stored request of the failed finish-transaction '{reference}' cannot be read: {problem}"
        ))
    };
    let request =
        intake::request_of(&failed.request, work.now()).map_err(|error| unreadable(error.to_string()))?;
    process_data::of(ReceiptCase(request.receipt_case), &request).map_err(unreadable)
}

async fn start_failed(work: &mut Work<'_>) -> Result<Vec<SignatureItem>, CaseError> {
    let mut items = Vec::new();
    for reference in work.failed_starts.references() {
        let (_, row) = work.open_for(&reference, Attempt::Retry).await?;
        items.push(start_item(work, &row));
        work.failed_starts.remove(&reference);
    }
    Ok(items)
}

fn start_item(work: &Work<'_>, row: &OpenTransactionRow) -> SignatureItem {
    signatures::start(row.start_signature_base64.as_deref(), work.options.optional_mark)
}

fn end_failed_mode(work: &mut Work<'_>) -> SignatureItem {
    let now = work.now();
    let count = std::mem::take(&mut work.queue_de.sscd_fail_count);
    let since = work.queue_de.sscd_fail_moment.take().unwrap_or(now);
    work.queue_de.sscd_fail_queue_item = None;
    let now = work.options.culture.moment(now);
    let caption = format!("TSE Kommunikation wiederhergestellt am {now}.");
    let since = work.options.culture.moment(since);
    let data = format!("{count} Aktionen ohne TSE Kommunikation im Zeitraum von {since} bis {now}");
    work.note(report(&caption, &data));
    signatures::note(caption, data)
}
