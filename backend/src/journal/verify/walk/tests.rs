use shared::clock::Ticks;
use shared::identity::QueueItemId;
use uuid::Uuid;

use super::*;

/// A queue of so many receipts, each with its request, and the row that ends it.
fn queue(receipts: i64) -> (Vec<QueueItemRow>, Vec<ReceiptJournalRow>, QueueEnd) {
    let (mut items, mut links) = (Vec::new(), Vec::<ReceiptJournalRow>::new());
    for number in 1..=receipts {
        let item = item(
            number,
            &format!(
                r#"{{"ftState":0,"ftReceiptIdentification":"ft{:X}#T1"}}"#,
                number - 1
            ),
        );
        let link = Link {
            previous: links.last().map(|link| link.hash.as_str()),
            id: Uuid::from_u128(number as u128),
            moment: Ticks(number),
            number,
            request_hash: &item.request_hash,
            response_hash: item.response_hash.as_ref().unwrap(),
        };
        links.push(ReceiptJournalRow {
            id: link.id,
            moment: link.moment,
            number,
            total: "1".parse().unwrap(),
            item: item.item,
            hash: link.hash().unwrap(),
            time_stamp: Ticks(number),
        });
        items.push(item);
    }
    let end = QueueEnd {
        receipt_numerator: receipts,
        receipt_hash: links.last().map(|link| link.hash.clone()),
        queued_row: receipts,
    };
    (items, links, end)
}

fn item(row: i64, response: &str) -> QueueItemRow {
    let request = format!("request {row}");
    QueueItemRow {
        item: QueueItemId::from_u128(row as u128),
        row,
        queue_moment: Ticks(row),
        timeout_ms: 0,
        work_moment: None,
        done_moment: Some(Ticks(row)),
        receipt_moment: Ticks(row),
        terminal_id: String::new(),
        receipt_reference: String::new(),
        country: "DE".to_owned(),
        version: "v1".to_owned(),
        request_hash: content_hash(&request),
        request,
        response_hash: Some(content_hash(response)),
        response: Some(response.to_owned()),
        processing_version: String::new(),
        time_stamp: Ticks(row),
    }
}

fn walked(items: &[QueueItemRow], links: Vec<ReceiptJournalRow>, end: QueueEnd) -> Verdict {
    let mut walk = Walk::default();
    items.iter().for_each(|item| walk.item(item));
    links.into_iter().for_each(|link| walk.receipt(link));
    walk.end(Some(end))
}

#[test]
fn a_sound_chain_has_no_findings_whatever_the_order_of_writing() {
    let (items, mut links, end) = queue(20);
    links.swap(3, 7);
    let verdict = walked(&items, links, end.clone());
    assert_eq!(verdict.findings, [""; 0]);
    assert_eq!(
        (verdict.receipts, verdict.last_number, verdict.end),
        (20, 20, end.receipt_hash)
    );
}

#[test]
fn errors_and_interrupted_requests_are_counted_and_not_missed_in_the_chain() {
    let (mut items, links, mut end) = queue(2);
    items.push(item(
        3,
        &format!(r#"{{"ftState":{}}}"#, 0x4445_2000_EEEE_EEEE_i64),
    ));
    items.push(QueueItemRow {
        done_moment: None,
        response: None,
        ..item(4, "")
    });
    end.queued_row = 4;
    let verdict = walked(&items, links, end);
    assert_eq!(
        (verdict.findings.len(), verdict.errors, verdict.unanswered),
        (0, 1, 1),
        "{verdict:?}"
    );
}

#[test]
fn whatever_was_changed_afterwards_is_found() {
    type Change = fn(&mut Vec<QueueItemRow>, &mut Vec<ReceiptJournalRow>, &mut QueueEnd);
    let changes: [(Change, &str); 10] = [
        (
            |items, _, _| items[4].request.push('x'),
            "the request hash of row 5",
        ),
        (
            |items, _, _| items[4].response = Some("{}".to_owned()),
            "the response hash of row 5",
        ),
        (|_, links, _| links[4].moment = Ticks(99), "the hash of receipt 5"),
        (|_, links, _| drop(links.remove(4)), "receipt number 5 is missing"),
        (
            |_, links, _| links.push(links[4].clone()),
            "receipt number 5 is given twice",
        ),
        (|items, _, _| drop(items.remove(4)), "row 5 is missing"),
        (|items, _, _| items[4].row = 4, "row 4 is given twice"),
        (
            |_, links, _| links[4].item = QueueItemId::from_u128(99),
            "stands for item",
        ),
        (
            |_, _, end| end.receipt_numerator = 9,
            "the queue says that 9 receipts",
        ),
        (|_, _, end| end.receipt_hash = None, "another hash"),
    ];
    for (change, finding) in changes {
        let (mut items, mut links, mut end) = queue(8);
        change(&mut items, &mut links, &mut end);
        let verdict = walked(&items, links, end);
        assert!(
            verdict.findings.iter().any(|found| found.contains(finding)),
            "{finding}: {verdict:?}"
        );
    }
}

#[test]
fn a_signed_request_without_a_receipt_is_found() {
    let (items, mut links, mut end) = queue(3);
    links.pop();
    end.receipt_numerator = 2;
    end.receipt_hash = links.last().map(|link| link.hash.clone());
    let verdict = walked(&items, links, end);
    assert_eq!(
        verdict.findings,
        ["row 3 is signed and has no receipt in the chain"]
    );
}
