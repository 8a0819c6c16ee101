//! TV-07: orders.

use super::desk::{Receipt, active_queue, data, receipt};

const CASE: i64 = 4_919_338_172_267_102_224;

fn line(order: Receipt, quantity: &str, description: &str, amount: &str) -> Receipt {
    order.charge(&format!(
        r#""Quantity":{quantity},"Description":{description},"Amount":{amount}"#
    ))
}

#[test]
fn tv_07_an_order_signs_its_lines() {
    let order = line(receipt(CASE), "2", r#""Tee \"gross\"""#, "7.00");
    let order = line(order, "0.375", r#""Käse""#, "3.75");
    let order = line(order, "1", r#""Storno""#, "-1.20");
    let response = active_queue(0).desk().sign(order);
    assert_eq!(response.receipt_identification, "ft0#IT1");
    assert_eq!(response.signatures.len(), 18);
    assert_eq!(data(&response, "<processType>"), "Bestellung-V1");
    assert_eq!(
        data(&response, "<processData>"),
        "2;\"Tee \"\"gross\"\"\";3.50\r0.375;\"Käse\";10.00\r-1;\"Storno\";1.20"
    );
    assert_eq!(
        data(&response, "finish-transaction-payload"),
        "MjsiVGVlICIiZ3Jvc3MiIiI7My41MA0wLjM3NTsiS8Okc2UiOzEwLjAwDS0xOyJTdG9ybm8iOzEuMjA="
    );
}

#[test]
fn tv_07_an_order_without_lines_signs_nothing_in_particular() {
    let response = active_queue(0).desk().sign(receipt(CASE));
    assert_eq!(data(&response, "<processData>"), "");
    assert_eq!(response.signatures.len(), 18);
}

#[test]
fn tv_07_a_line_needs_a_quantity_unless_it_costs_nothing() {
    let free = line(receipt(CASE), "0", r#""X""#, "0");
    assert_eq!(
        data(&active_queue(0).desk().sign(free), "<processData>"),
        "0;\"X\";0.00"
    );
    let dear = line(receipt(CASE), "0", r#""X""#, "1");
    assert_eq!(
        active_queue(0).desk().refused(dear),
        "The quantity property of charge item entries must not be 0.00, unless the amount is 0.00 as well."
    );
}

#[test]
fn notes_are_signed_by_their_name() {
    for (case, name) in [(0x13, "info-internal"), (0x14, "protocol")] {
        let response = active_queue(0).desk().sign(receipt(0x4445_0001_0000_0000 | case));
        assert_eq!(data(&response, "<processType>"), "SonstigerVorgang");
        assert_eq!(data(&response, "<processData>"), name);
        assert_eq!(response.signatures.len(), 18);
    }
}
