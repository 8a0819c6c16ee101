//! Virtual time: one thread, one queue of events, and every process a share of it.
//!
//! ```text
//! take the next event ─▶ let processes that lag behind run up to it ─▶ carry it out
//!      ▲                                                                  │ a question arrives, an answer comes
//!      │                                                                  │ back, a fault begins or ends
//!      └── what a process lays on its wire becomes events ◀───────────────┘
//! ```
//!
//! Processes run one after another and never together, so a run is the same each time. They may lag behind or be
//! ahead of each other by some milliseconds, which is what real clocks do; an effect never comes before its cause.

/// Pods begin, stop and end.
mod pods;

use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard};

use backend::journal::entry::{Entry, Intent, InterruptedIntent};
use backend::journal::history::ClaimReason;
use backend::ownership::tenure::Tenure;
use shared::identity::{OperationId, QueueId, QueueItemId, ScuId};
use shared::ownership::in_memory::InMemoryStore;
use shared::ownership::store::OwnershipEvent;
use tokio::runtime::EnterGuard;
use tokio::sync::broadcast;

use crate::chance::Chance;
use crate::host::Host;
use crate::mutant::Mutant;
use crate::net::{Fate, Net};
use crate::plan::{self, Trap};
use crate::pod::{self, Pod, Process};
use crate::tse::Tse;
use crate::wire::{Give, Lost, Parcel, Place, Post};
use crate::witness::{Who, Witness};
use crate::world::World;

/// How far a process that has nothing to hear may lag behind.
const LAG_MS: u64 = 100;

/// How long it takes until a lost connection is noticed.
const CONNECTION_LOST_MS: u64 = 1_000;

/// Which process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HostId {
    /// Clients and proxies.
    Front,
    /// One start of a pod.
    Pod(Who),
}

/// What happens at a moment.
pub type Event = Box<dyn FnOnce(&mut Simulation)>;

/// A place for a pod: a stable name and an address.
#[derive(Default)]
pub struct Slot {
    /// What runs there now.
    pub process: Option<Process>,
    /// How many have run there.
    pub starts: u32,
    /// Which rollout the next one belongs to.
    pub generation: u32,
}

/// Everything there is, at one moment.
pub struct Simulation {
    /// Virtual milliseconds since the beginning.
    pub now_ms: u64,
    /// What is drawn for the network and the faults.
    pub chance: Chance,
    /// The network.
    pub net: Net,
    /// What outlives processes.
    pub world: World,
    /// Places for pods.
    pub slots: Vec<Slot>,
    /// Questions at which a pod comes to harm.
    pub traps: Vec<Trap>,
    /// A mistake built in on purpose.
    pub mutant: Option<Mutant>,
    front: Host,
    front_events: broadcast::Sender<OwnershipEvent>,
    witness: Arc<Mutex<Witness>>,
    events: BTreeMap<(u64, u64), Event>,
    sequence: u64,
    newest: BTreeMap<QueueId, Tenure>,
    /// For a mutant: requests that are stored under another operation than they were asked as.
    aliases: BTreeMap<QueueItemId, Alias>,
}

#[derive(Debug, Clone, Copy)]
struct Alias {
    asked: OperationId,
    stored: OperationId,
}

impl Simulation {
    /// A world without processes.
    pub fn new(chance: Chance, world: World, witness: Arc<Mutex<Witness>>, mutant: Option<Mutant>) -> Self {
        Self {
            now_ms: 0,
            chance,
            net: Net::default(),
            world,
            slots: Vec::new(),
            traps: Vec::new(),
            mutant,
            front: Host::start(0),
            front_events: broadcast::Sender::new(1024),
            witness,
            events: BTreeMap::new(),
            sequence: 0,
            newest: BTreeMap::new(),
            aliases: BTreeMap::new(),
        }
    }

    /// Where clients and proxies run, and what they hear of the store.
    pub fn front(&self) -> (&Host, &broadcast::Sender<OwnershipEvent>) {
        (&self.front, &self.front_events)
    }

    /// Who sees everything.
    pub fn witness(&self) -> MutexGuard<'_, Witness> {
        self.witness
            .lock()
            .expect("nothing panics while it holds this lock")
    }

    /// Writes an event down.
    pub fn note(&self, line: impl FnOnce() -> String) {
        self.witness().note(self.now_ms, line);
    }

    /// Lets something happen so many milliseconds from now.
    pub fn after(&mut self, delay_ms: u64, event: impl FnOnce(&mut Self) + 'static) {
        self.at(self.now_ms + delay_ms, event);
    }

    fn at(&mut self, at_ms: u64, event: impl FnOnce(&mut Self) + 'static) {
        self.sequence += 1;
        self.events.insert((at_ms, self.sequence), Box::new(event));
    }

    /// Lets time pass until a condition holds or a moment comes; answers whether the condition holds.
    pub fn run(&mut self, until_ms: u64, holds: impl Fn() -> bool) -> bool {
        while !holds() {
            let next = self.events.first_key_value().map_or(until_ms, |((at, _), _)| *at);
            let next = next.min(until_ms);
            if let Some(lagging) = self.lagging(next) {
                self.advance(lagging, next);
            } else if next >= until_ms
                && self
                    .events
                    .first_key_value()
                    .is_none_or(|((at, _), _)| *at >= until_ms)
            {
                self.now_ms = self.now_ms.max(until_ms);
                return holds();
            } else if let Some(((at, _), event)) = self.events.pop_first() {
                self.now_ms = self.now_ms.max(at);
                event(self);
            }
        }
        true
    }

    /// A process that is too far behind a moment.
    fn lagging(&self, at_ms: u64) -> Option<HostId> {
        let lags = |host: &Host| host.now_ms() + LAG_MS <= at_ms;
        if lags(&self.front) {
            return Some(HostId::Front);
        }
        let processes = self.slots.iter().filter_map(|slot| slot.process.as_ref());
        let mut running = processes.filter(|process| !process.paused && lags(&process.host));
        running.next().map(|process| HostId::Pod(process.who))
    }

    fn host(&mut self, id: HostId) -> Option<&mut Host> {
        match id {
            HostId::Front => Some(&mut self.front),
            HostId::Pod(who) => {
                let process = self.process(who)?;
                (!process.paused).then_some(&mut process.host)
            }
        }
    }

    /// The process, if it still runs.
    pub fn process(&mut self, who: Who) -> Option<&mut Process> {
        let process = self.slots.get_mut(who.slot)?.process.as_mut();
        process.filter(|process| process.who == who)
    }

    /// Lets a process run once towards a moment, and takes what it lays on its wire.
    fn advance(&mut self, id: HostId, until_ms: u64) {
        let Some(host) = self.host(id) else { return };
        host.run_until(until_ms);
        let (at_ms, parcels) = (host.now_ms(), host.wire().take());
        for parcel in parcels {
            self.dispatch(id, at_ms, parcel);
        }
        if let HostId::Pod(who) = id
            && self
                .process(who)
                .is_some_and(|process| process.pod.ended.load(Ordering::Relaxed))
        {
            self.note(|| format!("{who} has stopped"));
            self.end(who);
        }
    }

    /// Lets a process run up to a moment, however much it lays on its wire on the way.
    fn advance_to(&mut self, id: HostId, until_ms: u64) {
        while self.host(id).is_some_and(|host| host.now_ms() < until_ms) {
            self.advance(id, until_ms);
        }
    }

    /// Lets a process hear something now.
    fn deliver(&mut self, to: HostId, hear: impl FnOnce()) {
        self.advance_to(to, self.now_ms);
        hear();
        self.advance_to(to, self.now_ms + 1);
    }

    fn dispatch(&mut self, from: HostId, at_ms: u64, parcel: Parcel) {
        let now_ms = self.now_ms.max(at_ms);
        match parcel {
            Parcel::Ask {
                place,
                what,
                run,
                fail,
            } => {
                if let HostId::Pod(who) = from {
                    plan::spring(self, who, what);
                }
                let fate = self.net.fate(&mut self.chance, now_ms, from, place);
                if !matches!(fate, Fate::Answered { .. }) {
                    self.note(|| format!("{from:?} {place:?} {what}: {fate:?}"));
                }
                match fate {
                    Fate::Answered { there, back } => self.at(now_ms + there, move |simulation| {
                        if let Some(give) = run(simulation, from) {
                            simulation.after(back, move |simulation| simulation.deliver(from, give));
                        }
                    }),
                    Fate::Refused { after } => {
                        self.fail_at(now_ms + after, from, move || fail(Lost::Refused))
                    }
                    Fate::AnswerLost { there } => {
                        self.at(now_ms + there, move |simulation| drop(run(simulation, from)));
                    }
                    // A pod is waited for as long as its connection stands, which is lost with the question.
                    Fate::QuestionLost if place == Place::Pod => {
                        self.fail_at(now_ms + CONNECTION_LOST_MS, from, move || fail(Lost::Silent));
                    }
                    Fate::QuestionLost => {}
                }
            }
            Parcel::Reply { to, give, fail } => {
                let way_ms = self.net.way(&mut self.chance, Place::Pod);
                if self.chance.percent(self.net.loss_percent) {
                    self.fail_at(now_ms + way_ms, to, move || fail(Lost::Silent));
                } else {
                    self.at(now_ms + way_ms, move |simulation| simulation.deliver(to, give));
                }
            }
        }
    }

    fn fail_at(&mut self, at_ms: u64, to: HostId, fail: impl FnOnce() + 'static) {
        self.at(at_ms, move |simulation| simulation.deliver(to, fail));
    }

    /// The store of ownership, now.
    pub fn owners(&mut self) -> (EnterGuard<'_>, &InMemoryStore) {
        self.world.owners(self.now_ms)
    }

    /// A TSE.
    pub fn tse(&mut self, scu: ScuId) -> &mut Tse {
        self.world.tses.entry(scu).or_default()
    }

    /// Tells everybody what the store announces, some a little later and, where the network loses, some not at all.
    pub fn announce(&mut self) {
        for event in self.world.announced() {
            let mut listeners = vec![(HostId::Front, self.front_events.clone())];
            for process in self.slots.iter().filter_map(|slot| slot.process.as_ref()) {
                listeners.push((HostId::Pod(process.who), process.events.clone()));
            }
            for (to, events) in listeners {
                let (way_ms, event) = (self.net.way(&mut self.chance, Place::Owners), event.clone());
                if !self.chance.percent(self.net.loss_percent) {
                    self.after(way_ms, move |simulation| {
                        simulation.deliver(to, move || drop(events.send(event)))
                    });
                }
            }
        }
    }

    /// Brings a question to whatever pod is at an address. Answers at once when there is none.
    pub fn visit<T, F>(
        &mut self,
        from: HostId,
        address: SocketAddr,
        post: Post<T>,
        question: impl FnOnce(Arc<Pod>) -> F,
    ) -> Option<Give>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let slot = (0..self.slots.len()).find(|slot| pod::address(*slot) == address);
        let Some(process) = slot.and_then(|slot| self.slots[slot].process.as_mut()) else {
            return Some(Box::new(move || post.give(Err(Lost::Refused))));
        };
        let to = HostId::Pod(process.who);
        process.visit(from, post, question);
        self.advance_to(to, self.now_ms + 1);
        None
    }

    /// Notes a claim.
    pub fn claimed(&mut self, who: Who, tenure: &Tenure, reason: ClaimReason) {
        self.newest.insert(tenure.queue(), tenure.clone());
        self.witness().claimed(self.now_ms, who, tenure, reason.word());
    }

    /// The tenure that the journal checks: the writer's own, unless a mutant checks nothing.
    pub fn tenure_to_check(&self, tenure: &Tenure) -> Tenure {
        match self.mutant {
            Some(Mutant::ChecksNoEpoch) => self.newest[&tenure.queue()].clone(),
            _ => tenure.clone(),
        }
    }

    /// The operation that an intent is stored under: its own, unless a mutant forgets operations.
    pub fn operation_to_store(&mut self, intent: &Intent) -> OperationId {
        if self.mutant != Some(Mutant::ForgetsOperations) {
            return intent.operation;
        }
        let (asked, stored) = (intent.operation, OperationId::from_u128(self.chance.id()));
        self.aliases.insert(intent.item.item, Alias { asked, stored });
        stored
    }

    /// The operation that an entry's intent was stored under.
    pub fn stored_operation(&self, entry: &Entry) -> OperationId {
        let alias = self.aliases.get(&entry.item.item);
        alias.map_or(entry.operation, |alias| alias.stored)
    }

    /// The operation that an interrupted request was asked as.
    pub fn asked_operation(&self, interrupted: &InterruptedIntent) -> OperationId {
        let alias = self.aliases.get(&interrupted.item.item);
        alias.map_or(interrupted.operation, |alias| alias.asked)
    }
}
