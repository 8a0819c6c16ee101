//! The receipts that a check signs: a zero receipt, and where it is asked for the one that puts a queue into operation.

use jiff::Timestamp;
use serde_json::{Value, json};
use shared::api::receipt_response::ReceiptResponse;
use shared::header::OPERATION_ID;
use shared::identity::{CashBoxId, OperationId};

use super::door::{Caller, Door, shortened};
use super::trouble::Trouble;

/// Germany, implicit flow (fiscal specification 4.1).
const DE_IMPLICIT: i64 = 0x4445_0001_0000_0000;
/// The queue is in operation and its TSE answers (fiscal specification 3.8).
const READY: i64 = 0x4445_0000_0000_0000;
/// The queue is not in operation, or not any more.
const NOT_ACTIVE: i64 = READY | 0x1;
/// The TSE could not be reached: receipts are accepted without it.
const FAILED_MODE: i64 = READY | 0x2;

/// Which receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Shows that the queue and its TSE work (4.7).
    Zero,
    /// Puts the queue into operation (4.5).
    InitialOperation,
}

impl Kind {
    const fn case(self) -> i64 {
        match self {
            Self::Zero => DE_IMPLICIT | 0x0002,
            Self::InitialOperation => DE_IMPLICIT | 0x0003,
        }
    }

    const fn reference(self) -> &'static str {
        match self {
            Self::Zero => "ctl-check",
            Self::InitialOperation => "ctl-check-start",
        }
    }
}

/// One receipt and the operation id that it keeps however often it is sent.
#[derive(Debug)]
pub struct Order {
    operation: OperationId,
    receipt: Value,
}

impl Order {
    /// A receipt of now.
    pub fn of(kind: Kind, cashbox: CashBoxId) -> Self {
        Self {
            operation: OperationId::random(),
            receipt: json!({
                "ftCashBoxID": cashbox,
                "cbTerminalID": "ctl",
                "cbReceiptReference": kind.reference(),
                "cbReceiptMoment": Timestamp::now(),
                "cbChargeItems": [],
                "cbPayItems": [],
                "ftReceiptCase": kind.case(),
            }),
        }
    }

    /// Has it signed; tells which receipt it became.
    ///
    /// # Errors
    /// It was not signed, or not by the TSE.
    pub async fn sign(&self, door: &Door, caller: &Caller) -> Result<String, Trouble> {
        let operation = [(OPERATION_ID, self.operation.to_string())];
        let text = door.post(caller, "api/Sign", &self.receipt, &operation).await?;
        let receipt = ReceiptResponse::from_json(text.as_bytes()).map_err(|fault| {
            Trouble::Wrong(format!("no receipt came back ({fault}): {}", shortened(&text)))
        })?;
        judged(&receipt)
    }
}

fn judged(receipt: &ReceiptResponse) -> Result<String, Trouble> {
    match receipt.state {
        NOT_ACTIVE => Err(Trouble::NotInOperation),
        FAILED_MODE => Err(Trouble::Wrong(
            "the receipt was accepted without the TSE, which cannot be reached".to_owned(),
        )),
        READY if !receipt.signatures.is_empty() => Ok(format!(
            "{} signed with {} signatures as row {} of queue {}",
            receipt.receipt_identification,
            receipt.signatures.len(),
            receipt.queue_row,
            receipt.queue_id
        )),
        READY => Err(Trouble::Wrong("the receipt has no signatures".to_owned())),
        other => Err(Trouble::Wrong(format!("the queue is in the state {other:#018x}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::api::moment::Moment;
    use shared::api::signature_item::SignatureItem;
    use shared::clock::Ticks;

    fn receipt(state: i64, signatures: usize) -> ReceiptResponse {
        let signature = SignatureItem {
            format: 1,
            kind: READY,
            caption: None,
            data: None,
        };
        ReceiptResponse {
            cash_box_id: String::new(),
            queue_id: "q".to_owned(),
            queue_item_id: String::new(),
            queue_row: 7,
            terminal_id: String::new(),
            receipt_reference: String::new(),
            cash_box_identification: String::new(),
            receipt_identification: "ft6#IT3".to_owned(),
            receipt_moment: Moment::utc(Ticks(640_659_828_306_000_000)),
            signatures: vec![signature; signatures],
            state,
            state_data: None,
        }
    }

    #[test]
    fn only_a_receipt_with_signatures_of_a_queue_that_is_ready_is_well() {
        let told = judged(&receipt(READY, 15)).unwrap();
        assert_eq!(told, "ft6#IT3 signed with 15 signatures as row 7 of queue q");
        assert_eq!(judged(&receipt(NOT_ACTIVE, 0)), Err(Trouble::NotInOperation));
        for (state, signatures, word) in [
            (READY, 0, "no signatures"),
            (FAILED_MODE, 1, "without the TSE"),
            (READY | 0x100, 1, "0x4445000000000100"),
        ] {
            let trouble = judged(&receipt(state, signatures)).unwrap_err();
            assert_eq!(trouble.status(), 1);
            assert!(trouble.to_string().contains(word), "{trouble}");
        }
    }
}
