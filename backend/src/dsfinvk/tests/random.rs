//! Random days: whatever is sold and paid, the archive is sound.

use proptest::prelude::*;

use super::till::{E, I, Till};

/// Cases of charge items: each group of the interface's table, unknown numbers, a cancelled position.
const CHARGES: [i64; 24] = [
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x11, 0x1A, 0x21, 0x29, 0x31, 0x3A, 0x41, 0x49, 0x51,
    0x60, 0x69, 0x77, 0x81, 0x97, 0xA2, 0x20_0001,
];
const RECEIPTS: [i64; 8] = [0x01, 0x0C, 0x0E, 0x10, 0x11, 0x16, 0x0002_0001, 0x0004_0001];
const RATES: [&str; 8] = ["0", "19", "7", "10.7", "5.5", "16", "5", "123"];

prop_compose! {
    /// With up to seven digits after the point, as rounding matters.
    fn amount()(mantissa in -99_999_999_i64..99_999_999, scale in 0_u32..7) -> String {
        rust_decimal::Decimal::new(mantissa, scale).to_string()
    }
}

prop_compose! {
    fn charge()(
        case in prop::sample::select(&CHARGES[..]),
        quantity in prop::sample::select(vec!["1", "-1", "0", "2.5", "-0.333"]),
        amount in amount(),
        rate in prop::sample::select(&RATES[..]),
        tax in prop::option::of(amount()),
        agency in prop::option::of("[ab]"),
    ) -> String {
        let tax = tax.map(|tax| format!(r#","VATAmount":{tax}"#)).unwrap_or_default();
        let agency = agency.map(|id| format!(r#","ftChargeItemCaseData":"{{\"AgencyId\":\"{id}\"}}""#)).unwrap_or_default();
        let case = E | case;
        format!(r#"{{"ftChargeItemCase":{case},"Quantity":{quantity},"Amount":{amount},"VATRate":{rate}{tax}{agency}}}"#)
    }
}

prop_compose! {
    fn pay()(
        case in 0_i64..0x19,
        quantity in prop::sample::select(vec!["1", "-1"]),
        amount in amount(),
        currency in prop::sample::select(vec!["EUR", "CHF", "usd"]),
        foreign in amount(),
        name in prop::option::of("[xy;\"]"),
    ) -> String {
        let mut data = serde_json::json!({"CurrencyCode": currency, "ForeignCurrencyAmount": foreign});
        if let Some(name) = name {
            data["ItemCaseName"] = name.into();
        }
        let data = serde_json::Value::from(data.to_string());
        let case = E | case;
        format!(r#"{{"ftPayItemCase":{case},"Quantity":{quantity},"Amount":{amount},"ftPayItemCaseData":{data}}}"#)
    }
}

prop_compose! {
    fn receipt()(
        case in prop::sample::select(&RECEIPTS[..]),
        charges in prop::collection::vec(charge(), 0..6),
        pays in prop::collection::vec(pay(), 0..5),
    ) -> (i64, String) {
        (I | case, format!(r#""cbChargeItems":[{}],"cbPayItems":[{}]"#, charges.join(","), pays.join(",")))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_sums_of_a_closing_are_those_of_its_receipts(
        days in prop::collection::vec(prop::collection::vec(receipt(), 0..8), 1..4),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut till = Till::new().await;
            for day in days {
                for (case, items) in day {
                    // An order with an amount and no quantity is refused before it is signed (4.13 rule 6).
                    if case & 0xFFFF != 0x10 || !items.contains(r#""Quantity":0,"#) {
                        till.sign(case, &items).await;
                    }
                }
                till.close().await;
            }
            till.exported().await.assert_sound();
        });
    }
}
