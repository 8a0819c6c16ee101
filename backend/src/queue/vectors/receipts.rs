//! TV-04, TV-08 and TV-20: receipts in one go.

use shared::api::receipt_response::ReceiptResponse;

use super::desk::{Desk, E, I, Receipt, active_queue, at, data, kinds, receipt};
use crate::queue::signatures::OptionalMark;
use crate::queue::work::READY;

fn desk(mark: OptionalMark) -> Desk {
    let mut opening = active_queue(9);
    opening.options.optional_mark = mark;
    let desk = opening.desk();
    desk.tse.count_from(13, 24);
    desk.tse
        .times(&[at("2031-03-04T10:20:31Z"), at("2031-03-04T10:20:32Z")]);
    desk
}

pub(super) fn tv_04() -> Receipt {
    let line = |amount: &str| {
        format!(
            r#""Quantity":1.0,"Amount":{amount},"VATRate":16.0,"ftChargeItemCase":{},"Moment":"2031-03-04T10:20:29Z""#,
            E | 1
        )
    };
    receipt(I | 1)
        .charge(&line("12.40"))
        .charge(&line("2.35"))
        .paid(1, "14.75")
}

fn formats(response: &ReceiptResponse) -> Vec<i64> {
    response.signatures.iter().map(|item| item.format).collect()
}

#[test]
fn tv_04_an_implicit_receipt_has_nineteen_signatures() {
    let mut desk = desk(OptionalMark::Shown);
    let response = desk.sign(tv_04());
    assert_eq!(response.receipt_identification, "ft9#IT13");
    assert_eq!(response.state, READY);
    assert_eq!(
        kinds(&response),
        [
            0x01, 0x10, 0x11, 0x12, 0x22, 0x23, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x1B, 0x1C,
            0x1D, 0x1E, 0x1F
        ]
    );
    assert_eq!(
        data(&response, "www.fiskaltrust.de"),
        "V0;KASSE-1;Kassenbeleg-V1;Beleg^14.75_0.00_0.00_0.00_0.00^14.75:Bar;13;25;2031-03-04T10:20:31.000Z;\
         2031-03-04T10:20:32.000Z;ecdsa-plain-SHA256;utcTime;SIG(25);PUB"
    );
    assert_eq!(data(&response, "start-transaction-signature"), "SIG(24)");
    assert_eq!(data(&response, "finish-transaction-signature"), "SIG(25)");
    assert_eq!(data(&response, "<signatur>"), "SIG(25)");
    assert_eq!(data(&response, "<certification-id>"), "BSI-K-TR-0000-2031");
    assert_eq!(data(&response, "<vorgangsbeginn>"), "2031-03-04T10:20:29.000Z");
    let opt_text = 65_537;
    let opt_base64 = 65_549;
    let mut expected = vec![3, opt_base64, opt_base64, opt_base64, 1];
    expected.extend([opt_text; 13]);
    expected.push(1);
    assert_eq!(formats(&response), expected);
}

#[test]
fn tv_04_nothing_stays_open_and_the_total_is_chained() {
    let mut desk = desk(OptionalMark::Shown);
    desk.sign(tv_04());
    let entry = desk.last();
    assert!(entry.changes.is_empty(), "{:?}", entry.changes);
    assert_eq!(entry.queue_de, None);
    let link = entry.receipt.as_ref().unwrap();
    assert_eq!((link.total.to_string().as_str(), link.number), ("14.75", 10));
    assert_eq!(entry.queue.receipt_totalizer.to_string(), "14.75");
    assert_eq!(entry.queue.receipt_hash.as_ref(), Some(&link.hash));
    assert_eq!(desk.tse.take_calls().len(), 2);
}

#[test]
fn tv_04_without_the_optional_mark_formats_are_plain() {
    let mut desk = desk(OptionalMark::Hidden);
    let response = desk.sign(tv_04());
    let mut expected = vec![3, 13, 13, 13];
    expected.extend([1; 15]);
    assert_eq!(formats(&response), expected);
}

#[test]
fn tv_08_an_order_with_internal_payment_is_a_receipt() {
    let mut desk = desk(OptionalMark::Shown);
    let response = desk.sign(receipt(I | 0x10).charged(1, "2", "7.00").paid(0xA, "7.00"));
    assert_eq!(data(&response, "<processType>"), "Kassenbeleg-V1");
    assert_eq!(
        data(&response, "<processData>"),
        "AVBestellung^7.00_0.00_0.00_0.00_-7.00^"
    );
    assert_eq!(response.signatures.len(), 19);
}

#[test]
fn tv_20_practice_is_signed_and_marked() {
    let mut desk = desk(OptionalMark::Shown);
    let response = desk.sign(receipt(I | 0x2_0001).charged(1, "1", "4.20").paid(1, "4.20"));
    assert_eq!(
        data(&response, "<processData>"),
        "AVTraining^4.20_0.00_0.00_0.00_0.00^4.20:Bar"
    );
    assert_eq!(response.signatures.len(), 20);
    let last = &response.signatures[19];
    assert_eq!((last.format, last.kind), (1, 4096));
    assert_eq!(last.caption.as_deref(), Some("Trainingsbuchung"));
    assert_eq!(kinds(&response)[18], 0x1F);
}

#[test]
fn a_sale_without_item_moments_began_with_the_receipt() {
    let mut desk = desk(OptionalMark::Shown);
    let response = desk.sign(receipt(I | 1).charge(r#""Amount":1"#));
    assert_eq!(data(&response, "<vorgangsbeginn>"), "2031-03-04T10:20:30.405Z");
}

#[test]
fn the_receipt_amount_overrides_the_sum_even_when_it_is_zero() {
    let mut desk = desk(OptionalMark::Shown);
    desk.sign(tv_04().with(r#""cbReceiptAmount":0"#));
    assert_eq!(desk.last().receipt.as_ref().unwrap().total.to_string(), "0");
}

#[test]
fn an_unknown_certification_is_asked_for_once_and_kept() {
    let mut opening = active_queue(9);
    opening.opened.scus[0].tse_info_json = None;
    let mut desk = opening.desk();
    desk.sign(tv_04());
    assert_eq!(desk.tse.take_calls()[0], "GetTseInfo");
    let response = desk.sign(tv_04());
    assert_eq!(data(&response, "<certification-id>"), "BSI-K-TR-0000-2031");
    assert_eq!(desk.tse.take_calls()[0], "Start");
}
