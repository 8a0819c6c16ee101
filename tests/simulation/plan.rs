//! What goes wrong, and when: drawn from the seed before anything runs.

use backend::cashbox::handover::HandoverReason;
use backend::ownership::handover::HandoverTarget;

use crate::chance::Chance;
use crate::simulation::{HostId, Simulation};
use crate::wire::{Place, Post};
use crate::witness::Who;

/// When the first fault may begin.
const FIRST_MS: u64 = 2_000;
/// When everything has healed.
pub const HEALED_MS: u64 = 22_000;

/// Something that goes wrong, or is done on purpose.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// A pod dies, and starts again after so many milliseconds.
    Kill(u64),
    /// A pod is stopped for so long.
    Pause(u64),
    /// A pod is told to stop, and starts again when it has.
    Terminate,
    /// A pod is cut off from a place for so long.
    CutOne(Place, u64),
    /// Everybody is cut off from a place for so long.
    CutAll(Place, u64),
    /// The store of ownership forgets everything.
    EmptyStore,
    /// Of a hundred messages so many are lost, for so long.
    Lose(u64, u64),
    /// Every way takes up to so much longer, for so long.
    Slow(u64, u64),
    /// A pod's wall clock is wrong by so much from now on.
    Skew(i64),
    /// A pod comes to harm while it waits for the answer to a question of this name, whichever asks one first.
    Trap(&'static str, Harm),
    /// An operator moves a cashbox.
    Move,
    /// One pod more.
    ScaleUp,
}

/// What a trap does to a pod.
#[derive(Debug, Clone, Copy)]
pub enum Harm {
    /// It dies, and starts again after so many milliseconds.
    Kill(u64),
    /// It is stopped for so many.
    Pause(u64),
}

/// The questions that traps wait for: every step of a start, a receipt and a handover.
const TRAPS: [&str; 14] = [
    "reserve",
    "document",
    "claim",
    "confirm",
    "open",
    "begin",
    "sign",
    "append",
    "release",
    "hand over",
    "prepare",
    "take",
    "holds",
    "renew",
];

/// Whether anything goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// Nothing does: pods are added at most.
    Calm,
    /// Something does.
    Rough,
}

/// Draws what goes wrong, and has it happen.
pub fn schedule(simulation: &mut Simulation, chance: &mut Chance) -> Weather {
    let weather = if chance.percent(15) {
        Weather::Calm
    } else {
        Weather::Rough
    };
    if chance.percent(30) {
        simulation.net.slow_tse_percent = 60;
    }
    let faults = match weather {
        Weather::Calm => chance.between(0, 2),
        Weather::Rough => chance.between(1, 7),
    };
    for _ in 0..faults {
        let fault = match weather {
            Weather::Calm => Fault::ScaleUp,
            Weather::Rough => draw(chance),
        };
        let at_ms = chance.between(FIRST_MS, HEALED_MS - 6_000);
        simulation.after(at_ms, move |simulation| strike(simulation, fault));
    }
    simulation.after(HEALED_MS, heal);
    weather
}

fn draw(chance: &mut Chance) -> Fault {
    let place = |chance: &mut Chance| {
        let places = [
            Place::Owners,
            Place::Journal,
            Place::Tse,
            Place::Configurations,
            Place::Peer,
            Place::Successor,
            Place::Pod,
        ];
        places[chance.index(places.len())]
    };
    match chance.below(100) {
        0..10 => Fault::Kill(chance.between(50, 6_000)),
        10..17 => Fault::Trap(TRAPS[chance.index(TRAPS.len())], harm(chance)),
        17..22 => Fault::Move,
        22..30 => Fault::Pause(chance.between(300, 20_000)),
        30..38 => Fault::Trap(TRAPS[chance.index(TRAPS.len())], harm(chance)),
        38..48 => Fault::Terminate,
        48..63 => Fault::CutOne(place(chance), chance.between(300, 15_000)),
        63..71 => Fault::CutAll(place(chance), chance.between(300, 15_000)),
        71..77 => Fault::EmptyStore,
        77..87 => Fault::Lose(chance.between(2, 30), chance.between(500, 12_000)),
        87..92 => Fault::Slow(chance.between(20, 800), chance.between(500, 12_000)),
        92..93 => Fault::Move,
        93..96 => Fault::Skew(chance.between(0, 7_200_000) as i64 - 3_600_000),
        _ => Fault::ScaleUp,
    }
}

fn harm(chance: &mut Chance) -> Harm {
    if chance.percent(50) {
        Harm::Kill(chance.between(50, 6_000))
    } else {
        Harm::Pause(chance.between(300, 15_000))
    }
}

fn strike(simulation: &mut Simulation, fault: Fault) {
    let running = simulation.running();
    let victim = (!running.is_empty()).then(|| running[simulation.chance.index(running.len())]);
    simulation.note(|| {
        format!(
            "FAULT {fault:?} {}",
            victim.map(|who| who.to_string()).unwrap_or_default()
        )
    });
    simulation.witness().count(name(fault));
    match (fault, victim) {
        (Fault::Trap(what, harm), _) => simulation.traps.push(Trap { what, harm }),
        (Fault::Kill(down_ms), Some(who)) => hurt(simulation, who, Harm::Kill(down_ms)),
        (Fault::Pause(for_ms), Some(who)) => hurt(simulation, who, Harm::Pause(for_ms)),
        (Fault::Terminate, Some(who)) => terminate(simulation, who),
        (Fault::CutOne(place, for_ms), Some(who)) => {
            let until_ms = simulation.now_ms + for_ms;
            let who = if place == Place::Pod {
                HostId::Front
            } else {
                HostId::Pod(who)
            };
            simulation.net.cut(Some(who), place, until_ms);
        }
        (Fault::CutAll(place, for_ms), _) => {
            let until_ms = simulation.now_ms + for_ms;
            simulation.net.cut(None, place, until_ms);
        }
        (Fault::EmptyStore, _) => {
            simulation.owners().1.empty();
            simulation.announce();
        }
        (Fault::Lose(percent, for_ms), _) => {
            simulation.net.loss_percent = percent;
            simulation.after(for_ms, |simulation| simulation.net.loss_percent = 0);
        }
        (Fault::Slow(by_ms, for_ms), _) => {
            simulation.net.slower_ms = by_ms;
            simulation.after(for_ms, |simulation| simulation.net.slower_ms = 0);
        }
        (Fault::Skew(by_ms), Some(who)) => {
            if let Some(process) = simulation.process(who) {
                process.pod.clock.set_skew(by_ms);
            }
        }
        (Fault::Move, _) => relocate(simulation),
        (Fault::ScaleUp, _) => {
            simulation.slots.push(crate::simulation::Slot::default());
            simulation.start_pod(simulation.slots.len() - 1);
        }
        (_, None) => {}
    }
}

/// A question that a pod must not ask.
#[derive(Debug, Clone, Copy)]
pub struct Trap {
    /// Its name.
    pub what: &'static str,
    /// What becomes of the pod.
    pub harm: Harm,
}

/// Springs the trap that a question is, while the question or its answer is under way.
pub fn spring(simulation: &mut Simulation, who: Who, what: &'static str) {
    let Some(at) = simulation.traps.iter().position(|trap| trap.what == what) else {
        return;
    };
    let trap = simulation.traps.remove(at);
    let delay_ms = simulation.chance.between(0, 12);
    simulation.after(delay_ms, move |simulation| {
        simulation.note(|| format!("TRAP {trap:?} {who}"));
        simulation.witness().count("traps sprung");
        hurt(simulation, who, trap.harm);
    });
}

fn hurt(simulation: &mut Simulation, who: Who, harm: Harm) {
    match harm {
        Harm::Kill(down_ms) => {
            simulation.end(who);
            simulation.after(down_ms, move |simulation| simulation.start_pod(who.slot));
        }
        Harm::Pause(for_ms) => {
            simulation.pause(who);
            simulation.after(for_ms, move |simulation| {
                simulation.note(|| format!("{who} goes on"));
                simulation.go_on(who);
            });
        }
    }
}

/// An operator asks the pod that holds a cashbox to move it; nobody waits for the outcome.
fn relocate(simulation: &mut Simulation) {
    let cashboxes = &simulation.world.cashboxes;
    let cashbox = cashboxes[simulation.chance.index(cashboxes.len())].id;
    let mut processes = simulation.slots.iter().filter_map(|slot| slot.process.as_ref());
    let holder = processes.find(|process| process.pod.ownership.held(cashbox).is_some());
    if let Some(address) = holder.map(|process| crate::pod::address(process.who.slot)) {
        simulation.visit(HostId::Front, address, Post::default(), move |pod| async move {
            let moving = pod
                .registry
                .hand_over(cashbox, &HandoverTarget::Any, HandoverReason::Operator);
            moving.await.word()
        });
    }
}

/// SIGTERM; its successor belongs to the next rollout.
fn terminate(simulation: &mut Simulation, who: Who) {
    let Some(process) = simulation.process(who) else {
        return;
    };
    process.pod.shutdown.drain.cancel();
    simulation.slots[who.slot].generation += 1;
    start_when_ended(simulation, who);
}

fn start_when_ended(simulation: &mut Simulation, who: Who) {
    if simulation.process(who).is_some() {
        simulation.after(100, move |simulation| start_when_ended(simulation, who));
    } else {
        simulation.start_pod(who.slot);
    }
}

/// Everything works again, and everything runs.
fn heal(simulation: &mut Simulation) {
    simulation.note(|| "HEALED".to_owned());
    simulation.net.heal();
    simulation.traps.clear();
    for who in simulation.running() {
        simulation.go_on(who);
    }
    for slot in 0..simulation.slots.len() {
        simulation.start_pod(slot);
    }
}

fn name(fault: Fault) -> &'static str {
    match fault {
        Fault::Kill(_) => "fault: kill",
        Fault::Pause(_) => "fault: pause",
        Fault::Terminate => "fault: terminate",
        Fault::CutOne(..) => "fault: cut one",
        Fault::CutAll(..) => "fault: cut all",
        Fault::EmptyStore => "fault: empty store",
        Fault::Lose(..) => "fault: lose",
        Fault::Slow(..) => "fault: slow",
        Fault::Skew(_) => "fault: skew",
        Fault::Trap(..) => "fault: trap",
        Fault::Move => "fault: move",
        Fault::ScaleUp => "fault: scale up",
    }
}
