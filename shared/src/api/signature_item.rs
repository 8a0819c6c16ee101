//! One thing to print or keep: a signature, a QR code, a note (1.11).

use super::reading::{Members, ReadError};
use super::writing::Object;

/// A signature item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureItem {
    /// `ftSignatureFormat`: text 1, QR code 3, Aztec 8, base64 13; `0x10000` when printing is optional.
    pub format: i64,
    /// `ftSignatureType`.
    pub kind: i64,
    /// `Caption`.
    pub caption: Option<String>,
    /// `Data`.
    pub data: Option<String>,
}

impl SignatureItem {
    pub(super) fn read(members: Members<'_>) -> Result<Self, ReadError> {
        Ok(Self {
            format: members.int64("ftSignatureFormat")?.unwrap_or_default(),
            kind: members.int64("ftSignatureType")?.unwrap_or_default(),
            caption: members.text("Caption", usize::MAX)?,
            data: members.text("Data", usize::MAX)?,
        })
    }

    pub(super) fn write(&self, object: &mut Object<'_>) {
        object.int64("ftSignatureFormat", self.format);
        object.int64("ftSignatureType", self.kind);
        object.optional_text("Caption", self.caption.as_deref());
        object.optional_text("Data", self.data.as_deref());
    }
}
