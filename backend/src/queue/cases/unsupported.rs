//! What this version does not do: said plainly, stored as an error, and nothing signed.

use crate::queue::work::{CaseError, Verdict, Work};

/// Refuses the receipt. `name` is the interface's.
///
/// # Errors
/// Always.
pub fn refuse(work: &Work<'_>, name: &str) -> Result<Verdict, CaseError> {
    let case = work.case;
    Err(CaseError::Refused(format!(
        "ReceiptCase {case} ({name}) is not supported by this version."
    )))
}
