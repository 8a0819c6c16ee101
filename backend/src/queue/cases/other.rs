//! Protocols and internal notes (4.4): signed by their name alone, printed as an order is.

use super::order;
use crate::queue::work::{CaseError, Verdict, Work};

/// Signs the note. Its process data was computed before; from there on it is an order.
///
/// # Errors
/// When there is no open transaction to finish, or the TSE does not sign.
pub async fn process(work: &mut Work<'_>) -> Result<Verdict, CaseError> {
    order::process(work).await
}
