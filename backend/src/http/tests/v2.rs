//! The second generation of the interface, asked as its clients ask.

use serde_json::json;

use super::*;

const OPERATION: &str = "11111111-0000-4000-8000-000000000002";

async fn v2(pod: &Arc<Pod>, path: &str, operation: &str, body: &Value) -> Response {
    let id = CASHBOX.to_string();
    let headers = [
        ("x-cashbox-id", id.as_str()),
        ("x-cashbox-accesstoken", TOKEN),
        ("x-possystem-id", "{66666666-7777-4888-8999-AAAAAAAAAAAA}"),
        ("x-operation-id", operation),
    ];
    ask(pod, Method::POST, path, &headers, &body.to_string()).await
}

fn sale(reference: &str, case: i64) -> Value {
    json!({ "cbReceiptReference": reference, "cbReceiptMoment": "2031-03-04T10:20:30Z", "ftReceiptCase": case,
        "cbChargeItems": [{ "Quantity": 1, "Amount": 2.50, "VATRate": 19, "Description": "Tee",
            "ftChargeItemCase": 0x2000_0000_0013_i64 }],
        "cbPayItems": [{ "Amount": 2.50, "Description": "Bar", "ftPayItemCase": 0x2000_0000_0001_i64 }],
        "cbCustomer": { "CustomerName": "Erika" } })
}

const SALE: i64 = 0x2000_0000_0001;

#[tokio::test]
async fn a_new_operation_is_201_the_same_again_200_and_another_content_409() {
    let world = World::new().await;
    let pod = pod(&world).await;
    let first = v2(&pod, "/v2/sign", OPERATION, &sale("R-1", SALE)).await;
    assert_eq!(first.status(), StatusCode::CREATED);
    assert_eq!(first.headers()[shared::header::OPERATION_ID], OPERATION);
    let first = text(first).await;
    let again = v2(&pod, "/v2/sign", OPERATION, &sale("R-1", SALE)).await;
    assert_eq!(again.status(), StatusCode::OK);
    assert_eq!(text(again).await, first);
    let other = v2(&pod, "/v2/sign", OPERATION, &sale("R-2", SALE)).await;
    assert_eq!(other.status(), StatusCode::CONFLICT);
    let problem: Value = serde_json::from_str(&text(other).await).unwrap();
    assert_eq!(
        (&problem["type"], &problem["status"]),
        (&"about:blank".into(), &409.into())
    );
}

#[tokio::test]
async fn two_that_ask_at_once_get_one_receipt_and_one_of_them_made_it() {
    let world = World::new().await;
    let pod = pod(&world).await;
    let body = sale("R-1", SALE);
    let (one, other) = tokio::join!(
        v2(&pod, "/v2/sign", OPERATION, &body),
        v2(&pod, "/v2/sign", OPERATION, &body)
    );
    let mut statuses = [one.status().as_u16(), other.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 201]);
    assert_eq!(text(one).await, text(other).await);
}

#[tokio::test]
async fn the_receipt_is_stored_as_the_first_generation_writes_it_and_answered_without_null() {
    let world = World::new().await;
    let pod = pod(&world).await;
    let activation = v2(
        &pod,
        "/v2/sign",
        OPERATION,
        &json!({ "ftReceiptCase": 0x2000_0000_4001_i64 }),
    )
    .await;
    assert_eq!(activation.status(), StatusCode::CREATED);
    let signed = text(v2(&pod, "/v2/sign", &uuid(3), &sale("R-1", SALE)).await).await;
    assert!(
        !signed.contains("null") && signed.contains("\"Caption\""),
        "{signed}"
    );
    assert!(
        signed.contains("Beleg^2.50_0.00_0.00_0.00_0.00^2.50:Bar"),
        "{signed}"
    );
    let items = text(v2(&pod, "/v2/journal", &uuid(4), &json!({ "ftJournalType": 3 })).await).await;
    let items: Value = serde_json::from_str(&items).unwrap();
    let stored: Value = serde_json::from_str(items[1]["request"].as_str().unwrap()).unwrap();
    assert_eq!(stored["ftReceiptCase"], 0x4445_0001_0000_0001_i64);
    assert_eq!(
        stored["cbChargeItems"][0]["ftChargeItemCase"],
        0x4445_0000_0000_0011_i64
    );
    assert_eq!(stored["cbCustomer"], r#"{"CustomerName":"Erika"}"#);
    assert_eq!(stored["ftPosSystemId"], "66666666-7777-4888-8999-aaaaaaaaaaaa");
    assert_eq!(stored["ftCashBoxID"], CASHBOX.to_string());
}

fn uuid(number: u8) -> String {
    format!("11111111-0000-4000-8000-0000000000{number:02}")
}

#[tokio::test]
async fn a_receipt_that_is_asked_for_again_is_200_or_404() {
    let world = World::new().await;
    let pod = pod(&world).await;
    let first = text(v2(&pod, "/v2/sign", &uuid(1), &sale("R-1", SALE)).await).await;
    let wanted = 0x2000_8000_0001;
    let found = v2(&pod, "/v2/sign", &uuid(2), &sale("R-1", wanted)).await;
    assert_eq!(found.status(), StatusCode::OK);
    assert_eq!(text(found).await, first);
    let none = v2(&pod, "/v2/sign", &uuid(3), &sale("R-9", wanted)).await;
    assert_eq!(none.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_breaks_a_rule_is_told_by_member_and_stores_nothing() {
    let world = World::new().await;
    let pod = pod(&world).await;
    for (case, path) in [(1, "ftReceiptCase"), (0x4954_2000_0000_0001, "ftReceiptCase")] {
        let refused = v2(&pod, "/v2/sign", &uuid(1), &sale("R-1", case)).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
        let problem: Value = serde_json::from_str(&text(refused).await).unwrap();
        assert!(problem["errors"][path][0].is_string(), "{problem}");
        assert!(problem["detail"].as_str().unwrap().starts_with(path), "{problem}");
    }
    let items = text(v2(&pod, "/v2/journal", &uuid(2), &json!({ "ftJournalType": 3 })).await).await;
    assert_eq!(items, "[]");
    let missing = ask(
        &pod,
        Method::POST,
        "/v2/sign",
        &[("x-cashbox-id", &CASHBOX.to_string())],
        "{}",
    )
    .await;
    assert_eq!(missing.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn echo_has_its_own_letter_case_and_journals_their_errors_first() {
    let world = World::new().await;
    let pod = pod(&world).await;
    let echo = v2(&pod, "/v2/Echo/", &uuid(1), &json!({ "message": "ping" })).await;
    assert_eq!(text(echo).await, r#"{"Message":"ping"}"#);
    for body in [json!({ "From": "x" }), json!([])] {
        let refused = v2(&pod, "/v2/journal", &uuid(2), &body).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{body}");
    }
}
