//! TV-17: the hash chain.

use shared::clock::Ticks;

use super::desk::{I, active_queue, receipt};
use crate::journal::entry::Entry;
use crate::queue::chain::{Link, content_hash, total, totalizer};

const REQUEST: &str = concat!(
    r#"{"ftCashBoxID":"11111111-2222-4333-8444-555555555555","ftPosSystemId":"66666666-7777-4888-8999-aaaaaaaaaaaa","#,
    r#""cbTerminalID":"T-1","cbReceiptReference":"R-0001","cbReceiptMoment":"2031-03-04T10:20:30.405Z","#,
    r#""cbChargeItems":[{"Quantity":2.0,"Description":"Kaffee","Amount":5.60,"VATRate":19.0,"#,
    r#""ftChargeItemCase":4919338167972134913,"ftChargeItemCaseData":"","AccountNumber":"","CostCenter":"","#,
    r#""ProductGroup":"","ProductNumber":"","ProductBarcode":"","Unit":"","Moment":"2031-03-04T10:20:29Z"}],"#,
    r#""cbPayItems":[{"Quantity":1.0,"Description":"Bar","Amount":5.60,"ftPayItemCase":4919338167972134913,"#,
    r#""ftPayItemCaseData":"","AccountNumber":"","CostCenter":"","MoneyGroup":"","MoneyNumber":"","#,
    r#""Moment":"2031-03-04T10:20:29Z"}],"ftReceiptCase":4919338172267102209,"cbUser":"Anna"}"#,
);
const RESPONSE: &str = concat!(
    r#"{"ftCashBoxID":"11111111-2222-4333-8444-555555555555","ftQueueID":"bbbbbbbb-cccc-4ddd-8eee-ffffffffffff","#,
    r#""ftQueueItemID":"01234567-89ab-4cde-8f01-23456789abcd","ftQueueRow":1,"cbTerminalID":"T-1","#,
    r#""cbReceiptReference":"R-0001","ftCashBoxIdentification":"KASSE-1","ftReceiptIdentification":"ft0#","#,
    r#""ftReceiptMoment":"2031-03-04T10:20:30.5Z","ftSignatures":[],"ftState":4919338167972134913}"#,
);

#[test]
fn tv_17_the_chain_hash_of_the_vector_comes_out() {
    let request_hash = content_hash(REQUEST);
    let response_hash = content_hash(RESPONSE);
    assert_eq!(request_hash, "TZxj47dH5ZYIcHaZOWo2Av5OPuhvJ5+p4HSo+J0NS0o=");
    assert_eq!(response_hash, "audjfNYZRSvF70TuZcbUgo/jZtc+RHvV0WRLMEuwmdo=");
    let first = Link {
        previous: None,
        id: "0f1e2d3c-4b5a-4678-9786-a5b4c3d2e1f0".parse().unwrap(),
        moment: Ticks(640_659_828_306_000_000),
        number: 1,
        request_hash: &request_hash,
        response_hash: &response_hash,
    };
    let hash = first.hash().unwrap();
    assert_eq!(hash, "3Dw5IwqOklMaLhYLsaangXQqspVJea2dyLum+fSKVPE=");
    let second = Link {
        previous: Some(&hash),
        id: "a0b1c2d3-e4f5-4607-9819-2a3b4c5d6e7f".parse().unwrap(),
        moment: Ticks(640_659_828_317_000_001),
        number: 2,
        ..first
    };
    assert_eq!(
        second.hash().as_deref(),
        Some("vx4l8BEM0WP3RP7SckOvkL/dSrfhdmjw1TDXrRojIrk=")
    );
    let blank = Link {
        previous: Some(" "),
        ..first
    };
    assert_eq!(blank.hash(), Some(hash));
}

#[test]
fn each_receipt_is_chained_to_the_one_before() {
    let mut desk = active_queue(0).desk();
    for _ in 0..3 {
        desk.sign(receipt(I | 1).charged(1, "1", "2.50"));
    }
    let mut previous: Option<&str> = None;
    for (number, entry) in (1..).zip(&desk.entries) {
        assert_eq!(entry.previous_hash.as_deref(), previous);
        assert_eq!(recomputed(entry), entry.receipt.as_ref().unwrap().hash);
        assert_eq!(entry.receipt.as_ref().unwrap().number, number);
        previous = entry.queue.receipt_hash.as_deref();
    }
    assert_eq!(desk.last().queue.receipt_totalizer.to_string(), "7.50");
}

/// As a verifier does it: from the stored texts alone.
pub(super) fn recomputed(entry: &Entry) -> String {
    let receipt = entry.receipt.as_ref().unwrap();
    let link = Link {
        previous: entry.previous_hash.as_deref(),
        id: receipt.id,
        moment: receipt.moment,
        number: receipt.number,
        request_hash: &content_hash(&entry.item.request),
        response_hash: &content_hash(entry.item.response.as_deref().unwrap()),
    };
    link.hash().unwrap()
}

#[test]
fn totals_beyond_the_column_are_refused_before_anything_is_signed() {
    let mut desk = active_queue(0).desk();
    assert_eq!(
        desk.refused(receipt(I | 1).charged(1, "1", "10000000000000")),
        "The receipt's total is larger than the journal can hold."
    );
    desk.sign(receipt(I | 1).charged(1, "1", "9999999999999.99999"));
    desk.tse.take_calls();
    assert_eq!(
        desk.refused(receipt(I | 1).charged(1, "1", "1")),
        "The sum of all receipts is larger than the journal can hold."
    );
    assert!(desk.tse.take_calls().is_empty());
}

#[test]
fn a_broken_chain_stops_the_queue_before_anything_is_signed() {
    let mut opening = active_queue(4);
    opening.opened.queue.receipt_hash = Some("not base64!".to_owned());
    let mut desk = opening.desk();
    let message = desk.refused(receipt(I | 1));
    assert!(message.contains("hash chain"), "{message}");
    assert!(desk.tse.take_calls().is_empty());
}

#[test]
fn a_total_is_what_the_request_says_or_the_sum() {
    let sum = receipt(I | 1)
        .charged(1, "1", "1.10")
        .charged(1, "1", "2.2")
        .request();
    assert_eq!(total(&sum).unwrap().to_string(), "3.30");
    let said = receipt(I | 1)
        .charged(1, "1", "1.10")
        .with(r#""cbReceiptAmount":-7"#);
    assert_eq!(total(&said.request()).unwrap().to_string(), "-7");
    assert_eq!(total(&receipt(I | 1).request()).unwrap().to_string(), "0");
    assert_eq!(
        totalizer("-1.5".parse().unwrap(), "1.5".parse().unwrap())
            .unwrap()
            .to_string(),
        "0.0"
    );
}
