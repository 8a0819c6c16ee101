//! What is open at the end of a day: forgotten if the TSE does not know it, closed otherwise (4.8 a to d).

use crate::queue::engine::DailyClosing;
use crate::queue::notes;
use crate::queue::process_data;
use crate::queue::receipt_case::{CLOSE_ALL_OPEN, FAIL_IF_OPEN};
use crate::queue::transaction::{Attempt, Signed};
use crate::queue::work::{CaseError, Work};
use crate::scu::ScuError;

/// Closes what is open; answers what was closed, in order.
///
/// # Errors
/// When the TSE does not do it, or transactions are open and the receipt says that none may be.
pub(super) async fn close(work: &mut Work<'_>) -> Result<Vec<Signed>, CaseError> {
    let earlier = work.earlier_attempt().await?;
    let mut closed: Vec<Signed> = Vec::new();
    for finished in earlier.closed {
        closed.push(work.take_over(finished));
    }
    if earlier.has_started {
        return Ok(closed);
    }
    drop_unknown(work).await?;
    let references = work.open_transactions.references();
    if work.case.has(FAIL_IF_OPEN) && !references.is_empty() {
        let count = references.len();
        return Err(CaseError::WithoutTse(format!(
            "{count} transactions are open, and the daily closing says that none may be"
        )));
    }
    for reference in references {
        if let Some(row) = work.open_transactions.get(&reference).cloned() {
            let signed = work.close(&row, &process_data::aborted(), Attempt::First).await?;
            closed.push(signed);
        }
    }
    if closes_all(work) {
        closed.extend(close_foreign(work).await?);
    }
    Ok(closed)
}

fn closes_all(work: &Work<'_>) -> bool {
    work.case.has(CLOSE_ALL_OPEN) || work.options.daily_closing == DailyClosing::ClosesAll
}

/// Forgets rows whose transaction the TSE does not hold open. A unit that gives no list holds none.
async fn drop_unknown(work: &mut Work<'_>) -> Result<(), ScuError> {
    let open = open_on_tse(work).await?;
    for reference in work.open_transactions.references() {
        let row = work.open_transactions.get(&reference);
        let Some(number) = row.map(|row| row.transaction_number) else {
            continue;
        };
        if !open.contains(&number) {
            work.open_transactions.remove(&reference);
            work.note(notes::not_open_any_more("open transaction", number));
        }
    }
    Ok(())
}

/// Closes what is open on the TSE and not on record here.
async fn close_foreign(work: &mut Work<'_>) -> Result<Vec<Signed>, ScuError> {
    let mut closed = Vec::new();
    for number in open_on_tse(work).await? {
        closed.push(work.close_number(number, &process_data::aborted()).await?);
    }
    Ok(closed)
}

async fn open_on_tse(work: &mut Work<'_>) -> Result<Vec<u64>, ScuError> {
    let info = work.fresh_tse_info().await?;
    Ok(info.current_started_transaction_numbers.unwrap_or_default())
}
