//! Every spelling of a GUID that .NET clients write.

use thiserror::Error;

/// Why a text is no GUID.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("not a GUID: expected 32 hexadecimal digits, with dashes as 8-4-4-4-12 and braces if any")]
pub struct GuidError;

/// Reads a GUID in any spelling: plain, with dashes, in braces or parentheses, in any letter case.
///
/// # Errors
/// When the text is no GUID.
pub fn parse(text: &str) -> Result<u128, GuidError> {
    uuid::Uuid::parse_str(text.trim())
        .map(|guid| guid.as_u128())
        .map_err(|_| GuidError)
}
