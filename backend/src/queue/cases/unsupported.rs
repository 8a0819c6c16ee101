//! What this version does not do: said plainly, stored as an error, and nothing signed.

use crate::queue::receipt_case::ReceiptCase;
use crate::queue::work::CaseError;

/// The refusal of a case. `name` is the interface's.
#[must_use]
pub fn refusal(case: ReceiptCase, name: &str) -> CaseError {
    CaseError::Refused(format!(
        "ReceiptCase {case} ({name}) is not supported by this version."
    ))
}
