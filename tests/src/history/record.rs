//! A clients' record as a file, one JSON object a line, so that clients in other processes can be judged as well.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use shared::header;

use super::Exchange;
use crate::client::Answer;

/// Appends exchanges to a file.
pub fn append(path: &Path, exchanges: &[Exchange]) {
    let mut file = File::options().create(true).append(true).open(path).unwrap();
    for exchange in exchanges {
        file.write_all(format!("{}\n", line(exchange)).as_bytes())
            .unwrap();
    }
}

/// The exchanges of a file, in its order. Of an answer's headers only the operation's identity is kept.
#[must_use]
pub fn read(path: &Path) -> Vec<Exchange> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| exchange(&serde_json::from_str(line).unwrap()))
        .collect()
}

fn line(exchange: &Exchange) -> Value {
    let answer = exchange.answer.as_ref().map(|answer| {
        json!({ "status": answer.status, "operation": answer.header(header::OPERATION_ID), "body": answer.body })
    });
    json!({
        "cashbox": exchange.cashbox,
        "operation": exchange.operation,
        "reference": exchange.reference,
        "content": exchange.content,
        "sent_us": micros(exchange.sent_at),
        "answered_us": micros(exchange.answered_at),
        "answer": answer,
    })
}

fn exchange(line: &Value) -> Exchange {
    let text = |value: &Value| value.as_str().expect("a record holds texts").to_owned();
    let moment = |value: &Value| instant(value.as_u64().expect("a record holds moments"));
    let answer = line["answer"].as_object().map(|answer| {
        let operation: HeaderValue = text(&answer["operation"]).parse().unwrap();
        let status = answer["status"]
            .as_u64()
            .and_then(|status| u16::try_from(status).ok());
        Answer {
            status: status.expect("a record holds statuses"),
            headers: HeaderMap::from_iter([(header::OPERATION_ID.parse().unwrap(), operation)]),
            body: text(&answer["body"]),
        }
    });
    Exchange {
        cashbox: text(&line["cashbox"]).parse().unwrap(),
        operation: text(&line["operation"]).parse().unwrap(),
        reference: text(&line["reference"]),
        content: text(&line["content"]),
        sent_at: moment(&line["sent_us"]),
        answered_at: moment(&line["answered_us"]),
        answer,
    }
}

/// One moment on both clocks, so that what processes write can be compared.
fn anchor() -> (Instant, Duration) {
    static ANCHOR: OnceLock<(Instant, Duration)> = OnceLock::new();
    let since_1970 = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    *ANCHOR.get_or_init(|| (Instant::now(), since_1970().expect("it is after 1970")))
}

fn micros(instant: Instant) -> u64 {
    let (at, since_1970) = anchor();
    let since_1970 = match instant.checked_duration_since(at) {
        Some(after) => since_1970 + after,
        None => since_1970 - at.duration_since(instant),
    };
    u64::try_from(since_1970.as_micros()).expect("it is not the year 500000 yet")
}

fn instant(micros: u64) -> Instant {
    let (at, since_1970) = anchor();
    let wanted = Duration::from_micros(micros);
    match wanted.checked_sub(since_1970) {
        Some(after) => at + after,
        None => at - (since_1970 - wanted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::tests::honest;

    #[test]
    fn a_record_says_the_same_when_it_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("clients.jsonl");
        let (mut exchanges, journals) = honest(3);
        exchanges[1].answer = None;
        append(&file, &exchanges[..1]);
        append(&file, &exchanges[1..]);
        let read = read(&file);
        assert_eq!(
            read.iter().map(line).collect::<Vec<_>>(),
            exchanges.iter().map(line).collect::<Vec<_>>()
        );
        assert_eq!(crate::history::judge(&read, &journals), Vec::<String>::new());
    }
}
