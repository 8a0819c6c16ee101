//! TV-09, TV-10, TV-11 and TV-21: process data.

use proptest::prelude::*;
use rust_decimal::Decimal;
use shared::api::charge_item::ChargeItem;
use shared::api::pay_item::PayItem;

use super::desk::{E, I, Receipt, receipt};
use crate::queue::process_data;
use crate::queue::receipt_case::ReceiptCase;

fn text(receipt: Receipt) -> String {
    let request = receipt.request();
    process_data::of(ReceiptCase(request.receipt_case), &request)
        .unwrap()
        .text
}

fn paid(receipt: Receipt, case: i64, quantity: &str, amount: &str, data: &str) -> Receipt {
    let (case, data) = (E | case, serde_json::Value::from(data));
    receipt.pay(&format!(
        r#""ftPayItemCase":{case},"Quantity":{quantity},"Amount":{amount},"ftPayItemCaseData":{data}"#
    ))
}

#[test]
fn tv_09_sums_are_rounded_not_lines() {
    let sale = receipt(I | 1)
        .charged(1, "3", "12.345")
        .charged(2, "1", "4.444")
        .charged(0x13, "1", "1.115")
        .charged(0x14, "1", "0.995")
        .charged(6, "1", "2.00")
        .paid(1, "20.90");
    assert_eq!(text(sale), "Beleg^12.35_4.44_1.12_1.00_2.00^20.90:Bar");
    let small = receipt(I | 1).charged(1, "1", "0.004").charged(1, "1", "0.004");
    assert_eq!(text(small), "Beleg^0.01_0.00_0.00_0.00_0.00^");
}

#[test]
fn tv_10_negative_quantities_take_back_and_unknown_rates_go_last() {
    let sale = receipt(I | 1)
        .charged(1, "-1", "5.00")
        .charge(&format!(
            r#""ftChargeItemCase":{E},"Quantity":2,"Amount":8.00,"VATRate":16"#
        ))
        .paid(4, "3.00");
    assert_eq!(text(sale), "Beleg^-5.00_0.00_0.00_0.00_8.00^3.00:Unbar");
}

#[test]
fn tv_10_a_cancelled_position_carries_its_own_sign() {
    let sale = receipt(I | 1)
        .charged(0x20_0001, "-1", "5.00")
        .charged(1, "1", "3.00");
    let sale = paid(sale, 0x20_0001, "-1", "8.00", "");
    assert_eq!(text(sale), "Beleg^8.00_0.00_0.00_0.00_0.00^8.00:Bar");
}

#[test]
fn tv_10_foreign_cash_is_printed_in_its_currency() {
    let refund = paid(
        receipt(I | 1),
        2,
        "-1",
        "11.00",
        r#"{"CurrencyCode":"CHF","ForeignCurrencyAmount":12.3}"#,
    );
    assert_eq!(text(refund), "Beleg^0.00_0.00_0.00_0.00_0.00^-12.30:Bar:CHF");
}

#[test]
fn tv_11_mixed_payments_are_grouped_and_sorted() {
    let sale = receipt(I | 1).charged(1, "1", "30.00");
    let sale = paid(sale, 0xD, "1", "12.50", r#"{"VoucherNr":"V-9"}"#);
    let euro = r#"{"CurrencyCode":"EUR","ForeignCurrencyAmount":10}"#;
    let sale = paid(sale, 5, "1", "10.00", euro);
    let francs = r#"{"CurrencyCode":"CHF","ForeignCurrencyAmount":9.1}"#;
    let sale = paid(sale, 2, "1", "9.00", francs);
    let sale = paid(sale, 0xB, "1", "-1.50", "");
    assert_eq!(
        text(sale),
        "Beleg^30.00_0.00_0.00_0.00_-12.50^-1.50:Bar_9.10:Bar:CHF_10.00:Unbar"
    );
}

#[test]
fn tv_11_foreign_cash_must_say_which() {
    let request = receipt(I | 1).paid(2, "9.00").request();
    assert!(process_data::of(ReceiptCase(I | 1), &request).is_err());
}

#[test]
fn tv_21_voids_invoices_vouchers_and_receivables() {
    let void = receipt(0x4445_0001_0004_0001)
        .charged(1, "1", "-4.20")
        .charged(2, "1", "-6.10")
        .paid(1, "-10.30");
    assert_eq!(text(void), "Beleg^-4.20_-6.10_0.00_0.00_0.00^-10.30:Bar");
    let invoice = receipt(I | 0xC)
        .charged(1, "1", "18.00")
        .charged(2, "1", "22.50")
        .paid(0xB, "40.50");
    assert_eq!(text(invoice), "Beleg^18.00_22.50_0.00_0.00_0.00^40.50:Bar");
    let voucher = receipt(I | 0x10).charge(&format!(
        r#""Quantity":1,"Description":"Gutschein A-7","Amount":25.00,"ftChargeItemCase":{E}"#
    ));
    assert_eq!(text(voucher), "1;\"Gutschein A-7\";25.00");
    let receivable = receipt(I | 1).paid(8, "40.50").paid(0xE, "-40.50");
    assert_eq!(text(receivable), "Beleg^0.00_0.00_0.00_0.00_40.50^40.50:Unbar");
}

#[test]
fn every_group_of_item_cases_has_its_four_rates() {
    for first in [0x01, 0x41, 0x89] {
        for (offset, sums) in [
            (0, "1.00_0.00_0.00_0.00_0.00"),
            (1, "0.00_1.00_0.00_0.00_0.00"),
            (2, "0.00_0.00_1.00_0.00_0.00"),
            (3, "0.00_0.00_0.00_1.00_0.00"),
        ] {
            let sale = receipt(I | 1).charged(first + offset, "1", "1");
            assert_eq!(text(sale), format!("Beleg^{sums}^"), "{first:x}+{offset}");
        }
    }
    for rest in [0x05, 0x07, 0x17, 0x49, 0x59, 0x60, 0x68, 0x90, 0xA1] {
        let sale = receipt(I | 1).charged(rest, "1", "1");
        assert_eq!(text(sale), "Beleg^0.00_0.00_0.00_0.00_1.00^", "{rest:x}");
    }
}

#[test]
fn the_rate_decides_only_without_a_case() {
    for (rate, sums) in [
        ("19", "1.00_0.00_0.00_0.00_0.00"),
        ("7.00", "0.00_1.00_0.00_0.00_0.00"),
        ("10.7", "0.00_0.00_1.00_0.00_0.00"),
        ("5.5", "0.00_0.00_0.00_1.00_0.00"),
        ("0", "0.00_0.00_0.00_0.00_1.00"),
    ] {
        let sale = receipt(I | 1).charge(&format!(r#""Amount":1,"VATRate":{rate}"#));
        assert_eq!(text(sale), format!("Beleg^{sums}^"), "{rate}");
    }
}

#[test]
fn amounts_beyond_the_range_are_refused() {
    let largest = "9999999999999999999999999999";
    let mut sale = receipt(I | 1);
    for _ in 0..9 {
        sale = sale.charged(1, "1", largest);
    }
    assert_eq!(
        process_data::of(ReceiptCase(I | 1), &sale.request()),
        Err("The amounts of the receipt are too large to be summed up.".to_owned())
    );
}

/// The sums printed between the carets, added up.
fn printed_sum(text: &str, part: usize, amount: fn(&str) -> &str) -> Decimal {
    let part = text.split('^').nth(part).unwrap();
    let amounts = part.split('_').filter(|text| !text.is_empty());
    amounts.map(|text| amount(text).parse::<Decimal>().unwrap()).sum()
}

proptest! {
    /// 4.13 rule 8, for amounts in whole cents.
    #[test]
    fn a_receipt_that_is_paid_in_full_prints_equal_sums(
        lines in proptest::collection::vec((0_i64..0x100, -100_000_i64..100_000), 1..12),
        cash_in_percent in 0_i64..=100,
    ) {
        let mut request = receipt(I | 1).request();
        let total: i64 = lines.iter().map(|(_, cents)| cents).sum();
        request.charge_items = lines.into_iter().map(|(case, cents)| ChargeItem {
            case: E | case,
            amount: Decimal::new(cents, 2),
            vat_rate: Decimal::new(19, 0),
            ..ChargeItem::default()
        }).collect();
        let cash = total * cash_in_percent / 100;
        request.pay_items = [(1, cash), (4, total - cash)].into_iter().map(|(case, cents)| PayItem {
            case: E | case,
            amount: Decimal::new(cents, 2),
            ..PayItem::default()
        }).collect();
        let text = process_data::of(ReceiptCase(I | 1), &request).unwrap().text;
        prop_assert_eq!(
            printed_sum(&text, 1, |amount| amount),
            printed_sum(&text, 2, |payment| payment.split(':').next().unwrap())
        );
    }

    #[test]
    fn no_items_make_it_panic(
        case in any::<i64>(), item_case in any::<i64>(), digits in any::<i64>(), scale in 0_u32..28,
        quantity in any::<i64>(), data in "\\PC{0,30}",
    ) {
        let mut request = receipt(I | 1).request();
        let amount = Decimal::new(digits, scale);
        let quantity = Decimal::new(quantity, 28 - scale);
        request.charge_items = vec![ChargeItem { case: item_case, amount, quantity, ..ChargeItem::default() }; 3];
        request.pay_items = vec![PayItem { case: item_case, amount, case_data: data, ..PayItem::default() }];
        let _ = process_data::of(ReceiptCase(case), &request);
    }
}
