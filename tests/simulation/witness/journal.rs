//! What the journal took: one writer for each epoch, writes under the newest alone, a chain without gap or fork.

use backend::journal::entry::{Entry, Intent};
use backend::ownership::tenure::Tenure;

use super::{Receipt, Who, Witness, chain};

impl Witness {
    /// A queue was claimed.
    pub fn claimed(&mut self, now_ms: u64, who: Who, tenure: &Tenure, reason: &'static str) {
        self.count("claims");
        let epoch = tenure.epoch();
        let seen = self.seen(tenure.queue());
        let name = seen.name.clone();
        let expected = seen.newest.0 + 1;
        seen.newest = epoch;
        seen.epochs.insert(who, epoch);
        seen.confirmed_ms.insert(who, now_ms);
        let other = seen.claimed_by.insert(epoch, who);
        self.note(now_ms, || {
            format!("{who} claims {name} under epoch {epoch} ({reason})")
        });
        if epoch.0 != expected {
            self.violation(
                now_ms,
                format!("{name}: epoch {epoch} was granted, {expected} comes next"),
            );
        }
        if let Some(other) = other {
            self.violation(
                now_ms,
                format!("{name}: epoch {epoch} was granted to {other} and to {who}"),
            );
        }
    }

    /// The journal said that a pod's epoch is the newest.
    pub fn confirmed(&mut self, now_ms: u64, who: Who, tenure: &Tenure) {
        self.seen(tenure.queue()).confirmed_ms.insert(who, now_ms);
    }

    /// A queue was opened.
    pub fn opened(&mut self, now_ms: u64, who: Who, tenure: &Tenure, interrupted: usize) {
        self.wrote(now_ms, who, tenure, "opens");
        if interrupted > 0 {
            let name = self.seen(tenure.queue()).name.clone();
            self.note(now_ms, || {
                format!("{who} finds {interrupted} interrupted in {name}")
            });
            self.count("interrupted receipts found");
        }
    }

    /// The queue's standing with its TSE was written.
    pub fn accounted(&mut self, now_ms: u64, who: Who, tenure: &Tenure, accounted: &str) {
        self.count("accounts written");
        let name = self.seen(tenure.queue()).name.clone();
        self.note(now_ms, || format!("{who} writes the account of {name}"));
        // Nothing here is ever restored, so no journal can be older than what was signed.
        if accounted.contains("Staleness") {
            self.violation(now_ms, format!("{name} was stopped as stale: {accounted}"));
        }
    }

    /// An intent became durable.
    pub fn began(&mut self, now_ms: u64, who: Who, tenure: &Tenure, intent: &Intent) {
        self.wrote(now_ms, who, tenure, "begins");
        let seen = self.seen(tenure.queue());
        seen.confirmed_ms.insert(who, now_ms);
        let row = seen.begun.len() as i64 + 1;
        let name = seen.name.clone();
        seen.begun.insert(intent.item.item, intent.operation);
        self.note(now_ms, || {
            format!(
                "{who} begins row {} of {name}: {}",
                intent.item.row, intent.item.receipt_reference
            )
        });
        if intent.item.row != row {
            self.violation(
                now_ms,
                format!("{name}: row {} was begun, {row} comes next", intent.item.row),
            );
        }
    }

    /// An outcome became durable.
    pub fn appended(&mut self, now_ms: u64, who: Who, tenure: &Tenure, entry: &Entry) {
        self.wrote(now_ms, who, tenure, "appends");
        let seen = self.seen(tenure.queue());
        let name = seen.name.clone();
        let (begun, again) = (
            seen.begun.get(&entry.item.item) == Some(&entry.operation),
            !seen.ended.insert(entry.item.item),
        );
        self.note(now_ms, || {
            format!(
                "{who} appends row {} of {name} as {:?}",
                entry.item.row, entry.outcome
            )
        });
        if !begun || again {
            self.violation(
                now_ms,
                format!("{name}: row {} was ended without being open", entry.item.row),
            );
        }
        if entry.receipt.is_some() {
            self.chained(now_ms, tenure, entry);
        }
    }

    fn chained(&mut self, now_ms: u64, tenure: &Tenure, entry: &Entry) {
        let Some(receipt) = &entry.receipt else { return };
        self.count("receipts");
        let seen = self.seen(tenure.queue());
        let name = seen.name.clone();
        let expected = chain::hash(seen.last_hash.as_deref(), receipt, &entry.item);
        let (number, response) = (
            seen.last_number + 1,
            entry.item.response.clone().unwrap_or_default(),
        );
        let told = entry.item.response_hash.as_deref().unwrap_or_default();
        let sound = receipt.hash == expected
            && entry.previous_hash == seen.last_hash
            && chain::is_hash_of(told, &response)
            && chain::is_hash_of(&entry.item.request_hash, &entry.item.request);
        seen.last_number = receipt.number;
        seen.last_hash = Some(receipt.hash.clone());
        let kept = Receipt {
            number: receipt.number,
            response,
        };
        let before = seen.receipts.insert(entry.operation, kept);
        if receipt.number != number {
            self.violation(
                now_ms,
                format!(
                    "{name}: receipt {} was appended, {number} comes next",
                    receipt.number
                ),
            );
        }
        if !sound {
            self.violation(
                now_ms,
                format!("{name}: receipt {number} does not continue the chain"),
            );
        }
        if let Some(before) = before {
            self.violation(
                now_ms,
                format!(
                    "{name}: receipts {} and {number} are of one operation",
                    before.number
                ),
            );
        }
    }

    /// Any write: only under the newest epoch, and only by who claimed it.
    fn wrote(&mut self, now_ms: u64, who: Who, tenure: &Tenure, doing: &str) {
        let epoch = tenure.epoch();
        let seen = self.seen(tenure.queue());
        let (name, newest, claimed_by) = (
            seen.name.clone(),
            seen.newest,
            seen.claimed_by.get(&epoch).copied(),
        );
        if epoch != newest {
            self.violation(
                now_ms,
                format!("{who} {doing} in {name} under epoch {epoch}, the newest is {newest}"),
            );
        }
        if claimed_by != Some(who) {
            self.violation(
                now_ms,
                format!("{who} {doing} in {name} under epoch {epoch} of {claimed_by:?}"),
            );
        }
    }
}
