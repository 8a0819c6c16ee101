//! Adds to an open transaction (cases 0x0009 and 0x000A, 4.4).

use super::{mark_training, open_transaction};
use crate::queue::signatures;
use crate::queue::work::{CaseError, Verdict, Work};

/// Updates the transaction of the receipt's reference. `name` is the interface's, for its error text.
///
/// # Errors
/// When it is implicit, none is open, or the TSE does not update it.
pub async fn process(work: &mut Work<'_>, name: &str) -> Result<Verdict, CaseError> {
    work.forbid_implicit(name)?;
    let row = open_transaction(work)?;
    let updated = work.update(row.transaction_number).await?;
    let items = signatures::update(&updated, work.options.optional_mark);
    let mut verdict = Verdict::signed(row.transaction_number, items);
    mark_training(work, &mut verdict);
    Ok(verdict)
}
