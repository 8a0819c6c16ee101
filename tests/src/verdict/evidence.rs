//! The pods' own lines (`backend/src/evidence.rs`), read from their logs.

use serde_json::Value;
use shared::identity::{CashBoxId, OperationId};

/// What a line tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The queue was claimed.
    Claim,
    /// A configuration is in force.
    Config,
    /// An intent is durable.
    Intent,
    /// The TSE is about to be asked.
    TseStart,
    /// The TSE has signed.
    TseOk,
    /// An outcome is durable.
    Commit,
    /// The journal refused the pod.
    Fenced,
    /// The cashbox is about to be given back.
    Release,
    /// The cashbox was handed over.
    Handover,
    /// A signature without a receipt was journaled.
    Orphan,
}

/// One line. What a kind of line does not say is empty, zero or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When it was written, in microseconds since 1970.
    pub at_us: i64,
    /// What it tells.
    pub what: What,
    /// Whose.
    pub cashbox: CashBoxId,
    /// Under which epoch.
    pub epoch: u64,
    /// By which pod, with its incarnation.
    pub pod: String,
    /// The item.
    pub item: String,
    /// The receipt's number; 0 for an outcome that is none.
    pub number: u64,
    /// The operation.
    pub operation: Option<OperationId>,
    /// The version of the configuration in force.
    pub version: i64,
}

/// The lines of evidence in a log, in the order in which they were written.
///
/// # Panics
/// When a line of evidence is not as pods write it.
#[must_use]
pub fn lines(log: &str) -> Vec<Line> {
    // What is no JSON is a panic's text or the last words of a dying process; what is no evidence is the log's.
    let events = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    events
        .filter(|event| event["target"] == "evidence")
        .map(|event| line(&event))
        .collect()
}

fn line(event: &Value) -> Line {
    let text = |name: &str| event[name].as_str().unwrap_or_default();
    let parsed: Option<Line> = (|| {
        Some(Line {
            at_us: text("timestamp")
                .parse::<jiff::Timestamp>()
                .ok()?
                .as_microsecond(),
            what: what(text("what"))?,
            cashbox: text("cashbox.id").parse().ok()?,
            epoch: event["epoch"].as_u64()?,
            pod: text("pod.id").to_owned(),
            item: text("queue_item.id").to_owned(),
            number: event["number"].as_u64().unwrap_or_default(),
            operation: text("operation.id").parse().ok(),
            version: event["version"].as_i64().unwrap_or_default(),
        })
    })();
    parsed.unwrap_or_else(|| panic!("no evidence that we know: {event}"))
}

fn what(word: &str) -> Option<What> {
    Some(match word {
        "claim" => What::Claim,
        "config" => What::Config,
        "intent" => What::Intent,
        "tse-start" => What::TseStart,
        "tse-ok" => What::TseOk,
        "commit" => What::Commit,
        "fenced" => What::Fenced,
        "release" => What::Release,
        "handover" => What::Handover,
        "orphan" => What::Orphan,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_evidence_is_found_among_others() {
        let log = r#"
{"timestamp":"2026-01-02T03:04:05.000006Z","level":"INFO","message":"the pod listens","target":"backend::app"}
thread 'main' panicked
{"timestamp":"2026-01-02T03:04:05.000007Z","level":"TRACE","what":"commit","cashbox.id":"00000000-0000-0000-0000-000000000001","epoch":3,"pod.id":"pod-0/x","row":4,"queue_item.id":"i","operation.id":"00000000-0000-0000-0000-000000000002","number":2,"version":9,"target":"evidence"}
"#;
        let lines = lines(log);
        assert_eq!(lines.len(), 1);
        let line = &lines[0];
        assert_eq!(
            (line.what, line.epoch, line.number, line.version),
            (What::Commit, 3, 2, 9)
        );
        assert_eq!(line.operation, Some(OperationId::from_u128(2)));
        assert_eq!(line.at_us % 1_000_000, 7);
    }
}
