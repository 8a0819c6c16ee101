//! Clusters of pods and cashboxes without anything in between: who hosts what is a map.

use proptest::prelude::*;

use super::*;

/// A cluster in which every decision is carried out at once.
#[derive(Debug)]
struct Cluster {
    pods: Vec<PodRecord>,
    hosted: Vec<Vec<CashBoxId>>,
}

fn pod(number: usize) -> PodRecord {
    PodRecord {
        id: shared::identity::pod::PodId {
            name: format!("pod-{number}").parse().unwrap(),
            incarnation: Incarnation::from_u128(number as u128 + 1),
        },
        address: "10.0.0.1:80".parse().unwrap(),
        admin_address: "10.0.0.1:8080".parse().unwrap(),
        version: "1".into(),
        generation: "one".into(),
        started_at_ms: 1,
        state: PodState::Ready,
        load: 0,
    }
}

fn cashbox(number: u64) -> CashBoxId {
    CashBoxId::from_u128((u128::from(number) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835))
}

impl Cluster {
    /// Cashboxes went to the pods there were; the others came later, empty.
    fn scaled(before: usize, after: usize, cashboxes: u64) -> Self {
        let mut cluster = Self {
            pods: (0..before).map(pod).collect(),
            hosted: vec![Vec::new(); after],
        };
        for cashbox in (0..cashboxes).map(cashbox) {
            let to = cluster.snapshot().ring.propose(cashbox).unwrap().id.incarnation;
            cluster.hosted[to.as_u128() as usize - 1].push(cashbox);
        }
        cluster.pods.extend((before..after).map(pod));
        cluster
    }

    fn snapshot(&self) -> Snapshot {
        let mut pods = self.pods.clone();
        for (pod, hosted) in pods.iter_mut().zip(&self.hosted) {
            pod.load = u32::try_from(hosted.len()).unwrap();
        }
        Snapshot {
            ring: shared::placement::ring::Ring::of(&pods),
            pods,
            vanished: Vec::new(),
            heard_at: None,
        }
    }

    fn load(&self, pod: usize) -> u32 {
        u32::try_from(self.hosted[pod].len()).unwrap()
    }

    fn own(&self, pod: usize) -> Incarnation {
        self.pods[pod].id.incarnation
    }

    fn surplus(&self, pod: usize) -> Result<u64, Rest> {
        surplus(self.own(pod), self.load(pod), &self.snapshot().pods)
    }

    /// One step of one pod, in which only these cashboxes rest; answers what moved.
    fn step(&mut self, pod: usize, moves_max: usize, rests: impl Fn(CashBoxId) -> bool) -> Vec<CashBoxId> {
        let Ok(surplus) = self.surplus(pod) else {
            return Vec::new();
        };
        let resting: Vec<_> = self.hosted[pod].iter().copied().filter(|id| rests(*id)).collect();
        let moves_max = moves_max.min(usize::try_from(surplus).unwrap());
        let planned = moves(
            self.own(pod),
            self.load(pod),
            &self.snapshot(),
            resting,
            moves_max,
        );
        assert!(planned.len() <= moves_max);
        for (cashbox, to) in &planned {
            assert_ne!(to.id.incarnation, self.own(pod));
            self.hosted[pod].retain(|id| id != cashbox);
            self.hosted[to.id.incarnation.as_u128() as usize - 1].push(*cashbox);
        }
        planned.into_iter().map(|(cashbox, _)| cashbox).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn after_scaling_out_each_cashbox_moves_once_at_most_and_it_comes_to_an_end(
        before in 1..4_usize, added in 0..4_usize, cashboxes in 0..300_u64, moves_max in 1..8_usize,
    ) {
        let mut cluster = Cluster::scaled(before, before + added, cashboxes);
        let mut moved = std::collections::HashSet::new();
        let fullest = |cluster: &Cluster| cluster.hosted.iter().map(Vec::len).max();
        let fullest_before = fullest(&cluster);
        loop {
            let step: Vec<_> = (0..cluster.pods.len()).flat_map(|pod| cluster.step(pod, moves_max, |_| true)).collect();
            if step.is_empty() {
                break;
            }
            for cashbox in step {
                prop_assert!(moved.insert(cashbox), "{cashbox} moved twice");
            }
        }
        prop_assert!(fullest(&cluster) <= fullest_before);
        if added == 0 {
            // Bounded load keeps every pod within a quarter of the mean; the rest is for the margin to judge.
            prop_assert!(moved.len() as u64 <= cashboxes / 4);
        }
    }

    #[test]
    fn what_does_not_rest_never_moves(cashboxes in 1..300_u64, live in any::<u64>()) {
        let mut cluster = Cluster::scaled(2, 5, cashboxes);
        let rests = |id: CashBoxId| (id.as_u128() as u64 ^ live).count_ones().is_multiple_of(2);
        for _ in 0..20 {
            for pod in 0..2 {
                for cashbox in cluster.step(pod, 10, rests) {
                    prop_assert!(rests(cashbox));
                }
            }
        }
    }
}

#[test]
fn most_of_what_is_too_much_finds_its_way_to_the_new_pods() {
    let mut cluster = Cluster::scaled(3, 6, 3000);
    while (0..6).any(|pod| !cluster.step(pod, 10, |_| true).is_empty()) {}
    let loads: Vec<usize> = cluster.hosted.iter().map(Vec::len).collect();
    assert!(loads.iter().all(|load| (350..=650).contains(load)), "{loads:?}");
}

#[test]
fn nothing_moves_while_a_pod_drains_or_a_rollout_is_under_way() {
    let mut cluster = Cluster::scaled(1, 2, 100);
    assert!(cluster.surplus(0).is_ok());
    cluster.pods[1].state = PodState::Draining;
    assert_eq!(cluster.surplus(0), Err(Rest::Draining));
    cluster.pods[1].state = PodState::Ready;
    cluster.pods[1].generation = "two".into();
    assert_eq!(cluster.surplus(0), Err(Rest::TwoGenerations));
    assert_eq!(
        surplus(Incarnation::from_u128(99), 100, &cluster.pods),
        Err(Rest::Unknown)
    );
}

#[test]
fn a_pod_within_the_margin_keeps_everything() {
    let cluster = Cluster::scaled(3, 3, 0);
    let loaded = |loads: [u32; 3]| {
        let mut pods = cluster.pods.clone();
        for (pod, load) in pods.iter_mut().zip(loads) {
            pod.load = load;
        }
        surplus(cluster.own(0), loads[0], &pods)
    };
    assert_eq!(loaded([110, 95, 95]), Err(Rest::NotAboveTheMean));
    assert_eq!(loaded([120, 90, 90]), Ok(10));
    assert_eq!(loaded([1, 0, 0]), Err(Rest::NotAboveTheMean));
}
