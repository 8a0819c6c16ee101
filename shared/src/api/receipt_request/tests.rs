//! What is read, and that the canonical form is exact.

use proptest::prelude::*;

use super::*;
use crate::api::moment::Zone;
use crate::api::moment::civil;

const NOW: Ticks = Ticks(640_659_828_306_000_000);

/// The stored request of vector TV-17, 768 bytes.
const TV_17: &str = concat!(
    r#"{"ftCashBoxID":"11111111-2222-4333-8444-555555555555","ftPosSystemId":"66666666-7777-4888-8999-aaaaaaaaaaaa","#,
    r#""cbTerminalID":"T-1","cbReceiptReference":"R-0001","cbReceiptMoment":"2031-03-04T10:20:30.405Z","#,
    r#""cbChargeItems":[{"Quantity":2.0,"Description":"Kaffee","Amount":5.60,"VATRate":19.0,"#,
    r#""ftChargeItemCase":4919338167972134913,"ftChargeItemCaseData":"","AccountNumber":"","CostCenter":"","#,
    r#""ProductGroup":"","ProductNumber":"","ProductBarcode":"","Unit":"","Moment":"2031-03-04T10:20:29Z"}],"#,
    r#""cbPayItems":[{"Quantity":1.0,"Description":"Bar","Amount":5.60,"ftPayItemCase":4919338167972134913,"#,
    r#""ftPayItemCaseData":"","AccountNumber":"","CostCenter":"","MoneyGroup":"","MoneyNumber":"","#,
    r#""Moment":"2031-03-04T10:20:29Z"}],"ftReceiptCase":4919338172267102209,"cbUser":"Anna"}"#,
);

fn read(json: &str) -> Result<ReceiptRequest, ReadError> {
    ReceiptRequest::from_json(json.as_bytes(), NOW)
}

#[test]
fn the_canonical_form_of_a_liberal_spelling_is_that_of_the_vector() {
    let sent = r#" {
        "CBUSER": "Anna", "ftcashboxid": "11111111-2222-4333-8444-555555555555", "ftReceiptCase": "4919338172267102209",
        "ftPosSystemId": "66666666-7777-4888-8999-aaaaaaaaaaaa", "cbTerminalID": "T-1", "unknown": [{}],
        "cbReceiptReference": "R-0001", "cbReceiptMoment": "2031-03-04T11:20:30.4050+01:00", "cbArea": null,
        "cbChargeItems": [{"quantity": "2", "Description": "Kaffee", "Amount": 5.60, "VATRate": 19,
            "ftChargeItemCase": 4919338167972134913, "moment": "2031-03-04T10:20:29Z", "Position": 0}],
        "cbPayItems": [{"Description": "Bar", "Amount": "5.60", "ftPayItemCase": 4919338167972134913,
            "Moment": "2031-03-04T10:20:29.000Z"}] } "#;
    assert_eq!(TV_17.len(), 768);
    assert_eq!(read(sent).unwrap().to_canonical_json(), TV_17);
}

#[test]
fn missing_members_are_what_the_interface_says() {
    let request = read(r#"{"cbChargeItems": null}"#).unwrap();
    assert_eq!(request.receipt_moment, Moment::utc(NOW));
    assert_eq!(request.receipt_reference, "");
    assert_eq!(request.user, None);
    assert!(request.charge_items.is_empty() && request.pay_items.is_empty());
}

#[test]
fn a_missing_quantity_is_one() {
    let request = read(r#"{"cbPayItems": [{}], "cbChargeItems": [{}]}"#).unwrap();
    assert_eq!(request.pay_items, [PayItem::default()]);
    assert_eq!(request.charge_items[0].quantity.to_string(), "1.0");
}

#[test]
fn an_amount_of_zero_is_kept_because_it_overrides_the_sum() {
    let request = read(r#"{"cbReceiptAmount": 0}"#).unwrap();
    assert!(request.to_canonical_json().contains(r#""cbReceiptAmount":0.0"#));
}

#[test]
fn what_cannot_be_read_is_named_by_its_path() {
    let long = "x".repeat(REFERENCE_CHARS_MAX + 1);
    for (json, message) in [
        (
            r#"{"cbPayItems":[{},{"Moment":"soon"}]}"#.to_owned(),
            "cbPayItems[1].Moment: a date with time is expected",
        ),
        (
            r#"{"ftReceiptCase":1.5}"#.to_owned(),
            "ftReceiptCase: an integer of 64 bits is expected",
        ),
        (
            r#"{"cbUser":{}}"#.to_owned(),
            "cbUser: a text is expected, an object was found",
        ),
        (
            r#"{"cbTerminalID":"a\u0000"}"#.to_owned(),
            "cbTerminalID: the character U+0000 is not allowed",
        ),
        (
            format!(r#"{{"cbReceiptReference":"{long}"}}"#),
            "cbReceiptReference: longer than 450 characters",
        ),
        ("[]".to_owned(), "$: an object is expected, a list was found"),
    ] {
        assert_eq!(read(&json).unwrap_err().to_string(), message);
    }
}

#[test]
fn more_items_than_the_bound_are_refused() {
    let items = vec!["{}"; super::reading::ITEMS_MAX + 1].join(",");
    let error = read(&format!(r#"{{"cbChargeItems":[{items}]}}"#)).unwrap_err();
    assert_eq!(error.to_string(), "cbChargeItems: more than 10000 items");
}

fn amounts() -> impl Strategy<Value = Decimal> {
    (-1_000_000_000_i64..1_000_000_000, 0_u32..10).prop_map(|(digits, scale)| Decimal::new(digits, scale))
}

fn moments() -> impl Strategy<Value = Moment> {
    let zone = prop_oneof![Just(Zone::Utc), Just(Zone::AsWritten)];
    (civil::RANGE, zone).prop_map(|(ticks, zone)| Moment {
        ticks: Ticks(ticks),
        zone,
    })
}

prop_compose! {
    fn charge_items()(
        quantity in amounts(), amount in amounts(), vat_amount in proptest::option::of(amounts()),
        description in any::<String>(), case in any::<i64>(), position in any::<i64>(),
        moment in proptest::option::of(moments()),
    ) -> ChargeItem {
        ChargeItem { quantity, amount, vat_amount, description, case, position, moment, ..ChargeItem::default() }
    }
}

prop_compose! {
    fn requests()(
        cash_box_id in any::<String>(), receipt_reference in "[^\0]{0,40}", receipt_moment in moments(),
        charge_items in proptest::collection::vec(charge_items(), 0..4), receipt_case in any::<i64>(),
        receipt_amount in proptest::option::of(amounts()), customer in proptest::option::of(any::<String>()),
        amount in amounts(), case_data in any::<String>(),
    ) -> ReceiptRequest {
        ReceiptRequest {
            cash_box_id, receipt_reference, receipt_moment, charge_items, receipt_case, receipt_amount, customer,
            pay_items: vec![PayItem { amount, case_data, ..PayItem::default() }],
            ..ReceiptRequest::from_json(b"{}", NOW).unwrap()
        }
    }
}

proptest! {
    #[test]
    fn the_canonical_form_is_read_back_as_the_same_request(request in requests()) {
        let stored = request.to_canonical_json();
        let again = read(&stored).unwrap();
        prop_assert_eq!(&again, &request);
        prop_assert_eq!(again.to_canonical_json(), stored);
    }

    #[test]
    fn no_document_makes_reading_panic(
        name in "cbChargeItems|cbPayItems|Amount|ftReceiptCase|cbReceiptMoment|cbTerminalID",
        value in "\\PC{0,20}|-?[0-9.eE+]{0,40}|\\[\\{\"Amount\":[-0-9.eE]{1,20}\\}\\]",
        bytes in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        let _ = read(&format!("{{\"{name}\":{value}}}"));
        let _ = ReceiptRequest::from_json(&bytes, NOW);
    }
}
