use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::identity::pod::PodId;

fn pod(name: &str, generation: &str, started_at_ms: i64, load: u32) -> PodRecord {
    PodRecord {
        id: PodId {
            name: name.parse().unwrap(),
            incarnation: Incarnation::random(),
        },
        address: "10.0.0.1:80".parse().unwrap(),
        admin_address: "10.0.0.1:8080".parse().unwrap(),
        version: "0".into(),
        generation: generation.into(),
        started_at_ms,
        state: PodState::Ready,
        load,
    }
}

fn named(names: impl IntoIterator<Item = u32>) -> Vec<PodRecord> {
    names
        .into_iter()
        .map(|n| pod(&format!("byodc-{n}"), "a", 1, 0))
        .collect()
}

fn proposed(ring: &Ring, cashbox: u128) -> &str {
    ring.propose(CashBoxId::from_u128(cashbox))
        .expect("a ready pod")
        .id
        .name
        .as_str()
}

/// A build that hashes differently sends cashboxes elsewhere while the other build still runs: these never change.
#[test]
fn two_builds_agree_on_the_golden_vectors() {
    let ring = Ring::of(&named(0..5));
    let golden = [
        (0x0000_0000_0000_0000_0000_0000_0000_0001, "byodc-1"),
        (0x1111_1111_2222_3333_4444_5555_5555_5555, "byodc-1"),
        (0x0e3f_2b1c_9a87_4d65_b4c3_2a19_0807_f6e5, "byodc-1"),
        (0xffff_ffff_ffff_ffff_ffff_ffff_ffff_ffff, "byodc-4"),
        (0xc0ff_eec0_ffee_4000_8000_c0ff_eec0_ffee, "byodc-3"),
        (0x1234_5678_9abc_4def_8123_4567_89ab_cdef, "byodc-1"),
        (0x0000_0000_0000_0000_0000_0000_0000_0002, "byodc-3"),
        (0x0000_0000_0000_0000_0000_0000_0000_0003, "byodc-1"),
        (0x0000_0000_0000_0000_0000_0000_0000_0004, "byodc-2"),
    ];
    let actual = golden.map(|(cashbox, _)| (cashbox, proposed(&ring, cashbox)));
    assert_eq!(actual, golden);
}

#[test]
fn a_restarted_pod_is_offered_the_same_cashboxes() {
    let before = Ring::of(&named(0..4));
    let after = Ring::of(&named(0..4));
    for cashbox in 0..1000 {
        assert_eq!(proposed(&before, cashbox), proposed(&after, cashbox));
    }
}

#[test]
fn shares_are_even_within_a_half_of_the_mean() {
    let ring = Ring::of(&named(0..8));
    let mut shares: HashMap<&str, u32> = HashMap::new();
    for _ in 0..40_000 {
        let cashbox = CashBoxId::random().as_u128();
        *shares.entry(proposed(&ring, cashbox)).or_default() += 1;
    }
    assert_eq!(shares.len(), 8);
    assert!(
        shares.values().all(|share| (2_500..=7_500).contains(share)),
        "{shares:?}"
    );
}

#[test]
fn the_generation_that_began_last_goes_first_and_the_older_ones_follow() {
    let pods = [
        pod("old-0", "z", 1_000, 0),
        pod("old-1", "z", 9_000, 0),
        pod("new-0", "a", 5_000, 40),
    ];
    let ring = Ring::of(&pods);
    assert_eq!(ring.newest_generation(), Some("a"));
    let order: Vec<_> = ring.candidates(CashBoxId::from_u128(7), &[]).collect();
    assert_eq!(order.len(), 3);
    assert_eq!(order[0].id.name.as_str(), "new-0");
}

#[test]
fn a_pod_above_its_bound_is_passed_over_until_the_others_are_as_full() {
    let loaded = |loads: [u32; 3]| -> Vec<PodRecord> {
        let numbered = loads.into_iter().enumerate();
        numbered
            .map(|(n, load)| pod(&format!("byodc-{n}"), "a", 1, load))
            .collect()
    };
    let cashbox = (0..).find(|c| proposed(&Ring::of(&loaded([0, 0, 0])), *c) == "byodc-1");
    let cashbox = cashbox.unwrap();
    assert_ne!(proposed(&Ring::of(&loaded([10, 100, 10])), cashbox), "byodc-1");
    assert_eq!(proposed(&Ring::of(&loaded([100, 100, 100])), cashbox), "byodc-1");
}

#[test]
fn draining_pods_are_offered_nothing_and_without_ready_ones_nobody_is() {
    let mut pods = named(0..2);
    pods[0].state = PodState::Draining;
    assert_eq!(proposed(&Ring::of(&pods), 1), "byodc-1");
    pods[1].state = PodState::Draining;
    let ring = Ring::of(&pods);
    assert!(ring.is_empty() && ring.propose(CashBoxId::from_u128(1)).is_none());
}

proptest! {
    #[test]
    fn adding_a_pod_moves_cashboxes_only_to_it(count in 1..12_u32, seed: u128) {
        let before = Ring::of(&named(0..count));
        let after = Ring::of(&named(0..=count));
        let added = format!("byodc-{count}");
        let mut moved = 0;
        for n in 0..400_u128 {
            let cashbox = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(n * 0x1_0000_0001_0000_0001);
            let (from, to) = (proposed(&before, cashbox), proposed(&after, cashbox));
            if from != to {
                prop_assert_eq!(to, added.as_str());
                moved += 1;
            }
        }
        // Its fair share is 400 / (count + 1); the bound leaves room for uneven points.
        prop_assert!(moved <= 400 * 2 / (count + 1) + 40, "{} moved", moved);
    }

    #[test]
    fn candidates_are_every_ready_pod_once_and_begin_with_the_proposal(
        loads in prop::collection::vec(0..50_u32, 1..8), excluded in 0..8_usize, cashbox: u128,
    ) {
        let cashbox = CashBoxId::from_u128(cashbox);
        let numbered = loads.iter().enumerate();
        let pods: Vec<_> = numbered
            .map(|(n, load)| pod(&format!("byodc-{n}"), if n % 2 == 0 { "a" } else { "b" }, n as i64, *load))
            .collect();
        let ring = Ring::of(&pods);
        let all: Vec<_> = ring.candidates(cashbox, &[]).collect();
        prop_assert_eq!(all.len(), pods.len());
        prop_assert_eq!(Some(all[0]), ring.propose(cashbox));
        let tried: Vec<_> = pods.get(excluded).map(|pod| pod.id.incarnation).into_iter().collect();
        let rest: Vec<_> = ring.candidates(cashbox, &tried).collect();
        let expected: Vec<_> = all.into_iter().filter(|p| !tried.contains(&p.id.incarnation)).collect();
        prop_assert_eq!(rest, expected);
    }
}
