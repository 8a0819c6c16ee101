//! Which pod a cashbox without an owner is offered to.
//!
//! A consistent hash ring over the ready pods, one ring for each generation. Two builds must agree on it, so
//! everything that is hashed is hashed as bytes of our choosing, with a fixed hasher (SipHash-2-4 with a zero key,
//! the crate's own); golden vectors hold it in place. Pods are hashed by their stable name: a pod that comes back
//! under its name is offered its old cashboxes.
//!
//! Order of the offers:
//! 1. the newest generation first, so that a cashbox moves once in a rolling restart;
//! 2. within it, pods that host no more than 1.25 times the mean (bounded load), in the order of the ring;
//! 3. then the fuller ones of that generation, then the next generation.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use hashring::HashRing;

use super::pod::{PodRecord, PodState};
use crate::identity::{CashBoxId, Incarnation};

/// Points of one pod on the ring. More make shares more even; 128 keep a pod's share within about a quarter of
/// the mean.
const POINTS_PER_POD: u16 = 128;

/// The offers for every cashbox, computed once for a membership.
#[derive(Debug, Clone, Default)]
pub struct Ring {
    /// Newest generation first.
    generations: Vec<Generation>,
}

#[derive(Debug, Clone)]
struct Generation {
    /// In order of name.
    pods: Vec<PodRecord>,
    points: HashRing<Point>,
    /// The most cashboxes a pod may host before others go first.
    load_bound: u64,
}

/// One point of a pod. Only the name and the number are hashed.
#[derive(Debug, Clone)]
struct Point {
    name: String,
    number: u16,
    /// Which of the generation's pods it is.
    pod: usize,
}

impl Hash for Point {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.name.as_bytes());
        // Pod names hold no '/', so that no two points are hashed alike.
        state.write(b"/");
        state.write(&self.number.to_be_bytes());
    }
}

/// A cashbox as the ring hashes it: its 16 bytes in the order they are written.
struct Place(CashBoxId);

impl Hash for Place {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.0.as_u128().to_be_bytes());
    }
}

impl Ring {
    /// The ring of the ready pods among these.
    #[must_use]
    pub fn of(pods: &[PodRecord]) -> Self {
        let ready = pods.iter().filter(|pod| pod.state == PodState::Ready);
        let mut by_generation: BTreeMap<&str, Vec<PodRecord>> = BTreeMap::new();
        for pod in ready {
            by_generation
                .entry(&pod.generation)
                .or_default()
                .push(pod.clone());
        }
        let mut generations: Vec<_> = by_generation.into_values().map(Generation::of).collect();
        // The generation that began last is the newest; the name decides between two of one millisecond.
        generations.sort_by(|a, b| b.age().cmp(&a.age()));
        Self { generations }
    }

    /// The pod that a cashbox without an owner is offered to first; `None` when no pod is ready.
    #[must_use]
    pub fn propose(&self, cashbox: CashBoxId) -> Option<&PodRecord> {
        let newest = self.generations.first()?;
        let first = newest.first(cashbox);
        if newest.has_room(first) {
            return Some(first);
        }
        newest.in_order(cashbox).into_iter().next()
    }

    /// Every pod that the cashbox may be offered to, best first, without those excluded (they were tried).
    pub fn candidates<'a>(
        &'a self,
        cashbox: CashBoxId,
        excluded: &'a [Incarnation],
    ) -> impl Iterator<Item = &'a PodRecord> {
        let all = self
            .generations
            .iter()
            .flat_map(move |generation| generation.in_order(cashbox));
        all.filter(|pod| !excluded.contains(&pod.id.incarnation))
    }

    /// How many pods are ready.
    #[must_use]
    pub fn len(&self) -> usize {
        self.generations
            .iter()
            .map(|generation| generation.pods.len())
            .sum()
    }

    /// Whether no pod is ready.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.generations.is_empty()
    }

    /// The generation that cashboxes are offered to first; `None` when no pod is ready.
    #[must_use]
    pub fn newest_generation(&self) -> Option<&str> {
        let newest = self.generations.first()?;
        Some(&newest.pods.first()?.generation)
    }
}

impl Generation {
    /// Of at least one pod.
    fn of(mut pods: Vec<PodRecord>) -> Self {
        pods.sort_by(|a, b| a.id.cmp(&b.id));
        let mut points = HashRing::new();
        let numbered = pods.iter().enumerate();
        points.batch_add(numbered.flat_map(|(index, pod)| points_of(index, pod)).collect());
        Self {
            load_bound: load_bound(&pods),
            pods,
            points,
        }
    }

    /// When it began, and its name.
    fn age(&self) -> (Option<i64>, Option<&str>) {
        let began = self.pods.iter().map(|pod| pod.started_at_ms).min();
        (began, self.pods.first().map(|pod| pod.generation.as_str()))
    }

    fn has_room(&self, pod: &PodRecord) -> bool {
        u64::from(pod.load) < self.load_bound
    }

    fn first(&self, cashbox: CashBoxId) -> &PodRecord {
        let point = self.points.get(&Place(cashbox));
        &self.pods[point.expect("a generation has a pod, and a pod has points").pod]
    }

    /// Every pod once: those with room in the order of the ring, then the others in the same order.
    fn in_order(&self, cashbox: CashBoxId) -> Vec<&PodRecord> {
        let around = self.points.get_with_replicas(&Place(cashbox), self.points.len());
        let mut order = Vec::with_capacity(self.pods.len());
        for point in around.unwrap_or_default() {
            if !order.contains(&point.pod) {
                order.push(point.pod);
            }
        }
        let pods = order.into_iter().map(|index| &self.pods[index]);
        let (mut roomy, full): (Vec<_>, Vec<_>) = pods.partition(|pod| self.has_room(pod));
        roomy.extend(full);
        roomy
    }
}

fn points_of(index: usize, pod: &PodRecord) -> impl Iterator<Item = Point> {
    (0..POINTS_PER_POD).map(move |number| Point {
        name: pod.id.name.to_string(),
        number,
        pod: index,
    })
}

/// 1.25 times the mean load that there will be with one cashbox more, rounded up: at least one pod is below it.
fn load_bound(pods: &[PodRecord]) -> u64 {
    let total: u64 = pods.iter().map(|pod| u64::from(pod.load)).sum();
    let count = pods.len() as u64;
    ((total + 1) * 5).div_ceil(count * 4)
}

#[cfg(test)]
mod tests;
