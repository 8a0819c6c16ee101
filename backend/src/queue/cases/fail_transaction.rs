//! Aborts one open transaction, or many (case 0x000B, 4.4).
//!
//! One is named by its reference and finished with what the request says of it. Many are named by their numbers and
//! finished with nothing; then the request signs a transaction of its own.

use shared::api::reading::{self, Members};

use super::mark_training;
use crate::queue::receipt_case::IMPLICIT;
use crate::queue::signatures;
use crate::queue::transaction::Attempt;
use crate::queue::work::{CaseError, READY, Verdict, Work};
use crate::queue::{process_data, receipt_case};

const NUMBERS: &str = "CurrentStartedTransactionNumbers";

/// Before any case is looked at: a request that names nothing to abort is refused (4.3 step 0).
///
/// # Errors
/// When case data is given and has no list.
pub fn check(work: &Work<'_>) -> Result<(), CaseError> {
    let is_many = work.case.number() == receipt_case::FAIL_TRANSACTION && work.reference().is_empty();
    let data = case_data(work);
    if is_many && !data.is_empty() && !data.contains(NUMBERS) {
        return Err(no_numbers());
    }
    Ok(())
}

/// Aborts what the request names.
///
/// # Errors
/// When there is no such transaction, the flow is the wrong one, or the TSE does not do it.
pub async fn process(work: &mut Work<'_>) -> Result<Verdict, CaseError> {
    let mut verdict = if work.reference().is_empty() {
        many(work).await?
    } else {
        one(work).await?
    };
    if verdict.transaction.is_some() {
        mark_training(work, &mut verdict);
    }
    Ok(verdict)
}

async fn one(work: &mut Work<'_>) -> Result<Verdict, CaseError> {
    let (case, reference) = (work.case, work.reference());
    if case.has(IMPLICIT) {
        return Err(CaseError::Refused(format!(
            "ReceiptCase {case} (fail-transaction-receipt) cannot use implicit-flow flag when a single transaction \
             should be failed."
        )));
    }
    // The TSE has never heard of it.
    if work.failed_starts.get(reference).is_some() {
        work.failed_starts.remove(reference);
        return Ok(Verdict::unsigned(READY, Vec::new()));
    }
    let Some(row) = work.open_transactions.get(reference).cloned() else {
        return Err(CaseError::Refused(format!(
            "No open transaction found for cbReceiptReference '{reference}'. If you want to close multiple \
             transactions, pass an array value for 'CurrentStartedTransactionNumbers' via ftReceiptCaseData."
        )));
    };
    let certification = work.certification().await?;
    let data = work.process_data.clone();
    let signed = work.close(&row, &data, Attempt::First).await?;
    let items = signatures::receipt(&signed, &certification, work.options.optional_mark);
    Ok(Verdict::signed(signed.finished.transaction_number, items))
}

async fn many(work: &mut Work<'_>) -> Result<Verdict, CaseError> {
    let case = work.case;
    if !case.has(IMPLICIT) {
        return Err(CaseError::Refused(format!(
            "ReceiptCase {case} (fail-transaction-receipt) must use implicit-flow flag when multiple transactions \
             should be failed."
        )));
    }
    let numbers = numbers(case_data(work)).ok_or_else(no_numbers)?;
    let certification = work.certification().await?;
    let mark = work.options.optional_mark;
    let mut closed = Vec::new();
    for number in numbers {
        let signed = work.close_number(number, &process_data::aborted()).await?;
        closed.extend(signatures::closed(&signed, mark));
    }
    let data = work.process_data.clone();
    let own = work.sign(&data).await?;
    let mut items = signatures::receipt(&own, &certification, mark);
    items.extend(closed);
    Ok(Verdict::signed(own.finished.transaction_number, items))
}

fn case_data<'a>(work: &Work<'a>) -> &'a str {
    work.request.receipt_case_data.as_deref().unwrap_or_default()
}

/// The numbers in the case data; none when there is no readable list.
fn numbers(case_data: &str) -> Option<Vec<u64>> {
    let document = reading::parse(case_data.as_bytes()).ok()?;
    let numbers = Members::of(&document).ok()?.int64s(NUMBERS).ok()?;
    numbers
        .into_iter()
        .map(|number| u64::try_from(number).ok())
        .collect()
}

fn no_numbers() -> CaseError {
    CaseError::Refused(format!(
        "To fail several transactions, ftReceiptCaseData must hold a list '{NUMBERS}'; to fail one, \
         cbReceiptReference must be set."
    ))
}
