//! I6: every request is answered or clearly refused, in time. Answers come from the published list alone.

use serde_json::Value;

use super::run::{CashboxRun, Terms};
use super::{Counts, Invariant, Violation};
use crate::history::Exchange;

/// Every answer that is published, by status and title; the README's interface part and `/swagger` show them.
const PUBLISHED: [(u16, &str); 18] = [
    (400, "Bad header"),
    (400, "Bad body"),
    (400, "Bad query"),
    (400, "Bad Request"),
    (401, "Unauthorized"),
    (404, "Not found"),
    (405, "Method not allowed"),
    (408, "Request Timeout"),
    (409, "Operation id used"),
    (413, "Body too large"),
    (413, "Content Too Large"),
    (417, "Expectation Failed"),
    (431, "Request Header Fields Too Large"),
    (500, "Receipt not processed"),
    (500, "Configuration not usable"),
    (503, "Not served now"),
    (503, "Service Unavailable"),
    (504, "Gateway Timeout"),
];

/// Every answer that is not published or came too late.
pub(super) fn judge(run: &CashboxRun, terms: &Terms, counts: &mut Counts) -> Vec<Violation> {
    let mut broken = Vec::new();
    let mut operations: Vec<_> = run.asked.iter().map(|exchange| exchange.operation).collect();
    operations.sort_unstable();
    operations.dedup();
    counts.operations += operations.len();
    counts.requests += run.asked.len();
    for exchange in &run.asked {
        let took = exchange.answered_at.saturating_duration_since(exchange.sent_at);
        if took > terms.deadline {
            broken.push(format!("{} was answered after {took:?}", exchange.operation));
        }
        let outcome = outcome(exchange);
        if !is_published(exchange, terms) {
            broken.push(format!(
                "{} was answered {outcome}, which is not published",
                exchange.operation
            ));
        }
        if outcome != RECEIPT {
            *counts.refused.entry(outcome).or_default() += 1;
        }
    }
    broken
        .into_iter()
        .map(|what| Violation::of(Invariant::I6, run.cashbox, what))
        .collect()
}

/// What the whole run may have at the most.
pub(super) fn judge_totals(terms: &Terms, counts: &Counts) -> Vec<Violation> {
    let of = |beginning: &str| -> usize {
        let of_kind = counts
            .refused
            .iter()
            .filter(|(outcome, _)| outcome.starts_with(beginning));
        of_kind.map(|(_, count)| count).sum()
    };
    let (lost, refused) = (of(LOST), of("503") + of("504"));
    let mut violations = Vec::new();
    for (count, max, what) in [
        (lost, terms.lost_connections_max, "connections were lost"),
        (refused, terms.refusals_max, "requests were refused for a while"),
    ] {
        if count > max {
            violations.push(Violation {
                invariant: Invariant::I6,
                cashbox: None,
                what: format!("{count} {what}, and {max} are allowed: {:?}", counts.refused),
            });
        }
    }
    violations
}

const LOST: &str = "no answer";
const RECEIPT: &str = "200";

fn outcome(exchange: &Exchange) -> String {
    match &exchange.answer {
        None => LOST.to_owned(),
        Some(answer) if answer.status == 200 => RECEIPT.to_owned(),
        Some(answer) => format!("{} {}", answer.status, title(&answer.body)),
    }
}

fn title(body: &str) -> String {
    let problem: Value = serde_json::from_str(body).unwrap_or_default();
    problem["title"].as_str().unwrap_or_default().to_owned()
}

fn is_published(exchange: &Exchange, terms: &Terms) -> bool {
    let Some(answer) = &exchange.answer else {
        return true;
    };
    let title = title(&answer.body);
    answer.status == 200
        || terms.also_published.contains(&answer.status)
        || PUBLISHED
            .iter()
            .any(|(status, published)| *status == answer.status && *published == title)
}
