//! The signatures of an answer, in order (`fiscal-spec.md` 4.12). Captions and data are constants of the interface.

/// What the sets print of one transaction.
mod parts;
/// How captions print moments.
pub mod culture;

use shared::api::moment::civil::Civil;
use shared::api::signature_item::SignatureItem;
use shared::clock::Ticks;
use shared::identity::QueueId;

use super::receipt_case::GERMANY;
use super::transaction::Signed;
use crate::scu::types::UpdatedTransaction;
use parts::Parts;

const TEXT: i64 = 0x1;
const QR_CODE: i64 = 0x3;
/// Aztec code.
pub const AZTEC: i64 = 0x8;
const BASE64: i64 = 0xD;
const OPTIONAL: i64 = 0x1_0000;
/// Outside of the German space: for information.
const INFORMATION: i64 = 0x1000;

/// Whether items that need not be printed are marked so (`FlagOptionalSignatures`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionalMark {
    /// They are.
    Shown,
    /// They look as all others.
    Hidden,
}

/// An item of the German space; `kind` is its number there.
#[must_use]
pub fn item(format: i64, kind: i64, caption: impl Into<String>, data: impl Into<String>) -> SignatureItem {
    SignatureItem {
        format,
        kind: GERMANY | kind,
        caption: Some(caption.into()),
        data: Some(data.into()),
    }
}

/// A text of type 2, as most notes on a receipt are.
#[must_use]
pub fn note(caption: impl Into<String>, data: impl Into<String>) -> SignatureItem {
    item(TEXT, 0x02, caption, data)
}

impl OptionalMark {
    fn item(self, format: i64, kind: i64, caption: &str, data: impl Into<String>) -> SignatureItem {
        let mark = match self {
            Self::Shown => OPTIONAL,
            Self::Hidden => 0,
        };
        item(format | mark, kind, caption, data)
    }
}

fn certification(identification: &str) -> SignatureItem {
    item(TEXT, 0x22, "<certification-id>", identification)
}

/// Set P, of receipts and orders: 18 items, a QR code first.
#[must_use]
pub fn receipt(signed: &Signed, certification_id: &str, mark: OptionalMark) -> Vec<SignatureItem> {
    let parts = Parts::of(signed, mark);
    let start_signature = signed.start_signature.as_deref().unwrap_or_default();
    let finish_signature = &signed.finished.signature.signature_base64;
    vec![
        item(QR_CODE, 0x01, "www.fiskaltrust.de", parts.qr_text()),
        parts.base64(0x10, "start-transaction-signature", start_signature),
        parts.payload(),
        parts.base64(0x12, "finish-transaction-signature", finish_signature),
        certification(certification_id),
        parts.text(0x23, "<tse-seriennummer>", &*signed.finished.serial_number),
        parts.text(0x13, "<qr-code-version>", "V0"),
        parts.client(),
        parts.process_type(),
        parts.process_data(),
        parts.number(),
        parts.counter(),
        parts.start_time(),
        parts.log_time(),
        parts.algorithm(),
        parts.time_format(),
        parts.signature(),
        parts.public_key(),
    ]
}

/// Set T, of everything that is no sale: 15 items, or 14 when the unit signs no start.
#[must_use]
pub fn transaction(signed: &Signed, certification_id: &str, mark: OptionalMark) -> Vec<SignatureItem> {
    let parts = Parts::of(signed, mark);
    let finish_signature = &signed.finished.signature.signature_base64;
    let start = signed.start_signature.as_deref();
    let start = start.map(|data| parts.base64(0x10, "start-transaction-result", data));
    let others = [
        parts.payload(),
        parts.base64(0x12, "finish-transaction-result", finish_signature),
        parts.process_type(),
        parts.client(),
        parts.process_data(),
        parts.number(),
        parts.counter(),
        parts.start_time(),
        parts.log_time(),
        parts.signature(),
        parts.algorithm(),
        parts.time_format(),
        certification(certification_id),
        parts.public_key(),
    ];
    start.into_iter().chain(others).collect()
}

/// The one item of a started transaction.
#[must_use]
pub fn start(signature: Option<&str>, mark: OptionalMark) -> SignatureItem {
    let data = signature.unwrap_or_default();
    mark.item(BASE64, 0x10, "start-transaction-signature", data)
}

/// The three items of an updated transaction. Where a unit signs no updates, payload and type are null (6.1).
#[must_use]
pub fn update(updated: &UpdatedTransaction, mark: OptionalMark) -> Vec<SignatureItem> {
    let signature = updated.signature.as_ref();
    let signature = signature.map_or("", |signature| &signature.signature_base64);
    let told = |item, data: &Option<String>| SignatureItem {
        data: data.clone(),
        ..item
    };
    vec![
        told(
            mark.item(BASE64, 0x20, "update-transaction-payload", ""),
            &updated.process_data_base64,
        ),
        mark.item(BASE64, 0x21, "update-transaction-signature", signature),
        told(mark.item(TEXT, 0x15, "<processType>", ""), &updated.process_type),
    ]
}

/// The three items of a transaction that was closed on the way.
#[must_use]
pub fn closed(signed: &Signed, mark: OptionalMark) -> Vec<SignatureItem> {
    let parts = Parts::of(signed, mark);
    let signature = &signed.finished.signature.signature_base64;
    vec![
        parts.payload(),
        parts.base64(0x12, "finish-transaction-signature", signature),
        parts.process_type(),
    ]
}

/// When the sale began.
#[must_use]
pub fn begin_of_sale(moment: Ticks) -> SignatureItem {
    item(TEXT, 0x1F, "<vorgangsbeginn>", time(moment))
}

/// The notification of a queue's end: an Aztec code of type 4.
#[must_use]
pub fn stop_notification(caption: impl Into<String>, data: impl Into<String>) -> SignatureItem {
    item(AZTEC, 0x04, caption, data)
}

/// The receipt is practice.
#[must_use]
pub fn training(now: Ticks) -> SignatureItem {
    SignatureItem {
        format: TEXT,
        kind: INFORMATION,
        caption: Some("Trainingsbuchung".to_owned()),
        data: Some(time(now)),
    }
}

/// The TSE was not reached.
#[must_use]
pub fn tse_failed(since: Ticks, count: i64) -> SignatureItem {
    SignatureItem {
        format: TEXT,
        kind: INFORMATION,
        caption: Some(
            "Kommunikation mit der technischen Sicherheitseinrichtung (TSE) fehlgeschlagen".to_owned(),
        ),
        data: Some(format!("Fehlerzähler seit {}: {count}", time(since))),
    }
}

/// The queue is one for tests only.
#[must_use]
pub fn sandbox(queue: QueueId) -> SignatureItem {
    SignatureItem {
        format: TEXT,
        kind: 0,
        caption: Some("S A N D B O X".to_owned()),
        data: Some(queue.to_string()),
    }
}

/// The receipt ended as an error (3.9). The caption's spelling is the interface's.
#[must_use]
pub fn uncaught(country_bits: i64, message: &str) -> SignatureItem {
    SignatureItem {
        format: TEXT,
        kind: country_bits | 0x2000_0000_3000,
        caption: Some("uncaught-exeption".to_owned()),
        data: Some(message.to_owned()),
    }
}

/// An Aztec code of type 3, as notifications are.
#[must_use]
pub fn notification(caption: impl Into<String>, data: impl Into<String>) -> SignatureItem {
    item(AZTEC, 0x03, caption, data)
}

/// A moment as signatures print it.
#[must_use]
pub fn time(moment: Ticks) -> String {
    Civil::of(moment).iso_milliseconds()
}
