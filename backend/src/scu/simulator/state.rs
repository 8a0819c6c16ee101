//! What the lines of the log add up to, and what may be asked in that state (`fiscal-spec.md` 5.3). Pure.
//!
//! ```text
//! Uninitialized → Initialized → Terminated
//! ```

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use shared::clock::Ticks;

use super::event::{Event, Operation, Signed};
use super::log_file::Place;
use crate::scu::types::{TransactionIdentity, TseState};

/// How many of each client's signatures are at hand when the last ones are asked for.
const LAST_KEPT: usize = 256;

/// A TSE's state.
#[derive(Debug)]
pub struct State {
    life: TseState,
    clients: BTreeSet<String>,
    /// Started and not finished: number → start time.
    open: BTreeMap<u64, Ticks>,
    last_number: u64,
    last_counter: u64,
    last_time: Ticks,
    /// Where the lines of all signatures stand, so that a repeated question is answered from the log.
    steps: HashMap<(TransactionIdentity, Operation), Place>,
    /// Signatures that were not erased yet, in order.
    exportable: Vec<Place>,
    /// The last signatures of each client, oldest first.
    last_of_client: HashMap<String, VecDeque<Place>>,
}

/// A line that cannot follow those before it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct OutOfOrder(&'static str);

impl State {
    /// The state of a new TSE.
    #[must_use]
    pub fn new(life: TseState) -> Self {
        Self {
            life,
            clients: BTreeSet::new(),
            open: BTreeMap::new(),
            last_number: 0,
            last_counter: 0,
            last_time: Ticks(0),
            steps: HashMap::new(),
            exportable: Vec::new(),
            last_of_client: HashMap::new(),
        }
    }

    /// Takes a line in. `place` is where it stands.
    ///
    /// # Errors
    /// When the line cannot follow those before it; the log was changed by somebody else than a simulator.
    pub fn apply(&mut self, event: &Event, place: Place) -> Result<(), OutOfOrder> {
        match event {
            Event::Created { .. } => return Err(OutOfOrder("a TSE is created only once")),
            Event::State { state, .. } => self.life = *state,
            Event::ClientRegistered { client_id, .. } => {
                self.clients.insert(client_id.clone());
            }
            Event::ClientUnregistered { client_id, .. } => {
                self.clients.remove(client_id);
            }
            Event::Signed(signed) => self.apply_signed(signed, place)?,
            Event::Erased { through_counter, .. } => {
                // Signatures are numbered without a gap, so the erased ones are counted off from the end.
                let kept = self.last_counter.saturating_sub(*through_counter);
                let kept = usize::try_from(kept)
                    .unwrap_or(usize::MAX)
                    .min(self.exportable.len());
                self.exportable.drain(..self.exportable.len() - kept);
            }
        }
        Ok(())
    }

    fn apply_signed(&mut self, signed: &Signed, place: Place) -> Result<(), OutOfOrder> {
        if signed.counter != self.last_counter + 1 {
            return Err(OutOfOrder("signature counters rise by one"));
        }
        if signed.operation == Operation::Start && signed.number != self.last_number + 1 {
            return Err(OutOfOrder("transaction numbers rise by one"));
        }
        self.last_counter = signed.counter;
        self.last_time = self.last_time.max(signed.time);
        match signed.operation {
            Operation::Start => {
                self.last_number = signed.number;
                self.open.insert(signed.number, signed.start_time);
            }
            Operation::Update => {}
            Operation::Finish => {
                self.open.remove(&signed.number);
            }
        }
        self.steps.insert((signed.identity, signed.operation), place);
        self.exportable.push(place);
        let last = self.last_of_client.entry(signed.client_id.clone()).or_default();
        if last.len() == LAST_KEPT {
            last.pop_front();
        }
        last.push_back(place);
        Ok(())
    }

    /// Where a step stands that was signed before.
    #[must_use]
    pub fn signed_before(&self, identity: TransactionIdentity, operation: Operation) -> Option<Place> {
        self.steps.get(&(identity, operation)).copied()
    }

    /// Where the last signatures of a client stand, newest first.
    pub fn last_of(&self, client_id: &str) -> impl Iterator<Item = Place> {
        let last = self.last_of_client.get(client_id);
        last.into_iter().flatten().rev().copied()
    }

    /// May a client start a transaction? Answers its number.
    ///
    /// # Errors
    /// The TSE's words of refusal.
    pub fn may_start(&self, client_id: &str) -> Result<u64, String> {
        self.may_sign(client_id)?;
        Ok(self.last_number + 1)
    }

    /// May a client go on with a transaction? Answers when it was started.
    ///
    /// # Errors
    /// The TSE's words of refusal.
    pub fn may_continue(&self, client_id: &str, number: u64) -> Result<Ticks, String> {
        self.may_sign(client_id)?;
        let started = self.open.get(&number).copied();
        started.ok_or_else(|| {
            format!(
                "The transaction with the number {number} is either not started or has been finished already."
            )
        })
    }

    fn may_sign(&self, client_id: &str) -> Result<(), String> {
        self.must_be_initialized()?;
        if self.clients.contains(client_id) {
            return Ok(());
        }
        Err(format!("The client with the id {client_id} is not registered."))
    }

    /// Is it in the state in which it serves clients?
    ///
    /// # Errors
    /// The TSE's words of refusal.
    pub fn must_be_initialized(&self) -> Result<(), String> {
        match self.life {
            TseState::Initialized => Ok(()),
            other => Err(format!(
                "Expected state to be Initialized but instead the TSE state was {}.",
                other.name()
            )),
        }
    }

    /// What a wish for a state leads to: the state to move to, or none when it stays as it is.
    ///
    /// # Errors
    /// The TSE's words of refusal.
    pub fn move_to(&self, wish: TseState) -> Result<Option<TseState>, String> {
        match (self.life, wish) {
            (TseState::Terminated, TseState::Initialized) => self.must_be_initialized().map(|()| None),
            // There is no way back to the state of delivery.
            (_, TseState::Uninitialized) => Ok(None),
            (now, wish) => Ok((now != wish).then_some(wish)),
        }
    }

    /// Its state of life.
    #[must_use]
    pub fn life(&self) -> TseState {
        self.life
    }

    /// Every client, in order of their ids.
    #[must_use]
    pub fn clients(&self) -> Vec<String> {
        self.clients.iter().cloned().collect()
    }

    /// Whether a client is known.
    #[must_use]
    pub fn knows(&self, client_id: &str) -> bool {
        self.clients.contains(client_id)
    }

    /// Numbers of the transactions that were started and not finished.
    #[must_use]
    pub fn open_numbers(&self) -> Vec<u64> {
        self.open.keys().copied().collect()
    }

    /// The last signature's number; 0 before the first.
    #[must_use]
    pub fn last_counter(&self) -> u64 {
        self.last_counter
    }

    /// The TSE's time: whole seconds, never before an earlier signature, whatever the machine's clock says.
    #[must_use]
    pub fn time(&self, now: Ticks) -> Ticks {
        const TICKS_PER_SECOND: i64 = 10_000_000;
        Ticks(now.0 - now.0.rem_euclid(TICKS_PER_SECOND)).max(self.last_time)
    }

    /// Where the lines stand that were not erased yet, in order.
    #[must_use]
    pub fn exportable(&self) -> &[Place] {
        &self.exportable
    }
}
