//! What TSEs signed: once for each step, for a request that is on record, and under a claim that was the newest just
//! before.

use shared::identity::ScuId;

use super::{Who, Witness};
use crate::pod::TSE_PATIENCE;
use crate::tse::Signed;

/// How old a confirmation may be when a step is asked for (design.md, chapter 4) ...
const CONFIRMED_FOR_MS: u64 = 1_000;
/// ... and how far the clocks of simulated processes may be apart.
const CLOCKS_APART_MS: u64 = 300;

impl Witness {
    /// A TSE signed something new. `asked_ms` is when the pod sent the question.
    pub fn signed(&mut self, now_ms: u64, who: Who, asked_ms: u64, scu: ScuId, signed: &Signed) {
        self.count("signatures");
        let seen = self.seen(self.queue_of_scu[&scu]);
        let name = seen.name.clone();
        let (own, newest) = (seen.epochs.get(&who).copied(), seen.newest);
        let confirmed_ms = seen.confirmed_ms.get(&who).copied().unwrap_or(0);
        let on_record = seen.begun.contains_key(&signed.item);
        self.note(now_ms, || {
            format!("{who} has {:?} {} of {name} signed", signed.step, signed.counter)
        });
        if !on_record {
            self.violation(
                now_ms,
                format!("{name}: signature {} is of no request on record", signed.counter),
            );
        }
        // A repetition within the patience of one call is the same call.
        let repeating = TSE_PATIENCE.pause + TSE_PATIENCE.one_try;
        let repeating_ms = repeating.as_millis() as u64 * u64::from(TSE_PATIENCE.tries - 1);
        let window_ms = CONFIRMED_FOR_MS + CLOCKS_APART_MS + repeating_ms;
        if own != Some(newest) {
            self.count("signatures under a superseded epoch, within the window");
            if asked_ms.saturating_sub(confirmed_ms) > window_ms {
                self.violation(
                    now_ms,
                    format!(
                        "{who} asks the TSE of {name} at {asked_ms} ms under epoch {own:?}, the newest is {newest}; \
                         its claim was confirmed at {confirmed_ms} ms"
                    ),
                );
            }
        }
    }

    /// At the end every signature belongs to a request that has an outcome, and no step was signed twice.
    pub fn judge_signatures(&mut self, now_ms: u64, scu: ScuId, log: &[Signed]) {
        let seen = &self.queues[&self.queue_of_scu[&scu]];
        let mut violations = Vec::new();
        let mut steps = std::collections::BTreeMap::new();
        for signed in log {
            if !seen.ended.contains(&signed.item) {
                violations.push(format!(
                    "{}: signature {} is of an open request",
                    seen.name, signed.counter
                ));
            }
            let number = steps
                .entry((signed.item, signed.step, signed.number))
                .or_insert(signed.counter);
            if *number != signed.counter {
                violations.push(format!(
                    "{}: signatures {number} and {} are of one step",
                    seen.name, signed.counter
                ));
            }
        }
        for violation in violations {
            self.violation(now_ms, violation);
        }
    }
}
