//! Pods begin, stop and end.

use shared::identity::Incarnation;
use shared::identity::pod::PodId;
use shared::placement::pod::{PodRecord, PodState};

use super::{HostId, Simulation};
use crate::pod::{self, Process};
use crate::wire::{Lost, Place};
use crate::witness::Who;

impl Simulation {
    /// Starts a pod in a place, unless one runs there.
    pub fn start_pod(&mut self, slot: usize) {
        if self.slots[slot].process.is_some() {
            return;
        }
        let place = &mut self.slots[slot];
        place.starts += 1;
        let (who, generation) = (
            Who {
                slot,
                start: place.starts,
            },
            place.generation,
        );
        let record = PodRecord {
            id: PodId {
                name: format!("pod-{slot}").parse().expect("it is a pod's name"),
                incarnation: Incarnation::from_u128(self.chance.id()),
            },
            address: pod::address(slot),
            admin_address: pod::address(slot),
            version: "1".to_owned(),
            generation: format!("generation-{generation}"),
            started_at_ms: i64::try_from(self.now_ms).expect("a run is short"),
            state: PodState::Ready,
            load: 0,
        };
        let skew_ms = i64::try_from(self.chance.below(2_000)).expect("it is small") - 1_000;
        self.note(|| format!("{who} starts, its wall clock wrong by {skew_ms} ms"));
        self.slots[slot].process = Some(Process::start(who, self.now_ms, record, skew_ms));
        self.advance_to(HostId::Pod(who), self.now_ms + 1);
    }

    /// Ends a process at once: whoever waits for it learns that its connection is gone.
    pub fn end(&mut self, who: Who) {
        if self.process(who).is_none() {
            return;
        }
        let Some(process) = self.slots[who.slot].process.take() else {
            return;
        };
        for visitor in process.visitors {
            let way_ms = self.net.way(&mut self.chance, Place::Pod);
            self.fail_at(self.now_ms + way_ms, visitor.from, move || {
                (visitor.fail)(Lost::Silent)
            });
        }
    }

    /// Stops a process without telling it (SIGSTOP).
    pub fn pause(&mut self, who: Who) {
        if let Some(process) = self.process(who) {
            process.paused = true;
        }
    }

    /// Lets a stopped process go on (SIGCONT): for it, no time has passed between two instructions.
    pub fn go_on(&mut self, who: Who) {
        let now_ms = self.now_ms;
        let Some(process) = self.process(who).filter(|process| process.paused) else {
            return;
        };
        process.paused = false;
        process.host.wake_at(now_ms);
        self.advance_to(HostId::Pod(who), now_ms + 1);
    }

    /// The pods that run, stopped ones included.
    pub fn running(&self) -> Vec<Who> {
        let processes = self.slots.iter().filter_map(|slot| slot.process.as_ref());
        processes.map(|process| process.who).collect()
    }
}
