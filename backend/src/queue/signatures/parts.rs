//! What the sets of signatures print of one signed transaction, item by item.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use shared::api::signature_item::SignatureItem;

use super::{BASE64, OptionalMark, TEXT, time};
use crate::queue::transaction::Signed;

/// What both sets print of one signed transaction.
pub(super) struct Parts<'a> {
    mark: OptionalMark,
    signed: &'a Signed,
    start: String,
    finish: String,
    process_data: String,
}

impl<'a> Parts<'a> {
    pub(super) fn of(signed: &'a Signed, mark: OptionalMark) -> Self {
        let finished = &signed.finished;
        // As the unit returned it; what is no base64 text could not be printed anyway.
        let decoded = STANDARD.decode(&finished.process_data_base64).unwrap_or_default();
        Self {
            mark,
            signed,
            start: time(finished.start_time),
            finish: time(finished.time),
            process_data: String::from_utf8_lossy(&decoded).into_owned(),
        }
    }

    pub(super) fn base64(&self, kind: i64, caption: &str, data: &str) -> SignatureItem {
        self.mark.item(BASE64, kind, caption, data)
    }

    pub(super) fn text(&self, kind: i64, caption: &str, data: impl Into<String>) -> SignatureItem {
        self.mark.item(TEXT, kind, caption, data)
    }

    pub(super) fn payload(&self) -> SignatureItem {
        self.base64(
            0x11,
            "finish-transaction-payload",
            &self.signed.finished.process_data_base64,
        )
    }

    pub(super) fn client(&self) -> SignatureItem {
        self.text(0x14, "<kassen-seriennummer>", &*self.signed.finished.client_id)
    }

    pub(super) fn process_type(&self) -> SignatureItem {
        self.text(0x15, "<processType>", &*self.signed.finished.process_type)
    }

    pub(super) fn process_data(&self) -> SignatureItem {
        self.text(0x16, "<processData>", &*self.process_data)
    }

    pub(super) fn number(&self) -> SignatureItem {
        let number = self.signed.finished.transaction_number.to_string();
        self.text(0x17, "<transaktions-nummer>", number)
    }

    pub(super) fn counter(&self) -> SignatureItem {
        let counter = self.signed.finished.signature.counter.to_string();
        self.text(0x18, "<signatur-zaehler>", counter)
    }

    pub(super) fn start_time(&self) -> SignatureItem {
        self.text(0x19, "<start-zeit>", &*self.start)
    }

    pub(super) fn log_time(&self) -> SignatureItem {
        self.text(0x1A, "<log-time>", &*self.finish)
    }

    pub(super) fn algorithm(&self) -> SignatureItem {
        self.text(0x1B, "<sig-alg>", &*self.signed.finished.signature.algorithm)
    }

    pub(super) fn time_format(&self) -> SignatureItem {
        self.text(0x1C, "<log-time-format>", &*self.signed.finished.time_format)
    }

    pub(super) fn signature(&self) -> SignatureItem {
        self.text(
            0x1D,
            "<signatur>",
            &*self.signed.finished.signature.signature_base64,
        )
    }

    pub(super) fn public_key(&self) -> SignatureItem {
        self.text(
            0x1E,
            "<public-key>",
            &*self.signed.finished.signature.public_key_base64,
        )
    }

    /// The QR code's text: the data of twelve items, not quoted.
    pub(super) fn qr_text(&self) -> String {
        let finished = &self.signed.finished;
        [
            "V0",
            &finished.client_id,
            &finished.process_type,
            &self.process_data,
            &finished.transaction_number.to_string(),
            &finished.signature.counter.to_string(),
            &self.start,
            &self.finish,
            &finished.signature.algorithm,
            &finished.time_format,
            &finished.signature.signature_base64,
            &finished.signature.public_key_base64,
        ]
        .join(";")
    }
}
