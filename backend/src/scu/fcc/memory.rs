//! What a unit remembers of the transactions of its cashbox, because an FCC keeps no identities.
//!
//! ```text
//! asked ─▶ doubt ─ answered ──────────────▶ step: asked again, it is answered from here
//!            │   └ surely not done ───────▶ forgotten
//!            └ no answer: stays a doubt until the TSE's log or its list of open transactions settles it
//! ```
//!
//! It lives as long as the unit. After that an interrupted receipt is found again by its time: see `recall.rs`.

use std::collections::{BTreeMap, VecDeque};

use shared::clock::Ticks;

use crate::scu::types::{
    FinishTransaction, FinishedTransaction, StartedTransaction, TransactionIdentity, TransactionTrace,
    UpdateTransaction, UpdatedTransaction,
};

/// How many open transactions' start times are kept; the lowest number goes first and is found in the log again.
const STARTS_MAX: usize = 10_000;
/// How many steps and doubts are kept, newest last: as many as one receipt may cause, and some more.
const STEPS_MAX: usize = 64;

/// A step that was asked for, and of which no answer is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// A start. If it was done, its number is higher than any that was known before.
    Start {
        /// Who asked.
        client_id: String,
        /// The highest number known before.
        above: u64,
    },
    /// An update. If it was done, its signature's number is higher than any that was known of the transaction before.
    Update {
        /// As asked.
        update: UpdateTransaction,
        /// The highest counter known of the transaction before.
        above: u64,
    },
    /// A finish. If it was done, the log holds it with the same data.
    Finish(FinishTransaction),
}

/// What one unit remembers. Has no debug form: it holds receipts.
#[derive(Default)]
pub struct Memory {
    starts: BTreeMap<u64, Ticks>,
    steps: VecDeque<(TransactionIdentity, TransactionTrace)>,
    doubts: VecDeque<(TransactionIdentity, Doubt)>,
    newest: Option<u64>,
    client: Option<String>,
}

impl Memory {
    /// The client for which the unit is asked, once it was.
    pub fn client(&self) -> Option<&str> {
        self.client.as_deref()
    }

    /// The unit is asked for this client.
    pub fn is_asked_for(&mut self, client_id: &str) {
        if self.client.as_deref() != Some(client_id) {
            self.client = Some(client_id.to_owned());
        }
    }

    /// The highest transaction number that the client is known to have got; none before the first look at the FCC.
    pub fn newest(&self) -> Option<u64> {
        self.newest
    }

    /// Numbers up to this one are known.
    pub fn knows_through(&mut self, number: u64) {
        self.newest = self.newest.max(Some(number));
    }

    /// When an open transaction was started.
    pub fn start_time(&self, number: u64) -> Option<Ticks> {
        self.starts.get(&number).copied()
    }

    /// A transaction was started at this time.
    pub fn started_at(&mut self, number: u64, time: Ticks) {
        if self.starts.len() >= STARTS_MAX {
            self.starts.pop_first();
        }
        self.starts.insert(number, time);
        self.knows_through(number);
    }

    /// What is known to be signed under an identity.
    pub fn steps(&self, identity: TransactionIdentity) -> TransactionTrace {
        let steps = self.steps.iter().find(|(of, _)| *of == identity);
        steps.map(|(_, trace)| trace.clone()).unwrap_or_default()
    }

    /// What nobody knows of an identity.
    pub fn doubt(&self, identity: TransactionIdentity) -> Option<Doubt> {
        let doubt = self.doubts.iter().find(|(of, _)| *of == identity);
        doubt.map(|(_, doubt)| doubt.clone())
    }

    /// A step is about to be asked for; an earlier doubt of the same step stays.
    pub fn asks(&mut self, identity: TransactionIdentity, doubt: Doubt) {
        if self.doubt(identity).is_none() {
            bounded(&mut self.doubts);
            self.doubts.push_back((identity, doubt));
        }
    }

    /// A step is surely not done.
    pub fn not_done(&mut self, identity: TransactionIdentity) {
        self.doubts.retain(|(of, _)| *of != identity);
    }

    /// A start was answered.
    pub fn started(&mut self, identity: TransactionIdentity, started: &StartedTransaction) {
        self.started_at(started.transaction_number, started.time);
        self.done(identity).started = Some(started.clone());
    }

    /// An update was answered.
    pub fn updated(&mut self, identity: TransactionIdentity, updated: &UpdatedTransaction) {
        self.done(identity).updated = Some(updated.clone());
    }

    /// A finish was answered.
    pub fn finished(&mut self, identity: TransactionIdentity, finished: &FinishedTransaction) {
        self.starts.remove(&finished.transaction_number);
        self.knows_through(finished.transaction_number);
        self.done(identity).finished = Some(finished.clone());
    }

    /// Whether an open transaction belongs to a step that was answered.
    pub fn is_accounted_for(&self, number: u64) -> bool {
        self.starts.contains_key(&number)
    }

    fn done(&mut self, identity: TransactionIdentity) -> &mut TransactionTrace {
        self.not_done(identity);
        let at = self.steps.iter().position(|(of, _)| *of == identity);
        let at = at.unwrap_or_else(|| {
            bounded(&mut self.steps);
            self.steps.push_back((identity, TransactionTrace::default()));
            self.steps.len() - 1
        });
        &mut self.steps[at].1
    }
}

fn bounded<T>(list: &mut VecDeque<T>) {
    if list.len() >= STEPS_MAX {
        list.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::identity::QueueItemId;

    fn identity(item: u128) -> TransactionIdentity {
        TransactionIdentity {
            item: QueueItemId::from_u128(item),
            step: 0,
        }
    }

    fn start(above: u64) -> Doubt {
        Doubt::Start {
            client_id: "K".to_owned(),
            above,
        }
    }

    fn started(number: u64) -> StartedTransaction {
        StartedTransaction {
            transaction_number: number,
            time: Ticks(5),
            serial_number: String::new(),
            client_id: "K".to_owned(),
            signature: None,
        }
    }

    #[test]
    fn a_doubt_stays_as_it_was_first_until_its_step_is_answered_or_surely_not_done() {
        let mut memory = Memory::default();
        memory.asks(identity(1), start(3));
        memory.asks(identity(1), start(9));
        assert_eq!(memory.doubt(identity(1)), Some(start(3)));
        memory.started(identity(1), &started(4));
        assert_eq!(memory.doubt(identity(1)), None);
        assert_eq!(memory.steps(identity(1)).started, Some(started(4)));
        assert_eq!((memory.start_time(4), memory.newest()), (Some(Ticks(5)), Some(4)));
        memory.asks(identity(2), start(4));
        memory.not_done(identity(2));
        assert_eq!(memory.doubt(identity(2)), None);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut memory = Memory::default();
        for item in 0..200 {
            memory.asks(identity(item + 1000), start(0));
            memory.started(identity(item), &started(1));
        }
        assert_eq!((memory.steps.len(), memory.doubts.len()), (STEPS_MAX, STEPS_MAX));
        assert_eq!(memory.steps(identity(199)).started, Some(started(1)));
        for number in 0..=STARTS_MAX as u64 {
            memory.started_at(number, Ticks(0));
        }
        assert_eq!(memory.starts.len(), STARTS_MAX);
        assert!(memory.start_time(STARTS_MAX as u64).is_some());
    }
}
