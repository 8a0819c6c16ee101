//! One line of a receipt: goods or services (1.9).

use rust_decimal::Decimal;

use super::moment::Moment;
use super::reading::{Members, ReadError};
use super::receipt_request::TEXT_CHARS_MAX;
use super::writing::Object;

/// A charge item. The comments name the member of the interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeItem {
    /// `Position`; 0 is none.
    pub position: i64,
    /// `Quantity`.
    pub quantity: Decimal,
    /// `Description`.
    pub description: String,
    /// `Amount`: gross total of the line.
    pub amount: Decimal,
    /// `VATRate`, in percent.
    pub vat_rate: Decimal,
    /// `ftChargeItemCase`.
    pub case: i64,
    /// `ftChargeItemCaseData`.
    pub case_data: String,
    /// `VATAmount`.
    pub vat_amount: Option<Decimal>,
    /// `AccountNumber`.
    pub account_number: String,
    /// `CostCenter`.
    pub cost_center: String,
    /// `ProductGroup`.
    pub product_group: String,
    /// `ProductNumber`.
    pub product_number: String,
    /// `ProductBarcode`.
    pub product_barcode: String,
    /// `Unit`.
    pub unit: String,
    /// `UnitQuantity`.
    pub unit_quantity: Option<Decimal>,
    /// `UnitPrice`.
    pub unit_price: Option<Decimal>,
    /// `Moment`.
    pub moment: Option<Moment>,
}

impl Default for ChargeItem {
    /// What is meant when a member is missing.
    fn default() -> Self {
        Self {
            position: 0,
            quantity: Decimal::new(10, 1),
            description: String::new(),
            amount: Decimal::new(0, 1),
            vat_rate: Decimal::new(0, 1),
            case: 0,
            case_data: String::new(),
            vat_amount: None,
            account_number: String::new(),
            cost_center: String::new(),
            product_group: String::new(),
            product_number: String::new(),
            product_barcode: String::new(),
            unit: String::new(),
            unit_quantity: None,
            unit_price: None,
            moment: None,
        }
    }
}

impl ChargeItem {
    pub(super) fn read(members: Members<'_>) -> Result<Self, ReadError> {
        let missing = Self::default();
        let text = |name| members.text(name, TEXT_CHARS_MAX).map(Option::unwrap_or_default);
        Ok(Self {
            position: members.int64("Position")?.unwrap_or(missing.position),
            quantity: members.decimal("Quantity")?.unwrap_or(missing.quantity),
            description: text("Description")?,
            amount: members.decimal("Amount")?.unwrap_or(missing.amount),
            vat_rate: members.decimal("VATRate")?.unwrap_or(missing.vat_rate),
            case: members.int64("ftChargeItemCase")?.unwrap_or(missing.case),
            case_data: text("ftChargeItemCaseData")?,
            vat_amount: members.decimal("VATAmount")?,
            account_number: text("AccountNumber")?,
            cost_center: text("CostCenter")?,
            product_group: text("ProductGroup")?,
            product_number: text("ProductNumber")?,
            product_barcode: text("ProductBarcode")?,
            unit: text("Unit")?,
            unit_quantity: members.decimal("UnitQuantity")?,
            unit_price: members.decimal("UnitPrice")?,
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
        object.decimal("VATRate", self.vat_rate);
        object.int64("ftChargeItemCase", self.case);
        object.text("ftChargeItemCaseData", &self.case_data);
        object.optional_decimal("VATAmount", self.vat_amount);
        object.text("AccountNumber", &self.account_number);
        object.text("CostCenter", &self.cost_center);
        object.text("ProductGroup", &self.product_group);
        object.text("ProductNumber", &self.product_number);
        object.text("ProductBarcode", &self.product_barcode);
        object.text("Unit", &self.unit);
        object.optional_decimal("UnitQuantity", self.unit_quantity);
        object.optional_decimal("UnitPrice", self.unit_price);
        object.optional_moment("Moment", self.moment);
    }
}
