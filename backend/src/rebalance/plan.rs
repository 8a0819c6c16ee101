//! Which cashboxes move where: pure decisions over the pods as last heard.

use std::collections::HashMap;

use shared::identity::{CashBoxId, Incarnation};
use shared::placement::membership::Snapshot;
use shared::placement::pod::{PodRecord, PodState};

/// How far above the mean a pod may stay, in percent of the mean: moving more would cost more than it gains.
const MARGIN_PERCENT: u64 = 10;

/// Why nothing moves now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// The pods are not known.
    Unknown,
    /// A pod is shutting down: its cashboxes have to find a place first.
    Draining,
    /// A rolling restart is under way: what moved now would move again.
    TwoGenerations,
    /// This pod hosts no more than its share.
    NotAboveTheMean,
}

/// How many cashboxes this pod hosts above its share, while `hosted` are here.
///
/// # Errors
/// Why it keeps all of them.
pub fn surplus(own: Incarnation, hosted: u32, pods: &[PodRecord]) -> Result<u64, Rest> {
    if !pods.iter().any(|pod| pod.id.incarnation == own) {
        return Err(Rest::Unknown);
    }
    if pods.iter().any(|pod| pod.state == PodState::Draining) {
        return Err(Rest::Draining);
    }
    if pods.iter().any(|pod| pod.generation != pods[0].generation) {
        return Err(Rest::TwoGenerations);
    }
    let Loads { total, .. } = Loads::of(own, hosted, pods);
    let share = (total * (100 + MARGIN_PERCENT)).div_ceil(100 * pods.len() as u64);
    match u64::from(hosted).saturating_sub(share) {
        0 => Err(Rest::NotAboveTheMean),
        surplus => Ok(surplus),
    }
}

/// What becomes of the cashboxes that rest: at most `moves_max` go where the ring proposes, if that is another pod
/// and it hosts less than the mean. So no pod gets above the mean by it, and nothing moves back.
#[must_use]
pub fn moves(
    own: Incarnation,
    hosted: u32,
    snapshot: &Snapshot,
    resting: impl IntoIterator<Item = CashBoxId>,
    moves_max: usize,
) -> Vec<(CashBoxId, PodRecord)> {
    let mut loads = Loads::of(own, hosted, &snapshot.pods);
    let mut chosen = Vec::new();
    for cashbox in resting {
        if chosen.len() >= moves_max {
            break;
        }
        let Some(to) = snapshot.ring.propose(cashbox) else {
            break;
        };
        if to.id.incarnation != own && loads.take_one(to.id.incarnation) {
            chosen.push((cashbox, to.clone()));
        }
    }
    chosen
}

/// What each pod hosts, counting what this plan moves.
struct Loads {
    each: HashMap<Incarnation, u64>,
    total: u64,
}

impl Loads {
    /// As published, but of this pod what it knows itself.
    fn of(own: Incarnation, hosted: u32, pods: &[PodRecord]) -> Self {
        let load = |pod: &PodRecord| match pod.id.incarnation {
            incarnation if incarnation == own => hosted,
            _ => pod.load,
        };
        let each: HashMap<_, _> = pods
            .iter()
            .map(|pod| (pod.id.incarnation, u64::from(load(pod))))
            .collect();
        let total = each.values().sum();
        Self { each, total }
    }

    /// Gives a pod one more if it is below the mean.
    fn take_one(&mut self, pod: Incarnation) -> bool {
        let pods = self.each.len() as u64;
        match self.each.get_mut(&pod) {
            Some(load) if *load * pods < self.total => {
                *load += 1;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;
