//! What a POS posts (`fiscal-spec.md` 1.8), each kind of receipt one function.

use serde_json::{Value, json};

use crate::cashbox::Cashbox;

/// Market DE, explicit flow; the cases count from here.
pub const DE: i64 = 0x4445_0000_0000_0000;
/// The implicit-flow flag: start and finish in one request.
pub const IMPLICIT: i64 = 0x0001_0000_0000;
/// The receipt-request flag: give me the receipt I asked for before.
pub const RECEIPT_REQUEST: i64 = 0x8000_0000_0000;

/// An initial-operation receipt: activates the queue.
#[must_use]
pub fn initial_operation(cashbox: &Cashbox) -> Value {
    empty(cashbox, DE + IMPLICIT + 3, "INIT")
}

/// A zero receipt.
#[must_use]
pub fn zero(cashbox: &Cashbox, reference: &str) -> Value {
    empty(cashbox, DE + IMPLICIT + 2, reference)
}

/// A zero receipt that exports the TSE's log.
#[must_use]
pub fn zero_with_export(cashbox: &Cashbox, reference: &str) -> Value {
    empty(cashbox, DE + IMPLICIT + 0x0200_0000 + 2, reference)
}

/// Parts the queue from its SCU, in the middle of a day.
#[must_use]
pub fn initiate_scu_switch(cashbox: &Cashbox) -> Value {
    empty(cashbox, DE + IMPLICIT + 0x4000_0000 + 0x17, "SWITCH")
}

/// Gives the queue the SCU that it is switched to.
#[must_use]
pub fn finish_scu_switch(cashbox: &Cashbox) -> Value {
    empty(cashbox, DE + IMPLICIT + 0x18, "SWITCHED")
}

/// A start-transaction receipt.
#[must_use]
pub fn start_transaction(cashbox: &Cashbox, reference: &str) -> Value {
    empty(cashbox, DE + 8, reference)
}

/// A sale of one coffee for cash, signed in one request.
#[must_use]
pub fn sale(cashbox: &Cashbox, reference: &str) -> Value {
    sale_of(cashbox, reference, "2.80")
}

/// The same for another amount, given as text so that its scale is kept.
#[must_use]
pub fn sale_of(cashbox: &Cashbox, reference: &str, amount: &str) -> Value {
    let amount: Value = serde_json::from_str(amount).unwrap();
    let mut receipt = empty(cashbox, DE + IMPLICIT + 1, reference);
    receipt["cbChargeItems"] = json!([{
        "Quantity": 1,
        "Description": "Kaffee",
        "Amount": amount,
        "VATRate": 19.0,
        "ftChargeItemCase": DE + 1,
        "Moment": "2031-03-04T10:20:29Z",
    }]);
    receipt["cbPayItems"] = json!([{
        "Quantity": 1,
        "Description": "Bar",
        "Amount": amount,
        "ftPayItemCase": DE + 1,
        "Moment": "2031-03-04T10:20:29Z",
    }]);
    receipt
}

/// Asks for the receipt that was given for the same content before.
#[must_use]
pub fn again(receipt: &Value) -> Value {
    let mut asked = receipt.clone();
    asked["ftReceiptCase"] = json!(receipt["ftReceiptCase"].as_i64().unwrap() | RECEIPT_REQUEST);
    asked
}

/// A receipt of any case, without items.
#[must_use]
pub fn of_case(cashbox: &Cashbox, case: i64, reference: &str) -> Value {
    empty(cashbox, case, reference)
}

fn empty(cashbox: &Cashbox, case: i64, reference: &str) -> Value {
    json!({
        "ftCashBoxID": cashbox.id,
        "ftPosSystemId": "66666666-7777-4888-8999-aaaaaaaaaaaa",
        "cbTerminalID": "T-1",
        "cbReceiptReference": reference,
        "cbReceiptMoment": "2031-03-04T10:20:30.405Z",
        "cbChargeItems": [],
        "cbPayItems": [],
        "ftReceiptCase": case,
        "cbUser": "Anna",
    })
}
