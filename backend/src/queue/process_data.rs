//! What is signed: process type and process data (`fiscal-spec.md` 4.2 and 4.13).

/// `Kassenbeleg-V1`: sums by tax rate, and payments.
pub mod kassenbeleg;
/// `Bestellung-V1`: the lines of an order.
pub mod bestellung;
/// Which payment a pay item is.
pub mod payment;
/// Numbers as they are signed.
pub mod format;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use shared::api::receipt_request::ReceiptRequest;

use super::receipt_case::{ReceiptCase, TRAINING};

#[cfg(test)]
mod fuzz;

/// `Kassenbeleg-V1`.
pub const KASSENBELEG: &str = "Kassenbeleg-V1";
/// `Bestellung-V1`.
pub const BESTELLUNG: &str = "Bestellung-V1";
/// `SonstigerVorgang`.
pub const SONSTIGER_VORGANG: &str = "SonstigerVorgang";

/// Process type and process data of one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessData {
    /// One of the three process types, or empty.
    pub process_type: &'static str,
    /// The data as text.
    pub text: String,
}

impl ProcessData {
    /// The data as a TSE takes it.
    #[must_use]
    pub fn base64(&self) -> String {
        STANDARD.encode(&self.text)
    }
}

/// What is signed when a transaction is closed for which there is no receipt.
#[must_use]
pub fn aborted() -> ProcessData {
    ProcessData {
        process_type: KASSENBELEG,
        text: "AVBelegabbruch^0.00_0.00_0.00_0.00_0.00^".to_owned(),
    }
}

/// What a receipt signs.
///
/// # Errors
/// The message for the POS, when an item cannot be put into process data.
pub fn of(case: ReceiptCase, request: &ReceiptRequest) -> Result<ProcessData, String> {
    match kind(case, request) {
        Kind::Nothing => Ok(ProcessData {
            process_type: "",
            text: String::new(),
        }),
        Kind::Other(text) => Ok(ProcessData {
            process_type: SONSTIGER_VORGANG,
            text: text.to_owned(),
        }),
        Kind::Order => Ok(ProcessData {
            process_type: BESTELLUNG,
            text: bestellung::text(&request.charge_items)?,
        }),
        Kind::Receipt(receipt_type) => {
            let receipt_type = if case.has(TRAINING) {
                "AVTraining"
            } else {
                receipt_type
            };
            Ok(ProcessData {
                process_type: KASSENBELEG,
                text: kassenbeleg::text(receipt_type, case, request)?,
            })
        }
    }
}

enum Kind {
    Nothing,
    Other(&'static str),
    Order,
    Receipt(&'static str),
}

/// The table of 4.2.
fn kind(case: ReceiptCase, request: &ReceiptRequest) -> Kind {
    let charges = !request.charge_items.is_empty();
    let pays = !request.pay_items.is_empty();
    match case.number() {
        0x0002 => Kind::Other("zero-receipt"),
        0x0003 => Kind::Other("initial operation receipt / start-receipt"),
        0x0004 => Kind::Other("out of operation receipt / stop-receipt"),
        0x0005 => Kind::Other("monthly-closing"),
        0x0006 => Kind::Other("yearly-closing"),
        0x0007 => Kind::Other("daily-closing"),
        0x0008..=0x000A => Kind::Nothing,
        0x000B => Kind::Receipt("AVBelegabbruch"),
        0x000E => Kind::Receipt("AVRechnung"),
        0x000F => Kind::Receipt("AVTransfer"),
        0x0010 if pays => Kind::Receipt("AVBestellung"),
        0x0010 => Kind::Order,
        0x0012 => Kind::Receipt("AVSachbezug"),
        0x0013 if charges && pays => Kind::Receipt("AVSonstige"),
        0x0013 => Kind::Other("info-internal"),
        0x0014 => Kind::Other("protocol"),
        0x0015 => Kind::Receipt("AVSonstige"),
        0x0016 => Kind::Receipt("AVBelegstorno"),
        0x0017 => Kind::Other("initiate-scu-switch"),
        0x0018 => Kind::Other("finish-scu-switch"),
        _ => Kind::Receipt("Beleg"),
    }
}
