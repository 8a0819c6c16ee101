//! Decodes base64 that arrives in pieces, cut anywhere.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use thiserror::Error;

/// Digits that stand for whole bytes.
const GROUP: usize = 4;

/// What arrived is no base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the export is no readable base64")]
pub struct NoBase64;

/// Takes pieces, keeps what is no whole group yet.
#[derive(Debug, Default)]
pub struct Base64Pieces {
    rest: Vec<u8>,
}

impl Base64Pieces {
    /// The bytes of the next piece. Line breaks, and quotes around all of it, are passed over.
    ///
    /// # Errors
    /// When it holds anything else.
    pub fn take(&mut self, piece: &[u8]) -> Result<Vec<u8>, NoBase64> {
        let digits = piece
            .iter()
            .filter(|byte| !byte.is_ascii_whitespace() && **byte != b'"');
        self.rest.extend(digits);
        let whole = self.rest.len() - self.rest.len() % GROUP;
        let later = self.rest.split_off(whole);
        let decoded = BASE64.decode(&self.rest).map_err(|_| NoBase64)?;
        self.rest = later;
        Ok(decoded)
    }

    /// Nothing more comes.
    ///
    /// # Errors
    /// When it ended in the middle of a group.
    pub fn end(&self) -> Result<(), NoBase64> {
        match self.rest.is_empty() {
            true => Ok(()),
            false => Err(NoBase64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_are_read_back_however_their_base64_is_cut(bytes: Vec<u8>, cut in 1_usize..20) {
            let text = format!("\"{}\"\n", BASE64.encode(&bytes));
            let (mut pieces, mut out) = (Base64Pieces::default(), Vec::new());
            for piece in text.as_bytes().chunks(cut) {
                out.extend(pieces.take(piece).unwrap());
            }
            pieces.end().unwrap();
            prop_assert_eq!(out, bytes);
        }
    }

    #[test]
    fn what_is_no_base64_or_not_all_of_it_is_refused() {
        assert_eq!(Base64Pieces::default().take(b"a<b>"), Err(NoBase64));
        let mut pieces = Base64Pieces::default();
        pieces.take(b"YWJjYQ").unwrap();
        assert_eq!(pieces.end(), Err(NoBase64));
    }
}
