//! One seed, from the beginning to the verdict.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::time::Instant;

use crate::cashbox::Cashbox;
use crate::chance::Chance;
use crate::client::{Client, Clients};
use crate::edges::owners::OwnersEdge;
use crate::mutant::Mutant;
use crate::plan::{self, HEALED_MS, Weather};
use crate::proxy::Proxy;
use crate::simulation::{Simulation, Slot};
use crate::witness::Witness;
use crate::world::World;

/// Within how long after the last fault everything must have been answered.
const LIVE_WITHIN_MS: u64 = 60_000;
/// How long records may take to settle after that.
const SETTLED_WITHIN_MS: u64 = 8_000;

/// What a seed came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Everything that must not have happened.
    pub violations: Vec<String>,
    /// Every event, if they were to be written down.
    pub trace: Vec<String>,
    /// What was counted.
    pub counts: BTreeMap<&'static str, u64>,
}

/// Whether events are written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tracing {
    /// They are.
    On,
    /// They are not, which is faster.
    Off,
}

/// Runs a seed.
pub fn run(seed: u64, tracing: Tracing, mutant: Option<Mutant>) -> Report {
    let mut chance = Chance::of(seed);
    let boxes = chance.between(1, 2);
    let cashboxes: Vec<_> = (0..boxes).map(|_| Cashbox::new(&mut chance)).collect();
    let witness = Arc::new(Mutex::new(Witness::new(&cashboxes, tracing == Tracing::On)));
    let world = World::new(cashboxes.clone());
    let mut simulation = Simulation::new(chance.fork(), world, witness.clone(), mutant);
    for slot in 0..usize::try_from(chance.between(2, 4)).expect("it is small") {
        simulation.slots.push(Slot::default());
        simulation.start_pod(slot);
    }
    let (clients, count) = open_shops(&simulation, &cashboxes, &witness, &mut chance);
    let weather = plan::schedule(&mut simulation, &mut chance);
    simulation.run(HEALED_MS + 500, || false);
    clients.closing.store(true, Ordering::Relaxed);
    let all = || clients.closed.load(Ordering::Relaxed) == count;
    let live = simulation.run(HEALED_MS + LIVE_WITHIN_MS, all);
    if live {
        let settled_ms = simulation.now_ms + SETTLED_WITHIN_MS;
        simulation.run(settled_ms, || false);
        judge(&mut simulation, &cashboxes, weather);
    } else {
        let open = count - clients.closed.load(Ordering::Relaxed);
        let now_ms = simulation.now_ms;
        simulation.witness().violation(
            now_ms,
            format!("{open} of {count} clients are still without an answer"),
        );
    }
    drop(simulation);
    let witness = witness.lock().expect("nothing panicked");
    Report {
        violations: witness.violations().to_vec(),
        trace: witness.trace().to_vec(),
        counts: witness.counts.clone(),
    }
}

fn open_shops(
    simulation: &Simulation,
    cashboxes: &[Cashbox],
    witness: &Arc<Mutex<Witness>>,
    chance: &mut Chance,
) -> (Arc<Clients>, usize) {
    let (front, events) = simulation.front();
    let _guard = front.enter();
    let proxy = || {
        let owners = Arc::new(OwnersEdge::new(front.wire().clone(), events.clone()));
        Proxy::start(front.wire().clone(), owners)
    };
    let clients = Arc::new(Clients {
        born: Instant::now(),
        proxies: vec![proxy(), proxy()],
        witness: witness.clone(),
        closing: AtomicBool::new(false),
        closed: AtomicUsize::new(0),
    });
    let mut count = 0;
    for (at, cashbox) in cashboxes.iter().enumerate() {
        for number in 0..chance.between(1, 2) {
            count += 1;
            let client = Client {
                name: format!("box-{at}-pos-{number}"),
                cashbox: cashbox.clone(),
                chance: chance.fork(),
                clients: clients.clone(),
                opens: number == 0,
            };
            tokio::spawn(client.live());
        }
    }
    (clients, count)
}

/// What must hold once everything has healed and every client has its answers.
fn judge(simulation: &mut Simulation, cashboxes: &[Cashbox], weather: Weather) {
    let now_ms = simulation.now_ms;
    for (at, cashbox) in cashboxes.iter().enumerate() {
        let newest = simulation.witness().newest(cashbox.id);
        let processes = simulation.slots.iter().filter_map(|slot| slot.process.as_ref());
        let holding = |process: &crate::pod::Process| {
            let epoch = process.pod.ownership.held(cashbox.id)?;
            Some((process.who, epoch))
        };
        let holders: Vec<_> = processes.filter_map(holding).collect();
        let current = holders.iter().filter(|(_, epoch)| *epoch == newest).count();
        let log = simulation.tse(cashbox.scu).log.clone();
        let mut witness = simulation.witness();
        if current != 1 {
            let holders: Vec<_> = holders
                .iter()
                .map(|(who, epoch)| format!("{who} under {epoch}"))
                .collect();
            witness.violation(
                now_ms,
                format!("box-{at} is at epoch {newest} and held by {}", holders.join(", ")),
            );
        }
        // A superseded pod that nobody asks for the cashbox learns of it with its next write, which is fenced.
        if holders.len() > current {
            witness.count("superseded pods that do not know it yet");
        }
        if weather == Weather::Calm && witness.claims(cashbox.id) != 1 {
            let claims = witness.claims(cashbox.id);
            witness.violation(
                now_ms,
                format!("box-{at} was claimed {claims} times though nothing went wrong"),
            );
        }
        witness.judge_signatures(now_ms, cashbox.scu, &log);
    }
    let processes = simulation.slots.iter().filter_map(|slot| slot.process.as_ref());
    let panics: u64 = processes
        .map(|process| process.pod.metrics.cashbox.panics.get())
        .sum();
    let mut witness = simulation.witness();
    if panics > 0 {
        witness.violation(now_ms, format!("{panics} cashboxes panicked"));
    }
    witness.judge_end(now_ms);
}
