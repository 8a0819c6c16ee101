//! One payment of a receipt (1.10).

use rust_decimal::Decimal;

use super::moment::Moment;
use super::reading::{Members, ReadError};
use super::receipt_request::TEXT_CHARS_MAX;
use super::writing::Object;

/// A pay item. The comments name the member of the interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayItem {
    /// `Position`; 0 is none.
    pub position: i64,
    /// `Quantity`.
    pub quantity: Decimal,
    /// `Description`.
    pub description: String,
    /// `Amount`.
    pub amount: Decimal,
    /// `ftPayItemCase`.
    pub case: i64,
    /// `ftPayItemCaseData`, a text that holds JSON.
    pub case_data: String,
    /// `AccountNumber`.
    pub account_number: String,
    /// `CostCenter`.
    pub cost_center: String,
    /// `MoneyGroup`.
    pub money_group: String,
    /// `MoneyNumber`.
    pub money_number: String,
    /// `Moment`.
    pub moment: Option<Moment>,
}

impl Default for PayItem {
    /// What is meant when a member is missing.
    fn default() -> Self {
        Self {
            position: 0,
            quantity: Decimal::new(10, 1),
            description: String::new(),
            amount: Decimal::new(0, 1),
            case: 0,
            case_data: String::new(),
            account_number: String::new(),
            cost_center: String::new(),
            money_group: String::new(),
            money_number: String::new(),
            moment: None,
        }
    }
}

impl PayItem {
    pub(super) fn read(members: Members<'_>) -> Result<Self, ReadError> {
        let missing = Self::default();
        let text = |name| members.text(name, TEXT_CHARS_MAX).map(Option::unwrap_or_default);
        Ok(Self {
            position: members.int64("Position")?.unwrap_or(missing.position),
            quantity: members.decimal("Quantity")?.unwrap_or(missing.quantity),
            description: text("Description")?,
            amount: members.decimal("Amount")?.unwrap_or(missing.amount),
            case: members.int64("ftPayItemCase")?.unwrap_or(missing.case),
            case_data: text("ftPayItemCaseData")?,
            account_number: text("AccountNumber")?,
            cost_center: text("CostCenter")?,
            money_group: text("MoneyGroup")?,
            money_number: text("MoneyNumber")?,
            moment: members.moment("Moment")?,
        })
    }

    pub(super) fn write(&self, object: &mut Object<'_>) {
        if self.position != 0 {
            object.int64("Position", self.position);
        }
        object.decimal("Quantity", self.quantity);
        object.text("Description", &self.description);
        object.decimal("Amount", self.amount);
        object.int64("ftPayItemCase", self.case);
        object.text("ftPayItemCaseData", &self.case_data);
        object.text("AccountNumber", &self.account_number);
        object.text("CostCenter", &self.cost_center);
        object.text("MoneyGroup", &self.money_group);
        object.text("MoneyNumber", &self.money_number);
        object.optional_moment("Moment", self.moment);
    }
}
