//! The body of a request, as a receipt of the first generation.
//!
//! ```text
//! document ─ plain: objects → texts, integers → amounts ─→ ReceiptRequest ─ cases translated ─→ ReceiptRequest
//! ```
//!
//! What gets lost on the way is what the first generation has no member for and Germany no use; everything else is
//! refused with the member's path.

use serde_json::{Map, Value};
use shared::api::reading::{Members, ReadError};
use shared::api::receipt_request::ReceiptRequest;
use shared::api::{decimal, number, text};
use shared::clock::Ticks;
use shared::identity::{CashBoxId, PosSystemId};

use super::charge_item_case::{self, Line};
use super::{pay_item_case, receipt_case};

/// The only currency in which a German receipt is signed.
const CURRENCY: &str = "EUR";
/// Decimals that an integer may stand for: the interface's largest multiplier is 10^8.
const SCALE_MAX: u32 = 8;
/// Members that may hold an object, and are texts in the first generation.
const RECEIPT_OBJECTS: [&str; 5] = [
    "ftReceiptCaseData",
    "cbUser",
    "cbArea",
    "cbCustomer",
    "cbSettlement",
];
const ITEM_OBJECTS: [&str; 2] = ["ftChargeItemCaseData", "ftPayItemCaseData"];
const PREVIOUS: &str = "cbPreviousReceiptReference";
/// Members that hold amounts, and are integers where there is a multiplier.
const RECEIPT_AMOUNTS: [&str; 1] = ["cbReceiptAmount"];
const ITEM_AMOUNTS: [&str; 6] = [
    "Quantity",
    "Amount",
    "VATRate",
    "VATAmount",
    "UnitQuantity",
    "UnitPrice",
];

/// Whose request it is, where its body does not say so itself.
#[derive(Debug, Clone)]
pub struct Sender {
    /// The cashbox of the header.
    pub cashbox: CashBoxId,
    /// The POS system of the header, if it names one.
    pub pos_system: Option<PosSystemId>,
}

/// Reads a request.
///
/// # Errors
/// The first member that cannot be read or means nothing in the German market, by its path.
pub fn read(mut document: Value, sender: &Sender, now: Ticks) -> Result<ReceiptRequest, ReadError> {
    // Whatever is no object is refused with the words of the first generation.
    if let Value::Object(receipt) = &mut document {
        plain(receipt)?;
    }
    let mut request = ReceiptRequest::from_document(&document, now)?;
    required(&document)?;
    if request.cash_box_id.is_empty() {
        request.cash_box_id = sender.cashbox.to_string();
    }
    if request.cash_box_id.parse() != Ok(sender.cashbox) {
        return Err(refused("ftCashBoxID", "it is not the cashbox of the header"));
    }
    if request.pos_system_id.is_none() {
        request.pos_system_id = sender.pos_system.map(|id| id.to_string());
    }
    translate_cases(&mut request)?;
    Ok(request)
}

/// A receipt without these is nobody's.
fn required(document: &Value) -> Result<(), ReadError> {
    let members = Members::of(document)?;
    match members.int64("ftReceiptCase")? {
        Some(_) => Ok(()),
        None => Err(refused("ftReceiptCase", "it is missing")),
    }
}

fn translate_cases(request: &mut ReceiptRequest) -> Result<(), ReadError> {
    request.receipt_case = receipt_case::translate(request.receipt_case)
        .map_err(|problem| refused("ftReceiptCase", &problem))?;
    for (index, item) in request.charge_items.iter_mut().enumerate() {
        let line = Line {
            case: item.case,
            amount: item.amount,
            vat_rate: item.vat_rate,
        };
        item.case = charge_item_case::translate(line)
            .map_err(|problem| refused(&format!("cbChargeItems[{index}].ftChargeItemCase"), &problem))?;
    }
    for (index, item) in request.pay_items.iter_mut().enumerate() {
        item.case = pay_item_case::translate(item.case)
            .map_err(|problem| refused(&format!("cbPayItems[{index}].ftPayItemCase"), &problem))?;
    }
    Ok(())
}

/// Gives every member the form that the first generation has for it.
fn plain(receipt: &mut Map<String, Value>) -> Result<(), ReadError> {
    plain_object(receipt, "", &RECEIPT_OBJECTS, &RECEIPT_AMOUNTS)?;
    if let Some(previous) = member(receipt, PREVIOUS) {
        join_references(previous)?;
    }
    for list in ["cbChargeItems", "cbPayItems"] {
        let Some(Value::Array(items)) = member(receipt, list) else {
            continue;
        };
        for (index, item) in items.iter_mut().enumerate() {
            if let Value::Object(item) = item {
                plain_object(item, &format!("{list}[{index}]."), &ITEM_OBJECTS, &ITEM_AMOUNTS)?;
            }
        }
    }
    Ok(())
}

fn plain_object(
    object: &mut Map<String, Value>,
    path: &str,
    objects: &[&str],
    amounts: &[&str],
) -> Result<(), ReadError> {
    check_currency(object, path)?;
    let scale = scale(object, path)?;
    for name in objects {
        if let Some(value) = member(object, name)
            && matches!(value, Value::Object(_) | Value::Array(_))
        {
            *value = Value::String(value.to_string());
        }
    }
    for name in amounts.iter().filter(|_| scale > 0) {
        if let Some(value) = member(object, name).filter(|value| !value.is_null()) {
            let whole =
                scaled(value, scale).map_err(|problem| refused(&format!("{path}{name}"), &problem))?;
            *value = Value::String(whole);
        }
    }
    Ok(())
}

/// An integer in the smallest unit as the amount that it stands for, keeping the scale.
fn scaled(value: &Value, scale: u32) -> Result<String, String> {
    let mut amount = decimal::read(value)?;
    if amount.scale() != 0 {
        return Err("with a DecimalPrecisionMultiplier an integer is expected".to_owned());
    }
    amount
        .set_scale(scale)
        .expect("a scale of at most 8 is within that of decimals");
    Ok(amount.to_string())
}

/// Decimals behind the point that the multiplier stands for.
fn scale(object: &mut Map<String, Value>, path: &str) -> Result<u32, ReadError> {
    const NAME: &str = "DecimalPrecisionMultiplier";
    let Some(value) = member(object, NAME).filter(|value| !value.is_null()) else {
        return Ok(0);
    };
    let multiplier = number::read(value).map_err(|problem| refused(&format!("{path}{NAME}"), &problem))?;
    // 0 is how the original's own client writes that there is none.
    if multiplier == 0 {
        return Ok(0);
    }
    (0..=SCALE_MAX)
        .find(|scale| 10_i64.pow(*scale) == multiplier)
        .ok_or_else(|| {
            refused(
                &format!("{path}{NAME}"),
                "a power of ten from 1 to 100000000 is expected",
            )
        })
}

fn check_currency(object: &mut Map<String, Value>, path: &str) -> Result<(), ReadError> {
    const NAME: &str = "Currency";
    match member(object, NAME) {
        None | Some(Value::Null) => Ok(()),
        Some(Value::String(currency)) if currency.eq_ignore_ascii_case(CURRENCY) => Ok(()),
        Some(_) => Err(refused(
            &format!("{path}{NAME}"),
            "a German receipt is signed in EUR; a payment names its own currency in ftPayItemCaseData",
        )),
    }
}

/// Several earlier receipts become one text, a list in JSON; one stays what it is.
fn join_references(previous: &mut Value) -> Result<(), ReadError> {
    let Value::Array(references) = previous else {
        return Ok(());
    };
    let read = |reference: &Value| text::read(reference, usize::MAX);
    let texts: Result<Vec<String>, String> = references.iter().map(read).collect();
    let texts = texts.map_err(|problem| refused(PREVIOUS, &problem))?;
    *previous = match texts.as_slice() {
        [] => Value::Null,
        [single] => Value::String(single.clone()),
        several => Value::String(serde_json::json!(several).to_string()),
    };
    Ok(())
}

/// The member of this name, found as [`Members`] finds it: as spelled, or else in any letter case.
fn member<'a>(object: &'a mut Map<String, Value>, name: &str) -> Option<&'a mut Value> {
    let spelled = match object.contains_key(name) {
        true => name.to_owned(),
        false => object
            .keys()
            .find(|given| given.eq_ignore_ascii_case(name))?
            .clone(),
    };
    object.get_mut(&spelled)
}

fn refused(path: &str, problem: &str) -> ReadError {
    ReadError::Member {
        path: path.to_owned(),
        problem: problem.to_owned(),
    }
}

#[cfg(test)]
mod tests;
