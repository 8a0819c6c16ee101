//! What it takes to be served by somebody else, when the owner is gone.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::load::Asked;

/// For each till that lost its owner: how long the first request took that was unanswered then or came after. A request
/// that was due before counts from the loss.
pub fn first_answers(asked: &[Asked], orphans: &[usize], lost_at: Instant) -> Vec<Duration> {
    let mut first: HashMap<usize, &Asked> = HashMap::new();
    for asked in asked.iter().filter(|asked| asked.ended > lost_at) {
        let earliest = first.entry(asked.till).or_insert(asked);
        if asked.due < earliest.due {
            *earliest = asked;
        }
    }
    let of = |orphan: &usize| {
        first
            .get(orphan)
            .map(|asked| asked.ended - asked.due.max(lost_at))
    };
    orphans.iter().filter_map(of).collect()
}
