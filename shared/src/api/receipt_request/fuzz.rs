//! Documents that nobody thought of: whatever is sent, reading answers, and what it accepts is stable.
//!
//! A short run with every test; a long one with `PROPTEST_CASES=200000 cargo test --workspace --lib fuzz`.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;

const NOW: Ticks = Ticks(640_659_828_306_000_000);

const RECEIPT_MEMBERS: [&str; 16] = [
    "ftCashBoxID",
    "ftQueueID",
    "ftPosSystemId",
    "cbTerminalID",
    "cbReceiptReference",
    "cbReceiptMoment",
    "cbChargeItems",
    "cbPayItems",
    "ftReceiptCase",
    "ftReceiptCaseData",
    "cbReceiptAmount",
    "cbUser",
    "cbArea",
    "cbCustomer",
    "cbSettlement",
    "cbPreviousReceiptReference",
];
const ITEM_MEMBERS: [&str; 14] = [
    "Position",
    "Quantity",
    "Description",
    "Amount",
    "VATRate",
    "ftChargeItemCase",
    "ftPayItemCase",
    "ftPayItemCaseData",
    "VATAmount",
    "Unit",
    "UnitQuantity",
    "UnitPrice",
    "MoneyGroup",
    "Moment",
];
/// What real clients send, and what they should not.
const VALUES: [&str; 40] = [
    "null",
    "true",
    "{}",
    "[]",
    "[[]]",
    "0",
    "-0",
    "-0.00",
    "1",
    "1.0",
    "1.00",
    "2.50",
    "-12.345",
    "1e3",
    "15e-3",
    "1e400",
    "-1e-400",
    "0.00000000000000000000000000001",
    "9999999999999999999999999999",
    "9223372036854775807",
    "9223372036854775808",
    "4919338172267102209",
    "\"4919338172267102209\"",
    "\"\"",
    "\" \"",
    "\"2,50\"",
    "\"5.60\"",
    "\"a\\u0000b\"",
    "\"\\ud83d\\ude00\"",
    "\"\\ud800\"",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
    "\"K\u{e4}se\"",
    "\"2031-03-04\"",
    "\"2031-03-04T10:20:30.405Z\"",
    "\"2031-03-04T10:20:30.1234567+01:00\"",
    "\"9999-12-31T23:59:59.9999999\"",
    "\"0001-01-01T00:00:00-14:00\"",
    "\"/Date(1234567890123+0100)/\"",
    "\"/Date(-62135596800000)/\"",
    "[1e400,{\"x\":1}]",
];

/// A name as it is, or in another letter case.
fn spelled(names: &'static [&'static str]) -> impl Strategy<Value = String> {
    (select(names), 0_u8..4).prop_map(|(name, case)| match case {
        0 => name.to_lowercase(),
        1 => name.to_uppercase(),
        _ => name.to_owned(),
    })
}

fn values() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => select(VALUES.as_slice()).prop_map(str::to_owned),
        1 => any::<i64>().prop_map(|number| number.to_string()),
        1 => "-?(0|[1-9][0-9]{0,14})(\\.[0-9]{1,14})?",
        1 => any::<String>().prop_map(|text| serde_json::json!(text).to_string()),
    ]
}

fn object(names: &'static [&'static str], value: BoxedStrategy<String>) -> impl Strategy<Value = String> {
    let member = (spelled(names), value).prop_map(|(name, value)| format!("\"{name}\":{value}"));
    proptest::collection::vec(member, 0..8).prop_map(|members| format!("{{{}}}", members.join(",")))
}

fn documents() -> impl Strategy<Value = String> {
    let item = object(&ITEM_MEMBERS, values().boxed());
    let items = proptest::collection::vec(item, 0..4).prop_map(|items| format!("[{}]", items.join(",")));
    object(&RECEIPT_MEMBERS, prop_oneof![3 => values(), 2 => items].boxed())
}

/// What is accepted is stored; what is stored is read back as the same request, and stored again as the same text.
fn assert_stable(sent: &[u8]) -> Result<(), TestCaseError> {
    let Ok(request) = ReceiptRequest::from_json(sent, NOW) else {
        return Ok(());
    };
    let stored = request.to_canonical_json();
    let again = ReceiptRequest::from_json(stored.as_bytes(), Ticks(0));
    prop_assert_eq!(again.as_ref(), Ok(&request));
    prop_assert_eq!(again.expect("compared above").to_canonical_json(), stored);
    Ok(())
}

proptest! {
    #[test]
    fn fuzz_documents_of_known_members(document in documents()) {
        assert_stable(document.as_bytes())?;
    }

    #[test]
    fn fuzz_documents_with_bytes_changed_cut_out_and_doubled(
        document in documents(),
        changes in proptest::collection::vec((0_u8..3, any::<Index>(), any::<Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = document.into_bytes();
        for (kind, from, to, byte) in changes {
            if bytes.is_empty() {
                break;
            }
            let (one, other) = (from.index(bytes.len()), to.index(bytes.len()));
            let part = one.min(other)..one.max(other);
            match kind {
                0 => bytes[one] = byte,
                1 => drop(bytes.drain(part)),
                _ => bytes.splice(one..one, bytes[part].to_vec()).for_each(drop),
            }
        }
        assert_stable(&bytes)?;
    }

    #[test]
    fn fuzz_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        assert_stable(&bytes)?;
    }

    /// Refusals name the rule and never repeat what was sent.
    #[test]
    fn fuzz_refusals_give_nothing_away(name in spelled(&RECEIPT_MEMBERS), value in values()) {
        let document = format!("{{\"{name}\":[\"hunter2\",{value}],\"x\":{value}}}");
        if let Err(error) = ReceiptRequest::from_json(document.as_bytes(), NOW) {
            let told = error.to_string();
            prop_assert!(!told.contains("hunter2") && told.len() < 200, "{}", told);
        }
    }
}
