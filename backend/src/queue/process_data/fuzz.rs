//! Process data of receipts that nobody thought of, against a model of a few lines (`fiscal-spec.md` 4.13).
//!
//! A short run with every test; a long one with `PROPTEST_CASES=200000 cargo test --workspace --lib fuzz`.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;
use rust_decimal::Decimal;
use shared::api::charge_item::ChargeItem;
use shared::api::pay_item::PayItem;
use shared::api::receipt_request::ReceiptRequest;
use shared::clock::Ticks;

use super::*;

const E: i64 = 0x4445_0000_0000_0000;
const CANCEL: i64 = 0x20_0000;

fn request(charge_items: Vec<ChargeItem>, pay_items: Vec<PayItem>) -> ReceiptRequest {
    let empty = ReceiptRequest::from_json(b"{}", Ticks(640_659_828_306_000_000)).unwrap();
    ReceiptRequest {
        charge_items,
        pay_items,
        ..empty
    }
}

/// Cents and parts of them, with and without trailing zeros.
fn amounts() -> impl Strategy<Value = Decimal> {
    (-100_000_000_i64..100_000_000, 0_u32..7).prop_map(|(digits, scale)| Decimal::new(digits, scale))
}

prop_compose! {
    fn charges()(
        number in prop_oneof![Just(0), 0_i64..0x100, 0_i64..0x1_0000], cancels in any::<bool>(), amount in amounts(),
        quantity in amounts(), rate in select(vec!["19", "19.0", "7", "10.7", "5.50", "0", "16", "20"]),
    ) -> ChargeItem {
        let flag = if cancels { CANCEL } else { 0 };
        let vat_rate = rate.parse().unwrap();
        ChargeItem { case: E | flag | number, amount, quantity, vat_rate, ..ChargeItem::default() }
    }
}

prop_compose! {
    fn pays()(
        number in 0_i64..0x20, cancels in any::<bool>(), amount in amounts(), quantity in amounts(),
        currency in select(vec!["CHF", "EUR", "eur", "USD"]), foreign in amounts(), has_data in any::<bool>(),
    ) -> PayItem {
        let flag = if cancels { CANCEL } else { 0 };
        let needs_data = matches!(number, 0x02 | 0x0C);
        let data = format!(r#"{{"CurrencyCode":"{currency}","ForeignCurrencyAmount":{foreign}}}"#);
        let case_data = if has_data || needs_data { data } else { String::new() };
        PayItem { case: E | flag | number, amount, quantity, case_data, ..PayItem::default() }
    }
}

/// Half away from zero by whole numbers, and the digits put together by hand.
fn printed(sum: Decimal) -> String {
    let per_cent = 10_i128.pow(sum.scale().max(2) - 2);
    let mantissa = sum.mantissa() * 10_i128.pow(2_u32.saturating_sub(sum.scale()));
    let cents = (mantissa.abs() * 2 + per_cent) / (per_cent * 2);
    let sign = if mantissa < 0 && cents > 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", cents / 100, cents % 100)
}

fn bucket_of(item: &ChargeItem) -> usize {
    let number = item.case & 0xFFFF;
    if number == 0 {
        let rates: [Decimal; 4] = ["19", "7", "10.7", "5.5"].map(|rate| rate.parse().unwrap());
        return rates.iter().position(|rate| *rate == item.vat_rate).unwrap_or(4);
    }
    let normal = [
        0x01, 0x11, 0x19, 0x21, 0x29, 0x31, 0x39, 0x41, 0x51, 0x61, 0x69, 0x71, 0x79, 0x81, 0x89,
    ];
    (0..4)
        .find(|bucket| normal.contains(&(number - i64::from(*bucket))))
        .map_or(4, |bucket| bucket as usize)
}

/// Rule 2: what a line adds.
fn taken(case: i64, quantity: Decimal, amount: Decimal) -> Decimal {
    let turns =
        case & CANCEL == 0 && quantity.is_sign_negative() && !quantity.is_zero() && amount >= Decimal::ZERO;
    if turns { -amount } else { amount }
}

fn model(request: &ReceiptRequest) -> String {
    let (mut sums, mut payments) = ([Decimal::ZERO; 5], BTreeMap::<String, Decimal>::new());
    for item in &request.charge_items {
        sums[bucket_of(item)] += taken(item.case, item.quantity, item.amount);
    }
    for item in &request.pay_items {
        let data: serde_json::Value = serde_json::from_str(&item.case_data).unwrap_or_default();
        let currency = data["CurrencyCode"].as_str();
        let foreign = currency.map(|currency| {
            (
                currency,
                data["ForeignCurrencyAmount"].to_string().parse().unwrap(),
            )
        });
        let (kind, amount) = match (item.case & 0xFFFF, foreign) {
            (0x0A, _) => {
                sums[4] -= item.amount;
                continue;
            }
            (0x0D..=0x17, _) => {
                sums[4] -= taken(item.case, item.quantity, item.amount);
                continue;
            }
            (0x02 | 0x0C, Some((currency, amount))) => (format!("Bar:{currency}"), amount),
            (0x03..=0x09, Some((currency, amount))) if !currency.eq_ignore_ascii_case("EUR") => {
                (format!("Unbar:{currency}"), amount)
            }
            (0x03..=0x09, _) => ("Unbar".to_owned(), item.amount),
            _ => ("Bar".to_owned(), item.amount),
        };
        *payments.entry(kind).or_default() += taken(item.case, item.quantity, amount);
    }
    let sums = sums.map(printed).join("_");
    let payments: Vec<String> = payments
        .iter()
        .filter(|(_, amount)| !amount.is_zero())
        .map(|(kind, amount)| format!("{}:{kind}", printed(*amount)))
        .collect();
    format!("Beleg^{sums}^{}", payments.join("_"))
}

/// Two digits after the point, nothing between thousands, no sign on zero.
fn is_amount(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let Some((whole, cents)) = unsigned.split_once('.') else {
        return false;
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole)
        && digits(cents)
        && cents.len() == 2
        && text != "-0.00"
        && (whole == "0" || !whole.starts_with('0'))
}

proptest! {
    #[test]
    fn fuzz_a_receipt_prints_what_the_model_prints(
        charge_items in proptest::collection::vec(charges(), 0..12), pay_items in proptest::collection::vec(pays(), 0..6),
    ) {
        let request = request(charge_items, pay_items);
        let text = of(ReceiptCase(E | 1), &request).unwrap().text;
        prop_assert_eq!(&text, &model(&request));
        let parts: Vec<&str> = text.split('^').collect();
        prop_assert_eq!(parts.len(), 3);
        prop_assert!(parts[1].split('_').count() == 5 && parts[1].split('_').all(is_amount), "{}", text);
        let payments = parts[2].split('_').filter(|payment| !payment.is_empty());
        for payment in payments {
            prop_assert!(is_amount(payment.split(':').next().unwrap()), "{}", text);
        }
    }

    /// Rule 8, with goods taken back by quantity and positions that are cancelled.
    #[test]
    fn fuzz_what_is_paid_in_full_has_equal_sums(
        lines in proptest::collection::vec((0_i64..0x100, 0_i64..100_000, any::<bool>(), any::<bool>()), 1..12),
        split in 0_i64..=100,
    ) {
        let mut total = 0;
        let lines = lines.into_iter().map(|(number, cents, returns, cancels)| {
            // What is cancelled carries its own sign, and its quantity says nothing.
            let amount = if cancels { -cents } else { cents };
            total += if cancels || returns { -cents } else { cents };
            ChargeItem {
                case: E | number | if cancels { CANCEL } else { 0 },
                quantity: Decimal::from(if returns { -1 } else { 1 }),
                amount: Decimal::new(amount, 2),
                ..ChargeItem::default()
            }
        }).collect();
        let cash = total * split / 100;
        let pays = [(1, cash), (5, total - cash)].map(|(number, cents)| PayItem {
            case: E | number, amount: Decimal::new(cents, 2), ..PayItem::default()
        });
        let text = of(ReceiptCase(E | 1), &request(lines, pays.to_vec())).unwrap().text;
        let sum = |part: &str| -> Decimal {
            let amounts = part.split('_').filter(|text| !text.is_empty());
            amounts.map(|text| text.split(':').next().unwrap().parse::<Decimal>().unwrap()).sum()
        };
        let parts: Vec<&str> = text.split('^').collect();
        prop_assert_eq!(sum(parts[1]), Decimal::new(total, 2), "{}", text);
        prop_assert_eq!(sum(parts[2]), Decimal::new(total, 2), "{}", text);
    }

    /// Rule 6: a line of an order is read back as what was ordered.
    #[test]
    fn fuzz_an_order_is_read_back(
        lines in proptest::collection::vec((1_i64..1_000_000, 0_u32..5, amounts(), "[^\r]{0,12}"), 0..6),
    ) {
        let items: Vec<ChargeItem> = lines.iter().map(|(quantity, scale, amount, description)| ChargeItem {
            quantity: Decimal::new(*quantity, *scale), amount: *amount, description: description.clone(),
            ..ChargeItem::default()
        }).collect();
        let text = of(ReceiptCase(E | 0x10), &request(items.clone(), Vec::new())).unwrap().text;
        let printed: Vec<&str> = text.split('\r').filter(|_| !items.is_empty()).collect();
        prop_assert_eq!(printed.len(), items.len());
        for (line, item) in printed.into_iter().zip(&items) {
            let (quantity, rest) = line.split_once(";\"").unwrap();
            let (description, price) = rest.rsplit_once("\";").unwrap();
            prop_assert_eq!(description.replace("\"\"", "\""), item.description.as_str());
            let turned = item.amount < Decimal::ZERO;
            prop_assert_eq!(quantity.parse::<Decimal>().unwrap(), if turned { -item.quantity } else { item.quantity });
            prop_assert!(is_amount(price) && !price.starts_with('-'), "{}", line);
        }
    }

    #[test]
    fn fuzz_no_receipt_makes_it_panic(
        case in any::<i64>(), item_case in any::<i64>(), digits in any::<i64>(), high in any::<i64>(), scale in 0_u32..=28,
        data in "\\PC{0,30}|\\{\"CurrencyCode\":\"\\PC{0,5}\",\"ForeignCurrencyAmount\":[-0-9.e]{1,20}\\}", count in 0_usize..6,
    ) {
        let amount = Decimal::try_from_i128_with_scale(i128::from(high) << 32 | i128::from(digits), scale).unwrap_or_default();
        let charge = ChargeItem { case: item_case, amount, quantity: Decimal::new(digits, scale), ..ChargeItem::default() };
        let pay = PayItem { case: item_case, amount, case_data: data, ..PayItem::default() };
        let request = request(vec![charge; count], vec![pay; count]);
        if let Ok(made) = of(ReceiptCase(case), &request) {
            prop_assert!(!made.text.contains("-0.00_") && !made.text.contains("-0.00^"), "{}", made.text);
        }
    }
}
