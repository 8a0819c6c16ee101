//! What a line is made of: `SubItems` in a charge item's case data. For information only; no sum counts it.

use rust_decimal::Decimal;
use shared::api::charge_item::ChargeItem;

use super::case_data::CaseData;
use super::line::Group;
use super::vat::{self, Amounts, Rate};

/// One part of a line.
#[derive(Debug, Clone)]
pub(super) struct SubItem {
    pub(super) product_number: Option<String>,
    pub(super) barcode: Option<String>,
    pub(super) text: Option<String>,
    pub(super) group: Group,
    pub(super) quantity: Option<Decimal>,
    pub(super) factor: Option<Decimal>,
    pub(super) unit: Option<String>,
    pub(super) rate: Rate,
    /// None where no amount was said.
    pub(super) amounts: Option<Amounts>,
}

impl SubItem {
    /// The parts of a charge item. A part without a case of its own is taxed as the whole.
    pub(super) fn all(data: &CaseData, whole: &ChargeItem) -> Vec<Self> {
        let parts = data.list("SubItems");
        parts.iter().map(|part| Self::of(part, whole)).collect()
    }

    fn of(part: &CaseData, whole: &ChargeItem) -> Self {
        let rate = match part.integer("ftSubChargeItemCase") {
            Some(case) => vat::of_charge_item(case, part.decimal("VATRate").unwrap_or_default()),
            None => vat::of_charge_item(whole.case, whole.vat_rate),
        };
        Self {
            product_number: part.text("ProductNumber"),
            barcode: part.text("GTIN"),
            text: part.text("Description"),
            group: group(part),
            quantity: part.decimal("Quantity"),
            factor: part.decimal("UnitQuantity"),
            unit: part.text("Unit"),
            rate,
            amounts: part
                .decimal("Amount")
                .and_then(|amount| Amounts::of(amount, rate).ok()),
        }
    }
}

/// The group is an object with id and name, or just a name.
fn group(part: &CaseData) -> Group {
    let group = part.object("ProductGroup");
    let id = group.text("ProductGroupId");
    let name = if group.is_empty() {
        part.text("ProductGroup")
    } else {
        group.text("ProductGroupName")
    };
    Group::new(id, name.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_taxed_by_their_own_case_or_as_the_whole() {
        let data = CaseData::of(
            r#"{"SubItems": [
                {"ProductNumber": "1", "Amount": 10.7, "ftSubChargeItemCase": 4919338167972134930,
                 "ProductGroup": {"ProductGroupName": "Speisen", "ProductGroupId": "S"}},
                {"Description": "Cola", "Amount": 11.9, "ProductGroup": "Getränke"}]}"#,
        );
        let whole = ChargeItem {
            case: 0x4445_0000_0000_0011,
            ..ChargeItem::default()
        };
        let parts = SubItem::all(&data, &whole);
        let net = |part: &SubItem| part.amounts.unwrap().net.normalize().to_string();
        assert_eq!((parts[0].rate.key, net(&parts[0])), (2, "10".to_owned()));
        assert_eq!((parts[1].rate.key, net(&parts[1])), (1, "10".to_owned()));
        assert_eq!(parts[0].group.id, "S");
        assert_eq!(parts[1].group.name, "Getränke");
    }
}
