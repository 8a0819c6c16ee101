//! The judge must see: each forgery below is caught, and the honest history is not accused.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::json;
use shared::header;

use super::chain::{chain_hash, hash_of};
use super::journals::{Item, Receipt};
use super::*;

/// A cashbox with receipts R-0, R-1 … one after another, all acknowledged.
pub(crate) fn honest(receipts: u64) -> (Vec<Exchange>, Journals) {
    let (cashbox, begun) = (CashBoxId::random(), Instant::now());
    let (mut exchanges, mut journals) = (Vec::new(), Journals::default());
    for at in 0..receipts {
        let operation = OperationId::random();
        let id = uuid::Uuid::new_v4().to_string();
        let reference = format!("R-{at}");
        let stored = json!({
            "ftCashBoxID": cashbox,
            "ftQueueItemID": id,
            "ftReceiptIdentification": format!("ft{at:X}#"),
            "ftState": 0x4445_0000_0000_0000_i64,
        });
        let item = item(&id, at + 1, &reference, &stored.to_string());
        journals.receipts.push(link(&journals.receipts, &item));
        journals.items.push(item);
        exchanges.push(Exchange {
            cashbox,
            operation,
            content: reference.clone(),
            reference,
            sent_at: begun + Duration::from_secs(2 * at),
            answered_at: begun + Duration::from_secs(2 * at + 1),
            answer: Some(answer(operation, &stored)),
        });
    }
    (exchanges, journals)
}

fn item(id: &str, row: u64, reference: &str, response: &str) -> Item {
    let request = json!({ "cbReceiptReference": reference }).to_string();
    Item {
        id: id.to_owned(),
        row,
        reference: reference.to_owned(),
        request_hash: hash_of(&request),
        request,
        response: response.to_owned(),
        response_hash: hash_of(response),
        received_ticks: moment(row) - 1,
        answered_ticks: Some(moment(row)),
        written_ticks: moment(row),
    }
}

/// Some moment, later with each row.
fn moment(row: u64) -> i64 {
    640_659_828_306_000_000 + 10 * i64::try_from(row).unwrap()
}

fn link(before: &[Receipt], item: &Item) -> Receipt {
    let number = before.len() as u64 + 1;
    let mut link = Receipt {
        id: uuid::Uuid::new_v4().to_string(),
        number,
        moment_ticks: moment(number),
        written_ticks: moment(number),
        item: item.id.clone(),
        hash: String::new(),
    };
    let previous = before.last().map(|link| link.hash.as_str());
    link.hash = chain_hash(previous, &link, &item.request_hash, &item.response_hash);
    link
}

pub(crate) fn answer(operation: OperationId, receipt: &Value) -> Answer {
    let mut headers = HeaderMap::new();
    headers.insert(header::OPERATION_ID, operation.to_string().parse().unwrap());
    Answer {
        status: 200,
        headers,
        body: receipt.to_string(),
    }
}

/// Forges an honest history of four receipts and answers what the judge says.
fn after(forge: impl FnOnce(&mut Vec<Exchange>, &mut Journals)) -> String {
    let (mut exchanges, mut journals) = honest(4);
    forge(&mut exchanges, &mut journals);
    judge(&exchanges, &journals).join("\n")
}

#[test]
fn an_honest_history_is_not_accused() {
    assert_eq!(after(|_, _| {}), "");
}

#[test]
fn a_repeated_request_with_the_same_answer_is_honest() {
    let said = after(|exchanges, _| {
        let mut again = exchanges[0].clone();
        again.sent_at = exchanges[3].answered_at + Duration::from_secs(1);
        again.answered_at = again.sent_at + Duration::from_secs(1);
        exchanges.push(again);
    });
    assert_eq!(said, "");
}

#[test]
fn an_answer_in_another_letter_case_with_nulls_is_the_same_receipt() {
    let said = after(|exchanges, _| {
        let answer = exchanges[0].answer.as_mut().unwrap();
        answer.body = answer
            .body
            .replace("ftState", "FtState")
            .replacen('{', r#"{"ftStateData":null,"#, 1);
    });
    assert_eq!(said, "");
}

#[test]
fn a_missing_link_is_seen() {
    let said = after(|_, journals| drop(journals.receipts.remove(1)));
    assert!(said.contains("receipt number 2 is expected"), "{said}");
    assert!(said.contains("does not follow"), "{said}");
    assert!(said.contains("chained 0 times"), "{said}");
}

#[test]
fn a_fork_is_seen() {
    let said = after(|_, journals| {
        let forked = item(
            "00000000-0000-4000-8000-000000000001",
            5,
            "FORK",
            r#"{"ftState":0,"ftReceiptIdentification":"ft3#"}"#,
        );
        let link = link(&journals.receipts[..3], &forked);
        journals.items.push(forked);
        journals.receipts.push(link);
    });
    assert!(
        said.contains("receipt number 5 is expected, 4 is stored"),
        "{said}"
    );
}

#[test]
fn a_changed_request_is_seen() {
    let said = after(|_, journals| journals.items[2].request.push(' '));
    assert_eq!(said, "the request hash of row 3 is not its request's");
}

#[test]
fn a_changed_response_with_a_fitting_hash_is_seen() {
    let said = after(|exchanges, journals| {
        exchanges.remove(2);
        let item = &mut journals.items[2];
        item.response = item.response.replace('}', r#","forged":1}"#);
        item.response_hash = hash_of(&item.response);
    });
    assert_eq!(said, "the hash of receipt 3 does not follow from the one before");
}

#[test]
fn a_row_given_twice_is_seen() {
    let said = after(|_, journals| journals.items[3].row = 3);
    assert!(said.contains("rows are not 1 to 4: [1, 2, 3, 3]"), "{said}");
}

#[test]
fn a_lost_acknowledged_receipt_is_seen() {
    let said = after(|_, journals| {
        journals.items.pop();
        journals.receipts.pop();
    });
    assert!(said.contains("which is not stored"), "{said}");
}

#[test]
fn an_answer_that_is_not_the_stored_one_is_seen() {
    let said = after(|exchanges, _| {
        let answer = exchanges[1].answer.as_mut().unwrap();
        answer.body = answer.body.replace('}', r#","ftSignatures":[]}"#);
    });
    assert!(said.contains("but stored is"), "{said}");
}

#[test]
fn an_operation_signed_twice_is_seen_although_one_answer_was_lost() {
    let said = after(|exchanges, journals| {
        exchanges[3].answer = None;
        let twice = item(
            "00000000-0000-4000-8000-000000000002",
            5,
            "R-3",
            r#"{"ftState":0,"ftReceiptIdentification":"ft4#"}"#,
        );
        let link = link(&journals.receipts, &twice);
        journals.items.push(twice);
        journals.receipts.push(link);
    });
    let alone = r#""R-3" was asked by 1 operations and signed 2 times"#;
    assert!(
        said.starts_with("I3: ") && said.ends_with(alone) && said.lines().count() == 1,
        "{said}"
    );
}

#[test]
fn different_answers_to_one_operation_are_seen() {
    let said = after(|exchanges, _| {
        let mut crossed = exchanges[1].clone();
        crossed.operation = exchanges[0].operation;
        crossed.answer = Some(answer(crossed.operation, &crossed.receipt().unwrap()));
        exchanges.push(crossed);
    });
    assert!(said.contains("different receipts"), "{said}");
    assert!(said.contains("were both answered with item"), "{said}");
}

#[test]
fn a_crossed_wire_is_seen() {
    let said = after(|exchanges, _| {
        exchanges[0].operation = OperationId::random();
        exchanges[1].cashbox = CashBoxId::random();
    });
    assert!(said.contains("was answered as"), "{said}");
    assert!(said.contains("was answered with a receipt of"), "{said}");
}

#[test]
fn numbers_against_the_order_of_time_are_seen() {
    let said = after(|exchanges, _| {
        let (early, late) = (exchanges[0].sent_at, exchanges[3].sent_at);
        exchanges[0].sent_at = late + Duration::from_secs(10);
        exchanges[0].answered_at = late + Duration::from_secs(11);
        assert!(early < late);
    });
    assert!(said.contains("is numbered after it"), "{said}");
}

#[test]
fn a_receipt_dated_before_the_one_before_it_is_seen() {
    let said = after(|_, journals| {
        let hour = 36_000_000_000;
        journals.receipts[3].moment_ticks -= hour;
    });
    assert!(said.contains("receipt 4 is dated before receipt 3"), "{said}");
}

#[test]
fn rows_whose_moments_or_time_stamps_go_back_are_seen() {
    let said = after(|_, journals| {
        journals.items[1].received_ticks += 1_000;
        journals.receipts[0].written_ticks += 1_000;
        journals.items[3].written_ticks -= 1_000;
    });
    let expected = [
        "row 3 was received before row 2",
        "row 2 was answered before it was received",
        "receipt 2 was written before receipt 1",
        "row 4 was written before row 3",
    ];
    for violation in expected {
        assert!(said.contains(violation), "{violation}: {said}");
    }
    assert_eq!(said.lines().count(), expected.len(), "{said}");
}

#[test]
fn rows_of_one_moment_are_honest() {
    let said = after(|_, journals| {
        for item in &mut journals.items {
            (item.received_ticks, item.written_ticks) = (moment(1), moment(1));
            item.answered_ticks = Some(moment(1));
        }
    });
    assert_eq!(said, "");
}

#[test]
fn stored_errors_take_a_row_and_no_number() {
    let said = after(|_, journals| {
        let state = 0x4445_2000_EEEE_EEEE_i64;
        journals.items.push(item(
            "00000000-0000-4000-8000-000000000003",
            5,
            "BAD",
            &json!({ "ftState": state }).to_string(),
        ));
    });
    assert_eq!(said, "");
}
