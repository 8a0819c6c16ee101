//! What a POS sends to have a receipt signed (1.8).

use rust_decimal::Decimal;
use serde_json::Value;

use super::charge_item::ChargeItem;
use super::moment::Moment;
use super::pay_item::PayItem;
use super::reading::{self, Members, ReadError};
use super::writing::{self, Object, Shape};
use crate::clock::Ticks;

/// Characters of a receipt reference, at the most: the journal's column has no more.
pub const REFERENCE_CHARS_MAX: usize = 450;
/// Characters of a terminal id, at the most.
pub const TERMINAL_CHARS_MAX: usize = 1_000;
/// Characters of every other text, at the most.
pub const TEXT_CHARS_MAX: usize = 64 * 1024;

/// A request to sign a receipt. The comments name the member of the interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptRequest {
    /// `ftCashBoxID`, as sent; whether it is the right one is the queue's question.
    pub cash_box_id: String,
    /// `ftQueueID`, for information only.
    pub queue_id: Option<String>,
    /// `ftPosSystemId`.
    pub pos_system_id: Option<String>,
    /// `cbTerminalID`.
    pub terminal_id: String,
    /// `cbReceiptReference`: the key of a business action, and of its open transaction.
    pub receipt_reference: String,
    /// `cbReceiptMoment`.
    pub receipt_moment: Moment,
    /// `cbChargeItems`.
    pub charge_items: Vec<ChargeItem>,
    /// `cbPayItems`.
    pub pay_items: Vec<PayItem>,
    /// `ftReceiptCase`: country, flags and case.
    pub receipt_case: i64,
    /// `ftReceiptCaseData`, a text that holds JSON.
    pub receipt_case_data: Option<String>,
    /// `cbReceiptAmount`: overrides the sum of the charge items.
    pub receipt_amount: Option<Decimal>,
    /// `cbUser`.
    pub user: Option<String>,
    /// `cbArea`.
    pub area: Option<String>,
    /// `cbCustomer`.
    pub customer: Option<String>,
    /// `cbSettlement`.
    pub settlement: Option<String>,
    /// `cbPreviousReceiptReference`.
    pub previous_receipt_reference: Option<String>,
}

impl ReceiptRequest {
    /// Reads a request. A missing moment is `now`.
    ///
    /// # Errors
    /// When it is no JSON, or a member cannot be read; the error names the member.
    pub fn from_json(json: &[u8], now: Ticks) -> Result<Self, ReadError> {
        Self::from_document(&reading::parse(json)?, now)
    }

    /// Reads a request from a document that was parsed before. A missing moment is `now`.
    ///
    /// # Errors
    /// When a member cannot be read; the error names the member.
    pub fn from_document(document: &Value, now: Ticks) -> Result<Self, ReadError> {
        let members = Members::of(document)?;
        let text = |name| members.text(name, TEXT_CHARS_MAX);
        Ok(Self {
            cash_box_id: text("ftCashBoxID")?.unwrap_or_default(),
            queue_id: text("ftQueueID")?,
            pos_system_id: text("ftPosSystemId")?,
            terminal_id: stored_text(&members, "cbTerminalID", TERMINAL_CHARS_MAX)?,
            receipt_reference: stored_text(&members, "cbReceiptReference", REFERENCE_CHARS_MAX)?,
            receipt_moment: members
                .moment("cbReceiptMoment")?
                .unwrap_or_else(|| Moment::utc(now)),
            charge_items: members.list("cbChargeItems", ChargeItem::read)?,
            pay_items: members.list("cbPayItems", PayItem::read)?,
            receipt_case: members.int64("ftReceiptCase")?.unwrap_or_default(),
            receipt_case_data: text("ftReceiptCaseData")?,
            receipt_amount: members.decimal("cbReceiptAmount")?,
            user: text("cbUser")?,
            area: text("cbArea")?,
            customer: text("cbCustomer")?,
            settlement: text("cbSettlement")?,
            previous_receipt_reference: text("cbPreviousReceiptReference")?,
        })
    }

    /// The request as it is stored and hashed. Reading it gives the same request again.
    #[must_use]
    pub fn to_canonical_json(&self) -> String {
        writing::object(Shape::Original, |object| self.write(object))
    }

    fn write(&self, object: &mut Object<'_>) {
        object.text("ftCashBoxID", &self.cash_box_id);
        object.optional_text("ftQueueID", self.queue_id.as_deref());
        object.optional_text("ftPosSystemId", self.pos_system_id.as_deref());
        object.text("cbTerminalID", &self.terminal_id);
        object.text("cbReceiptReference", &self.receipt_reference);
        object.moment("cbReceiptMoment", self.receipt_moment);
        object.list("cbChargeItems", &self.charge_items, ChargeItem::write);
        object.list("cbPayItems", &self.pay_items, PayItem::write);
        object.int64("ftReceiptCase", self.receipt_case);
        object.optional_text("ftReceiptCaseData", self.receipt_case_data.as_deref());
        object.optional_decimal("cbReceiptAmount", self.receipt_amount);
        object.optional_text("cbUser", self.user.as_deref());
        object.optional_text("cbArea", self.area.as_deref());
        object.optional_text("cbCustomer", self.customer.as_deref());
        object.optional_text("cbSettlement", self.settlement.as_deref());
        object.optional_text(
            "cbPreviousReceiptReference",
            self.previous_receipt_reference.as_deref(),
        );
    }
}

/// A text that gets a column of its own: not every database can hold the character U+0000 there.
fn stored_text(members: &Members<'_>, name: &str, chars_max: usize) -> Result<String, ReadError> {
    let text = members.text(name, chars_max)?.unwrap_or_default();
    if text.contains('\0') {
        return Err(ReadError::Member {
            path: name.to_owned(),
            problem: "the character U+0000 is not allowed".to_owned(),
        });
    }
    Ok(text)
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
