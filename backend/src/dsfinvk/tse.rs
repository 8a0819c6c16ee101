//! What receipts show of TSEs: the transaction that signed them (4.12), or why none did; and what is known of the
//! devices themselves.

use shared::api::receipt_response::ReceiptResponse;
use shared::api::signature_item::SignatureItem;

use crate::queue::receipt_case::GERMANY;
use crate::scu::types::TseInfo;

/// Characters of a certificate in the first of its two columns.
const CERTIFICATE_PART_CHARS: usize = 1000;
/// Process data longer than its column is left out: it is optional, and a part of it proves nothing.
const PROCESS_DATA_CHARS_MAX: usize = 1000;

/// The transaction of a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Transaction {
    pub(super) device: Device,
    /// `TSE_TANR`.
    pub(super) number: i64,
    pub(super) start: String,
    pub(super) end: String,
    pub(super) process_type: String,
    pub(super) counter: Option<i64>,
    pub(super) signature: String,
    pub(super) process_data: Option<String>,
}

/// A TSE as its signatures describe it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Device {
    /// Hexadecimal; some receipts do not show it.
    pub(super) serial_number: String,
    pub(super) algorithm: String,
    pub(super) time_format: String,
    /// Base64; tells devices apart.
    pub(super) public_key: String,
    /// Base64.
    pub(super) certificate: String,
}

impl Transaction {
    /// The transaction that a receipt shows. A receipt that shows several (a recovery) shows its own first.
    pub(super) fn of(response: &ReceiptResponse) -> Option<Self> {
        let shown = |kind: i64| {
            let is_kind = |item: &&SignatureItem| item.kind == GERMANY | kind;
            let item = response.signatures.iter().find(is_kind)?;
            item.data.clone()
        };
        let text = |kind: i64| shown(kind).unwrap_or_default();
        Some(Self {
            number: shown(0x17)?.parse().ok()?,
            start: text(0x19),
            end: text(0x1A),
            process_type: text(0x15),
            counter: text(0x18).parse().ok(),
            signature: text(0x1D),
            process_data: shown(0x16).filter(|data| data.chars().count() <= PROCESS_DATA_CHARS_MAX),
            device: Device {
                serial_number: text(0x23),
                algorithm: text(0x1B),
                time_format: text(0x1C),
                public_key: text(0x1E),
                certificate: String::new(),
            },
        })
    }
}

/// Why a receipt shows no transaction, for `TSE_TA_FEHLER` (3.8, 4.3).
pub(super) fn missing(response: &ReceiptResponse) -> String {
    // An item without a type is the mark of a queue for tests, which is no reason.
    let first = response.signatures.iter().find(|item| item.kind != 0);
    let said = first.map_or_else(String::new, |item| {
        let caption = item.caption.as_deref().unwrap_or_default();
        let data = item.data.as_deref().unwrap_or_default();
        format!("{caption} {data}").trim().to_owned()
    });
    let state = response.state & 0xFFFF;
    match state {
        _ if !said.is_empty() => said,
        _ if state & 0x1 != 0 => "Kasse nicht in Betrieb".to_owned(),
        _ if state & 0x100 != 0 => "Wechsel der TSE nicht abgeschlossen".to_owned(),
        _ => "Ohne TSE aufgezeichnet".to_owned(),
    }
}

impl Device {
    /// Fills in what the TSE said of itself elsewhere.
    pub(super) fn completed(mut self, known: &[TseInfo]) -> Self {
        let is_this = |info: &&TseInfo| info.public_key_base64.as_deref() == Some(self.public_key.as_str());
        if let Some(info) = known.iter().find(is_this) {
            if self.serial_number.is_empty() {
                self.serial_number = info.serial_number_octet.clone().unwrap_or_default();
            }
            let certificates = info.certificates_base64.as_deref().unwrap_or_default();
            self.certificate = certificates.first().cloned().unwrap_or_default();
        }
        self
    }

    /// The certificate in the two columns that the standard has for it.
    pub(super) fn certificate_parts(&self) -> (&str, &str) {
        let at = self.certificate.char_indices().nth(CERTIFICATE_PART_CHARS);
        self.certificate
            .split_at(at.map_or(self.certificate.len(), |(at, _)| at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::api::moment::Moment;
    use shared::clock::Ticks;

    fn response(signatures: &[(i64, &str, &str)], state: i64) -> ReceiptResponse {
        let item = |(kind, caption, data): &(i64, &str, &str)| SignatureItem {
            format: 1,
            kind: *kind,
            caption: Some((*caption).to_owned()),
            data: Some((*data).to_owned()),
        };
        ReceiptResponse {
            cash_box_id: String::new(),
            queue_id: String::new(),
            queue_item_id: String::new(),
            queue_row: 1,
            terminal_id: String::new(),
            receipt_reference: String::new(),
            cash_box_identification: String::new(),
            receipt_identification: String::new(),
            receipt_moment: Moment::utc(Ticks(0)),
            signatures: signatures.iter().map(item).collect(),
            state: GERMANY | state,
            state_data: None,
        }
    }

    #[test]
    fn the_first_of_several_transactions_is_the_receipts_own() {
        let shown = [(0x17, "", "7"), (0x18, "", "12"), (0x17, "", "3")]
            .map(|(kind, caption, data)| (GERMANY | kind, caption, data));
        let transaction = Transaction::of(&response(&shown, 0)).unwrap();
        assert_eq!((transaction.number, transaction.counter), (7, Some(12)));
    }

    #[test]
    fn a_receipt_without_a_transaction_says_why() {
        let failed = [(0x1000, "TSE fehlgeschlagen", "Fehlerzähler: 1")];
        assert_eq!(
            missing(&response(&failed, 2)),
            "TSE fehlgeschlagen Fehlerzähler: 1"
        );
        assert_eq!(missing(&response(&[], 1)), "Kasse nicht in Betrieb");
        assert_eq!(
            missing(&response(&[], 0x100)),
            "Wechsel der TSE nicht abgeschlossen"
        );
        assert_eq!(missing(&response(&[], 0)), "Ohne TSE aufgezeichnet");
    }

    #[test]
    fn nothing_of_a_long_certificate_is_lost() {
        let device = Device {
            serial_number: String::new(),
            algorithm: String::new(),
            time_format: String::new(),
            public_key: String::new(),
            certificate: "A".repeat(2500),
        };
        let (first, rest) = device.certificate_parts();
        assert_eq!((first.len(), rest.len()), (1000, 1500));
    }
}
