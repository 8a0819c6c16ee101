//! What becomes of a body, and what is refused.

use proptest::prelude::*;
use serde_json::json;

use super::*;

const NOW: Ticks = Ticks(640_659_828_306_000_000);
const CASHBOX: &str = "11111111-2222-4333-8444-555555555555";

fn sender() -> Sender {
    Sender {
        cashbox: CASHBOX.parse().unwrap(),
        pos_system: "66666666-7777-4888-8999-aaaaaaaaaaaa".parse().ok(),
    }
}

fn receipt(members: Value) -> Result<ReceiptRequest, ReadError> {
    let mut body = json!({ "ftReceiptCase": 0x2000_0000_0001_i64 });
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    read(body, &sender(), NOW)
}

#[test]
fn what_the_headers_say_need_not_be_said_again() {
    let request = receipt(json!({})).unwrap();
    assert_eq!(request.cash_box_id, CASHBOX);
    assert_eq!(
        request.pos_system_id.as_deref(),
        Some("66666666-7777-4888-8999-aaaaaaaaaaaa")
    );
    let own = receipt(json!({ "ftPosSystemId": "p", "ftCashBoxID": CASHBOX.to_uppercase() })).unwrap();
    assert_eq!(own.pos_system_id.as_deref(), Some("p"));
}

#[test]
fn objects_become_the_texts_of_the_first_generation() {
    let request = receipt(json!({
        "cbCustomer": { "CustomerName": "Erika" }, "cbUser": "Anna", "cbarea": { "Table": 7 },
        "cbSettlement": null, "ftReceiptCaseData": { "DE": [1] },
        "cbChargeItems": [{ "ftChargeItemCaseData": { "VoucherNr": "V-9" } }],
        "cbPayItems": [{ "FTPAYITEMCASEDATA": { "CurrencyCode": "CHF", "ForeignCurrencyAmount": 9.10 } }],
    }))
    .unwrap();
    assert_eq!(request.customer.as_deref(), Some(r#"{"CustomerName":"Erika"}"#));
    assert_eq!(request.user.as_deref(), Some("Anna"));
    assert_eq!(request.area.as_deref(), Some(r#"{"Table":7}"#));
    assert_eq!(request.settlement, None);
    assert_eq!(request.receipt_case_data.as_deref(), Some(r#"{"DE":[1]}"#));
    assert_eq!(request.charge_items[0].case_data, r#"{"VoucherNr":"V-9"}"#);
    assert!(request.pay_items[0].case_data.contains(r#""CurrencyCode":"CHF""#));
}

#[test]
fn one_earlier_receipt_is_a_text_and_several_are_a_list_in_one() {
    for (sent, stored) in [
        (json!("A"), Some("A")),
        (json!(["A"]), Some("A")),
        (json!(["A", "B\""]), Some(r#"["A","B\""]"#)),
        (json!([]), None),
    ] {
        let request = receipt(json!({ "cbPreviousReceiptReference": sent })).unwrap();
        assert_eq!(request.previous_receipt_reference.as_deref(), stored);
    }
}

#[test]
fn integers_stand_for_amounts_where_there_is_a_multiplier() {
    let request = receipt(json!({
        "DecimalPrecisionMultiplier": 100, "cbReceiptAmount": 1475,
        "cbChargeItems": [
            { "DecimalPrecisionMultiplier": "10000", "Amount": -123_450, "Quantity": 20000, "VATRate": 190_000 },
            { "Amount": 2.35 },
        ],
        "cbPayItems": [{ "DecimalPrecisionMultiplier": 0, "Amount": 14.75 }],
    }))
    .unwrap();
    assert_eq!(request.receipt_amount.unwrap().to_string(), "14.75");
    let first = &request.charge_items[0];
    let amounts = [first.amount, first.quantity, first.vat_rate].map(|amount| amount.to_string());
    assert_eq!(amounts, ["-12.3450", "2.0000", "19.0000"]);
    assert_eq!(request.charge_items[1].amount.to_string(), "2.35");
    assert_eq!(request.charge_items[1].quantity.to_string(), "1.0");
    assert_eq!(request.pay_items[0].amount.to_string(), "14.75");
}

#[test]
fn cases_are_translated_at_every_place() {
    let request = receipt(json!({
        "ftReceiptCase": "35184372088833",
        "cbChargeItems": [{ "ftChargeItemCase": 0x4445_2000_0000_0013_i64 }],
        "cbPayItems": [{ "ftPayItemCase": 0x4445_2000_0020_0001_i64 }, {}],
    }))
    .unwrap();
    assert_eq!(request.receipt_case, 0x4445_0001_0000_0001);
    assert_eq!(request.charge_items[0].case, 0x4445_0000_0000_0011);
    assert_eq!(request.pay_items[0].case, 0x4445_0000_0000_000B);
    assert_eq!(request.pay_items[1].case, 0);
}

#[test]
fn what_cannot_be_read_is_named_by_its_path() {
    for (members, path) in [
        (json!({ "ftReceiptCase": null }), "ftReceiptCase: it is missing"),
        (
            json!({ "ftReceiptCase": 1 }),
            "ftReceiptCase: a case of version 2",
        ),
        (
            json!({ "ftCashBoxID": "x" }),
            "ftCashBoxID: it is not the cashbox of the header",
        ),
        (json!({ "Currency": "CHF" }), "Currency: "),
        (json!({ "Currency": 7 }), "Currency: "),
        (
            json!({ "cbPayItems": [{ "currency": "USD" }] }),
            "cbPayItems[0].Currency: ",
        ),
        (
            json!({ "DecimalPrecisionMultiplier": 7 }),
            "DecimalPrecisionMultiplier: a power of ten",
        ),
        (
            json!({ "cbChargeItems": [{}, { "DecimalPrecisionMultiplier": 100, "Amount": 1.5 }] }),
            "cbChargeItems[1].Amount: with a DecimalPrecisionMultiplier an integer",
        ),
        (
            json!({ "cbChargeItems": [{ "ftChargeItemCase": 0x2000_0000_0009_i64 }] }),
            "cbChargeItems[0].ftChargeItemCase: the tax rate 9",
        ),
        (
            json!({ "cbPayItems": [{ "ftPayItemCase": 1 }] }),
            "cbPayItems[0].ftPayItemCase: ",
        ),
        (
            json!({ "cbPreviousReceiptReference": [{}] }),
            "cbPreviousReceiptReference: a text",
        ),
        (json!({ "cbChargeItems": [3] }), "cbChargeItems[0]: an object"),
    ] {
        let error = receipt(members).unwrap_err().to_string();
        assert!(error.starts_with(path), "{error} does not begin with {path}");
    }
    assert!(read(json!([]), &sender(), NOW).is_err());
}

proptest! {
    /// What is sent in the smallest unit is the same receipt as what is sent as amounts.
    #[test]
    fn an_integer_with_its_multiplier_is_the_amount(cents in -1_000_000_000_i64..1_000_000_000, scale in 1_u32..=8) {
        let item = json!({ "Amount": cents, "DecimalPrecisionMultiplier": 10_i64.pow(scale) });
        let request = receipt(json!({ "cbChargeItems": [item] })).unwrap();
        let amount = rust_decimal::Decimal::new(cents, scale);
        prop_assert_eq!(request.charge_items[0].amount, amount);
        prop_assert_eq!(request.charge_items[0].amount.scale(), scale);
    }

    /// Whatever is read is a receipt of the first generation, which is stored and read back as it is.
    #[test]
    fn whatever_is_accepted_is_stored_and_read_back(
        receipt_case in any::<i64>(), charge_case in any::<i64>(), pay_case in any::<i64>(),
        known in any::<bool>(), digits in any::<i64>(), multiplier in any::<i32>(),
    ) {
        let version = 0x4445_2000_0000_0000_i64;
        let case = |bits: i64, mask: i64| if known { version | (bits & mask) } else { bits };
        let read = receipt(json!({
            "ftReceiptCase": case(receipt_case, 0xFF_000F_3013),
            "cbChargeItems": [{ "ftChargeItemCase": case(charge_case, 0x1F_00AF), "Amount": digits,
                "DecimalPrecisionMultiplier": multiplier }],
            "cbPayItems": [{ "ftPayItemCase": case(pay_case, 0x7F_000F), "Amount": digits }],
        }));
        if let Ok(request) = read {
            prop_assert_eq!(request.receipt_case >> 44, 0x44450);
            let stored = request.to_canonical_json();
            prop_assert_eq!(ReceiptRequest::from_json(stored.as_bytes(), NOW), Ok(request));
        }
    }
}
